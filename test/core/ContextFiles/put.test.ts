import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { actions, inTime, requestsOf } from "../wired.js"
import { id, path, url, files, service, asking, failureOf, bytes, streamOf } from "./storedFiles.js"

describe("ContextFiles.put", () => {
  const contents: { readonly [name: string]: ContextFiles.Content } = {
    "a text": "# Grüße\n",
    bytes: bytes("# Grüße\n"),
    "a stream": { stream: streamOf("# Gr", "", "üße", "\n"), length: 10 },
    "a stream with all in one chunk": {
      stream: Stream.make(bytes("# "), bytes("Grüße\n")),
      length: 10
    }
  }
  for (const [name, content] of Object.entries(contents)) {
    it.effect(`asks for a URL and sends ${name} there, with its length and nothing else`, () =>
      Effect.gen(function* () {
        yield* Effect.flatMap(files, ({ put }) => put(id, path, content))
        assert.deepStrictEqual(yield* actions, ["GetContextFileUploadUrl", "PUT"])
        const asked = (yield* requestsOf("GetContextFileUploadUrl")).at(0)
        assert.deepStrictEqual(asked?.parameters, { ContextId: id, FilePath: path })
        const double = yield* AgentBayTest.AgentBayTest
        const sent = (yield* double.requests).at(1)
        assert.strictEqual(sent?.url, url)
        assert.deepStrictEqual(sent?.headers, { "content-length": "10" })
        assert.strictEqual(new TextDecoder().decode(sent?.bytes), "# Grüße\n")
      }).pipe(Effect.provide(service()))
    )
  }

  it.effect("stores an empty file in every way", () =>
    Effect.gen(function* () {
      const { put } = yield* files
      yield* put(id, path, "")
      yield* put(id, path, new Uint8Array())
      yield* put(id, path, { stream: Stream.empty, length: 0 })
      yield* put(id, path, { stream: streamOf("", ""), length: 0 })
      const double = yield* AgentBayTest.AgentBayTest
      const puts = (yield* double.requests).filter(({ action }) => action === "PUT")
      assert.deepStrictEqual(
        puts.map((request) => request.bytes.length),
        [0, 0, 0, 0]
      )
    }).pipe(Effect.provide(service()))
  )

  it.effect("sends more bytes than one piece holds as they are", () =>
    Effect.gen(function* () {
      const content = Uint8Array.from({ length: 200_001 }, (_, index) => index % 251)
      yield* Effect.flatMap(files, ({ put }) => put(id, path, content))
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual((yield* double.requests).at(1)?.bytes, content)
    }).pipe(Effect.provide(service()))
  )

  it.effect("sends a stream of large and small pieces as it is", () =>
    Effect.gen(function* () {
      const content = Uint8Array.from({ length: 400_003 }, (_, index) => index % 251)
      const at = [0, 1, 2, 200_000, 200_000, 265_536, 331_073, 400_003]
      const pieces = at.slice(1).map((end, index) => content.subarray(at[index], end))
      const { put } = yield* files
      for (const perChunk of [1, 2, 100]) {
        const stream = Stream.fromIterable(pieces).pipe(Stream.rechunk(perChunk))
        yield* put(id, path, { stream, length: content.length })
        const double = yield* AgentBayTest.AgentBayTest
        assert.deepStrictEqual((yield* double.requests).at(-1)?.bytes, content)
      }
    }).pipe(Effect.provide(service()))
  )

  it.effect("takes any 2xx for a yes", () =>
    Effect.gen(function* () {
      for (const status of [200, 201, 204]) {
        const { end } = yield* asking({ PUT: AgentBayTest.raw(status, "") })(({ put }) =>
          put(id, path, "text")
        )
        assert.isTrue(Either.isRight(end), `${status}`)
      }
    })
  )

  for (const status of [300, 301, 302, 307, 308, 400, 403, 404, 411, 412, 429, 500, 503]) {
    it.effect(`takes HTTP ${status} for a no, and sends once`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* asking({
          PUT: AgentBayTest.raw(status, `<Signature>${url}</Signature>`, {
            location: "https://elsewhere.test/"
          })
        })(({ put }) => put(id, path, "text"))
        const error = failureOf(end)
        assert.propertyVal(error, "_tag", "TransportError")
        assert.propertyVal(error, "operation", "PutContextFile")
        assert.propertyVal(error, "reason", "Status")
        assert.propertyVal(error, "status", status)
        assert.propertyVal(error, "requestId", "TEST-REQUEST")
        assert.deepStrictEqual(sent, ["GetContextFileUploadUrl", "PUT"])
      })
    )
  }

  it.effect("reports a connection that broke, and sends once", () =>
    Effect.gen(function* () {
      const { end, sent } = yield* asking({ PUT: AgentBayTest.fault("ECONNRESET") })(({ put }) =>
        put(id, path, "text")
      )
      const error = failureOf(end)
      assert.propertyVal(error, "reason", "Transport")
      assert.propertyVal(error, "code", "ECONNRESET")
      assert.deepStrictEqual(sent, ["GetContextFileUploadUrl", "PUT"])
    })
  )

  const wrongLengths: { readonly [name: string]: readonly [ContextFiles.Content, string] } = {
    fewer: [{ stream: streamOf("abc", "de"), length: 6 }, "gave 5"],
    none: [{ stream: Stream.empty, length: 6 }, "gave 0"],
    more: [{ stream: streamOf("abc", "de"), length: 4 }, "gave more"],
    "more, after all that was promised": [{ stream: streamOf("abc", "d"), length: 3 }, "gave more"],
    "some where none were promised": [{ stream: streamOf("a"), length: 0 }, "gave more"]
  }
  for (const [name, [content, found]] of Object.entries(wrongLengths)) {
    it.effect(`refuses a stream that gives ${name}: the store never has the whole`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* asking()(({ put }) => put(id, path, content))
        const error = failureOf(end)
        assert.propertyVal(error, "_tag", "InvalidArgument")
        assert.propertyVal(error, "argument", "content.length")
        assert.propertyVal(error, "brokenOff", true)
        assert.include(String(error), found)
        assert.notInclude(String(error), "Nothing was sent")
        // A request that came as a whole would be listed.
        assert.deepStrictEqual(sent, ["GetContextFileUploadUrl"])
      })
    )
  }

  it.effect("lets the failure of the stream through, typed, and stores nothing", () =>
    Effect.gen(function* () {
      class DiskFull {
        readonly _tag = "DiskFull"
      }
      const failing = (after: string, length: number) => ({
        stream: Stream.concat(streamOf(after), Stream.fail(new DiskFull())),
        length
      })
      for (const content of [failing("ab", 4), failing("abcd", 4), failing("", 0)]) {
        const seen: Array<string> = []
        const { end, sent } = yield* asking()(({ put }) =>
          put(id, path, content).pipe(
            Effect.catchTag("DiskFull", () => Effect.sync(() => seen.push("disk full")))
          )
        )
        assert.isTrue(Either.isRight(end))
        assert.deepStrictEqual(seen, ["disk full"])
        assert.deepStrictEqual(sent, ["GetContextFileUploadUrl"])
      }
    })
  )

  it.effect("lets a defect of the stream through", () =>
    Effect.gen(function* () {
      const content = { stream: Stream.die("a bug"), length: 4 }
      const exit = yield* Effect.exit(Effect.flatMap(files, ({ put }) => put(id, path, content)))
      assert.include(String(exit), "a bug")
    }).pipe(Effect.provide(service()))
  )

  it.effect("opens the stream only when there is a URL, and closes it before it ends", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const note = (event: string) => Effect.sync(() => events.push(event))
      const content = {
        stream: Stream.acquireRelease(note("open"), () => note("close")).pipe(
          Stream.flatMap(() => streamOf("ab", "cd"))
        ),
        length: 4
      }
      const { put } = yield* files
      yield* Effect.zipRight(put(id, path, content), note("done"))
      assert.deepStrictEqual(events, ["open", "close", "done"])
      yield* Effect.either(put(id, path, { ...content, length: 3 }))
      yield* note("failed")
      assert.deepStrictEqual(events.slice(3), ["open", "close", "failed"])
    }).pipe(Effect.provide(service()))
  )

  it.effect("does not open the stream when the URL is refused", () =>
    Effect.gen(function* () {
      let opened = false
      const stream = Stream.suspend(() => {
        opened = true
        return streamOf("a")
      })
      const { end } = yield* asking({
        GetContextFileUploadUrl: AgentBayTest.refuse({ code: "Context.NotFound" })
      })(({ put }) => put(id, path, { stream, length: 1 }))
      assert.propertyVal(failureOf(end), "reason", "ContextNotFound")
      assert.isFalse(opened)
    })
  )

  it.effect("ends when the store does not answer for the configured time", () =>
    Effect.gen(function* () {
      for (const content of ["text", { stream: streamOf("te", "xt"), length: 4 }]) {
        const { end } = yield* inTime(
          asking({ PUT: AgentBayTest.never })(({ put }) => put(id, path, content))
        )
        const error = failureOf(end)
        assert.propertyVal(error, "reason", "Timeout")
        assert.include(String(error), "1m")
      }
    })
  )

  it.effect("does not count the time that the stream takes for its bytes", () =>
    Effect.gen(function* () {
      const slow = streamOf("a", "b", "c").pipe(Stream.tap(() => Effect.sleep("10 minutes")))
      const { end } = yield* inTime(
        asking()(({ put }) => put(id, path, { stream: slow, length: 3 }))
      )
      assert.isTrue(Either.isRight(end))
    })
  )

  it.effect("breaks the request off when the caller leaves", () =>
    Effect.gen(function* () {
      const reading = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const stream = streamOf("a").pipe(
        Stream.concat(Stream.fromEffect(Deferred.succeed(reading, undefined)).pipe(Stream.drain)),
        Stream.concat(Stream.never),
        Stream.ensuring(Deferred.succeed(closed, undefined))
      )
      const fiber = yield* Effect.fork(
        Effect.flatMap(files, ({ put }) => put(id, path, { stream, length: 3 }))
      )
      yield* Deferred.await(reading)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(closed))
      const double = yield* AgentBayTest.AgentBayTest
      assert.strictEqual(yield* double.aborted, 1)
      assert.deepStrictEqual(yield* actions, ["GetContextFileUploadUrl"])
    }).pipe(Effect.provide(service()))
  )
})
