/**
 * Turns paths as a session sees them into paths of this machine, and refuses
 * those that would lead out of the session.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as NodeFs from "node:fs"
import { systemCode } from "./SystemCode.js"
import { reasonOf } from "./transfer/FileCopy.js"

/**
 * Home directory of a session's user, and what `~` stands for.
 *
 * @since 0.1.0
 */
export const home = "/home/wuying"

/**
 * A path that is not taken. `reason` is a sentence for the one who sent it.
 *
 * @since 0.1.0
 */
export class PathRefused extends Data.TaggedError("PathRefused")<{
  readonly path: string
  readonly reason: string
}> {
  override get message() {
    return `the path ${JSON.stringify(this.path)} is refused: ${this.reason}`
  }
}

const maxSegmentBytes = 255

/** The system takes 4095 for a whole path, and the place of the session or context is part of it. */
const maxPathBytes = 3072

const refuse = (path: string, reason: string) => Either.left(new PathRefused({ path, reason }))

const expandHome = (path: string): string =>
  path === "~" ? home : path.startsWith("~/") ? home + path.slice(1) : path

/**
 * The normal form of a session path: absolute, no empty segments, no `.` or
 * `..`, no slash at the end (the root is `/`). `~` and `~/x` are below `home`.
 * Refuses relative paths, NUL characters, `..` that climbs above the root,
 * names longer than 255 bytes and paths longer than 3072.
 *
 * @since 0.1.0
 */
export const normalise = (path: string): Either.Either<string, PathRefused> => {
  if (path === "") return refuse(path, "it is empty")
  if (path.includes("\0")) return refuse(path, "it holds a NUL character")
  const absolute = expandHome(path)
  if (!absolute.startsWith("/")) return refuse(path, "it is not absolute")
  const segments: Array<string> = []
  for (const segment of absolute.split("/")) {
    if (segment === "" || segment === ".") continue
    if (segment === "..") {
      if (segments.pop() === undefined) return refuse(path, "it leads out of the session")
      continue
    }
    if (Buffer.byteLength(segment) > maxSegmentBytes) {
      return refuse(path, `a name in it is longer than ${maxSegmentBytes} bytes`)
    }
    segments.push(segment)
  }
  const normal = `/${segments.join("/")}`
  return Buffer.byteLength(normal) > maxPathBytes
    ? refuse(path, `it is longer than ${maxPathBytes} bytes`)
    : Either.right(normal)
}

/**
 * The normal form of a path that a context is to be mounted at. It has to be
 * absolute and may not be the root itself.
 *
 * @since 0.1.0
 */
export const mountPath = (path: string): Either.Either<string, PathRefused> =>
  Either.flatMap(normalise(path), (normal) =>
    normal === "/" ? refuse(path, "the root itself cannot be a mount") : Either.right(normal)
  )

/**
 * What a session path means below `root`, after a look at what exists there: a symbolic link on
 * the way (the last segment included) is refused, for it could lead anywhere. What does not exist
 * yet is fine.
 *
 * The look and the use are two moments, and something may put a link there in between: `Beneath`
 * reaches such a place without following those either.
 *
 * @since 0.1.0
 */
export const place = Effect.fnUntraced(function* (
  root: string,
  sessionPath: string
): Effect.fn.Return<{ readonly root: string; readonly path: string }, PathRefused> {
  const path = yield* normalise(sessionPath)
  let host = root
  for (const segment of path.split("/")) {
    if (segment === "") continue
    host = `${host}/${segment}`
    const kind = yield* kindOf(host, sessionPath)
    if (kind === "missing") break
    if (kind === "link") {
      return yield* refuse(sessionPath, `${segment} in it is a symbolic link`)
    }
  }
  return { root, path }
})

// Looked at directly: it takes microseconds, and by way of the thread pool each segment would
// cost a turn of the event loop, which is much longer while clients poll.
const kindOf = (
  host: string,
  sessionPath: string
): Effect.Effect<"missing" | "link" | "other", PathRefused> =>
  Effect.suspend(() => {
    try {
      const stats = NodeFs.lstatSync(host, { throwIfNoEntry: false })
      return Effect.succeed(
        stats === undefined ? "missing" : stats.isSymbolicLink() ? "link" : "other"
      )
    } catch (error) {
      // A file stands where a directory is expected. Nothing lies below it.
      if (systemCode(error) === "ENOTDIR") return Effect.succeed("missing")
      const reason = `it cannot be looked at: ${reasonOf(error)}`
      return Effect.fail(new PathRefused({ path: sessionPath, reason }))
    }
  })
