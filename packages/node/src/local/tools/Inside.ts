/**
 * The way to a path inside a session, such that nothing leads out of it (`Beneath`): the last
 * directory on it is held open while it is used.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import * as Beneath from "../Beneath.js"
import * as MountPath from "../MountPath.js"
import { attempt, type Place, ToolFailed } from "./Tool.js"

/**
 * A path that was walked to.
 *
 * @since 0.1.0
 */
export interface Spot {
  /** As the client wrote it. */
  readonly path: string
  /** In normal form. */
  readonly normal: string
  /**
   * What to hand to the file system. Only a link in its last segment is left to be followed:
   * use it with what does not follow one. Valid until the scope closes.
   */
  readonly host: string
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, O_APPEND } = NodeFs.constants

// A pipe is opened without waiting for its other end, which may never come.
const safely = O_NONBLOCK | O_NOFOLLOW

/** @since 0.1.0 */
export const toRead = O_RDONLY | safely

/** @since 0.1.0 */
export const toAppend = O_WRONLY | O_APPEND | O_CREAT | safely

const holding = (
  place: Place,
  path: string,
  walk: (root: Beneath.Beneath) => string
): Effect.Effect<string, ToolFailed, Scope.Scope> =>
  Effect.flatMap(Beneath.scoped({ root: place.root, path: "" }), (root) =>
    attempt(path, async () => walk(root))
  )

const check = (place: Place, path: string): Effect.Effect<string, ToolFailed> =>
  MountPath.place(place.root, path).pipe(
    Effect.map((inside) => inside.path),
    Effect.mapError((refused) => new ToolFailed({ message: refused.message }))
  )

/**
 * Walks to the directory above a path and holds it open. The path itself need not exist.
 * With `create`, missing directories on the way are made.
 *
 * @since 0.1.0
 */
export const spot = Effect.fnUntraced(function* (
  place: Place,
  path: string,
  { create = false }: { readonly create?: boolean } = {}
): Effect.fn.Return<Spot, ToolFailed, Scope.Scope> {
  const normal = yield* check(place, path)
  const host = yield* holding(place, path, ({ entry, makeRoom }) => {
    const inside = normal.slice(1)
    if (create) makeRoom(inside)
    return normal === "/" ? `${entry("")}/.` : entry(inside)
  })
  return { path, normal, host }
})

/**
 * Walks to a directory and holds it open. With `create`, it is made when it is missing.
 *
 * @since 0.1.0
 */
export const directory = Effect.fnUntraced(function* (
  place: Place,
  path: string,
  { create = false }: { readonly create?: boolean } = {}
): Effect.fn.Return<Spot, ToolFailed, Scope.Scope> {
  const normal = yield* check(place, path)
  const host = yield* holding(place, path, ({ directory, makeDirectory }) => {
    const inside = normal.slice(1)
    if (create) makeDirectory(inside)
    return directory(inside)
  })
  return { path, normal, host }
})

/**
 * Opens a directory inside one that is held open, and gives it to `use` for as long as that
 * takes. Nothing is used when the name is no directory (any more), or may not be read.
 *
 * @since 0.1.0
 */
export const below = async (
  above: string,
  name: string,
  use: (host: string) => Promise<void>
): Promise<void> => {
  const inner = Beneath.make({ root: above, path: name })
  try {
    let host: string
    try {
      host = inner.directory("")
    } catch {
      return
    }
    await use(host)
  } finally {
    inner.close()
  }
}

/**
 * Whether the path is a mount of the session or has one below it: moving or deleting it
 * would look like the deletion of everything that is mounted there.
 *
 * @since 0.1.0
 */
export const holdsMount = ({ mounts }: Place, { normal }: Spot): boolean => {
  const below = normal === "/" ? "/" : `${normal}/`
  return mounts.some((mount) => mount === normal || mount.startsWith(below))
}
