import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { inTime, wired } from "./wired.js"

const everySecond = Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(3)))
const sessionId = "session-1"

const read = Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
  http.call(Protocol.GetSessionDetail, { sessionId })
)
const readOnce = Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
  http.callOnce(Protocol.GetSessionDetail, { sessionId })
)
const write = Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
  http.call(Protocol.DeleteSessionAsync, { sessionId })
)
const timesOf = (action: AgentBayTest.Action) =>
  Effect.flatMap(AgentBayTest.AgentBayTest, (double) => double.timesOf(action))

const running = AgentBayTest.ok({ Status: "RUNNING" })
const broken = AgentBayTest.raw(200, '{"Success": true, "Data": 5}')

const passing: ReadonlyArray<readonly [string, AgentBayTest.Reply]> = [
  ["a connection that breaks", AgentBayTest.fault("ECONNRESET")],
  ["no connection", AgentBayTest.fault("ECONNREFUSED")],
  ["HTTP 500 with JSON", AgentBayTest.refuse({ code: "Foo", httpStatus: 500 })],
  ["HTTP 503 with a page", AgentBayTest.raw(503, "<html>")],
  ["HTTP 408 with a page", AgentBayTest.raw(408, "")],
  ["HTTP 429 with a page", AgentBayTest.raw(429, "")],
  ["HTTP 429 with JSON", AgentBayTest.refuse({ code: "Foo", httpStatus: 429 })],
  ["throttling", AgentBayTest.refuse({ code: "Throttling.User" })],
  ["soft throttling", AgentBayTest.refuseSoftly({ code: "Throttling.Api" })],
  ["a soft fault of the service", AgentBayTest.refuseSoftly({ code: "InternalError" })],
  ["a page with HTTP 200", AgentBayTest.raw(200, "<html>")]
]

const lasting: ReadonlyArray<readonly [string, AgentBayTest.Reply]> = [
  ["a refusal", AgentBayTest.refuse({ code: "Foo" })],
  ["a soft refusal", AgentBayTest.refuseSoftly({ code: "Foo" })],
  ["a soft refusal without a code", AgentBayTest.refuseSoftly({})],
  ["a session that is gone", AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })],
  ["a bad key", AgentBayTest.refuse({ code: "NOT_LOGIN" })],
  ["a page with HTTP 404", AgentBayTest.raw(404, "<html>")],
  ["a page with HTTP 403", AgentBayTest.raw(403, "<html>")],
  ["an answer that cannot be read", broken]
]

