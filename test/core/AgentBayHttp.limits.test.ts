import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import { startOnce } from "../../packages/core/src/internal/startOnce.js"
import { linked, linkRequests, linkText, session } from "./linked.js"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const running = AgentBayTest.ok({ Status: "RUNNING" })
const slow = AgentBayTest.delayed("1 second", running)
const throttling = AgentBayTest.refuse({ code: "Throttling.User" })
const everySecond = (times: number) =>
  Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(times)))
const retryPolicy = everySecond(3)
const single: AgentBayHttp.Options = { retryPolicy: Schedule.stop }

const read = Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
  http.call(Protocol.GetSessionDetail, { sessionId })
)
const write = Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
  Effect.either(http.call(Protocol.DeleteSessionAsync, { sessionId }))
)
const start = Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
  startOnce(http, http.callOnce(Protocol.DeleteSessionAsync, { sessionId }))
)
/** So many reads, and then so many writes, all at one moment. */
const atOnce = (reads: number, writes = 0) =>
  Effect.forEach(
    Array.from({ length: reads + writes }, (_, index) => index),
    (index) => (index < reads ? Effect.either(read) : write),
    { concurrency: "unbounded" }
  )
const times = Effect.flatMap(AgentBayTest.AgentBayTest, (double) =>
  double.timesOf("GetSessionDetail")
)
const writeTimes = Effect.flatMap(AgentBayTest.AgentBayTest, (double) =>
  double.timesOf("DeleteSessionAsync")
)
/** Lets a fiber come as far as it can without time going on. */
const settled = TestClock.adjust(0)

describe("maxConcurrency", () => {
  it.effect("is the most that is on its way at once, reads and writes", () =>
    Effect.gen(function* () {
      yield* inTime(atOnce(4, 2))
      assert.deepStrictEqual(yield* times, [0, 0, 1000, 1000])
      assert.deepStrictEqual(yield* writeTimes, [2000, 2000])
    }).pipe(Effect.provide(wired({ maxConcurrency: 2, script: { GetSessionDetail: slow } })))
  )

  it.effect("leaves the place of a request that failed, or was interrupted, to the next", () =>
    Effect.gen(function* () {
      const first = yield* Effect.fork(read)
      const second = yield* Effect.fork(Effect.either(read))
      const third = yield* Effect.fork(read)
      yield* TestClock.adjust("300 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Either.isLeft(yield* Fiber.join(second)))
      yield* Fiber.join(third)
      assert.deepStrictEqual(yield* times, [0, 300, 800])
    }).pipe(
      Effect.provide(
        wired({
          ...single,
          maxConcurrency: 1,
          script: {
            GetSessionDetail: [
              AgentBayTest.never,
              AgentBayTest.delayed("500 millis", AgentBayTest.fault("ECONNRESET")),
              running
            ]
          }
        })
      )
    )
  )

  it.effect("forgets who is interrupted while waiting: nothing is sent for it", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.forEach([1, 2, 3, 4], () => Effect.fork(read))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interruptAll(fibers.slice(1, 3))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* times, [0, 1000])
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fibers[3]!)))
    }).pipe(Effect.provide(wired({ maxConcurrency: 1, script: { GetSessionDetail: slow } })))
  )

  it.effect("does not count the wait for a place against the timeout", () =>
    Effect.gen(function* () {
      const results = yield* inTime(atOnce(4))
      assert.isTrue(results.every(Either.isRight))
      assert.deepStrictEqual(yield* times, [0, 1000, 2000, 3000])
    }).pipe(
      Effect.provide(
        wired({
          ...single,
          maxConcurrency: 1,
          config: { timeout: "1500 millis" },
          script: { GetSessionDetail: slow }
        })
      )
    )
  )

  it.effect("a release at the end of a scope waits for its place, and comes to its end", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const stuck = yield* Effect.fork(Effect.either(read))
      yield* settled
      const scoped = yield* Effect.fork(Effect.scoped(agentBay.session()))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Either.isLeft(yield* Fiber.join(stuck)))
      yield* Fiber.join(scoped)
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual(yield* double.timesOf("CreateMcpSession"), [5000])
      assert.deepStrictEqual(yield* writeTimes, [5000])
    }).pipe(
      Effect.provide(
        wired({
          ...single,
          maxConcurrency: 1,
          config: { timeout: "5 seconds" },
          script: {
            GetSessionDetail: (_, index) => (index === 0 ? AgentBayTest.never : undefined)
          }
        })
      )
    )
  )

  it.effect("a creation whose caller leaves keeps its place, and its session is released", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      yield* Effect.fork(read)
      yield* settled
      const creating = yield* Effect.fork(agentBay.create())
      yield* settled
      const leaving = yield* Effect.fork(Fiber.interrupt(creating))
      yield* TestClock.adjust("999 millis")
      assert.isNull(leaving.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(leaving)))
      assert.deepStrictEqual(yield* actions, [
        "GetSessionDetail",
        "CreateMcpSession",
        "DeleteSessionAsync"
      ])
    }).pipe(Effect.provide(wired({ maxConcurrency: 1, script: { GetSessionDetail: slow } })))
  )
})

