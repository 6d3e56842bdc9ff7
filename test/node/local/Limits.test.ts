import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as NodeNet from "node:net"
import { PassThrough } from "node:stream"
import * as NodeHttp from "node:http"
import * as BodyBudget from "../../../packages/node/src/local/http/BodyBudget.js"
import * as RequestForm from "../../../packages/node/src/local/http/RequestForm.js"
import * as Wire from "./wire.js"

const budget = BodyBudget.make({ total: 2 ** 20, keptForSmall: 0, small: 0 })

const provided = Effect.provide(LocalAgentBay.layerTest)

/** Writes text to the server as it is, and gives all that comes back until it hangs up. */
const raw = (...texts: ReadonlyArray<string>) =>
  Effect.flatMap(LocalAgentBay.LocalAgentBay, (server) =>
    Effect.promise(
      () =>
        new Promise<string>((resolve) => {
          const { hostname, port } = new URL(server.url)
          const socket = NodeNet.connect(Number(port), hostname, () => {
            for (const text of texts) socket.write(text)
          })
          let answer = ""
          socket.setEncoding("utf8").on("data", (chunk) => (answer += chunk))
          socket.on("close", () => resolve(answer))
          socket.on("error", () => {})
        })
    )
  )

const parts = (answer: string) => {
  const [head = "", body = ""] = answer.split("\r\n\r\n")
  return { status: Number(head.split(" ")[1]), head, body: JSON.parse(body) }
}

describe("limits of requests", () => {
  it.scopedLive("headers that are too large are refused in words, and hung up on", () =>
    Effect.gen(function* () {
      const answer = parts(
        yield* raw(
          `POST /?Action=GetContext HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`
        )
      )
      assert.strictEqual(answer.status, 431)
      assert.strictEqual(answer.body.Code, "InvalidRequest.HeadersTooLarge")
      assert.match(answer.head, /content-type: application\/json/)
      yield* Wire.createContext("still there")
    }).pipe(provided)
  )

  it.scopedLive("what is no request is refused in words, and hung up on", () =>
    Effect.gen(function* () {
      for (const text of [
        "hello\r\n\r\n",
        // A TLS client that meets a plain server.
        "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
      ]) {
        const answer = parts(yield* raw(text))
        assert.deepStrictEqual([answer.status, answer.body.Code], [400, "InvalidRequest"])
      }
    }).pipe(provided)
  )

  it.scopedLive("a chunked body above the limit is refused like one with a length", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const key = Redacted.value(server.apiKey)
      const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`
      const answer = parts(
        yield* raw(
          "POST /?Action=GetContext HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
            "Transfer-Encoding: chunked\r\n\r\n",
          `1000\r\n${`Authorization=Bearer%20${key}&Name=`.padEnd(0x1000, "x")}\r\n`,
          chunk.repeat(17),
          "0\r\n\r\n"
        )
      )
      assert.strictEqual(answer.status, 413)
      assert.strictEqual(answer.body.Code, "InvalidRequest.BodyTooLarge")
    }).pipe(provided)
  )

  it.live("a body that does not arrive in time is not waited for", () =>
    Effect.gen(function* () {
      const read = (limit: number, act: (source: PassThrough) => void) =>
        Effect.async<string>((resume) => {
          const source = new PassThrough()
          RequestForm.readBody(
            // A request is such a stream; nothing else of it is read here.
            source as unknown as NodeHttp.IncomingMessage,
            limit,
            budget.hold(),
            {
              onBody: (body) => resume(Effect.succeed(body)),
              onTooLarge: () => resume(Effect.succeed("too large")),
              onTooSlow: () => resume(Effect.succeed("too slow")),
              onNoRoom: () => resume(Effect.succeed("no room"))
            }
          )
          act(source)
        })
      assert.strictEqual(yield* read(20, (source) => source.write("half")), "too slow")
      assert.strictEqual(
        yield* read(60_000, (source) => {
          source.write("ha")
          setTimeout(() => source.end("lf"), 5)
        }),
        "half"
      )
    })
  )

  /** Half of a body comes to a server that begins to read it. */
  const halfRead = Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.async<NodeHttp.Server>((resume) => {
        const made = NodeHttp.createServer()
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) => Effect.sync(() => made.close().closeAllConnections())
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const socket = NodeNet.connect(port, "127.0.0.1").on("error", () => {})
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
    return yield* Effect.async<{
      readonly socket: NodeNet.Socket
      readonly request: NodeHttp.IncomingMessage
      readonly response: NodeHttp.ServerResponse
    }>((resume) => {
      server.once("request", (request, response) =>
        resume(Effect.succeed({ socket, request, response }))
      )
    })
  })

  it.scopedLive(
    "a body that nobody waits for any more is not read, and its time does not end",
    () =>
      Effect.gen(function* () {
        const { request, response } = yield* halfRead
        const listeners = () => request.listenerCount("data") + request.listenerCount("end")
        const before = listeners()
        const reading = yield* Effect.fork(
          Effect.scoped(RequestForm.body(request, response, 1, budget))
        )
        yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => listeners() > before }))
        yield* Fiber.interrupt(reading)
        assert.strictEqual(listeners(), before)
        response.writeHead(500).end()
        // Were its time still running, it would end before this, and want to change the answer.
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)))
      })
  )

  it.scopedLive("a client that leaves in the middle of its body is not waited for", () =>
    Effect.gen(function* () {
      const { request, response, socket } = yield* halfRead
      const reading = yield* Effect.fork(
        Effect.scoped(RequestForm.body(request, response, 60_000, budget))
      )
      yield* Effect.yieldNow().pipe(
        Effect.repeat({ until: () => request.listenerCount("data") > 0 })
      )
      socket.destroy()
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(reading)))
      // It has left before anybody looks.
      const exit = yield* Effect.exit(
        Effect.scoped(RequestForm.body(request, response, 60_000, budget))
      )
      assert.isTrue(Exit.isInterrupted(exit))
    })
  )
})
