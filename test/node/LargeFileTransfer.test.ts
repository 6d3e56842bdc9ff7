import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { once } from "node:events"
import { collectGarbage } from "../garbage.js"
import { against, files, serve, type Store, transports } from "./fileStore.js"

const id = "SdkCtx-1"
const path = "/big.bin"
const mebibyte = 1024 * 1024
const pieceSize = 256 * 1024
const pieces = 800
const size = pieces * pieceSize

/** Far above what is needed, far below the file. */
const memoryLimit = 64 * mebibyte

/** New memory for every piece, as from a disk. */
const pieceAt = (index: number) => new Uint8Array(pieceSize).fill(index % 251)

const generated = Stream.unfold(0, (index) =>
  index < pieces ? Option.some([pieceAt(index), index + 1] as const) : Option.none()
).pipe(Stream.rechunk(1))

const heldBytes = () => {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** The most memory for bytes that is held while an effect runs, looked at for every 20 MB. */
const peakOf = <A, E, R>(
  effect: (look: (bytes: number) => Effect.Effect<void>) => Effect.Effect<A, E, R>
) =>
  Effect.suspend(() => {
    const before = heldBytes()
    let peak = before
    let bytes = 0
    let looks = 0
    const look = (length: number) =>
      Effect.sync(() => {
        bytes += length
        if (bytes < (looks + 1) * 20 * mebibyte) return
        looks += 1
        peak = Math.max(peak, heldBytes())
      })
    return Effect.map(effect(look), () => {
      assert.strictEqual(looks, size / 20 / mebibyte)
      return peak - before
    })
  })

const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const turns = (count: number) => Effect.repeatN(turn, count - 1)

/** Takes and gives 200 MB, and keeps nothing of it. */
const passing =
  (received: { bytes: number; sum: number }): Store =>
  (request, response) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-length": size })
      const send = async () => {
        for (let index = 0; index < pieces; index += 1) {
          if (!response.write(pieceAt(index))) await once(response, "drain")
        }
        response.end()
      }
      // A client that leaves is none of this store's business.
      send().catch(() => {})
      return
    }
    request.on("data", (piece: Buffer) => {
      received.bytes += piece.length
      received.sum += piece[0] ?? 0
    })
    request.on("end", () => response.end())
  }

for (const name of ["undici", "the platform's client over fetch"] as const) {
  describe(`200 MB over ${name}`, { timeout: 180_000 }, () => {
    it.scopedLive("go up in constant memory", () =>
      Effect.gen(function* () {
        const received = { bytes: 0, sum: 0 }
        const url = yield* serve(passing(received))
        const grown = yield* peakOf((look) =>
          Effect.flatMap(files, ({ put }) =>
            put(id, path, {
              stream: Stream.tap(generated, (piece) => look(piece.length)),
              length: size
            })
          )
        ).pipe(against(url, transports[name]))
        assert.strictEqual(received.bytes, size)
        assert.isBelow(grown, memoryLimit)
      })
    )

    it.scopedLive("come down in constant memory", () =>
      Effect.gen(function* () {
        const url = yield* serve(passing({ bytes: 0, sum: 0 }))
        let bytes = 0
        const grown = yield* peakOf((look) =>
          Effect.flatMap(files, ({ get }) =>
            Stream.runForEach(get(id, path), (piece) =>
              Effect.suspend(() => {
                bytes += piece.length
                return look(piece.length)
              })
            )
          )
        ).pipe(against(url, transports[name]))
        assert.strictEqual(bytes, size)
        assert.isBelow(grown, memoryLimit)
      })
    )

    it.scopedLive("are made no faster than the store takes them", () =>
      Effect.gen(function* () {
        const url = yield* serve(() => {
          // Nothing is ever read.
        })
        let made = 0
        const stream = Stream.tap(generated, () => Effect.sync(() => (made += 1)))
        const error = yield* Effect.flatMap(files, ({ put }) =>
          put(id, path, { stream, length: size })
        ).pipe(Effect.flip, against(url, transports[name], "500 millis"))
        assert.propertyVal(error, "reason", "Timeout")
        assert.isAbove(made, 0)
        assert.isBelow(made * pieceSize, memoryLimit)
      })
    )

    it.scopedLive("are sent no faster than the reader takes them", () =>
      Effect.gen(function* () {
        let sent = 0
        const url = yield* serve((request, response) => {
          response.on("drain", () => {
            sent = request.socket.bytesWritten
          })
          passing({ bytes: 0, sum: 0 })(request, response)
        })
        let bytes = 0
        let ahead = 0
        yield* Effect.flatMap(files, ({ get }) =>
          Stream.runForEach(get(id, path), (piece) =>
            Effect.suspend(() => {
              bytes += piece.length
              ahead = Math.max(ahead, sent - bytes)
              // The store gets twenty turns for every one of the reader.
              return bytes < size / 16 ? turns(20) : Effect.void
            })
          )
        ).pipe(against(url, transports[name]))
        assert.strictEqual(bytes, size)
        assert.isBelow(ahead, memoryLimit)
      })
    )
  })
}