describe("rateLimit", () => {
  it.effect("is the most that begins in any interval", () =>
    Effect.gen(function* () {
      yield* inTime(atOnce(5))
      assert.deepStrictEqual(yield* times, [0, 0, 1000, 1000, 2000])
    }).pipe(
      Effect.provide(
        wired({
          rateLimit: { limit: 2, interval: "1 second" },
          script: { GetSessionDetail: running }
        })
      )
    )
  )

  it.effect("slides: no more begin around the end of an interval either", () =>
    Effect.gen(function* () {
      yield* read
      yield* TestClock.adjust("900 millis")
      yield* inTime(atOnce(4))
      assert.deepStrictEqual(yield* times, [0, 900, 1000, 1900, 2000])
    }).pipe(
      Effect.provide(
        wired({
          rateLimit: { limit: 2, interval: "1 second" },
          script: { GetSessionDetail: running }
        })
      )
    )
  )

  it.effect("holds for reads, writes, retries and polls together", () =>
    Effect.gen(function* () {
      yield* inTime(atOnce(1, 1))
      assert.deepStrictEqual(yield* times, [0, 4000, 6000, 8000])
      assert.deepStrictEqual(yield* writeTimes, [2000])
    }).pipe(
      Effect.provide(
        wired({
          rateLimit: { limit: 1, interval: "2 seconds" },
          retryPolicy,
          script: { GetSessionDetail: AgentBayTest.fault("ECONNRESET") }
        })
      )
    )
  )

  it.effect("gives the turn of who is interrupted to the next, first in line or not", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.forEach([0, 1, 2, 3, 4], () => Effect.fork(Effect.either(read)))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(fibers[1]!)
      yield* Fiber.interrupt(fibers[3]!)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* times, [0, 1000, 2000])
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fibers[4]!)))
    }).pipe(
      Effect.provide(
        wired({
          rateLimit: { limit: 1, interval: "1 second" },
          script: { GetSessionDetail: running }
        })
      )
    )
  )

  it.effect("goes together with maxConcurrency", () =>
    Effect.gen(function* () {
      yield* inTime(atOnce(4))
      assert.deepStrictEqual(yield* times, [0, 1500, 3000, 4500])
    }).pipe(
      Effect.provide(
        wired({
          maxConcurrency: 1,
          rateLimit: { limit: 1, interval: "1 second" },
          script: { GetSessionDetail: AgentBayTest.delayed("1500 millis", running) }
        })
      )
    )
  )

  it.effect("can have an interval of months, longer than a timer runs", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      const sleeps: Array<number> = []
      const sleep = (time: Duration.Duration) => {
        sleeps.push(Duration.toMillis(time))
        return clock.sleep(time)
      }
      const watched: typeof clock = Object.assign(Object.create(clock), { sleep })
      const fiber = yield* Effect.fork(Effect.withClock(atOnce(2), watched))
      yield* TestClock.adjust("60 days")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* times, [0, 60 * 86_400_000])
      assert.isAtMost(Math.max(...sleeps), 2 ** 31 - 1)
    }).pipe(
      Effect.provide(
        wired({
          rateLimit: { limit: 1, interval: "60 days" },
          script: { GetSessionDetail: running }
        })
      )
    )
  )

  it.effect("does not hold for tools called by a direct link", () =>
    Effect.gen(function* () {
      const { shell } = yield* session
      yield* Effect.forEach([1, 2, 3], () => shell("ls"))
      assert.deepStrictEqual(
        (yield* linkRequests).map(({ at }) => at),
        [0, 0, 0]
      )
    }).pipe(
      Effect.provide(
        linked({
          link: linkText("a"),
          http: { rateLimit: { limit: 1, interval: "1 day" }, maxConcurrency: 1 }
        })
      )
    )
  )
})

