/** A stated end: `timeout` over the trigger and all polls, and what the error tells. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { SyncTimeout } from "@effect-agentbay/core/AgentBayError"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { begun, bindingOf, crowded, errorOf, timesSeen, uploadOf, valueOf } from "./crowd.js"
import {
  failedWith,
  lists,
  manager,
  observe,
  type Scenario,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))
const { delayed, never } = AgentBayTest

describe("a timeout", () => {
  // What the service does, the status requests and the moment of the end.
  const cases: ReadonlyArray<
    readonly [string, number, Scenario, ReadonlyArray<number>, polls: number, end: number]
  > = [
    ["a baseline without an answer", 4000, { before: [never] }, [0], 0, 4000],
    ["a trigger without an answer", 4000, { trigger: never }, [0], 0, 4000],
    [
      "polls that never show the end: one last look",
      4000,
      { polls: [running] },
      [0, 0, 1500, 3000, 4000],
      3,
      4000
    ],
    [
      "a slow trigger and polls",
      4000,
      { trigger: delayed("2 seconds", AgentBayTest.ok()), polls: [running] },
      [0, 2000, 3500, 4000],
      2,
      2000
    ],
    ["a poll that hangs: 2 s late", 4000, { polls: [running, never] }, [0, 0, 1500], 1, 6000],
    [
      "a last look that hangs: 2 s late",
      4000,
      { polls: [running, running, running, never] },
      [0, 0, 1500, 3000, 4000],
      3,
      6000
    ],
    [
      "a last look that takes a second",
      4000,
      { polls: [running, running, running, delayed("1 second", running)] },
      [0, 0, 1500, 3000, 4000],
      3,
      5000
    ],
    ["less than the interval", 500, { polls: [running] }, [0, 0, 500], 1, 500]
  ]
  for (const [name, timeout, answers, times, polls, end] of cases) {
    it.effect(`ends ${name}`, () =>
      Effect.gen(function* () {
        const timed = Effect.timed(Effect.flip(sync({ ...work, timeout })))
        const seen = yield* observe(timed, answers)
        const [took, error] = succeeded(seen)
        if (error._tag !== "SyncTimeout") return assert.fail(error.message)
        assert.deepStrictEqual(seen.statusTimes, times)
        const sinceTrigger = Duration.toMillis(error.elapsed)
        assert.strictEqual(sinceTrigger, end)
        assert.isAtLeast(Duration.toMillis(took), sinceTrigger)
        // The last look is beside the budget.
        assert.strictEqual(error.polls, polls)
      })
    )
  }

  it.effect("is no limit for what its last look finds", () =>
    Effect.gen(function* () {
      for (const last of [done, delayed("1900 millis", done)]) {
        const seen = yield* observe(sync({ ...work, timeout: "1 second" }), {
          polls: [running, last]
        })
        assert.strictEqual(succeeded(seen).outcome, "Completed")
        assert.deepStrictEqual(seen.statusTimes, [0, 0, 1000])
      }
      const late = yield* observe(sync({ ...work, timeout: "1 second" }), {
        polls: [running, delayed("2100 millis", done)]
      })
      failedWith(late, "SyncTimeout")
    })
  )

  it.effect("leaves a budget of polls that ends earlier as it is", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, timeout: "1 hour", maxRetries: 1 }), {
        polls: [running]
      })
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
      failedWith(seen, "SyncTimeout")
    })
  )

  it.effect("is everyone's own, in one loop; the last looks of many are one", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const hurried = yield* Effect.forEach([0, 1, 2], (index) =>
        Effect.fork(contexts.sync({ ...bindingOf(index), timeout: "2 seconds" }))
      )
      const patient = yield* Effect.fork(contexts.sync(bindingOf(3)))
      yield* TestClock.adjust("1 minute")
      for (const fiber of hurried) {
        assert.strictEqual((yield* errorOf(fiber))._tag, "SyncTimeout")
      }
      const { polls } = yield* valueOf(patient)
      assert.strictEqual(polls, 4)
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 0, 1500, 2000, 3500, 5000])
    }).pipe(
      Effect.provide(
        crowded((at) =>
          lists(
            ...[0, 1, 2].map((index) => uploadOf(index, "Running")),
            uploadOf(3, at >= 5000 ? "Success" : "Running")
          )
        )
      )
    )
  )

  for (const timeout of [0, -1, Number.NaN, Infinity, "x", "-1 second", {}, null]) {
    it.effect(`of ${String(timeout)} (${typeof timeout}) is refused before anything is sent`, () =>
      Effect.gen(function* () {
        // A plain JavaScript caller may hand over anything.
        const options = { ...work, timeout: timeout as Duration.DurationInput }
        const seen = yield* observe(sync(options))
        assert.strictEqual(failedWith(seen, "InvalidArgument").argument, "timeout")
        assert.deepStrictEqual(seen.requests, [])
      })
    )
  }
})

describe("maxConsecutiveErrors of the client", () => {
  const broken = AgentBayTest.fault("ECONNRESET")
  const path = "/mnt/0"

  it.effect("holds for sync, where a call may say otherwise", () =>
    Effect.gen(function* () {
      const polls = [broken]
      const ofClient = yield* observe(sync(work), { polls, maxConsecutiveErrors: 2 })
      assert.deepStrictEqual(ofClient.statusTimes, [0, 0, 1500, 3000])
      const ofCall = yield* observe(sync({ ...work, maxConsecutiveErrors: 0 }), {
        polls,
        maxConsecutiveErrors: 2
      })
      assert.deepStrictEqual(ofCall.statusTimes, [0, 0])
    })
  )

  type Run = (agentBay: AgentBay.Service, contextId: string) => Effect.Effect<unknown, unknown>
  const waits: ReadonlyArray<readonly [string, AgentBayTest.Action, Run]> = [
    [
      "create",
      "GetContextInfo",
      (agentBay, contextId) => agentBay.create({ contexts: [{ contextId, path }] })
    ],
    [
      "bind",
      "DescribeSessionContexts",
      (agentBay, contextId) =>
        Effect.flatMap(agentBay.create(), (session) =>
          session.contextManager.bind({ contextId, path })
        )
    ],
    [
      "delete",
      "GetSessionDetail",
      (agentBay) => Effect.flatMap(agentBay.create(), (session) => session.delete())
    ],
    [
      "pause",
      "GetSession",
      (agentBay) => Effect.flatMap(agentBay.create(), (session) => session.pause())
    ],
    [
      "resume",
      "GetSession",
      (agentBay) => Effect.flatMap(agentBay.create(), (session) => session.resume())
    ],
    ["clear", "GetContext", (agentBay, contextId) => agentBay.contexts.clear(contextId)]
  ]
  for (const [name, action, run] of waits) {
    it.effect(`holds for ${name}`, () => {
      const polled = (maxConsecutiveErrors: number) =>
        Effect.gen(function* () {
          const agentBay = yield* AgentBay.AgentBay
          const service = yield* AgentBayTest.AgentBayTest
          const { id: contextId } = yield* agentBay.contexts.getOrCreate("notes")
          const fiber = yield* Effect.fork(Effect.exit(run(agentBay, contextId)))
          yield* TestClock.adjust("1 hour")
          yield* Fiber.join(fiber)
          return (yield* service.timesOf(action)).length
        }).pipe(
          Effect.provide(
            AgentBayTest.layer({
              maxConsecutiveErrors,
              script: {
                // The context is made first.
                [action]: (_: unknown, index: number) =>
                  action === "GetContext" && index === 0 ? undefined : broken,
                ClearContext: AgentBayTest.ok(),
                PauseSessionAsync: AgentBayTest.ok(),
                ResumeSessionAsync: AgentBayTest.ok()
              }
            })
          )
        )
      return Effect.gen(function* () {
        const [none, three] = [yield* polled(0), yield* polled(3)]
        assert.isAtLeast(none, 1)
        assert.strictEqual(three - none, 3)
      })
    })
  }
})

describe("the message of a SyncTimeout", () => {
  it.effect("names each open task with its last status, before what has ended", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const fiber = yield* begun(contexts.sync({ maxRetries: 0 }))
      const error = yield* errorOf(fiber)
      assert.match(error.message, /upload of SdkCtx-6 at \/mnt\/6 is Running \(slow\)/)
      assert.match(error.message, /upload of SdkCtx-7 at \/mnt\/7 is Queued/)
      assert.match(error.message, /and 3 more/)
    }).pipe(
      Effect.provide(
        crowded(() =>
          lists(
            ...[0, 1, 2, 3, 4, 5].map((index) => uploadOf(index, "Success")),
            uploadOf(6, "Running", { errorMessage: "slow" }),
            uploadOf(7, "Queued")
          )
        )
      )
    )
  )

  it.effect("says of a trigger without an answer that nobody knows", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, timeout: "5 seconds" }), { trigger: never })
      const error = failedWith(seen, "SyncTimeout")
      assert.strictEqual(error.requestId, "")
      assert.strictEqual(
        error.message,
        "sync was not done after 0 status requests in 5 s in session session-1: no task listed for" +
          " SdkCtx-work at /home/wuying/work. The trigger got no answer in time, so it may or may" +
          " not have been accepted: ask info."
      )
      assert.isTrue(error instanceof SyncTimeout)
    })
  )
})
