/** A service that wants to be left alone for a while is, by all who wait in that session. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { WaitOptions } from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { begun, bindingOf, crowded, timesSeen, uploadOf } from "./crowd.js"
import { lists, manager } from "./fixture.js"

const leaveAlone = AgentBayTest.raw(503, "", { "retry-after": "10" })
const bothRun = lists(uploadOf(0, "Running"), uploadOf(1, "Running"))

/** A service that says so to the status request of that index, which comes at `since`. */
const toldAt = (since: number, told: number) =>
  crowded((at, index) => {
    if (index !== told) return bothRun
    assert.strictEqual(at, since)
    return leaveAlone
  })

const syncing = (index: number, options: WaitOptions = {}) =>
  Effect.flatMap(manager, (contexts) => begun(contexts.sync({ ...bindingOf(index), ...options })))

/** When the status was asked for after it was said, until shortly after it may be again. */
const timesAfter = (since: number) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(since + 10_000)
    return (yield* timesSeen).status.filter((at) => at > since)
  })

describe("a service that wants to be left alone", () => {
  it.effect("is not asked for the baseline of another sync meanwhile", () =>
    Effect.gen(function* () {
      yield* syncing(0)
      // Longer than a list of the running loop may serve as a baseline.
      yield* TestClock.adjust(8000)
      yield* syncing(1)
      const times = yield* timesAfter(0)
      assert.isNotEmpty(times)
      assert.isTrue(
        times.every((at) => at === 10_000),
        String(times)
      )
      assert.deepStrictEqual((yield* timesSeen).triggers, [0, 10_000])
    }).pipe(Effect.provide(toldAt(0, 1)))
  )

  it.effect("is not asked by a loop of another cadence", () =>
    Effect.gen(function* () {
      yield* syncing(0)
      yield* syncing(1, { retryInterval: 400 })
      // The baselines, two first polls, three of the faster loop, and then the slower one.
      yield* TestClock.setTime(1500)
      const times = yield* timesAfter(1500)
      assert.deepStrictEqual(times, [11_500, 11_500])
    }).pipe(Effect.provide(toldAt(1500, 6)))
  )

  it.effect("is not asked by a loop when a baseline was told so", () =>
    Effect.gen(function* () {
      yield* syncing(0, { retryInterval: 8000 })
      // The list of the loop is too old to serve as a baseline, and the next one is not due.
      yield* TestClock.setTime(6000)
      yield* syncing(1, { retryInterval: 8000 })
      const times = yield* timesAfter(6000)
      assert.isNotEmpty(times)
      assert.isTrue(
        times.every((at) => at === 16_000),
        String(times)
      )
    }).pipe(Effect.provide(toldAt(6000, 2)))
  )
})