describe("retryBudget", () => {
  const lost = AgentBayTest.fault("ECONNRESET")

  it.effect("is shared by all calls; when it is used up the error comes back at once", () =>
    Effect.gen(function* () {
      const first = yield* inTime(Effect.flip(read))
      assert.strictEqual(first._tag, "TransportError")
      const second = yield* inTime(Effect.flip(read))
      assert.deepInclude(second, { reason: "Transport", code: "ECONNRESET" })
      const hour = 3_600_000
      assert.deepStrictEqual(yield* times, [0, 1000, 2000, 3000, hour, hour + 1000])
      const third = yield* Effect.flip(read)
      assert.deepStrictEqual({ ...third }, { ...second })
      assert.deepStrictEqual((yield* times).slice(6), [2 * hour])
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy,
          retryBudget: { burst: 4, ratio: 0 },
          script: { GetSessionDetail: lost }
        })
      )
    )
  )

  it.effect("is shared by what starts something", () =>
    Effect.gen(function* () {
      yield* inTime(Effect.flip(start))
      assert.deepStrictEqual(yield* writeTimes, [0, 1000, 2000])
      yield* inTime(Effect.flip(read))
      assert.strictEqual((yield* times).length, 1)
      const error = yield* Effect.flip(start)
      assert.deepInclude(error, { _tag: "ApiError", reason: "Throttled" })
      assert.strictEqual((yield* writeTimes).length, 4)
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy,
          retryBudget: { burst: 2, ratio: 0 },
          script: { GetSessionDetail: lost, DeleteSessionAsync: throttling }
        })
      )
    )
  )

  it.effect("is filled again by calls, up to the burst", () =>
    Effect.gen(function* () {
      yield* inTime(Effect.either(read))
      assert.strictEqual((yield* times).length, 2)
      yield* read
      yield* inTime(Effect.either(read))
      assert.strictEqual((yield* times).length, 5)
      yield* Effect.replicateEffect(read, 20)
      yield* inTime(Effect.either(read))
      assert.strictEqual((yield* times).length, 27)
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy,
          retryBudget: { burst: 1, ratio: 0.5 },
          script: {
            GetSessionDetail: (_, index) =>
              index === 2 || (index >= 5 && index < 25) ? running : lost
          }
        })
      )
    )
  )

  it.effect("is 100 at first, and a fifth of the calls", () =>
    Effect.gen(function* () {
      // Each adds 0.2 and takes 3, until nothing is left.
      yield* Effect.replicateEffect(inTime(Effect.flip(read)), 40)
      assert.strictEqual((yield* times).length, 40 + 107)
    }).pipe(Effect.provide(wired({ retryPolicy, script: { GetSessionDetail: lost } })))
  )

  it.effect("is not touched by errors that are not repeated, nor at the end of a policy", () =>
    Effect.gen(function* () {
      yield* Effect.flip(read)
      yield* inTime(Effect.flip(read))
      yield* inTime(Effect.flip(read))
      assert.strictEqual((yield* times).length, 5)
      yield* inTime(Effect.flip(read))
      assert.strictEqual((yield* times).length, 6)
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy: everySecond(1),
          retryBudget: { burst: 2, ratio: 0 },
          script: {
            GetSessionDetail: [AgentBayTest.refuse({ code: "Foo" }), lost]
          }
        })
      )
    )
  )

  it.effect("leaves waits alone", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const { pause } = yield* agentBay.create()
      yield* inTime(pause())
      assert.isAtLeast((yield* requestsOf("GetSession")).length, 3)
    }).pipe(
      Effect.provide(
        wired({
          retryBudget: { burst: 0, ratio: 0 },
          script: { GetSession: (_, index) => (index < 2 ? lost : undefined) }
        })
      )
    )
  )
})

