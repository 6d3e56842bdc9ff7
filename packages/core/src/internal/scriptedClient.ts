import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { operations } from "../Protocol.js"
import { makeMemoryService, type MemoryReply } from "./memoryService.js"
import { never, ok, refuse, type Reply } from "./testReply.js"

/**
 * The name of an operation a script can answer.
 *
 * @since 0.1.0
 * @category models
 */
export type Action = keyof typeof operations

/**
 * A request as the double received it. `parameters` are those of query and body together,
 * without the API key; `at` is the time of the test clock in milliseconds. The raw parts
 * hold the key.
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
 * The scripted operations; all others are answered by the service in memory.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = { readonly [A in Action]?: Replies }

/**
 * What a test can ask of the double.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Every request so far, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** The times of the requests of one operation, in milliseconds of the test clock. */
  readonly timesOf: (action: Action) => Effect.Effect<ReadonlyArray<number>>
  /** How many requests were cut off by the client before they were answered. */
  readonly aborted: Effect.Effect<number>
}

const fromMemory = (reply: MemoryReply): Reply =>
  reply._tag === "Ok" ? ok(reply.data, reply.beside) : refuse(reply)

const bodyOf = (request: HttpClientRequest.HttpClientRequest): string =>
  request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""

const isAction = (action: string, script: Script): action is Action => action in script

const isReply = (replies: Reply | ReadonlyArray<Reply>): replies is Reply => "_tag" in replies

const scripted = (script: Script, request: RecordedRequest, index: number): Reply | undefined => {
  const replies = isAction(request.action, script) ? script[request.action] : undefined
  if (replies === undefined) return undefined
  if (typeof replies === "function") return replies(request, index)
  return isReply(replies) ? replies : (replies[Math.min(index, replies.length - 1)] ?? never)
}

const record = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  at: number
): RecordedRequest => {
  const body = bodyOf(request)
  const { Action: action = "", ...parameters } = Object.fromEntries([
    ...url.searchParams,
    ...new URLSearchParams(body)
  ])
  for (const name of ["Authorization", "Format", "Version", "Timestamp", "SignatureNonce"]) {
    delete parameters[name]
  }
  const { headers, method } = request
  return { action, at, parameters, method, url: url.href, headers, body }
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
          new Response(reply.text, { status: reply.httpStatus, headers: reply.headers })
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

  const client = HttpClient.make((request, url) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const recorded = record(request, url, at)
      const index = timesOf(recorded.action).length
      requests.push(recorded)
      const reply =
        scripted(options.script, recorded, index) ??
        fromMemory(memory(recorded.action, recorded.parameters, at))
      return Effect.onInterrupt(respond(request, reply), () =>
        Effect.sync(() => {
          aborted += 1
        })
      )
    })
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
