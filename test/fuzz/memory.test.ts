/** Huge answers over real sockets: each has a typed end, and they do not pile up in memory. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as UndiciTransport from "@effect-agentbay/node/UndiciTransport"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Buffer } from "node:buffer"
import * as NodeHttp from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import * as NodeZlib from "node:zlib"
import { collectGarbage } from "../garbage.js"
import { answerText } from "../../packages/core/src/internal/answerText.js"

const megabyte = 2 ** 20

/** What is in use after a collection, buffers included. */
const used = Effect.promise(async () => {
  // What was finalised by one is freed by the next.
  for (let times = 0; times < 3; times++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
})

interface Body {
  readonly before: string
  readonly after: string
  readonly megabytes: number
  readonly isPacked: boolean
}

/** Answers every request with the body, which is never held as a whole. */
const serving = ({ after, before, isPacked, megabytes }: Body) =>
  Effect.acquireRelease(
    Effect.async<NodeHttp.Server>((resume) => {
      const piece = Buffer.alloc(megabyte, "x")
      const server = NodeHttp.createServer((request, response) => {
        request.resume()
        const pieces = [Buffer.from(before), ...Array.from({ length: megabytes }, () => piece)]
        const body = Readable.from([...pieces, Buffer.from(after)])
        response.writeHead(200, {
          "content-type": "application/json",
          ...(isPacked ? { "content-encoding": "gzip" } : {})
        })
        const sent = isPacked
          ? pipeline(body, NodeZlib.createGzip(), response)
          : pipeline(body, response)
        // Whoever hangs up is free to.
        sent.catch(() => {})
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )

const portOf = (server: NodeHttp.Server) => {
  const address = server.address()
  return typeof address === "string" || address === null ? assert.fail("a pipe") : address.port
}

const ways = {
  undici: UndiciTransport.layer,
  fetch: Layer.provide(HttpTransport.layerHttpClient, FetchHttpClient.layer)
}

/** What creating a context comes to; it is sent once. */
const created = (way: keyof typeof ways, body: Body) =>
  Effect.gen(function* () {
    const server = yield* serving(body)
    return yield* Effect.flatMap(AgentBay.AgentBay, ({ contexts }) =>
      Effect.either(contexts.create("n"))
    ).pipe(
      Effect.provide(
        AgentBay.layer.pipe(
          Layer.provide(AgentBayHttp.layerTransport()),
          Layer.provide(ways[way]),
          Layer.provide(
            AgentBayConfig.layer({
              apiKey: Redacted.make("akm-test"),
              endpoint: `http://127.0.0.1:${portOf(server)}`
            })
          )
        )
      )
    )
  }).pipe(Effect.scoped)

const bodies = [
  ["a page", "<html>", "</html>"],
  ["data that is none", '{"Success":true,"Data":"', '"}'],
  ["the message of a refusal", '{"Success":false,"Code":"c","Message":"', '"}']
] as const

describe("a huge answer over a socket has a typed end and does not pile up", () => {
  const check = (way: keyof typeof ways, megabytes: number, isPacked: boolean) =>
    Effect.gen(function* () {
      const all = (size: number) =>
        Effect.forEach(bodies, ([, before, after]) =>
          created(way, { before, after, megabytes: size, isPacked })
        )
      // What is loaded and compiled once is no part of it.
      yield* all(1)
      const before = yield* used
      for (const [index, end] of (yield* all(megabytes)).entries()) {
        assert.strictEqual(end._tag, "Left", bodies[index]?.[0])
        if (end._tag === "Left") assert.isBelow(end.left.message.length, 2000)
      }
      const after = yield* used
      // One of them is still held by something, whichever their number.
      assert.isBelow((after - before) / megabyte, megabytes + 5)
    })

  for (const way of ["undici", "fetch"] as const) {
    it.live(`50 MB through ${way}`, () => check(way, 50, false))
  }
})

describe("an answer that is larger than an answer may be", () => {
  const [, before, after] = bodies[1]

  it.live("is a fault of the transport of Node, and is not kept", () =>
    Effect.gen(function* () {
      const beyond = HttpTransport.maxAnswerBytes / megabyte
      yield* created("undici", { before, after, megabytes: 1, isPacked: false })
      const usedBefore = yield* used
      const end = yield* created("undici", { before, after, megabytes: beyond, isPacked: false })
      assert.strictEqual(end._tag, "Left")
      if (end._tag === "Right") return
      assert.deepInclude(end.left, { _tag: "TransportError", reason: "Transport" })
      assert.include(end.left.message, "larger than")
      assert.isBelow(((yield* used) - usedBefore) / megabyte, 5)
    })
  )

  // With less than the real limit: unpacking as much takes half a minute.
  it.scopedLive("is not unpacked on by fetch, and not kept", () =>
    Effect.gen(function* () {
      const server = yield* serving({ before, after, megabytes: 40, isPacked: true })
      const usedBefore = yield* used
      const request = HttpClientRequest.post(`http://127.0.0.1:${portOf(server)}`)
      const end = yield* Effect.flip(
        Effect.flatMap(HttpClient.execute(request), (response) =>
          answerText(response, 20 * megabyte)
        )
      )
      assert.strictEqual(end._tag, "TooLarge")
      assert.isBelow(((yield* used) - usedBefore) / megabyte, 5)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
