/** The service in memory at the end of a slow wire, with a book of what became of each request. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { concat } from "../../packages/core/src/internal/bytes.js"
import { makeMemoryService } from "../../packages/core/src/internal/memoryService.js"
import { makeScriptedClient } from "../../packages/core/src/internal/scriptedClient.js"

/** A request, and how far it came. */
export interface Sent {
  /** The action, or the method of a request to the store of files. */
  readonly action: string
  /** The session it is about, if it is about one. */
  readonly sessionId: string | undefined
  /** Whether the service has carried it out. */
  arrived: boolean
  /** How it ended for the client; undefined as long as it is open. */
  end: "answered" | "failed" | "aborted" | undefined
}

/** What happens to a request. The answer of one that is lost never comes. */
export type Fate = "answered" | "lost" | "broken"

/** How long a request is on its way at most, and its answer back, in milliseconds. */
const longestWay = 30

/** How long the client waits between two polls. */
const interval = 100

/** How long it waits for an answer. */
const timeLimit = 5000

/** The pieces in which files come back. */
const pieceLength = 4

export type Client = AgentBay.AgentBay | AgentBayHttp.AgentBayHttp

/** Whole numbers that look random, and are the same for the same seed. */
const makeWays = (seed: number) => {
  let state = seed
  return Effect.suspend(() => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Effect.sleep(1 + (Math.floor(state / 65_536) % longestWay))
  })
}

const inPieces = (bytes: Uint8Array, travel: Effect.Effect<void>): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / pieceLength) }, (_, index) =>
      bytes.subarray(index * pieceLength, (index + 1) * pieceLength)
    )
  ).pipe(
    Stream.rechunk(1),
    Stream.tap(() => travel)
  )

const fault = new HttpTransport.TransportFault({
  reason: "Transport",
  cause: Object.assign(new Error("it broke"), { code: "ECONNRESET" })
})

/** Writes a request into the book, and how it ended. */
const written = <A, E>(
  book: Array<Sent>,
  { action, sessionId }: Pick<Sent, "action" | "sessionId">,
  send: (sent: Sent) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      const sent: Sent = { action, sessionId, arrived: false, end: undefined }
      book.push(sent)
      return Effect.onExit(restore(send(sent)), (exit) =>
        Effect.sync(() => {
          const isAborted = Exit.isFailure(exit) && Exit.isInterrupted(exit)
          sent.end = Exit.isSuccess(exit) ? "answered" : isAborted ? "aborted" : "failed"
        })
      )
    })
  )

const bodyText = ({ body }: HttpClientRequest.HttpClientRequest) =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

/** What is asked for by a request of the API, key and other things of the wire left out. */
const parametersOf = ({ body, url }: HttpTransport.Request) => {
  const { Action: action = "", ...parameters } = Object.fromEntries([
    ...new URL(url).searchParams,
    ...new URLSearchParams(body)
  ])
  return { action, parameters }
}

interface Options {
  readonly http: AgentBayHttp.Options
  readonly fate: (action: string) => Fate
  /** Decides how long each request is on its way. */
  readonly seed: number
}

/**
 * A client of its own with a service of its own. Nothing in it waits for anything but the clock,
 * and its transport keeps no time limits.
 */
export const inMemory = ({ fate, http, seed }: Options) => {
  const travel = makeWays(seed)
  const book: Array<Sent> = []
  const memory = makeMemoryService({ taskPolls: 1 })

  const exchange = <A, E>(
    action: string,
    answer: Effect.Effect<A, E>,
    sessionId: string | undefined
  ) =>
    written(book, { action, sessionId }, (sent) => {
      const arrival = Effect.map(answer, (value) => {
        sent.arrived = true
        return value
      })
      const back: { readonly [F in Fate]: Effect.Effect<void, HttpTransport.TransportFault> } = {
        answered: travel,
        broken: Effect.zipRight(travel, Effect.fail(fault)),
        lost: Effect.zipRight(Effect.sleep(timeLimit), Effect.fail(fault))
      }
      return Effect.zipRight(travel, Effect.zipLeft(arrival, back[fate(action)]))
    })

  const fileRequest = (method: string, url: Redacted.Redacted, bytes: Uint8Array) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      const { bytes: stored, status } = memory.fileRequest(method, Redacted.value(url), bytes, at)
      const headers = { "content-length": String(stored.length) }
      return { status, headers, bytes: stored }
    })

  const transport: HttpTransport.Service = {
    post: (request) => {
      const { action, parameters } = parametersOf(request)
      return exchange(
        action,
        Effect.map(Clock.currentTimeMillis, (at) => {
          const reply = memory.answer(action, parameters, at)
          const body =
            reply._tag === "Ok"
              ? { Success: true, Data: reply.data, ...reply.beside }
              : { Success: false, Code: reply.code, Message: reply.message }
          const text = JSON.stringify({ RequestId: `request-${book.length}`, ...body })
          return { status: 200, headers: {}, text }
        }),
        parameters["SessionId"]
      )
    },
    put: ({ body, length, url }) => {
      let received = 0
      const whole =
        body instanceof Uint8Array
          ? Effect.as(travel, body)
          : // A body has come when its length has, as on a wire.
            Stream.runCollect(
              Stream.takeUntil(
                Stream.tap(body, () => travel),
                (piece) => (received += piece.length) >= length
              )
            ).pipe(Effect.map((pieces) => concat(Chunk.toReadonlyArray(pieces))))
      return exchange(
        "PUT",
        Effect.flatMap(whole, (bytes) => fileRequest("PUT", url, bytes)),
        undefined
      )
    },
    get: (url) =>
      Effect.map(
        exchange("GET", fileRequest("GET", url, new Uint8Array()), undefined),
        (answer) => ({ ...answer, body: inPieces(answer.bytes, travel) })
      )
  }
  return { book, layer: clientOver(Layer.succeed(HttpTransport.HttpTransport, transport), http) }
}

/** The same over the `HttpClient` of the doubles, whose answers are read with promises. */
export const overHttpClient = ({ fate, http, seed }: Options) => {
  const travel = makeWays(seed)
  const book: Array<Sent> = []
  const { client } = makeScriptedClient({ script: {}, taskPolls: 1 })
  const slow = HttpClient.make((request, url) => {
    const body = new URLSearchParams(bodyText(request))
    const parameter = (name: string) => url.searchParams.get(name) ?? body.get(name) ?? undefined
    const action = parameter("Action") ?? request.method
    return written(book, { action, sessionId: parameter("SessionId") }, (sent) =>
      Effect.zipRight(travel, client.execute(request)).pipe(
        Effect.tap(() => {
          sent.arrived = true
        }),
        Effect.zipLeft(fate(action) === "answered" ? travel : Effect.never)
      )
    )
  })
  const transport = Layer.succeed(HttpTransport.HttpTransport, HttpTransport.fromHttpClient(slow))
  return { book, layer: clientOver(transport, http) }
}

const clientOver = (
  transport: Layer.Layer<HttpTransport.HttpTransport>,
  http: AgentBayHttp.Options
): Layer.Layer<Client, unknown> =>
  Layer.provideMerge(
    AgentBay.layer,
    AgentBayHttp.layerTransport({
      pollPolicy: PollPolicy.spaced({ interval, maxRetries: 20 }),
      ...http
    })
  ).pipe(
    Layer.provide(transport),
    Layer.provide(
      AgentBayConfig.layer({
        apiKey: Redacted.make("akm-test"),
        endpoint: "agentbay.test",
        timeout: timeLimit
      })
    )
  )