describe("retries", () => {
  for (const [name, reply] of passing) {
    it.effect(`a read is repeated after ${name}`, () =>
      Effect.gen(function* () {
        const { reply } = yield* inTime(read)
        assert.strictEqual(reply.data.status, "RUNNING")
        assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1000])
      }).pipe(
        Effect.provide(
          wired({ retryPolicy: everySecond, script: { GetSessionDetail: [reply, running] } })
        )
      )
    )

    it.effect(`a read is repeated at most three times after ${name}`, () =>
      Effect.gen(function* () {
        yield* Effect.flip(inTime(read))
        assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1000, 2000, 3000])
      }).pipe(
        Effect.provide(wired({ retryPolicy: everySecond, script: { GetSessionDetail: reply } }))
      )
    )

    it.effect(`a write is never repeated after ${name}`, () =>
      Effect.gen(function* () {
        yield* Effect.flip(inTime(write))
        assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [0])
      }).pipe(
        Effect.provide(wired({ retryPolicy: everySecond, script: { DeleteSessionAsync: reply } }))
      )
    )
  }

  for (const [name, reply] of lasting) {
    it.effect(`a read is not repeated after ${name}`, () =>
      Effect.gen(function* () {
        yield* Effect.flip(inTime(read))
        assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0])
      }).pipe(
        Effect.provide(
          wired({ retryPolicy: everySecond, script: { GetSessionDetail: [reply, running] } })
        )
      )
    )
  }

  it.effect("end with the error that is not passing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(read))
      assert.strictEqual(error._tag, "ApiError")
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1000])
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy: everySecond,
          script: {
            GetSessionDetail: [
              AgentBayTest.fault("ECONNRESET"),
              AgentBayTest.refuse({ code: "NOT_LOGIN" }),
              running
            ]
          }
        })
      )
    )
  )

  it.effect("`callOnce` repeats nothing", () =>
    Effect.gen(function* () {
      yield* Effect.flip(inTime(readOnce))
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0])
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy: everySecond,
          script: { GetSessionDetail: [AgentBayTest.fault("ECONNRESET"), running] }
        })
      )
    )
  )

  it.effect("start anew with every call", () =>
    Effect.gen(function* () {
      yield* Effect.flip(inTime(read))
      yield* Effect.flip(inTime(read))
      assert.strictEqual((yield* timesOf("GetSessionDetail")).length, 8)
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy: everySecond,
          script: { GetSessionDetail: AgentBayTest.fault("ECONNRESET") }
        })
      )
    )
  )

  it.effect("wait about 200, 400 and 800 ms by default", () =>
    Effect.gen(function* () {
      yield* Effect.flip(inTime(read))
      const times = yield* timesOf("GetSessionDetail")
      const waits = times.slice(1).map((time, index) => time - times[index]!)
      assert.strictEqual(waits.length, 3)
      for (const [index, wait] of waits.entries()) {
        const middle = 200 * 2 ** index
        assert.isAtLeast(wait, Math.floor(middle * 0.8))
        assert.isAtMost(wait, Math.ceil(middle * 1.2))
      }
    }).pipe(
      Effect.provide(wired({ script: { GetSessionDetail: AgentBayTest.fault("ECONNRESET") } }))
    )
  )

  const advised: ReadonlyArray<readonly [Record<string, string>, ReadonlyArray<number>]> = [
    [{ "retry-after": "5" }, [0, 5000, 10_000, 15_000]],
    [{ "x-acs-retry-after": "2500" }, [0, 2500, 5000, 7500]],
    [{ "retry-after": "86400" }, [0, 30_000, 60_000, 90_000]],
    [{ "x-acs-retry-after": "10" }, [0, 1000, 2000, 3000]],
    [{ "retry-after": "-3" }, [0, 1000, 2000, 3000]]
  ]
  for (const [headers, times] of advised) {
    it.effect(`obey the service's advice: ${JSON.stringify(headers)}`, () =>
      Effect.gen(function* () {
        yield* Effect.flip(inTime(read))
        assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), times)
      }).pipe(
        Effect.provide(
          wired({
            retryPolicy: everySecond,
            script: { GetSessionDetail: AgentBayTest.refuse({ code: "Throttling", headers }) }
          })
        )
      )
    )
  }
})

describe("the timeout of a request", () => {
  it.effect("ends each read, which is then repeated", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(read))
      assert.deepInclude(error, {
        _tag: "TransportError",
        reason: "Timeout",
        operation: "GetSessionDetail",
        sessionId,
        description: "no answer within 5s"
      })
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 6000, 12_000, 18_000])
      assert.strictEqual(yield* double.aborted, 4)
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy: everySecond,
          config: { timeout: "5 seconds" },
          script: { GetSessionDetail: AgentBayTest.never }
        })
      )
    )
  )

  it.effect("ends a write, which is not repeated", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.either(write))
      yield* TestClock.adjust("59999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const result = yield* Fiber.join(fiber)
      assert.deepInclude(Either.merge(result), { _tag: "TransportError", reason: "Timeout" })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [0])
    }).pipe(Effect.provide(wired({ script: { DeleteSessionAsync: AgentBayTest.never } })))
  )

  it.effect("does not touch an answer that comes in time", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* inTime(read)).reply.data.status, "RUNNING")
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0])
    }).pipe(
      Effect.provide(
        wired({
          config: { timeout: "5 seconds" },
          script: { GetSessionDetail: AgentBayTest.delayed("4999 millis", running) }
        })
      )
    )
  )
})

describe("a request", () => {
  it.effect("that cannot be written is not sent", () =>
    Effect.gen(function* () {
      const http = yield* AgentBayHttp.AgentBayHttp
      const error = yield* Effect.flip(
        http.call(Protocol.GetSessionDetail, { sessionId: "lone \ud800" })
      )
      assert.deepInclude(error, { _tag: "TransportError", reason: "Encode" })
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [])
    }).pipe(Effect.provide(wired()))
  )

  it.effect("is aborted when its caller leaves", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(read)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const double = yield* AgentBayTest.AgentBayTest
      assert.strictEqual(yield* double.aborted, 1)
    }).pipe(Effect.provide(wired({ script: { GetSessionDetail: AgentBayTest.never } })))
  )

  it.effect("tells what the connection said", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(readOnce))
      assert.deepInclude(error, {
        _tag: "TransportError",
        reason: "Transport",
        code: "ECONNREFUSED",
        sessionId
      })
    }).pipe(
      Effect.provide(wired({ script: { GetSessionDetail: AgentBayTest.fault("ECONNREFUSED") } }))
    )
  )
})