describe("a service that throttles", () => {
  const after = (first: AgentBayTest.Reply, then: AgentBayTest.Reply, count = 1) => ({
    GetSessionDetail: (_: unknown, index: number) => (index < count ? first : then)
  })
  const long = AgentBayTest.delayed("1 minute", running)

  for (const [name, reply] of [
    ["at HTTP 400", throttling],
    ["inside HTTP 200", AgentBayTest.refuseSoftly({ code: "Throttling.Api" })],
    ["with HTTP 429 and a page", AgentBayTest.raw(429, "<html>")]
  ] as const) {
    it.effect(`${name} is asked less often, also for other things`, () =>
      Effect.gen(function* () {
        yield* Effect.flip(read)
        yield* inTime(atOnce(3, 2))
        assert.deepStrictEqual(yield* times, [0, 0, 0, 100])
        assert.deepStrictEqual(yield* writeTimes, [200, 300])
      }).pipe(Effect.provide(wired({ ...single, script: after(reply, long) })))
    )
  }

  it.effect("for many requests at once slows the next ones once", () =>
    Effect.gen(function* () {
      yield* inTime(atOnce(10))
      yield* inTime(atOnce(4))
      const hour = 3_600_000
      assert.deepStrictEqual((yield* times).slice(10), [hour, hour, hour + 100, hour + 200])
    }).pipe(
      Effect.provide(
        wired({ ...single, script: after(AgentBayTest.delayed("1 second", throttling), long, 10) })
      )
    )
  )

  it.effect("again and again is asked every 5 seconds in the end", () =>
    Effect.gen(function* () {
      yield* inTime(Effect.replicateEffect(Effect.flip(read), 12))
      const all = yield* times
      const gaps = all.slice(1).map((time, index) => time - all[index]!)
      assert.deepStrictEqual(gaps, [0, 100, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000])
    }).pipe(Effect.provide(wired({ ...single, script: { GetSessionDetail: throttling } })))
  )

  it.effect("is asked as before once it has recovered", () =>
    Effect.gen(function* () {
      yield* Effect.flip(read)
      yield* inTime(Effect.replicateEffect(read, 25))
      yield* inTime(atOnce(5))
      const hour = 3_600_000
      assert.deepStrictEqual((yield* times).slice(-5), [hour, hour, hour, hour, hour])
      assert.isAtLeast((yield* times)[25]!, 500)
    }).pipe(Effect.provide(wired({ ...single, script: after(throttling, running) })))
  )

  it.effect("recovers by refusals as well, but not by its own faults", () =>
    Effect.gen(function* () {
      yield* Effect.flip(read)
      yield* inTime(Effect.replicateEffect(Effect.flip(read), 30))
      const hour = 3_600_000
      const before = yield* times
      assert.strictEqual(before[30]! - before[29]!, 100)
      yield* inTime(Effect.replicateEffect(Effect.flip(read), 30))
      yield* inTime(atOnce(3))
      assert.deepStrictEqual((yield* times).slice(-3), [2 * hour, 2 * hour, 2 * hour])
    }).pipe(
      Effect.provide(
        wired({
          ...single,
          script: {
            GetSessionDetail: (_, index) =>
              index === 0
                ? throttling
                : AgentBayTest.refuse({ code: index <= 30 ? "InternalError" : "Foo" })
          }
        })
      )
    )
  )

  it.effect("keeps the order, and forgets who leaves", () =>
    Effect.gen(function* () {
      yield* Effect.flip(read)
      const fibers = yield* Effect.forEach([0, 1, 2, 3, 4], () => Effect.fork(read))
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(fibers[2]!)
      yield* Fiber.interrupt(fibers[3]!)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* times, [0, 0, 0, 100])
    }).pipe(Effect.provide(wired({ ...single, script: after(throttling, long) })))
  )

  it.effect("is not spared with `adaptive: false`", () =>
    Effect.gen(function* () {
      yield* Effect.flip(read)
      yield* inTime(atOnce(4))
      assert.deepStrictEqual(yield* times, [0, 0, 0, 0, 0])
    }).pipe(Effect.provide(wired({ ...single, adaptive: false, script: after(throttling, long) })))
  )

  it.effect("is still held to the other limits with `adaptive: false`", () =>
    Effect.gen(function* () {
      yield* inTime(atOnce(3))
      assert.deepStrictEqual(yield* times, [0, 1000, 2000])
    }).pipe(
      Effect.provide(
        wired({
          ...single,
          adaptive: false,
          rateLimit: { limit: 1, interval: "1 second" },
          script: { GetSessionDetail: throttling }
        })
      )
    )
  )
})

