import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { actions, inTime, requestsOf } from "../wired.js"
import { id, path, url, files, service, asking, failureOf, textOf } from "./storedFiles.js"

describe("ContextFiles.get", () => {
  it.effect("asks for a URL and gives the bytes from there", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flatMap(files, ({ get }) => textOf(get(id, path))), "stored")
      assert.deepStrictEqual(yield* actions, ["GetContextFileDownloadUrl", "GET"])
      const double = yield* AgentBayTest.AgentBayTest
      const [asked, sent] = yield* double.requests
      assert.deepStrictEqual(asked?.parameters, { ContextId: id, FilePath: path })
      assert.strictEqual(sent?.url, url)
      assert.deepStrictEqual(sent?.headers, {})
    }).pipe(Effect.provide(service()))
  )

  it.effect("asks for another URL each time it runs", () =>
    Effect.gen(function* () {
      const { get } = yield* files
      const stream = get(id, path)
      assert.deepStrictEqual(yield* actions, [])
      yield* textOf(stream)
      yield* textOf(stream)
      assert.lengthOf(yield* requestsOf("GetContextFileDownloadUrl"), 2)
    }).pipe(Effect.provide(service()))
  )

  it.effect("gives nothing for an empty file", () =>
    Effect.gen(function* () {
      for (const GET of [AgentBayTest.file(""), AgentBayTest.file("", {})]) {
        const { end } = yield* asking({ GET })(({ get }) => textOf(get(id, path)))
        assert.deepStrictEqual(end, Either.right(""))
      }
    })
  )

  const absent: { readonly [name: string]: AgentBayTest.Script } = {
    "the store": { GET: AgentBayTest.raw(404, "<Code>NoSuchKey</Code>") },
    "the service": {
      GetContextFileDownloadUrl: AgentBayTest.refuse({
        code: "FileNotExist",
        message: "file not exist"
      })
    }
  }
  for (const [who, script] of Object.entries(absent)) {
    it.effect(`tells a file that is not there by one reason, when ${who} says so`, () =>
      Effect.gen(function* () {
        const { end } = yield* asking(script)(({ get }) => textOf(get(id, path)))
        assert.propertyVal(failureOf(end), "_tag", "ApiError")
        assert.propertyVal(failureOf(end), "reason", "FileNotFound")
      })
    )
  }

  for (const status of [201, 204, 206, 301, 302, 307, 400, 403, 429, 500, 503]) {
    it.effect(`takes HTTP ${status} for a no`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* asking({
          GET: AgentBayTest.raw(status, status === 204 ? "" : url, {
            location: "https://elsewhere.test/"
          })
        })(({ get }) => textOf(get(id, path)))
        const error = failureOf(end)
        assert.propertyVal(error, "operation", "GetContextFile")
        assert.propertyVal(error, "reason", "Status")
        assert.propertyVal(error, "status", status)
        assert.deepStrictEqual(sent, ["GetContextFileDownloadUrl", "GET"])
      })
    )
  }

  it.effect("never takes a part for the whole", () =>
    Effect.gen(function* () {
      for (const length of ["3", "7"]) {
        const seen: Array<string> = []
        const { end } = yield* asking({
          GET: AgentBayTest.file("stored", { "content-length": length })
        })(({ get }) =>
          Stream.runForEach(get(id, path), (piece) =>
            Effect.sync(() => seen.push(new TextDecoder().decode(piece)))
          )
        )
        const error = failureOf(end)
        assert.propertyVal(error, "reason", "Transport")
        assert.include(String(error), `6 of ${length} bytes`)
        assert.deepStrictEqual(seen, ["stored"])
      }
    })
  )

  it.effect("does not measure a body that is encoded on its way", () =>
    Effect.gen(function* () {
      const { end } = yield* asking({
        GET: AgentBayTest.file("stored", { "content-length": "3", "content-encoding": "gzip" })
      })(({ get }) => textOf(get(id, path)))
      assert.deepStrictEqual(end, Either.right("stored"))
    })
  )

  it.effect("reports a broken connection without repeating it", () =>
    Effect.gen(function* () {
      const { end, sent } = yield* asking({ GET: AgentBayTest.fault("ECONNRESET") })(({ get }) =>
        textOf(get(id, path))
      )
      assert.propertyVal(failureOf(end), "code", "ECONNRESET")
      assert.deepStrictEqual(sent, ["GetContextFileDownloadUrl", "GET"])
    })
  )

  it.effect("ends when the store does not answer for the configured time", () =>
    Effect.gen(function* () {
      const { end } = yield* inTime(
        asking({ GET: AgentBayTest.never })(({ get }) => textOf(get(id, path)))
      )
      assert.propertyVal(failureOf(end), "reason", "Timeout")
    })
  )

  it.effect("does not count the time that the reader takes", () =>
    Effect.gen(function* () {
      const { end } = yield* inTime(
        asking()(({ get }) => textOf(Stream.tap(get(id, path), () => Effect.sleep("10 minutes"))))
      )
      assert.deepStrictEqual(end, Either.right("stored"))
    })
  )

  it.effect("aborts the request when the caller leaves", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.flatMap(files, ({ get }) => Stream.runDrain(get(id, path)))
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const double = yield* AgentBayTest.AgentBayTest
      assert.strictEqual(yield* double.aborted, 1)
    }).pipe(Effect.provide(service({ GET: AgentBayTest.never })))
  )
})
