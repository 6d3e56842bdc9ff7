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
import {
  byDescriptor,
  checked,
  descriptorPath,
  join,
  makeWalker,
  nameOf,
  parentOf,
  segmentsOf,
  systemError,
  toTouch
} from "./BeneathWalk.js"
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

export {
  /**
   * A path below another one; either may be `""`.
   *
   * @since 0.1.0
   */
  join
} from "./BeneathWalk.js"

/**
 * What the system takes for a path; a way in many steps could be longer, without end.
 *
 * @since 0.1.0
 */
export const maxLength = 4095

/**
 * Throws for a path that is longer than the system takes in one piece. Whoever remembers paths
 * of a tree looks at this, or a tree that is deep enough would fill the memory.
 *
 * @since 0.1.0
 */
export const checkLength = (path: string): void => {
  if (path.length > maxLength) throw systemError("ENAMETOOLONG", 36)
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
