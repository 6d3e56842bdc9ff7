/** The gravest faults on real sockets, over both transports: a write reaches the server at most once. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as UndiciTransport from "@effect-agentbay/node/UndiciTransport"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { encodeStatus } from "../../packages/core/src/internal/statusItem.js"
import { repeats, retries } from "./expected.js"
import type { Failure } from "./fault.js"

const target = { contextId: "SdkCtx-1", path: "/work" }
const sessionId = "session-1"

type Fault = "refused" | "resetBefore" | "resetAfter" | "half" | "slow" | "tls"

/** What each fault is, by the rules of the matrix; the words of the two transports differ. */
const faults: { readonly [fault in Fault]: Failure } = {
  refused: { _tag: "TransportError", reason: "Transport", code: "ECONNREFUSED" },
  resetBefore: { _tag: "TransportError", reason: "Transport" },
  resetAfter: { _tag: "TransportError", reason: "Transport" },
  half: { _tag: "TransportError", reason: "Transport" },
  slow: { _tag: "TransportError", reason: "Timeout" },
  tls: { _tag: "TransportError", reason: "Transport" }
}

const answer = (data: unknown): string => {
  const body = JSON.stringify({ RequestId: "r", Success: true, Code: "ok", Data: data })
  return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
}

interface Server {
  readonly port: number
  /** The requests that came as a whole, by action, and all that began. */
  readonly whole: ReadonlyArray<string>
  readonly begun: ReadonlyArray<string>
}

/** From which request on the fault strikes: of an action, and the number of those before it. */
interface Strike {
  readonly fault: Fault
  readonly action: string
  readonly from: number
}

const actionIn = (request: string) => /[?&]Action=(\w+)/.exec(request)?.[1] ?? ""

const isWhole = (request: string) => {
  const end = request.indexOf("\r\n\r\n")
  const length = Number(/content-length: *(\d+)/i.exec(request)?.[1] ?? 0)
  return end !== -1 && request.length >= end + 4 + length
}

const misbehave = (fault: Fault, socket: Socket) => {
  if (fault === "resetAfter") socket.resetAndDestroy()
  if (fault === "half") {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"RequestId":"r","Succ')
  }
  // A slow one says nothing, for longer than anybody waits.
}

const dataOf = (action: string, whole: ReadonlyArray<string>): unknown => {
  switch (action) {
    case "GetContextInfo": {
      if (!whole.includes("SyncContext")) return { ContextStatus: "" }
      const status = whole.filter((of) => of === action).length < 4 ? "Running" : "Success"
      const task = { ...target, taskType: "upload", status, startTime: 1, finishTime: 0 }
      return { ContextStatus: encodeStatus([{ ...task, errorMessage: "" }]) }
    }
    case "GetSession":
      return { SessionId: sessionId }
    case "GetSessionDetail":
      return { Status: "RUNNING" }
    default:
      return undefined
  }
}

/** Speaks HTTP, one request a connection, until its fault strikes. */
const listen = (
  strike: Strike | undefined,
  started: (server: Server, close: () => void) => void
) => {
  const whole: Array<string> = []
  const begun: Array<string> = []
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    let request = ""
    let isStruck: boolean | undefined
    sockets.add(socket)
    socket.on("error", () => socket.destroy())
    socket.on("close", () => sockets.delete(socket))
    socket.on("data", (bytes) => {
      if (strike?.fault === "tls") {
        // Who greets it in TLS is answered in something else.
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")
        return
      }
      request += bytes.toString("latin1")
      const action = actionIn(request)
      if (isStruck === undefined) {
        const before = begun.filter((of) => of === action).length
        begun.push(action)
        isStruck = strike?.action === action && before >= strike.from
        if (isStruck && strike?.fault === "resetBefore") {
          socket.resetAndDestroy()
          return
        }
      }
      if (!isWhole(request)) return
      whole.push(action)
      if (isStruck && strike !== undefined) return misbehave(strike.fault, socket)
      // Nobody is listening when the next request comes.
      const isLast = strike?.fault === "refused" && nextIsStruck(strike, begun)
      if (isLast) server.close()
      socket.end(answer(dataOf(action, whole)))
    })
  })
  server.listen(0, "127.0.0.1", () => {
    // A server that listens on a port has an address of this kind.
    const { port } = server.address() as AddressInfo
    started({ port, whole, begun }, () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
  })
}

/** After the baseline comes the trigger; after that, and after a poll, a poll. */
const nextIsStruck = ({ action, from }: Strike, begun: ReadonlyArray<string>) =>
  action === "SyncContext" ||
  (begun.includes("SyncContext") && begun.filter((of) => of === action).length === from)

const serve = (strike?: Strike) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly server: Server; readonly close: () => void }>((resume) => {
        listen(strike, (server, close) => resume(Effect.succeed({ server, close })))
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ server }) => server
  )

const transports = {
  "the transport of Node": UndiciTransport.layer,
  fetch: Layer.provide(HttpTransport.layerHttpClient, FetchHttpClient.layer)
}

/** So many faults in a row a wait lives through here. */
const maxConsecutiveErrors = 2

