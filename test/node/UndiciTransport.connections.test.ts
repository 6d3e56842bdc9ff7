import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import * as UndiciTransport from "@effect-agentbay/node/UndiciTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A server whose answers a test gives by hand, and what has reached it. */
const held = Effect.acquireRelease(
  Effect.async<{
    readonly url: string
    readonly paths: Array<string>
    readonly open: Array<ServerResponse>
    readonly close: () => void
    readonly arrivals: (count: number) => Effect.Effect<void>
  }>((resume) => {
    const paths: Array<string> = []
    const open: Array<ServerResponse> = []
    let onArrival = () => {}
    const server = createServer((request, response) => {
      paths.push(request.url ?? "")
      open.push(response)
      request.resume()
      onArrival()
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(
        Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          paths,
          open,
          close: () => {
            server.closeAllConnections()
            server.close()
          },
          arrivals: (count) =>
            Effect.async<void>((done) => {
              onArrival = () => {
                if (paths.length >= count) done(Effect.void)
              }
              onArrival()
            })
        })
      )
    })
  }),
  (server) => Effect.sync(server.close)
)

const post = (url: string) =>
  Effect.flatMap(HttpTransport.HttpTransport, (transport) =>
    transport.post({ url, headers: {}, body: "", timeout: Duration.seconds(60) })
  )

const answerNext = (open: Array<ServerResponse>) => Effect.sync(() => open.shift()?.end("ok"))

describe("the connections of UndiciTransport", () => {
  it.scopedLive("are so many at the most; the others wait in the order of their coming", () =>
    Effect.gen(function* () {
      const { arrivals, open, paths, url } = yield* held
      const requests = yield* Effect.forEach([1, 2, 3, 4, 5], (number) =>
        Effect.fork(post(`${url}/${number}`))
      )
      yield* arrivals(2)
      for (let answered = 1; answered <= 5; answered++) {
        assert.isAtMost(open.length, 2)
        yield* answerNext(open)
        yield* arrivals(Math.min(5, 2 + answered))
      }
      const answers = yield* Fiber.join(Fiber.all(requests))
      assert.deepStrictEqual(
        answers.map(({ text }) => text),
        ["ok", "ok", "ok", "ok", "ok"]
      )
      assert.deepStrictEqual(paths.slice(2), ["/3", "/4", "/5"])
    }).pipe(Effect.provide(UndiciTransport.layerWith({ connections: 2 })))
  )

  it.scopedLive("are not taken by who has left, before his turn or after", () =>
    Effect.gen(function* () {
      const { arrivals, open, paths, url } = yield* held
      const first = yield* Effect.fork(post(`${url}/first`))
      yield* arrivals(1)
      const second = yield* Effect.fork(post(`${url}/second`))
      const third = yield* Effect.fork(post(`${url}/third`))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      yield* arrivals(2)
      open.pop()?.end("ok")
      assert.strictEqual((yield* Fiber.join(third)).text, "ok")
      assert.deepStrictEqual(paths, ["/first", "/third"])
    }).pipe(Effect.provide(UndiciTransport.layerWith({ connections: 1 })))
  )

  for (const connections of [0, -1, 1.5, Number.NaN, Infinity]) {
    it.effect(`refuses ${connections} of them`, () =>
      Effect.gen(function* () {
        const errors = [
          Effect.flip(Layer.build(UndiciTransport.layerWith({ connections }))),
          Effect.flip(
            Layer.build(NodeAgentBay.layer({ apiKey: Redacted.make("key"), connections }))
          )
        ]
        for (const error of yield* Effect.scoped(Effect.all(errors))) {
          assert.strictEqual(error.argument, "connections")
        }
      })
    )
  }
})
