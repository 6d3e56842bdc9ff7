/**
 * Takes the body of a request into a file, piece by piece: however large it is, the memory it
 * needs stays the same, and a client is read from no faster than the disk takes it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs/promises"
import type { IncomingMessage } from "node:http"
import { systemCode } from "../SystemCode.js"

/**
 * Why a body did not become a file:
 *
 * - `TooLarge`: it has more bytes than allowed.
 * - `ClientGone`: it ended before it was whole, or nothing came for so long that it was hung up on.
 * - `DiskFull`: there is no room for it.
 * - `Disk`: writing failed in another way.
 *
 * @since 0.1.0
 */
export class ReceiveFailed extends Data.TaggedError("ReceiveFailed")<{
  readonly reason: "TooLarge" | "ClientGone" | "DiskFull" | "Disk"
  readonly cause?: unknown
}> {}

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

/**
 * What a failed write comes down to.
 *
 * @since 0.1.0
 */
export const diskFailure = (cause: unknown): ReceiveFailed =>
  new ReceiveFailed({ reason: full.has(systemCode(cause) ?? "") ? "DiskFull" : "Disk", cause })

const onDisk = async <A>(work: Promise<A>): Promise<A> => {
  try {
    return await work
  } catch (cause) {
    throw diskFailure(cause)
  }
}

const copy = async (source: IncomingMessage, path: string, limit: number): Promise<void> => {
  const file = await onDisk(NodeFs.open(path, "wx", 0o644))
  let size = 0
  try {
    // Left alone by the loop's end: its connection still has to carry the answer.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > limit) throw new ReceiveFailed({ reason: "TooLarge" })
      // Goes on from where the last one ended, until all of it is written.
      await onDisk(file.writeFile(chunk))
    }
  } finally {
    // Some file systems report only here that a write failed.
    await onDisk(file.close())
  }
}

/**
 * Writes the body of a request to a new file. When this fails or is interrupted, there is no
 * file and nothing of it is written any more.
 *
 * @since 0.1.0
 */
export const receive = (
  source: IncomingMessage,
  path: string,
  limit: number
): Effect.Effect<void, ReceiveFailed> =>
  Effect.async<void, ReceiveFailed>((resume) => {
    const copied = copy(source, path, limit).then(
      () => Effect.void,
      (cause: unknown) =>
        Effect.fail(
          cause instanceof ReceiveFailed
            ? cause
            : new ReceiveFailed({ reason: "ClientGone", cause })
        )
    )
    void copied.then(resume)
    return Effect.promise(() => {
      source.destroy()
      return copied
    })
  }).pipe(Effect.onError(() => Effect.promise(() => NodeFs.rm(path, { force: true }))))