const client = (endpoint: string, fault: Fault | undefined, transport: keyof typeof transports) =>
  AgentBay.layer.pipe(
    Layer.provideMerge(
      AgentBayHttp.layerTransport({
        pollPolicy: PollPolicy.spaced({ interval: 5 }),
        retryPolicy: Schedule.spaced(5).pipe(Schedule.intersect(Schedule.recurs(retries))),
        maxConsecutiveErrors,
        adaptive: false
      })
    ),
    Layer.provide(transports[transport]),
    Layer.provide(
      AgentBayConfig.layer({
        apiKey: Redacted.make("akm-test"),
        endpoint,
        // The others are not to meet it on a busy machine.
        timeout: fault === "slow" ? "250 millis" : "1 minute"
      })
    )
  )

type Run = Effect.Effect<unknown, AgentBayError, AgentBayHttp.AgentBayHttp | AgentBay.AgentBay>

const manager = ContextManager.make({ sessionId })
const syncs: Run = Effect.flatMap(manager, (contexts) => contexts.sync(target))

/** What is run, the action that is struck and from which of its requests on. */
const effects: ReadonlyArray<{
  readonly name: string
  readonly kind: "read" | "write" | "start" | "poll"
  readonly run: Run
  readonly action: string
  readonly from: number
}> = [
  {
    name: "a read",
    kind: "read",
    run: Effect.flatMap(manager, (contexts) => contexts.info()),
    action: "GetContextInfo",
    from: 0
  },
  {
    name: "a write",
    kind: "write",
    run: Effect.flatMap(AgentBay.AgentBay, ({ contexts }) => contexts.rename("SdkCtx-1", "new")),
    action: "ModifyContext",
    from: 0
  },
  { name: "sync, at its trigger", kind: "start", run: syncs, action: "SyncContext", from: 0 },
  { name: "sync, at its first poll", kind: "poll", run: syncs, action: "GetContextInfo", from: 1 },
  { name: "sync, at its third poll", kind: "poll", run: syncs, action: "GetContextInfo", from: 3 }
]

/** The faults in which the server has read the request that it does not answer well. */
const wasRead: ReadonlyArray<Fault> = ["resetAfter", "half", "slow"]

const countOf = (all: ReadonlyArray<string>, action: string) =>
  all.filter((of) => of === action).length

/** A port at which nobody listens any more. */
const freePort = Effect.map(Effect.scoped(serve()), ({ port }) => port)

for (const transport of Object.keys(transports) as ReadonlyArray<keyof typeof transports>) {
  describe(`faults on the wire, over ${transport}`, () => {
    for (const { action, from, kind, name, run } of effects) {
      for (const [fault, failure] of Object.entries(faults) as ReadonlyArray<[Fault, Failure]>) {
        // A server speaks TLS or does not: the baseline would have met it already.
        if (fault === "tls" && kind !== "read" && kind !== "write") continue
        it.scopedLive(`${name}: ${fault}`, () =>
          Effect.gen(function* () {
            const server = yield* serve({ fault, action, from })
            const isGone = fault === "refused" && (kind === "read" || kind === "write")
            const port = isGone ? yield* freePort : server.port
            const result = yield* Effect.either(run).pipe(
              Effect.provide(
                client(
                  `${fault === "tls" ? "https" : "http"}://127.0.0.1:${port}`,
                  fault,
                  transport
                )
              )
            )
            const error = Either.isLeft(result) ? result.left : assert.fail("it went well")
            assert.strictEqual(error._tag, failure._tag)
            assert.propertyVal(error, "reason", failure.reason)
            assert.propertyVal(error, "operation", action)
            if (failure.code !== undefined) assert.propertyVal(error, "code", failure.code)

            const tried = 1 + repeats(kind, failure, maxConsecutiveErrors)
            const reached = fault === "refused" || fault === "tls" ? 0 : tried
            assert.strictEqual(countOf(server.begun, action), from + reached, "requests begun")
            assert.strictEqual(
              countOf(server.whole, action),
              from + (wasRead.includes(fault) ? reached : 0),
              "requests read"
            )
            assert.isAtMost(countOf(server.whole, "SyncContext"), 1)
            assert.isAtMost(countOf(server.whole, "ModifyContext"), 1)
          })
        )
      }
    }

    it.scopedLive("a certificate that nobody trusts is told by its code, and nothing is sent", () =>
      Effect.gen(function* () {
        const { url } = yield* LocalAgentBay.LocalAgentBay
        const rename = Effect.flatMap(AgentBay.AgentBay, ({ contexts }) =>
          contexts.rename("SdkCtx-1", "new")
        )
        const error = yield* Effect.flip(Effect.provide(rename, client(url, undefined, transport)))
        assert.propertyVal(error, "reason", "Transport")
        assert.propertyVal(error, "code", "DEPTH_ZERO_SELF_SIGNED_CERT")
      }).pipe(Effect.provide(LocalAgentBay.layerTestWith({ tls: true })))
    )

    it.scopedLive("a sync without a fault ends at its third poll", () =>
      Effect.gen(function* () {
        const server = yield* serve()
        yield* Effect.provide(
          syncs,
          client(`http://127.0.0.1:${server.port}`, undefined, transport)
        )
        assert.strictEqual(countOf(server.whole, "GetContextInfo"), 4)
        assert.strictEqual(countOf(server.whole, "SyncContext"), 1)
      })
    )
  })
}
