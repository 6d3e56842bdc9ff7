/**
 * Paths below a directory, reached such that no symbolic link leads out of it.
 *
 * Whoever works in a session may replace a directory by a link at any moment, also between a
 * look at a path and its use. So on Linux the way is walked directory by directory, each opened
 * from the one before without following links, and what is done to an entry is done by way of
 * the directory that is held open: `/proc/self/fd/7/name`. A directory that is moved meanwhile
 * stays the one that was opened, and it was inside. Elsewhere, where no commands run in
 * isolation either, the way is looked at and then used.
 *
 * @since 0.1.0
 */
import { SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { systemCode } from "./SystemCode.js"
import { reasonOf } from "./transfer/FileCopy.js"

/**
 * Where something lies: at a path below a root, or at a host path, whose last segment is then
 * the path. The root and what is above it are the server's own and taken as they are.
 *
 * @since 0.1.0
 */
export type Place = string | { readonly root: string; readonly path: string }

/**
 * A place whose insides are reached by relative paths; `""` is the place itself. One directory
 * is held open at a time, so what a member answers is valid until the next call of any.
 *
 * @since 0.1.0
 */
export interface Beneath {
  /**
   * The host path of an entry, for calls that follow no link in the last segment. Throws the
   * system's error when the directory above is none, or not there.
   */
  readonly entry: (path: string) => string
  /** The host path of a directory, which is entered. Throws when it is none. */
  readonly directory: (path: string) => string
  /** What stands at a path, or nothing. Throws when that cannot be told. */
  readonly look: (path: string) => NodeFs.BigIntStats | undefined
  /** Makes a directory and those above it that are missing. One that is there is fine. */
  readonly makeDirectory: (path: string) => void
  /** Makes the directories above a path. */
  readonly makeRoom: (path: string) => void
  /** Sets permission bits, never those of what a link leads to. */
  readonly chmod: (path: string, mode: number) => void
  readonly close: () => void
}

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = NodeFs.constants

const byDescriptor = process.platform === "linux" && NodeFs.existsSync("/proc/self/fd")

// Node does not name it. It takes no permission to read, as a path of several segments takes none.
const O_PATH = 0o10000000

const toEnter = O_PATH | O_DIRECTORY | O_NOFOLLOW

const toTouch = byDescriptor ? O_PATH | O_NOFOLLOW : O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/**
 * The path of what a descriptor holds.
 *
 * @since 0.1.0
 */
export const descriptorPath = (descriptor: number): string => `/proc/self/fd/${descriptor}`

const systemError = (code: "ELOOP" | "ENOTDIR", errno: number): Error =>
  Object.assign(new Error(`${code}: on the way to a path`), { code, errno: -errno })

const isLink = (path: string): boolean =>
  NodeFs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** A link in the way is told from a file: what stands behind a link is not known to be missing. */
const openDirectory = (path: string): number => {
  try {
    return NodeFs.openSync(path, toEnter)
  } catch (error) {
    if (systemCode(error) === "ENOTDIR" && isLink(path)) throw systemError("ELOOP", 40)
    throw error
  }
}

const checkDirectory = (path: string): void => {
  const stats = NodeFs.lstatSync(path)
  if (stats.isSymbolicLink()) throw systemError("ELOOP", 62)
  if (!stats.isDirectory()) throw systemError("ENOTDIR", 20)
}

const create = (path: string): void => {
  try {
    NodeFs.mkdirSync(path)
  } catch (error) {
    // Somebody else was quicker, or something is in the way: entering it tells.
    if (systemCode(error) !== "EEXIST") throw error
  }
}

/** Paths are in normal form; one that is not must not lead anywhere. */
const checked = (name: string): string => {
  if (name === "..") throw new Error("a path must not lead upwards")
  return name
}

/** A directory on the way: a descriptor, or a path where there are none of these. */
interface Step {
  readonly host: string
  readonly close: () => void
}

const stepInto = (path: string): Step => {
  if (byDescriptor) {
    const descriptor = openDirectory(path)
    return { host: descriptorPath(descriptor), close: () => NodeFs.closeSync(descriptor) }
  }
  checkDirectory(path)
  return { host: path, close: () => undefined }
}

const enter = (above: string, name: string, creating: boolean): Step => {
  const path = `${above}/${checked(name)}`
  try {
    return stepInto(path)
  } catch (error) {
    if (!creating || systemCode(error) !== "ENOENT") throw error
  }
  create(path)
  return stepInto(path)
}

const enterRoot = (root: string, creating: boolean): Step => {
  if (creating) NodeFs.mkdirSync(root, { recursive: true })
  if (!byDescriptor) return { host: root, close: () => undefined }
  const descriptor = NodeFs.openSync(root, O_PATH | O_DIRECTORY)
  return { host: descriptorPath(descriptor), close: () => NodeFs.closeSync(descriptor) }
}

const segmentsOf = (path: string): ReadonlyArray<string> =>
  path.split("/").filter((segment) => segment !== "" && segment !== ".")

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const join = (above: string, path: string): string =>
  above === "" ? path : path === "" ? above : `${above}/${path}`

/** The directory that was used last, and the way to the next one. */
const makeWalker = (root: string) => {
  let top: Step | undefined
  let held: { readonly path: string; readonly step: Step } | undefined

  const leave = (): void => {
    const last = held
    held = undefined
    last?.step.close()
  }

  /** Where the walk begins: below what is held, if that is on the way. */
  const start = (path: string, creating: boolean): readonly [Step, string] => {
    if (held !== undefined && path.startsWith(`${held.path}/`)) {
      return [held.step, path.slice(held.path.length + 1)]
    }
    top ??= enterRoot(root, creating)
    return [top, path]
  }

  const walk = (path: string, creating: boolean): string => {
    if (held?.path === path) return held.step.host
    const [from, rest] = start(path, creating)
    let step = from
    for (const segment of segmentsOf(rest)) {
      const above = step
      try {
        step = enter(above.host, segment, creating)
      } finally {
        if (above !== from) above.close()
      }
    }
    if (step === from) return step.host
    leave()
    held = { path, step }
    return step.host
  }

  const close = (): void => {
    leave()
    const last = top
    top = undefined
    last?.close()
  }

  return { walk, close }
}

const split = (place: Place): { readonly root: string; readonly path: string } =>
  typeof place === "string"
    ? { root: NodePath.dirname(place), path: NodePath.basename(place) }
    : { root: place.root, path: segmentsOf(place.path).join("/") }

/**
 * A place inside another one.
 *
 * @since 0.1.0
 */
export const inside = (place: Place, path: string): Place => {
  const { path: above, root } = split(place)
  return { root, path: join(above, path) }
}

/**
 * What a place is called: its last segment.
 *
 * @since 0.1.0
 */
export const name = (place: Place): string => nameOf(split(place).path)

/**
 * Nothing is opened before it is needed. `close` it at the end.
 *
 * @since 0.1.0
 */
export const make = (place: Place): Beneath => {
  const { path: prefix, root } = split(place)
  const { close, walk } = makeWalker(root)

  const entry = (path: string): string => {
    const full = join(prefix, path)
    const parent = parentOf(full)
    const above = walk(parent, false)
    return full === "" ? above : `${above}/${checked(nameOf(full))}`
  }

  const lookAt = (path: string): NodeFs.BigIntStats | undefined =>
    NodeFs.lstatSync(entry(path), { bigint: true, throwIfNoEntry: false })

  return {
    entry,
    directory: (path) => walk(join(prefix, path), false),
    look: (path) => {
      try {
        // The root is no link to be looked at, but what it leads to.
        return join(prefix, path) === ""
          ? NodeFs.statSync(root, { bigint: true, throwIfNoEntry: false })
          : lookAt(path)
      } catch (error) {
        const code = systemCode(error)
        if (code === "ENOENT" || code === "ENOTDIR") return undefined
        throw error
      }
    },
    makeDirectory: (path) => void walk(join(prefix, path), true),
    makeRoom: (path) => void walk(parentOf(join(prefix, path)), true),
    chmod: (path, mode) => {
      const descriptor = NodeFs.openSync(entry(path), toTouch)
      try {
        if (!byDescriptor) NodeFs.fchmodSync(descriptor, mode)
        else if (NodeFs.fstatSync(descriptor).isSymbolicLink()) throw systemError("ELOOP", 40)
        else NodeFs.chmodSync(descriptorPath(descriptor), mode)
      } finally {
        NodeFs.closeSync(descriptor)
      }
    },
    close
  }
}

/**
 * A place that is left when the scope closes.
 *
 * @since 0.1.0
 */
export const scoped = (place: Place): Effect.Effect<Beneath, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => make(place)),
    ({ close }) => Effect.sync(close)
  )

