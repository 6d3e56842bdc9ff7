import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import { against, files, serve, signature, type Store, transports } from "./fileStore.js"

const id = "SdkCtx-1"
const path = "/a b.bin"

interface Received {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A store that keeps what came as a whole. */
const keeping = () => {
  const whole: Array<Received> = []
  const store: Store = (request, response) => {
    const { headers, method, url } = request
    if (method === "GET") {
      const body = whole.at(-1)?.body ?? Buffer.alloc(0)
      response.writeHead(200, { "content-length": body.length })
      response.end(body)
      return
    }
    const pieces: Array<Buffer> = []
    request.on("data", (piece: Buffer) => pieces.push(piece))
    request.on("end", () => {
      whole.push({ method, url, headers, body: Buffer.concat(pieces) })
      response.end()
    })
  }
  return { store, whole }
}

const random = (length: number) =>
  Uint8Array.from({ length }, (_, index) => (index * 7919 + (index >> 8)) % 256)

const piecesOf = (bytes: Uint8Array, size: number) =>
  Stream.unfold(0, (offset) =>
    offset < bytes.length
      ? Option.some([bytes.subarray(offset, offset + size), offset + size] as const)
      : Option.none()
  )

const collected = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat(Chunk.toReadonlyArray(pieces)))

/** Lets the other events of this process have their turns. */
const turns = Effect.repeatN(
  Effect.async<void>((resume) => {
    setImmediate(() => resume(Effect.void))
  }),
  20
)

/** Completes when the connection of a request is gone. */
const closing = (closed: Deferred.Deferred<void>, request: IncomingMessage) =>
  request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.void))

