import type * as Duration from "effect/Duration"
import { encodeStatus, type StatusItem } from "./statusItem.js"

/**
 * What the service does with one request. Build them with {@link ok}, {@link status},
 * {@link refuse}, {@link refuseSoftly}, {@link raw}, {@link file}, {@link fault} and
 * {@link never}.
 *
 * @since 0.1.0
 * @category models
 */
export type Reply =
  | {
      readonly _tag: "Answer"
      readonly httpStatus: number
      readonly text: string
      readonly headers: { readonly [name: string]: string }
    }
  | {
      readonly _tag: "File"
      readonly bytes: Uint8Array
      readonly headers: { readonly [name: string]: string }
    }
  | { readonly _tag: "Fault"; readonly code: string }
  | { readonly _tag: "Never" }
  | { readonly _tag: "Delayed"; readonly delay: Duration.DurationInput; readonly reply: Reply }

const answer = (
  httpStatus: number,
  text: string,
  headers: { readonly [name: string]: string } = {}
): Reply => ({ _tag: "Answer", httpStatus, text, headers })

const envelope = (body: { readonly [key: string]: unknown }) =>
  JSON.stringify({
    Code: "ok",
    HttpStatusCode: 200,
    Message: "",
    RequestId: "TEST-REQUEST",
    Success: true,
    ...body
  })

/**
 * Accepted, with this `Data` and, beside it, these further keys.
 *
 * @since 0.1.0
 * @category replies
 */
export const ok = (data?: unknown, beside: { readonly [key: string]: unknown } = {}): Reply =>
  answer(200, envelope(data === undefined ? beside : { Data: data, ...beside }))

/**
 * The answer of `GetContextInfo` that lists these tasks. What an item leaves out is empty
 * or unknown; times are Unix seconds.
 *
 * @since 0.1.0
 * @category replies
 */
export const status = (items: ReadonlyArray<StatusItem>): Reply =>
  ok({ ContextStatus: encodeStatus(items) })

/**
 * A refusal by an HTTP error.
 *
 * @since 0.1.0
 * @category replies
 */
export const refuse = (options: {
  readonly code: string
  readonly message?: string | undefined
  readonly httpStatus?: number | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
}): Reply =>
  answer(
    options.httpStatus ?? 400,
    JSON.stringify({
      RequestId: "TEST-REQUEST",
      HostId: "test",
      Code: options.code,
      Message: options.message ?? ""
    }),
    options.headers
  )

/**
 * A refusal inside an answer that is HTTP 200.
 *
 * @since 0.1.0
 * @category replies
 */
export const refuseSoftly = (options: {
  readonly code?: string | undefined
  readonly message?: string | undefined
}): Reply =>
  answer(
    200,
    envelope({ Code: options.code ?? "", Message: options.message ?? "", Success: false })
  )

/**
 * Any answer at all.
 *
 * @since 0.1.0
 * @category replies
 */
export const raw = (
  httpStatus: number,
  text: string,
  headers?: { readonly [name: string]: string }
): Reply => answer(httpStatus, text, headers)

/**
 * The bytes of a file (a text goes as UTF-8), as the answer to a `GET` of its URL. Without
 * headers of your own it carries its length; a `content-length` that says more is how a
 * connection that breaks off looks.
 *
 * @since 0.1.0
 * @category replies
 */
export const file = (
  content: string | Uint8Array,
  headers?: { readonly [name: string]: string }
): Reply => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  return { _tag: "File", bytes, headers: headers ?? { "content-length": String(bytes.length) } }
}

/**
 * No answer: the connection fails with this system code. `ECONNREFUSED` proves that
 * nothing was sent, `ECONNRESET` does not.
 *
 * @since 0.1.0
 * @category replies
 */
export const fault = (code: string): Reply => ({ _tag: "Fault", code })

/**
 * No answer, ever.
 *
 * @since 0.1.0
 * @category replies
 */
export const never: Reply = { _tag: "Never" }

/**
 * A reply that takes its time.
 *
 * @since 0.1.0
 * @category replies
 */
export const delayed = (delay: Duration.DurationInput, reply: Reply): Reply => ({
  _tag: "Delayed",
  delay,
  reply
})
