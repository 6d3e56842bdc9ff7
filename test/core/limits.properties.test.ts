/** The machines behind the limits, each against what it promises. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { makeGate } from "../../packages/core/src/internal/gate.js"
import * as Pace from "../../packages/core/src/internal/pace.js"
import { makeRetryBudget } from "../../packages/core/src/internal/retryBudget.js"
import { makeStartTimes } from "../../packages/core/src/internal/startTimes.js"

const fc = FastCheck

/** What happens to a pace: time goes on, and a request begins or one of them is answered. */
const events = fc.array(
  fc.record({
    after: fc.nat(2000),
    what: fc.constantFrom("begins" as const, "is answered" as const, "is throttled" as const),
    age: fc.nat(3)
  }),
  { maxLength: 80 }
)
type Events = ReadonlyArray<{
  readonly after: number
  readonly what: "begins" | "is answered" | "is throttled"
  readonly age: number
}>

/** The paces after each event, and when requests began: as early as they might. */
const follow = (list: Events) => {
  const paces = [Pace.free]
  const starts: Array<number> = []
  let pace = Pace.free
  let now = 0
  for (const { after, age, what } of list) {
    now += after
    const begunWith = Math.max(0, pace.slowings - age)
    if (what === "begins") {
      now = Math.max(now, Pace.due(pace))
      starts.push(now)
      pace = Pace.started(pace, now)
    } else {
      pace = (what === "is answered" ? Pace.answered : Pace.throttled)(pace, begunWith)
    }
    paces.push(pace)
  }
  return { paces, starts, now }
}

describe("the pace", () => {
  it.prop("never has a gap below 0 or above the longest", [events], ([list]) => {
    for (const { gap } of follow(list).paces) {
      assert.isAtLeast(gap, 0)
      assert.isAtMost(gap, Pace.longestGap)
    }
  })

  it.prop("lets the next request but one wait for two gaps at most", [events], ([list]) => {
    const { now, paces } = follow(list)
    const pace = paces.at(-1)!
    assert.isAtMost(Pace.due(Pace.started(pace, Math.max(now, Pace.due(pace)))) - now, 10_000)
  })

  it.prop("is free after 60 answers, whatever was before", [events], ([list]) => {
    let pace = follow(list).paces.at(-1)!
    for (let answer = 0; answer < 60; answer++) pace = Pace.answered(pace, pace.slowings)
    assert.strictEqual(pace.gap, 0)
  })

  it.prop("is slowed once by those that began before", [events, fc.nat(9)], ([list, more]) => {
    const before = follow(list).paces.at(-1)!
    const once = Pace.throttled(before, before.slowings)
    assert.isAtLeast(once.gap, 100)
    assert.isAtLeast(once.gap, Math.min(before.gap * 2, Pace.longestGap))
    let pace = once
    for (let answer = 0; answer < more; answer++) {
      pace = Pace.throttled(pace, before.slowings)
      pace = Pace.answered(pace, before.slowings)
    }
    assert.deepStrictEqual(pace, once)
  })

  it.prop("keeps a gap between starts, of which one may be made up for", [events], ([list]) => {
    const before = follow(list).paces.at(-1)!
    let pace = Pace.throttled(before, before.slowings)
    const starts = [0, 1, 2, 3, 4].map(() => {
      const now = Math.max(1e6, Pace.due(pace))
      pace = Pace.started(pace, now)
      return now
    })
    for (const [index, start] of starts.entries()) {
      assert.closeTo(start, 1e6 + Math.max(0, index - 1) * pace.gap, 0.01)
    }
  })
})

describe("the times of starts", () => {
  it.prop(
    "hold at most `limit` in any interval, and nobody waits without need",
    [fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(30))],
    ([limit, interval, pauses]) => {
      const times = makeStartTimes(limit, interval)
      const begun: Array<number> = []
      let now = 0
      for (const pause of pauses) {
        now += pause
        const start = Math.max(now, times.due())
        const recent = (at: number) => begun.filter((time) => time > at - interval).length
        assert.isBelow(recent(start), limit)
        if (start > now) assert.strictEqual(recent(start - 1), limit)
        times.begin(start)
        begun.push(start)
        now = start
      }
    }
  )
})

describe("the budget of retries", () => {
  const amounts = fc.double({ min: 0, max: 20, noNaN: true })
  it.prop(
    "allows no more than `burst`, and `ratio` per call",
    [amounts, amounts, fc.array(fc.boolean(), { maxLength: 100 })],
    ([burst, ratio, takes]) => {
      const budget = makeRetryBudget(burst, ratio)
      let deposits = 0
      let taken = 0
      for (const take of takes) {
        if (!take) {
          budget.deposit()
          deposits += 1
        } else if (budget.take()) taken += 1
        assert.isAtMost(taken, burst + ratio * deposits + 1e-6)
      }
    }
  )

  it("counts ten tenths as one", () => {
    const budget = makeRetryBudget(1, 0.1)
    assert.isTrue(budget.take())
    for (let call = 0; call < 9; call++) budget.deposit()
    assert.isFalse(budget.take())
    budget.deposit()
    assert.isTrue(budget.take())
    assert.isFalse(budget.take())
  })
})

describe("the gate", () => {
  /** Each comes after the one before, stays for a while, and may leave early. */
  const visits = fc.array(
    fc.record({
      after: fc.nat(5),
      stays: fc.integer({ min: 1, max: 20 }),
      patience: fc.option(fc.nat(40), { freq: 3, nil: undefined })
    }),
    { maxLength: 30 }
  )

  it.effect.prop(
    "lets so many through at once, in their order, and loses no place",
    [fc.integer({ min: 1, max: 4 }), visits],
    ([places, list]) =>
      Effect.gen(function* () {
        const gate = makeGate(places)
        const entered: Array<number> = []
        let inside = 0
        const visit = (index: number, stays: number) =>
          gate.through(
            Effect.acquireUseRelease(
              Effect.sync(() => {
                inside += 1
                assert.isAtMost(inside, places)
                entered.push(index)
              }),
              () => Effect.sleep(stays),
              () => Effect.sync(() => (inside -= 1))
            )
          )
        const whole = Effect.forEach(list, ({ after, patience, stays }, index) =>
          Effect.gen(function* () {
            yield* Effect.sleep(after)
            const fiber = yield* Effect.fork(visit(index, stays))
            if (patience === undefined) return fiber
            return yield* Effect.fork(
              Effect.zipRight(Effect.sleep(patience), Fiber.interrupt(fiber))
            )
          })
        )
        const all = yield* Effect.fork(Effect.flatMap(whole, Fiber.awaitAll))
        yield* TestClock.adjust("1 hour")
        yield* Fiber.join(all)
        assert.deepStrictEqual(
          entered,
          entered.toSorted((a, b) => a - b)
        )
        // Whoever was patient has been inside.
        const patient = list.flatMap(({ patience }, index) =>
          patience === undefined ? [index] : []
        )
        assert.includeMembers(entered, patient)
        // Every place is there again.
        const now = yield* Clock.currentTimeMillis
        const times = yield* Effect.forEach(
          list.slice(0, places),
          () => gate.through(Clock.currentTimeMillis),
          { concurrency: "unbounded" }
        )
        for (const time of times) assert.strictEqual(time, now)
        assert.isTrue(gate.isOpen())
      }),
    { fastCheck: { numRuns: 50 } }
  )
})