for (const [name, transport] of Object.entries(transports)) {
  describe(`files over ${name}`, () => {
    it.scopedLive("go with their length and without key, and come back as they were", () =>
      Effect.gen(function* () {
        const { store, whole } = keeping()
        const url = yield* serve(store)
        const big = random(300_001)
        const contents = [
          ["Grüße", Buffer.from("Grüße")],
          ["", Buffer.alloc(0)],
          [big, Buffer.from(big)],
          [{ stream: piecesOf(big, 10_007), length: big.length }, Buffer.from(big)],
          [{ stream: Stream.empty, length: 0 }, Buffer.alloc(0)]
        ] as const
        yield* Effect.gen(function* () {
          const { get, put } = yield* files
          for (const [content, expected] of contents) {
            yield* put(id, path, content)
            const got = whole.at(-1)
            assert.strictEqual(got?.method, "PUT")
            assert.strictEqual(got?.url, `/store/a%20b.bin?Signature=${signature}`)
            assert.strictEqual(got?.headers["content-length"], String(expected.length))
            assert.isUndefined(got?.headers["transfer-encoding"])
            assert.isUndefined(got?.headers["content-type"])
            assert.notInclude(JSON.stringify(got?.headers), "akm-")
            assert.isTrue(got?.body.equals(expected))
            assert.isTrue((yield* collected(get(id, path))).equals(expected))
          }
        }).pipe(against(url, transport))
        assert.lengthOf(whole, contents.length)
      })
    )

    it.scopedLive("that are not as long as promised never arrive as a whole", () =>
      Effect.gen(function* () {
        const { store, whole } = keeping()
        const url = yield* serve(store)
        const content = random(100_000)
        yield* Effect.gen(function* () {
          const { put } = yield* files
          for (const length of [99_999, 100_001, 90_000, 0]) {
            const error = yield* Effect.flip(
              put(id, path, { stream: piecesOf(content, 10_000), length })
            )
            assert.strictEqual(error._tag, "InvalidArgument")
          }
          yield* put(id, path, "the end")
        }).pipe(against(url, transport))
        assert.deepStrictEqual(
          whole.map(({ body }) => body.toString()),
          ["the end"]
        )
      })
    )

    it.scopedLive("whose source fails never arrive as a whole; the failure comes through", () =>
      Effect.gen(function* () {
        const { store, whole } = keeping()
        const url = yield* serve(store)
        const stream = Stream.concat(piecesOf(random(50_000), 10_000), Stream.fail("disk" as const))
        yield* Effect.gen(function* () {
          const { put } = yield* files
          for (const length of [50_000, 60_000]) {
            assert.strictEqual(yield* Effect.flip(put(id, path, { stream, length })), "disk")
          }
          yield* put(id, path, "the end")
        }).pipe(against(url, transport))
        assert.deepStrictEqual(
          whole.map(({ body }) => body.toString()),
          ["the end"]
        )
      })
    )

    it.scopedLive("close their connection when the caller leaves an upload", () =>
      Effect.gen(function* () {
        const began = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const url = yield* serve((request) => {
          closing(closed, request)
          request.once("data", () => Deferred.unsafeDone(began, Effect.void))
        })
        yield* Effect.gen(function* () {
          const { put } = yield* files
          const stream = Stream.concat(piecesOf(random(20_000), 10_000), Stream.never)
          const fiber = yield* Effect.fork(put(id, path, { stream, length: 1_000_000 }))
          yield* Deferred.await(began)
          yield* Fiber.interrupt(fiber)
          yield* Deferred.await(closed)
        }).pipe(against(url, transport))
      })
    )

    it.scopedLive("close their connection when the caller leaves a download", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const url = yield* serve((request, response) => {
          closing(closed, request)
          response.writeHead(200, { "content-length": "1000000" })
          response.write(random(10_000))
        })
        yield* Effect.gen(function* () {
          const { get } = yield* files
          const came = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(
            Stream.runForEach(get(id, path), () => Deferred.succeed(came, undefined))
          )
          yield* Deferred.await(came)
          yield* Fiber.interrupt(fiber)
          yield* Deferred.await(closed)
        }).pipe(against(url, transport))
      })
    )

    it.scopedLive("close their connection when the reader has enough", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const url = yield* serve((request, response) => {
          closing(closed, request)
          response.writeHead(200, { "content-length": "1000000" })
          response.write(random(10_000))
        })
        yield* Effect.gen(function* () {
          const { get } = yield* files
          assert.lengthOf(yield* Stream.runCollect(Stream.take(get(id, path), 1)), 1)
          yield* Deferred.await(closed)
        }).pipe(against(url, transport))
      })
    )

    it.scopedLive("close their connection when the store says no with a long page", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const url = yield* serve((request, response) => {
          closing(closed, request)
          response.writeHead(403, { "content-length": "1000000" })
          response.write("x".repeat(10_000))
        })
        yield* Effect.gen(function* () {
          const { get } = yield* files
          const error = yield* Effect.flip(Stream.runDrain(get(id, path)))
          assert.propertyVal(error, "status", 403)
          yield* Deferred.await(closed)
        }).pipe(against(url, transport))
      })
    )

    const halves: { readonly [name: string]: Store } = {
      "with a length": (_, response) => {
        response.writeHead(200, { "content-length": "100000" })
        response.write(random(10_000))
        setImmediate(() => response.destroy())
      },
      "in chunks": (_, response) => {
        response.writeHead(200)
        response.write(random(10_000))
        setImmediate(() => response.destroy())
      },
      "in chunks, at once": (_, response) => {
        response.writeHead(200)
        response.flushHeaders()
        response.destroy()
      },
      "before the head": (request) => {
        request.socket.destroy()
      }
    }
    for (const [kind, store] of Object.entries(halves)) {
      it.scopedLive(`that break off are no files: ${kind}`, () =>
        Effect.gen(function* () {
          const url = yield* serve(store)
          const error = yield* Effect.flatMap(files, ({ get }) => collected(get(id, path))).pipe(
            Effect.flip,
            against(url, transport)
          )
          assert.propertyVal(error, "_tag", "TransportError")
          assert.propertyVal(error, "reason", "Transport")
          assert.propertyVal(error, "operation", "GetContextFile")
        })
      )
    }

    it.scopedLive("end when the store stands still", () =>
      Effect.gen(function* () {
        const url = yield* serve((request, response) => {
          if (request.method === "PUT") return
          response.writeHead(200, { "content-length": "100000" })
          response.write(random(10_000))
        })
        yield* Effect.gen(function* () {
          const { get, put } = yield* files
          const big = 64 * 1024 * 1024
          const endless = Stream.repeatValue(new Uint8Array(1024 * 1024))
          for (const content of [
            "text",
            new Uint8Array(big),
            { stream: Stream.take(endless, 64), length: big }
          ]) {
            const error = yield* Effect.flip(put(id, path, content))
            assert.propertyVal(error, "reason", "Timeout")
            assert.propertyVal(error, "operation", "PutContextFile")
          }
          const error = yield* Effect.flip(Stream.runDrain(get(id, path)))
          assert.propertyVal(error, "reason", "Timeout")
          assert.propertyVal(error, "operation", "GetContextFile")
        }).pipe(against(url, transport, "300 millis"))
      })
    )

    it.scopedLive("follow no redirect", () =>
      Effect.gen(function* () {
        let strangers = 0
        const stranger = yield* serve((_, response) => {
          strangers += 1
          response.end("taken")
        })
        for (const status of [301, 302, 307, 308]) {
          const url = yield* serve((request, response) => {
            request.resume()
            response.writeHead(status, { location: `${stranger}/store/steal` }).end()
          })
          yield* Effect.gen(function* () {
            const { get, put } = yield* files
            for (const error of [
              yield* Effect.flip(put(id, path, "text")),
              yield* Effect.flip(Stream.runDrain(get(id, path)))
            ]) {
              assert.propertyVal(error, "reason", "Status")
              assert.propertyVal(error, "status", status)
            }
          }).pipe(against(url, transport))
        }
        assert.strictEqual(strangers, 0)
      })
    )

    // The platform's client over node:http looks at an answer only when it has sent everything.
    const itWhenEarly = it.scopedLive.skipIf(name.endsWith("node:http"))

    itWhenEarly("that are refused before they are there are refused", () =>
      Effect.gen(function* () {
        const url = yield* serve((_, response) => {
          response.writeHead(403).end()
        })
        const error = yield* Effect.flatMap(files, ({ put }) =>
          put(id, path, {
            stream: Stream.concat(piecesOf(random(20_000), 10_000), Stream.never),
            length: 1_000_000
          })
        ).pipe(Effect.flip, against(url, transport))
        assert.propertyVal(error, "reason", "Status")
        assert.propertyVal(error, "status", 403)
      })
    )

    itWhenEarly("that are welcomed before they are there are not stored", () =>
      Effect.gen(function* () {
        const url = yield* serve((_, response) => {
          response.writeHead(200).end()
        })
        const end = yield* Effect.flatMap(files, ({ put }) =>
          put(id, path, {
            stream: Stream.concat(piecesOf(random(20_000), 10_000), Stream.never),
            length: 1_000_000
          })
        ).pipe(Effect.either, against(url, transport))
        assert.isTrue(Either.isLeft(end))
      })
    )

    it.scopedLive("tell a store that cannot be reached by the system's code", () =>
      Effect.gen(function* () {
        const url = yield* serve((request) => {
          request.socket.destroy()
        })
        const error = yield* Effect.flatMap(files, ({ put }) => put(id, path, "text")).pipe(
          Effect.flip,
          against(url, transport)
        )
        assert.propertyVal(error, "reason", "Transport")
        assert.match(String(error), /ECONNRESET|UND_ERR_SOCKET|EPIPE/)
        assert.notInclude(String(error), signature)
      })
    )
  })
}

describe("a download over undici", () => {
  it.scopedLive("is no empty file when its connection broke before it was read", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const opened = yield* Deferred.make<void>()
      const url = yield* serve((request, response) => {
        closing(closed, request)
        response.writeHead(200)
        response.write(random(10))
        Deferred.unsafeDone(
          opened,
          Effect.sync(() => response.destroy())
        )
      })
      const fault = yield* Effect.gen(function* () {
        const transport = yield* HttpTransport.HttpTransport
        const { body } = yield* transport.get(Redacted.make(`${url}/store/x`))
        yield* Deferred.await(opened)
        yield* Deferred.await(closed)
        yield* turns
        return yield* Effect.flip(Stream.runDrain(body))
      }).pipe(Effect.provide(transports.undici))
      assert.strictEqual(fault.reason, "Transport")
    })
  )
})
