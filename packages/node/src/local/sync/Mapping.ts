/**
 * Where the files of a binding lie in the store: under the path of the mount, or under the
 * one that its `mappingPolicy` names.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as MountPath from "../MountPath.js"
import type { Binding } from "../sessions/Session.js"

const refuse = (path: string, reason: string) =>
  Either.left(new MountPath.PathRefused({ path, reason }))

const windowsPath = /^([A-Za-z]):[\\/]/

/**
 * The store path that a `mappingPolicy.path` means, in normal form. A path of Windows such as
 * `C:\Users\me` is stored under `/c:/Users/me`. Refuses relative paths, those of a network
 * share, and roots.
 *
 * @since 0.1.0
 */
export const normalise = (path: string): Either.Either<string, MountPath.PathRefused> => {
  if (path.startsWith("\\\\")) return refuse(path, "it names a network share")
  const drive = windowsPath.exec(path)?.[1]
  if (drive === undefined) return MountPath.mountPath(path)
  const below = `/${path.slice(3).replaceAll("\\", "/")}`
  return Either.map(MountPath.mountPath(below), (rest) => `/${drive.toLowerCase()}:${rest}`)
}

/**
 * The path under which the files of a binding are stored. A mapping that is blank is none.
 *
 * @since 0.1.0
 */
export const storePath = ({ mount, policy }: Pick<Binding, "mount" | "policy">): string => {
  const path = policy.mappingPolicy?.path ?? ""
  // One that is not valid was refused when the binding was asked for.
  return path.trim() === "" ? mount : Either.getOrElse(normalise(path), () => mount)
}
