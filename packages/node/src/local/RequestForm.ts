/**
 * Reads what a request carries: its query and its form body.
 *
 * @since 0.1.0
 */
import type { Parameters } from "@effect-agentbay/core/Protocol"
import { Buffer } from "node:buffer"
import type { IncomingMessage } from "node:http"

/**
 * The largest body that is read, in bytes.
 *
 * @since 0.1.0
 */
export const maxBodyBytes = 16 * 1024 * 1024

/** A client that goes on sending much more than the limit does not read the answer either. */
const drainBytes = 4 * maxBodyBytes

/**
 * Reads the whole body as text, chunked or not, and calls one of the functions when it is
 * there. A larger body than {@link maxBodyBytes} is read to its end without being kept, so
 * that the client can read the refusal. When the client goes away, nothing is called.
 *
 * @since 0.1.0
 */
export const readBody = (
  source: IncomingMessage,
  on: { readonly onBody: (body: string) => void; readonly onTooLarge: () => void }
): void => {
  let chunks: Array<Buffer> = []
  let size = 0
  source.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxBodyBytes) {
      chunks.push(chunk)
    } else {
      chunks = []
      if (size > drainBytes) source.destroy()
    }
  })
  source.on("end", () => {
    if (size > maxBodyBytes) on.onTooLarge()
    else on.onBody(Buffer.concat(chunks).toString("utf8"))
  })
  // Without a listener, a connection that breaks would end the process.
  source.on("error", () => {})
}

/**
 * Decodes query and body into one set of parameters. Where both have a name, the body's
 * value counts; within one of them the first.
 *
 * @since 0.1.0
 */
export const parse = (query: string, body: string): Parameters => {
  // Names come from outside: without a prototype, none of them means anything else.
  const parameters: { [name: string]: string } = Object.create(null)
  for (const text of [body, query]) {
    for (const [name, value] of new URLSearchParams(text)) {
      if (!(name in parameters)) parameters[name] = value
    }
  }
  return parameters
}
