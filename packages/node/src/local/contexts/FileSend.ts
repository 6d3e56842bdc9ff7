/**
 * Sends a file of this machine as the answer to a request, or a part of it: read no faster than
 * the client takes it, so that the memory it needs stays the same.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as NodeFs from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as NodeStream from "node:stream/promises"
import * as FileRange from "./FileRange.js"
import { systemCode } from "../SystemCode.js"

/** Measured on large files: more gains nothing. */
const chunkBytes = 256 * 1024

/** How a connection that the client has left shows. */
const goneCodes = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE"])

/**
 * What tells one state of a file from another: stored files are replaced, not changed.
 *
 * @since 0.1.0
 */
export const tagOf = (stats: {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
}): string =>
  `"${[stats.ino, stats.size, stats.mtimeNs].map((part) => part.toString(16)).join("-")}"`

const isStillRight = (condition: string | string[] | undefined, tag: string): boolean =>
  condition === undefined || condition === tag

/** What is asked for of a file of this size and tag. */
const rangeOf = ({ headers }: IncomingMessage, size: number, tag: string) =>
  isStillRight(headers["if-range"], tag) ? FileRange.parse(headers.range, size) : "whole"

const sendContent = async (
  file: NodeFs.FileHandle,
  response: ServerResponse,
  { first, last }: FileRange.Range,
  signal: AbortSignal
): Promise<void> => {
  const content = file.createReadStream({
    start: first,
    end: last,
    highWaterMark: chunkBytes
  })
  await NodeStream.pipeline(content, response, { signal, end: false })
  // Somebody cut the file short while it was read: the client must not take this for all.
  if (content.bytesRead < last - first + 1) response.destroy()
  else response.end()
}

const send = async (
  file: NodeFs.FileHandle,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> => {
  const stats = await file.stat({ bigint: true })
  const size = Number(stats.size)
  const tag = tagOf(stats)
  const range = rangeOf(request, size, tag)
  const always = {
    "accept-ranges": "bytes",
    // Whatever a file holds, a browser is not to take it for a page of this server.
    "x-content-type-options": "nosniff",
    etag: tag,
    "last-modified": stats.mtime.toUTCString()
  }
  if (range === "none") {
    response.writeHead(416, { ...always, "content-range": `bytes */${size}`, "content-length": 0 })
    response.end()
    return
  }
  const part = range === "whole" ? { first: 0, last: size - 1 } : range
  response.writeHead(range === "whole" ? 200 : 206, {
    ...always,
    "content-type": "application/octet-stream",
    "content-length": part.last - part.first + 1,
    ...(range === "whole" ? {} : { "content-range": `bytes ${part.first}-${part.last}/${size}` })
  })
  if (request.method === "HEAD" || size === 0) response.end()
  else await sendContent(file, response, part, signal)
}

/**
 * Answers a `GET` or `HEAD` with an open file. Fails with the system's error when the file cannot
 * be read; then either nothing was sent, or the connection is broken. A client that goes away is
 * no failure.
 *
 * @since 0.1.0
 */
export const answer = (
  file: NodeFs.FileHandle,
  request: IncomingMessage,
  response: ServerResponse
): Effect.Effect<void, unknown> =>
  Effect.tryPromise({
    try: (signal) => send(file, request, response, signal),
    catch: (error) => error
  }).pipe(
    Effect.catchIf(
      (error) => goneCodes.has(systemCode(error) ?? ""),
      () => Effect.void
    )
  )
