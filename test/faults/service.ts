/**
 * The service of the matrix: the one in memory, with a direct link where that is wanted, behind a
 * plan that says which answers are at fault.
 */
import type * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { concat } from "../../packages/core/src/internal/bytes.js"
import { toolList } from "../../packages/core/src/internal/memory/tools.js"
import { makeMemoryService } from "../../packages/core/src/internal/memoryService.js"
import type { Answer } from "./fault.js"

/** What comes back for one request. */
export interface Planned {
  readonly answer: Answer
  /** The service does what it is asked for, and merely says it in other words. */
  readonly isDone: boolean
}

/** Says what comes back for a request, by its number among those of its action; else it goes well. */
export type Plan = (action: string, index: number) => Planned | undefined

/** An answer of the service when nothing goes wrong, by the number of those before it. */
export type Good = (index: number) => AgentBayTest.Reply | undefined

export interface Sent {
  readonly action: string
  readonly at: number
}

/** Besides the tools of files some that only a script answers. */
const linkedTools = JSON.stringify([
  ...JSON.parse(toolList),
  { name: "shell", server: "wuying_shell" },
  { name: "get_metrics", server: "wuying_system" }
])

const linkOrigin = "https://link.agentbay.test"

/** The name under which the matrix has the calls by a direct link: that of their errors. */
export const linkAction = "callTool"

const fail =
  (request: HttpClientRequest.HttpClientRequest, reason: "Transport" | "Encode") =>
  (code: string) =>
    Effect.fail(
      new HttpClientError.RequestError({
        request,
        reason,
        cause: Object.assign(new Error(`${code} (scripted)`), { code })
      })
    )

/** A body has come when its announced length has: whatever follows is too late. */
const untilLength = <E>(body: Stream.Stream<Uint8Array, E>, length: number) => {
  let received = 0
  return Stream.takeUntil(body, (piece) => {
    received += piece.length
    return received >= length
  })
}

const bytesOf = (request: HttpClientRequest.HttpClientRequest) => {
  switch (request.body._tag) {
    case "Uint8Array":
      return Effect.succeed(request.body.body)
    case "Stream":
      return untilLength(request.body.stream, request.body.contentLength ?? Infinity).pipe(
        Stream.runCollect,
        Effect.map((pieces) => concat(Chunk.toReadonlyArray(pieces))),
        Effect.catchAll(() => fail(request, "Encode")("broken off"))
      )
    default:
      return Effect.succeed(new Uint8Array())
  }
}

const respond = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  body: string | Uint8Array,
  headers: { readonly [name: string]: string } = {}
) =>
  HttpClientResponse.fromWeb(
    request,
    // A copy, since a response takes no bytes of memory that is shared.
    new Response(body.length === 0 ? null : typeof body === "string" ? body : body.slice(), {
      status,
      headers: { "content-length": String(Buffer.byteLength(body)), ...headers }
    })
  )

const toResponse = (
  request: HttpClientRequest.HttpClientRequest,
  answer: Answer,
  now: number
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  switch (answer._tag) {
    case "Answer": {
      const dated =
        answer.dateIn === undefined
          ? {}
          : { "retry-after": new Date(now + answer.dateIn).toUTCString() }
      return Effect.sync(() =>
        respond(request, answer.status, answer.body, { ...answer.headers, ...dated })
      )
    }
    case "Lost":
      return fail(request, "Transport")(answer.code)
    case "Silence":
      return Effect.never
  }
}

const scripted = (reply: AgentBayTest.Reply | undefined): string | undefined => {
  if (reply === undefined) return undefined
  if (reply._tag === "Answer") return reply.text
  throw new Error(`the matrix has no use for the reply ${reply._tag}`)
}

interface Asked {
  readonly action: string
  readonly parameters: { readonly [name: string]: string }
}