describe("the span of a request", () => {
  /** What spans are told while an effect runs. */
  const told = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const native = yield* Effect.tracer
      const events: Array<readonly [string, string, bigint]> = []
      const tracer = Tracer.make({
        context: (execution, fiber) => native.context(execution, fiber),
        span: (...begin) => {
          const span = native.span(...begin)
          span.event = (name, time) => events.push([span.name, name, time])
          return span
        }
      })
      yield* Effect.withTracer(effect, tracer)
      return events
    })

  it.effect("tells when its turn came", () =>
    Effect.gen(function* () {
      const name = "AgentBayHttp.GetSessionDetail"
      assert.deepStrictEqual(yield* told(inTime(atOnce(2))), [
        [name, "sent", 0n],
        [name, "sent", 1_000_000_000n]
      ])
    }).pipe(Effect.provide(wired({ maxConcurrency: 1, script: { GetSessionDetail: slow } })))
  )

  it.effect("tells nothing of it where there was nothing to wait for", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told(inTime(atOnce(2))), [])
    }).pipe(Effect.provide(wired({ script: { GetSessionDetail: slow } })))
  )
})

describe("limits that cannot be", () => {
  const numbers: ReadonlyArray<unknown> = [
    -1,
    Number.NaN,
    Infinity,
    -Infinity,
    "2",
    null,
    true,
    2n,
    [2],
    {},
    Symbol("two")
  ]
  const strangers: ReadonlyArray<unknown> = [null, 5, "5 per second", true, [1], () => 1]
  const interval = "1 second"
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, (value: never) => object]> =
    [
      ["maxConcurrency", [...numbers, 0, 1.5], (maxConcurrency) => ({ maxConcurrency })],
      ["rateLimit", strangers, (rateLimit) => ({ rateLimit })],
      [
        "rateLimit.limit",
        [...numbers, 0, 1.5, undefined],
        (limit) => ({ rateLimit: { limit, interval } })
      ],
      [
        "rateLimit.interval",
        [0, -1, Number.NaN, Infinity, "soon", null, undefined, true, {}],
        (wrong) => ({ rateLimit: { limit: 1, interval: wrong } })
      ],
      ["retryBudget", strangers, (retryBudget) => ({ retryBudget })],
      ["retryBudget.burst", numbers, (burst) => ({ retryBudget: { burst } })],
      ["retryBudget.ratio", numbers, (ratio) => ({ retryBudget: { ratio } })],
      ["adaptive", [null, 1, "yes", {}], (adaptive) => ({ adaptive })]
    ]
  for (const [argument, values, options] of cases) {
    it.effect(`${argument} is refused by name`, () =>
      Effect.gen(function* () {
        for (const value of values) {
          // The cast is of the test's essence: values that the compiler refuses.
          const layer = wired(options(value as never))
          const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
          assert.deepInclude(error, { _tag: "InvalidArgument", argument })
          assert.include(error.message, "must be")
        }
      })
    )
  }

  it.effect("are refused before anything is sent", () =>
    Effect.gen(function* () {
      const build = Layer.build(AgentBay.layerHttp({ maxConcurrency: 0 })).pipe(
        Effect.provide(AgentBayConfig.layer({ apiKey: Redacted.make("akm-test") }))
      )
      const error = yield* Effect.flip(Effect.scoped(build))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "maxConcurrency" })
      assert.deepStrictEqual(yield* actions, [])
    }).pipe(Effect.provide(wired()))
  )

  it.effect("do not include those that are left out or unusual", () =>
    Effect.gen(function* () {
      for (const options of [
        { maxConcurrency: undefined, rateLimit: undefined, retryBudget: undefined },
        { retryBudget: {}, adaptive: undefined },
        { retryBudget: { burst: 0, ratio: 0.001 } },
        { rateLimit: { limit: 1e9, interval: 0.5 }, maxConcurrency: 1e9 }
      ]) {
        yield* Effect.scoped(Layer.build(wired(options)))
      }
    })
  )
})
