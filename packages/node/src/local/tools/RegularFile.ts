/**
 * Reading and writing whole files of a session.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import * as Identifier from "../Identifier.js"
import * as Inside from "./Inside.js"
import { attempt, type Place, reasons, ToolFailed } from "./Tool.js"

/**
 * The most that one call gives back or edits, in bytes, since all of it is held in memory.
 *
 * @since 0.1.0
 */
export const maxBytes = 64 * 1024 * 1024

/**
 * Opens a regular file for a while and refuses everything else.
 *
 * @since 0.1.0
 */
export const open = <A>(
  { host, path }: Inside.Spot,
  flags: number,
  use: (file: NodeFs.FileHandle, size: number) => Promise<A>
): Effect.Effect<A, ToolFailed> =>
  Effect.acquireUseRelease(
    attempt(path, () => NodeFs.open(host, flags)),
    (file) =>
      Effect.gen(function* () {
        const stats = yield* attempt(path, () => file.stat())
        if (!stats.isFile()) {
          const reason = stats.isDirectory() ? reasons.EISDIR : reasons.ENXIO
          return yield* new ToolFailed({ message: `${reason}: ${path}` })
        }
        return yield* attempt(path, () => use(file, stats.size))
      }),
    (file) => Effect.promise(() => file.close())
  )

/**
 * Reads a part of a file, or from `offset` to its end without `length`.
 *
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function* (
  spot: Inside.Spot,
  { length, offset = 0 }: { readonly offset?: number; readonly length?: number } = {}
) {
  const content = yield* open(spot, Inside.toRead, async (file, size) => {
    const rest = Math.max(0, size - offset)
    const wanted = Math.min(rest, length ?? rest)
    if (wanted > maxBytes) return undefined
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, offset)
    return buffer.subarray(0, bytesRead)
  })
  if (content === undefined) {
    return yield* new ToolFailed({
      message: `more than ${maxBytes} bytes to read: ${spot.path}; read it in pieces with offset and length`
    })
  }
  return content
})

/**
 * Writes beside and renames, so that a reader sees the old content or all of the new. A file
 * that was there keeps its permissions; with `exclusive`, one that is there is an error.
 *
 * @since 0.1.0
 */
export const placeWhole = Effect.fnUntraced(function* (
  place: Place,
  { host, path }: Inside.Spot,
  content: Buffer,
  exclusive: boolean
) {
  const unfinished = NodePath.join(place.staging, Identifier.taskId())
  yield* Effect.acquireUseRelease(
    attempt(path, () => NodeFs.writeFile(unfinished, content, { flag: "wx" })),
    () =>
      attempt(path, async () => {
        // A link fails where a file is, a rename takes its place.
        if (exclusive) return NodeFs.link(unfinished, host)
        const mode = await NodeFs.lstat(host).then(
          (stat) => (stat.isFile() ? stat.mode & 0o777 : undefined),
          () => undefined
        )
        if (mode !== undefined) await NodeFs.chmod(unfinished, mode)
        return NodeFs.rename(unfinished, host)
      }),
    () => Effect.promise(() => NodeFs.rm(unfinished, { force: true }))
  )
})
