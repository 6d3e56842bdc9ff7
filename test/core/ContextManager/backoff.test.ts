/** Polls that become rarer, and that are varied at random. */
import type * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { bindingOf, crowded, timesSeen, uploadOf } from "./crowd.js"
import { lists, manager } from "./fixture.js"

const withPolicy = (pollPolicy: PollPolicy.PollPolicy): AgentBayTest.Options => ({ pollPolicy })
const all = [0, 1, 2, 3]
const running = () => lists(...all.map((index) => uploadOf(index, "Running")))

/** The times of the polls of one sync, or of several that begin together. */
const timesOf = (policy: PollPolicy.PollPolicy, waiters = 1) =>
  Effect.gen(function* () {
    const contexts = yield* manager
    const startedAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    yield* Effect.fork(contexts.syncAll(all.slice(0, waiters).map(bindingOf)))
    yield* TestClock.adjust("10 minutes")
    return (yield* timesSeen).status.slice(1).map((at) => at - startedAt)
  }).pipe(Effect.provide(crowded(running, withPolicy(policy))))

const pauses = (times: ReadonlyArray<number>) =>
  times.slice(1).map((at, index) => at - (times[index] ?? 0))

describe("backoff", () => {
  it.effect("waits 500 ms, then a tenth longer each time, and 5 s at the most", () =>
    Effect.gen(function* () {
      const waits = pauses(yield* timesOf(PollPolicy.backoff({ maxRetries: 40 })))
      assert.strictEqual(waits.length, 40)
      for (const [index, wait] of waits.entries()) {
        assert.approximately(wait, Math.min(5000, 500 * 1.1 ** index), 0.5)
      }
      assert.deepStrictEqual(waits.slice(0, 3).map(Math.round), [500, 550, 605])
      assert.strictEqual(Math.round(waits.at(-1)!), 5000)
    })
  )

  it.effect("of numbers of one's own", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.backoff({ initial: 100, factor: 3, cap: "1 second", maxRetries: 5 })
      assert.deepStrictEqual(yield* timesOf(policy), [0, 100, 400, 1300, 2300, 3300])
      const flat = PollPolicy.backoff({ initial: 100, factor: 1, cap: 100, maxRetries: 2 })
      assert.deepStrictEqual(yield* timesOf(flat), [0, 100, 200])
    })
  )

  it.effect("is one loop for equal policies, and each waiter has its own pace in it", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      yield* Effect.fork(contexts.sync(bindingOf(0)))
      yield* TestClock.adjust(3500)
      // The first one waits until 7000; the second begins with a second.
      yield* Effect.fork(contexts.sync(bindingOf(1)))
      yield* TestClock.adjust(4000)
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1000, 3000, 3500, 4500, 6500])
    }).pipe(
      Effect.provide(
        crowded(
          running,
          withPolicy(PollPolicy.backoff({ initial: 1000, factor: 2, cap: "1 hour" }))
        )
      )
    )
  )

  it.effect("is shared by value", () =>
    Effect.gen(function* () {
      const numbers = { initial: 100, factor: 2, cap: 800, maxRetries: 4 }
      assert.deepStrictEqual(
        yield* timesOf(PollPolicy.backoff(numbers), 4),
        [0, 100, 300, 700, 1500]
      )
    })
  )
})

describe("jittered", () => {
  for (const [name, policy, planned] of [
    ["spaced", PollPolicy.spaced({ interval: 1000, maxRetries: 50 }), () => 1000],
    [
      "backoff",
      PollPolicy.backoff({ initial: 100, factor: 1.1, cap: 1000, maxRetries: 50 }),
      (index: number) => Math.min(1000, 100 * 1.1 ** index)
    ]
  ] as const) {
    it.effect(`varies the pauses of ${name} between 80 and 120 percent`, () =>
      Effect.gen(function* () {
        const waits = pauses(yield* timesOf(PollPolicy.jittered(policy)))
        assert.strictEqual(waits.length, 50)
        const factors = waits.map((wait, index) => wait / planned(index))
        for (const [index, wait] of waits.entries()) {
          // Pauses are whole milliseconds: the planned one is rounded, and what is made of it.
          assert.isAtLeast(wait, 0.8 * planned(index) - 0.9)
          assert.isAtMost(wait, 1.2 * planned(index) + 1.1)
        }
        assert.isAbove(Math.max(...factors) - Math.min(...factors), 0.2)
      })
    )
  }

  it.effect("goes for a schedule of one's own", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.jittered(
        PollPolicy.fromSchedule(Schedule.spaced("1 second").pipe(Schedule.upTo("40 seconds")))
      )
      const waits = pauses(yield* timesOf(policy))
      assert.isAtLeast(waits.length, 30)
      assert.isTrue(waits.every((wait) => wait >= 800 && wait <= 1201))
    })
  )

  it.effect("is one loop, too, and not that of the same policy without it", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.jittered(PollPolicy.spaced({ interval: 1000, maxRetries: 3 }))
      const times = yield* timesOf(policy, 4)
      assert.strictEqual(times.length, 4)
      assert.notDeepEqual(times, [0, 1000, 2000, 3000])
    })
  )
})

describe("validate", () => {
  const { backoff, jittered, spaced, validate } = PollPolicy
  for (const [name, policy, argument] of [
    ["no factor", backoff({ factor: Number.NaN }), "factor"],
    ["a factor below 1", backoff({ factor: 0.9 }), "factor"],
    ["an endless factor", backoff({ factor: Infinity }), "factor"],
    ["no initial time", backoff({ initial: 0 }), "initial"],
    ["an initial time that is none", backoff({ initial: Number.NaN }), "initial"],
    ["a cap of days", backoff({ cap: "2 days" }), "cap"],
    ["a cap below the initial time", backoff({ initial: 200, cap: 100 }), "cap"],
    ["a part of a retry", backoff({ maxRetries: 1.5 }), "maxRetries"],
    ["a jittered bad interval", jittered(spaced({ interval: 0 })), "interval"],
    ["a jittered bad factor", jittered(backoff({ factor: 0 })), "factor"],
    // A plain JavaScript caller may hand over anything.
    ["nothing", jittered(undefined as unknown as PollPolicy.PollPolicy), "pollPolicy"],
    ["a number", 1500 as unknown as PollPolicy.PollPolicy, "pollPolicy"]
  ] as const) {
    it.effect(`refuses ${name}`, () =>
      Effect.map(Effect.flip(validate(policy)), (error) =>
        assert.strictEqual(error.argument, argument)
      )
    )
  }
})
