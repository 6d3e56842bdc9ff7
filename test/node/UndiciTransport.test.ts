import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as UndiciTransport from "@effect-agentbay/node/UndiciTransport"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"

const serve = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
      })
    }),
    (server) => Effect.sync(server.close)
  )

const post = (url: string, timeout: Duration.DurationInput = "20 seconds") =>
  Effect.flatMap(HttpTransport.HttpTransport, (transport) =>
    transport.post({
      url: `${url}/?Action=A&Authorization=Bearer%20key`,
      headers: { "content-type": "application/x-www-form-urlencoded", "x-acs-action": "A" },
      body: "Name=ü",
      timeout: Duration.decode(timeout)
    })
  )

const run = <A, E>(effect: Effect.Effect<A, E, HttpTransport.HttpTransport>) =>
  Effect.provide(effect, UndiciTransport.layer)

describe("UndiciTransport", () => {
  it.scopedLive("posts the body and gives the whole answer, headers in lower case", () =>
    Effect.gen(function* () {
      const server = yield* serve((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          response.writeHead(418, { "X-Thing": "one", "Set-Cookie": ["a", "b"] })
          // In two pieces, cut inside a character.
          const text = Buffer.from(
            `${request.method} ${request.url} ${request.headers["x-acs-action"]} ${Buffer.concat(chunks)}`
          )
          response.write(text.subarray(0, text.length - 1))
          setImmediate(() => response.end(text.subarray(text.length - 1)))
        })
      })
      const answer = yield* run(post(server.url))
      assert.strictEqual(answer.status, 418)
      assert.strictEqual(answer.headers["x-thing"], "one")
      assert.deepStrictEqual(answer.headers["set-cookie"], ["a", "b"])
      assert.strictEqual(answer.text, "POST /?Action=A&Authorization=Bearer%20key A Name=ü")
    })
  )

  it.scopedLive("tells a refused connection by its code", () =>
    Effect.gen(function* () {
      const server = yield* serve(() => {})
      yield* Effect.sync(server.close)
      const fault = yield* Effect.flip(run(post(server.url)))
      assert.strictEqual(fault.reason, "Transport")
      assert.propertyVal(fault.cause, "code", "ECONNREFUSED")
    })
  )

  it.scopedLive("takes half an answer for none", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("half")
        setImmediate(() => response.destroy())
      })
      const fault = yield* Effect.flip(run(post(server.url)))
      assert.strictEqual(fault.reason, "Transport")
    })
  )

  it.scopedLive("ends an exchange that takes too long, also in the middle of the answer", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const server = yield* serve((_, response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("half")
        response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
      })
      yield* Effect.gen(function* () {
        const fault = yield* Effect.flip(post(server.url, "50 millis"))
        assert.strictEqual(fault.reason, "Timeout")
        yield* Deferred.await(closed)
      }).pipe(run)
    })
  )

  it.scopedLive("aborts on the wire when the caller leaves, and can be used again", () =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime()
      const asked = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      let first = true
      const server = yield* serve((_, response) => {
        if (!first) {
          response.end("again")
          return
        }
        first = false
        Runtime.runSync(runtime)(Deferred.succeed(asked, undefined))
        response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
      })
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.fork(post(server.url))
        yield* Deferred.await(asked)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(closed)
        assert.strictEqual((yield* post(server.url)).text, "again")
      }).pipe(run)
    })
  )

  it.scopedLive("aborts what is still waiting for a connection", () =>
    Effect.gen(function* () {
      let connections = 0
      const server = yield* serve(() => {
        connections += 1
      })
      yield* run(
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(post(server.url))
          yield* Fiber.interrupt(fiber)
        })
      )
      assert.strictEqual(connections, 0)
    })
  )

  it.scopedLive("waits as long as it is told, also when that is longer than a timer can be", () =>
    Effect.gen(function* () {
      const server = yield* serve((_, response) => {
        setImmediate(() => response.end("late"))
      })
      assert.strictEqual((yield* run(post(server.url, "30 days"))).text, "late")
    })
  )
})

describe("a transport over fetch", () => {
  it.scopedLive("does not follow a redirect: the key would go along", () =>
    Effect.gen(function* () {
      let strangers = 0
      const stranger = yield* serve((_, response) => {
        strangers += 1
        response.end("taken")
      })
      for (const status of [301, 302, 307, 308]) {
        const server = yield* serve((_, response) => {
          response.writeHead(status, { location: `${stranger.url}/steal` })
          response.end()
        })
        const answer = yield* post(server.url).pipe(
          Effect.provide(HttpTransport.layerHttpClient),
          Effect.provide(FetchHttpClient.layer)
        )
        assert.strictEqual(answer.status, status)
      }
      assert.strictEqual(strangers, 0)
    })
  )
})