const askedOf = (method: string, url: URL, bytes: Uint8Array): Asked => {
  if (method !== "POST") return { action: method, parameters: {} }
  const body = new TextDecoder().decode(bytes)
  if (url.origin === linkOrigin) {
    const { args, tool }: { args: unknown; tool: string } = JSON.parse(body)
    return {
      action: linkAction,
      parameters: {
        SessionId: url.pathname.split("/")[1] ?? "",
        Name: tool,
        Args: JSON.stringify(args)
      }
    }
  }
  const { Action: action = "", ...parameters } = Object.fromEntries([
    ...url.searchParams,
    ...new URLSearchParams(body)
  ])
  return { action, parameters }
}

export interface Service {
  readonly client: HttpClient.HttpClient
  /** What was sent since the plan was made. */
  readonly sent: () => ReadonlyArray<Sent>
  /** From now on all goes by this plan; without one all goes well. */
  readonly planned: (plan: Plan | undefined) => void
}

export const makeService = (options: {
  readonly taskPolls: number
  readonly good: { readonly [action: string]: Good }
  /** Sessions have a direct link. */
  readonly linked: boolean
}): Service => {
  const memory = makeMemoryService(options)
  let plan: Plan | undefined
  let sent: Array<Sent> = []
  let well = new Map<string, number>()

  const withLink = (data: unknown, action: string): unknown => {
    if (!options.linked || (action !== "CreateMcpSession" && action !== "GetSession")) return data
    const session: { readonly SessionId?: unknown } = Object(data)
    return {
      ...session,
      LinkUrl: `${linkOrigin}/${String(session.SessionId)}`,
      Token: "tok-SECRET",
      ToolList: linkedTools
    }
  }

  const inMemory = ({ action, parameters }: Asked, at: number) => {
    const isLinked = action === linkAction
    const reply = memory.answer(isLinked ? "CallMcpTool" : action, parameters, at)
    if (reply._tag === "Refusal") {
      return {
        status: 400,
        text: JSON.stringify({
          RequestId: "TEST-REQUEST",
          Code: reply.code,
          Message: reply.message
        })
      }
    }
    const text = isLinked
      ? JSON.stringify({ data: { result: reply.data } })
      : JSON.stringify({
          Code: "ok",
          Success: true,
          RequestId: "TEST-REQUEST",
          Data: withLink(reply.data, action),
          ...reply.beside
        })
    return { status: 200, text }
  }

  const goesWell = (
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    asked: Asked,
    bytes: Uint8Array,
    at: number
  ) => {
    const { action } = asked
    if (action === "PUT" || action === "GET") {
      const { bytes: body, status } = memory.fileRequest(action, url.href, bytes, at)
      const length = { "content-length": String(body.length) }
      return respond(request, status, body, action === "GET" ? length : {})
    }
    // The script is for what is planned; what prepares it goes by memory alone.
    const index = well.get(action) ?? 0
    if (plan !== undefined) well.set(action, index + 1)
    const text = plan === undefined ? undefined : scripted(options.good[action]?.(index))
    if (text !== undefined) return respond(request, 200, text)
    const reply = inMemory(asked, at)
    return respond(request, reply.status, reply.text)
  }

  const client = HttpClient.make((request, url) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) =>
      Effect.flatMap(bytesOf(request), (bytes) => {
        const asked = askedOf(request.method, url, bytes)
        const index = sent.filter(({ action }) => action === asked.action).length
        if (plan !== undefined) sent.push({ action: asked.action, at })
        const planned = plan?.(asked.action, index)
        if (planned !== undefined && !planned.isDone) {
          return toResponse(request, planned.answer, at)
        }
        const good = goesWell(request, url, asked, bytes, at)
        return planned === undefined
          ? Effect.succeed(good)
          : toResponse(request, planned.answer, at)
      })
    )
  )

  return {
    client,
    sent: () => sent,
    planned: (next) => {
      plan = next
      sent = []
      well = new Map()
    }
  }
}
