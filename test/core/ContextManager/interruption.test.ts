import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import {
  everySecond,
  failedWith,
  lists,
  manager,
  observe,
  scenario,
  type Scenario,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const running = lists(upload("Running"))
const { never } = AgentBayTest

/** Interrupts an effect after some time, and tells what was sent before and after. */
const interrupted = <A, E, R>(effect: Effect.Effect<A, E, R>, answers: Scenario, after: number) =>
  Effect.gen(function* () {
    const service = yield* AgentBayTest.AgentBayTest
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(after)
    const exit = yield* Fiber.interrupt(fiber)
    const before = yield* service.requests
    const aborted = yield* service.aborted
    yield* TestClock.adjust("10 minutes")
    const later = (yield* service.requests).slice(before.length)
    return { exit, sent: before.map(({ action }) => action), aborted, later }
  }).pipe(Effect.provide(scenario(answers)))

const baselineAndTrigger = ["GetContextInfo", "SyncContext"]

describe("interrupting a sync", () => {
  const stages: ReadonlyArray<
    readonly [string, ReturnType<typeof sync>, Scenario, number, ReadonlyArray<string>, number]
  > = [
    ["in the baseline", sync(work), { before: [never] }, 0, ["GetContextInfo"], 1],
    [
      "in the baseline of everything",
      sync(),
      { before: [never], bindings: never },
      0,
      ["DescribeSessionContexts", "GetContextInfo"],
      2
    ],
    ["in the trigger", sync(work), { trigger: never }, 0, baselineAndTrigger, 1],
    [
      "before the trigger is repeated",
      sync(work),
      { trigger: AgentBayTest.fault("ECONNREFUSED"), retryPolicy: everySecond(3) },
      500,
      baselineAndTrigger,
      0
    ],
    [
      "in the first poll",
      sync(work),
      { polls: [never] },
      0,
      [...baselineAndTrigger, "GetContextInfo"],
      1
    ],
    [
      "in a later poll",
      sync(work),
      { polls: [running, AgentBayTest.delayed("5 seconds", running)] },
      2000,
      [...baselineAndTrigger, "GetContextInfo", "GetContextInfo"],
      1
    ],
    [
      "between two polls",
      sync(work),
      { polls: [running] },
      700,
      [...baselineAndTrigger, "GetContextInfo"],
      0
    ],
    [
      "in a pause the service asked for",
      sync(work),
      { polls: [AgentBayTest.raw(503, "", { "retry-after": "20" })] },
      5000,
      [...baselineAndTrigger, "GetContextInfo"],
      0
    ]
  ]

  for (const [when, effect, answers, after, sent, aborted] of stages) {
    it.effect(`${when}: what is in flight is aborted, and nothing is sent any more`, () =>
      Effect.gen(function* () {
        const seen = yield* interrupted(effect, answers, after)
        assert.isTrue(Exit.isInterrupted(seen.exit))
        assert.deepStrictEqual(seen.sent.toSorted(), sent.toSorted())
        assert.strictEqual(seen.aborted, aborted)
        assert.deepStrictEqual(seen.later, [])
      })
    )
  }

  it.effect("by a timeout around it: it ends at that time, and nothing is sent any more", () =>
    Effect.gen(function* () {
      const limited = Effect.timeout(sync(work), "4 seconds")
      const seen = yield* observe(limited, { polls: [running] }, "4 seconds")
      failedWith(seen, "TimeoutException")
      const later = yield* observe(limited, { polls: [running] }, "10 minutes")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000])
      assert.deepStrictEqual(later.statusTimes, seen.statusTimes)
    })
  )

  it.effect("by a faster competitor in a race", () =>
    Effect.gen(function* () {
      const raced = Effect.race(sync(work), Effect.delay(Effect.succeed("other"), "2 seconds"))
      const seen = yield* observe(raced, { polls: [running] })
      assert.strictEqual(succeeded(seen), "other")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
    })
  )

  it.effect("leaves the others that wait alone", () =>
    Effect.gen(function* () {
      const service = yield* AgentBayTest.AgentBayTest
      const first = yield* Effect.fork(sync(work))
      const second = yield* Effect.fork(sync({ ...work, maxRetries: 4 }))
      yield* TestClock.adjust(2000)
      yield* Fiber.interrupt(first)
      const before = (yield* service.timesOf("GetContextInfo")).length
      yield* TestClock.adjust("1 minute")
      const exit = yield* Fiber.await(second)
      assert.isTrue(Exit.isFailure(exit) && !Exit.isInterrupted(exit))
      const later = (yield* service.timesOf("GetContextInfo")).slice(before)
      assert.deepStrictEqual(later, [3000, 4500, 6000])
    }).pipe(Effect.provide(scenario({ polls: [running] })))
  )
})

describe("interrupting the reading of progress", () => {
  const drained = Effect.flatMap(manager, (contexts) => Stream.runDrain(contexts.progress(work)))

  it.effect("in a poll: it is aborted, and nothing is sent any more", () =>
    Effect.gen(function* () {
      const seen = yield* interrupted(drained, { polls: [running, never] }, 2000)
      assert.isTrue(Exit.isInterrupted(seen.exit))
      assert.strictEqual(seen.aborted, 1)
      assert.deepStrictEqual(seen.later, [])
    })
  )

  it.effect("between two polls: nothing is sent any more", () =>
    Effect.gen(function* () {
      const seen = yield* interrupted(drained, { polls: [running] }, 2000)
      assert.strictEqual(seen.sent.length, 4)
      assert.deepStrictEqual(seen.later, [])
    })
  )
})