/**
 * Does something to a place at once.
 *
 * @since 0.1.0
 */
export const using = <A>(place: Place, use: (beneath: Beneath) => A): A => {
  const beneath = make(place)
  try {
    return use(beneath)
  } finally {
    beneath.close()
  }
}

const reasonsOf: { readonly [code: string]: SystemErrorReason } = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource"
}

/**
 * Does something to a place, which stays open until that is done. Fails as the platform's own
 * calls do, without paths of this machine.
 *
 * @since 0.1.0
 */
export const attempt = <A>(
  place: Place,
  use: (beneath: Beneath) => A | Promise<A>
): Effect.Effect<A, SystemError> =>
  scoped(place).pipe(
    Effect.flatMap((beneath) =>
      Effect.tryPromise({
        try: async () => use(beneath),
        catch: (cause) =>
          new SystemError({
            module: "FileSystem",
            method: "beneath",
            reason: reasonsOf[systemCode(cause) ?? ""] ?? "Unknown",
            description: reasonOf(cause),
            cause
          })
      })
    ),
    Effect.scoped,
    Effect.uninterruptible
  )

/**
 * Makes a directory at a place, and those above it.
 *
 * @since 0.1.0
 */
export const makeDirectory = (place: Place): Effect.Effect<void, SystemError> =>
  attempt(place, (beneath) => beneath.makeDirectory(""))
