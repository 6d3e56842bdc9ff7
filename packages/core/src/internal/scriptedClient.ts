import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { operations } from "../Protocol.js"
import { concat } from "./bytes.js"
import { type FileReply, makeMemoryService, type MemoryReply } from "./memoryService.js"
import { file, never, ok, raw, refuse, type Reply } from "./testReply.js"

/**
 * The name of an operation a script can answer.
 *
 * @since 0.1.0
 * @category models
 */
export type Action = keyof typeof operations

/**
 * The requests to the store of files that a script can answer: what is asked of a presigned
 * URL, whichever it is.
 *
 * @since 0.1.0
 * @category models
 */
export type FileMethod = "PUT" | "GET"

/**
 * A request as the double received it. `action` is the name of the operation, or the method
 * of a request to the store of files. `parameters` are those of query and body together,
 * without the API key; `at` is the time of the test clock in milliseconds. The raw parts
 * hold the key. `bytes` is the body of a request to the store of files.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedRequest {
  readonly action: string
  readonly at: number
  readonly parameters: { readonly [name: string]: string }
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  readonly bytes: Uint8Array
}

/**
 * The replies to one operation: one for every request, a list in order whose last element
 * repeats, or a function of the request and its number (from 0). `undefined` from a
 * function leaves the answer to the service in memory.
 *
 * @since 0.1.0
 * @category models
 */
export type Replies =
  | Reply
  | ReadonlyArray<Reply>
  | ((request: RecordedRequest, index: number) => Reply | undefined)

/**
 * The scripted operations, and under `PUT` and `GET` the requests to presigned URLs; all
 * others are answered by the service in memory.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = { readonly [A in Action | FileMethod]?: Replies }

/**
 * What a test can ask of the double.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Every request that came as a whole so far, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** The times of the requests of one operation, in milliseconds of the test clock. */
  readonly timesOf: (action: Action | FileMethod) => Effect.Effect<ReadonlyArray<number>>
  /** How many requests were cut off by the client before they were answered. */
  readonly aborted: Effect.Effect<number>
}

const encoder = new TextEncoder()

const lengthOf = (text: string) => String(encoder.encode(text).length)

const fromMemory = (reply: MemoryReply): Reply =>
  reply._tag === "Ok" ? ok(reply.data, reply.beside) : refuse(reply)

const fromStore = ({ bytes, status }: FileReply): Reply =>
  status === 200 ? file(bytes) : raw(status, "")

const isFileMethod = (method: string): method is FileMethod => method === "PUT" || method === "GET"

/** A body has come when its announced length has, as on a wire: whatever follows is too late. */
const untilLength = <E>(body: Stream.Stream<Uint8Array, E>, length: number) => {
  let received = 0
  return Stream.takeUntil(body, (piece) => {
    received += piece.length
    return received >= length
  })
}

const bytesOf = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Uint8Array, HttpClientError.HttpClientError> => {
  switch (request.body._tag) {
    case "Uint8Array":
      return Effect.succeed(request.body.body)
    case "Stream":
      // A body of no bytes has come when it is announced.
      if (request.body.contentLength === 0) return Effect.succeed(new Uint8Array())
      return untilLength(request.body.stream, request.body.contentLength ?? Infinity).pipe(
        Stream.runCollect,
        Effect.map((pieces) => concat(Chunk.toReadonlyArray(pieces))),
        Effect.mapError(
          (cause) => new HttpClientError.RequestError({ request, reason: "Encode", cause })
        )
      )
    default:
      return Effect.succeed(new Uint8Array())
  }
}

const isScripted = (action: string, script: Script): action is Action | FileMethod =>
  action in script

const isReply = (replies: Reply | ReadonlyArray<Reply>): replies is Reply => "_tag" in replies

const scripted = (script: Script, request: RecordedRequest, index: number): Reply | undefined => {
  const replies = isScripted(request.action, script) ? script[request.action] : undefined
  if (replies === undefined) return undefined
  if (typeof replies === "function") return replies(request, index)
  return isReply(replies) ? replies : (replies[Math.min(index, replies.length - 1)] ?? never)
}

const record = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  bytes: Uint8Array,
  at: number
): RecordedRequest => {
  const { headers, method } = request
  if (isFileMethod(method)) {
    const parameters = Object.fromEntries(url.searchParams)
    return { action: method, at, parameters, method, url: url.href, headers, body: "", bytes }
  }
  const body = new TextDecoder().decode(bytes)
  const { Action: action = "", ...parameters } = Object.fromEntries([
    ...url.searchParams,
    ...new URLSearchParams(body)
  ])
  for (const name of ["Authorization", "Format", "Version", "Timestamp", "SignatureNonce"]) {
    delete parameters[name]
  }
  return { action, at, parameters, method, url: url.href, headers, body, bytes }
}

const respond = (
  request: HttpClientRequest.HttpClientRequest,
  reply: Reply
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  switch (reply._tag) {
    case "Answer":
      return Effect.succeed(
        HttpClientResponse.fromWeb(
          request,
          // Some statuses, such as 204, allow no body, not even an empty one.
          new Response(reply.text === "" ? null : reply.text, {
            status: reply.httpStatus,
            headers: { "content-length": lengthOf(reply.text), ...reply.headers }
          })
        )
      )
    case "File":
      return Effect.succeed(
        HttpClientResponse.fromWeb(
          request,
          // A copy, since a response takes no bytes of memory that is shared.
          new Response(new Uint8Array(reply.bytes), { status: 200, headers: reply.headers })
        )
      )
    case "Fault":
      return Effect.fail(
        new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: Object.assign(new Error(`${reply.code} (scripted)`), { code: reply.code })
        })
      )
    case "Never":
      return Effect.never
    case "Delayed":
      return Effect.delay(respond(request, reply.reply), reply.delay)
  }
}

/** An HTTP client that answers by a script, else from memory, and notes what it was asked. */
export const makeScriptedClient = (options: {
  readonly script: Script
  readonly taskPolls: number
}): { readonly client: HttpClient.HttpClient; readonly service: Service } => {
  const memory = makeMemoryService(options)
  const requests: Array<RecordedRequest> = []
  const timesOf = (action: string) =>
    requests.filter((request) => request.action === action).map(({ at }) => at)
  let aborted = 0

  const answer = (recorded: RecordedRequest): Reply => {
    const index = timesOf(recorded.action).length
    requests.push(recorded)
    return (
      scripted(options.script, recorded, index) ??
      (isFileMethod(recorded.method)
        ? fromStore(memory.fileRequest(recorded.method, recorded.url, recorded.bytes, recorded.at))
        : fromMemory(memory.answer(recorded.action, recorded.parameters, recorded.at)))
    )
  }

  const client = HttpClient.make((request, url) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) =>
      bytesOf(request).pipe(
        Effect.flatMap((bytes) => respond(request, answer(record(request, url, bytes, at)))),
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            aborted += 1
          })
        )
      )
    )
  )

  return {
    client,
    service: {
      requests: Effect.sync(() => [...requests]),
      timesOf: (action) => Effect.sync(() => timesOf(action)),
      aborted: Effect.sync(() => aborted)
    }
  }
}
