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
 * A place whose insides are reached by relative paths; `""` is the place itself. What
 * a member answers is valid until the next call of any, for few directories are held open.
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

const systemError = (code: "ELOOP" | "ENOTDIR" | "ENAMETOOLONG", errno: number): Error =>
  Object.assign(new Error(`${code}: on the way to a path`), { code, errno: -errno })

const isLink = (path: string): boolean =>
  NodeFs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** What the system takes for a path; a way in many steps could be longer, without end. */
const maxLength = 4095

/**
 * Throws for a path that is longer than the system takes in one piece. Whoever remembers paths
 * of a tree looks at this, or a tree that is deep enough would fill the memory.
 *
 * @since 0.1.0
 */
export const checkLength = (path: string): void => {
  if (path.length > maxLength) throw systemError("ENAMETOOLONG", 36)
}

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

/** How many directories are held open at most, besides the root. */
const maxHeld = 64

interface Held {
  readonly path: string
  readonly step: Step
}

/** The directory that was used last and those above it, from where the next is near. */
const makeWalker = (root: string) => {
  let top: Step | undefined
  const held: Array<Held> = []

  const isOnTheWay = ({ path }: Held, wanted: string): boolean =>
    wanted.startsWith(path) && (wanted.length === path.length || wanted[path.length] === "/")

  const leaveUntil = (wanted: string): Held | undefined => {
    for (;;) {
      const last = held.at(-1)
      if (last === undefined || isOnTheWay(last, wanted)) return last
      held.pop()
      last.step.close()
    }
  }

  const hold = (next: Held): void => {
    held.push(next)
    // A tree may be deeper than a process may have files open. Every other one is left, so that
    // on the way back up the next is never far.
    if (held.length <= maxHeld) return
    for (const [index, last] of held.splice(0).entries()) {
      if (index % 2 === 0) held.push(last)
      else last.step.close()
    }
  }

  const walk = (path: string, creating: boolean): string => {
    const from = leaveUntil(path)
    let at = from?.path ?? ""
    let step = from?.step ?? (top ??= enterRoot(root, creating))
    for (const segment of segmentsOf(path.slice(at.length))) {
      step = enter(step.host, segment, creating)
      at = join(at, segment)
      hold({ path: at, step })
    }
    return step.host
  }

  const close = (): void => {
    for (const { step } of held.splice(0)) step.close()
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
  /** The directory of the last call, since most calls come for many entries of one. */
  let last: { readonly path: string; readonly host: string } | undefined

  const enterDirectory = (path: string, creating: boolean): string => {
    last = undefined
    const host = walk(join(prefix, path), creating)
    last = { path, host }
    return host
  }

  const entry = (path: string): string => {
    if (path === "") {
      last = undefined
      const above = walk(parentOf(prefix), false)
      return prefix === "" ? above : `${above}/${checked(nameOf(prefix))}`
    }
    const end = Math.max(0, path.lastIndexOf("/"))
    const above =
      last !== undefined && end === last.path.length && path.startsWith(last.path)
        ? last.host
        : enterDirectory(path.slice(0, end), false)
    return `${above}/${checked(end === 0 ? path : path.slice(end + 1))}`
  }

  return {
    entry,
    directory: (path) => enterDirectory(path, false),
    look: (path) => {
      try {
        // The root is no link to be looked at, but what it leads to.
        return path === "" && prefix === ""
          ? NodeFs.statSync(root, { bigint: true, throwIfNoEntry: false })
          : NodeFs.lstatSync(entry(path), { bigint: true, throwIfNoEntry: false })
      } catch (error) {
        const code = systemCode(error)
        if (code === "ENOENT" || code === "ENOTDIR") return undefined
        throw error
      }
    },
    makeDirectory: (path) => void enterDirectory(path, true),
    makeRoom: (path) => {
      last = undefined
      walk(parentOf(join(prefix, path)), true)
    },
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
