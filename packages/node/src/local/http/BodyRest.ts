/**
 * The rest of a body that nobody wants any more.
 *
 * @since 0.1.0
 */
import type { Buffer } from "node:buffer"
import type { IncomingMessage } from "node:http"

/**
 * A client that goes on sending much more than this does not read the answer either. In bytes.
 *
 * @since 0.1.0
 */
export const discardedBytes = 64 * 1024 ** 2

/**
 * Reads the rest of a body without keeping any of it: to close the connection at once would
 * take the answer from a client that still sends. One that sends more, or for longer, than
 * anybody would who waits for an answer is hung up on: `millis` is how long that may be.
 *
 * @since 0.1.0
 */
export const discard = (request: IncomingMessage, millis: number): void => {
  let size = 0
  const timer = setTimeout(() => request.destroy(), millis)
  timer.unref()
  // Without a listener, a connection that breaks would end the process.
  request.on("error", () => {})
  request.on("close", () => clearTimeout(timer))
  request.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > discardedBytes) request.destroy()
  })
}
