import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { failedWith, lists, observe, succeeded, sync, upload, work } from "./fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))
const baseline = 0

describe("the times of the status requests", () => {
  it.effect("by default: the baseline, the first poll at once, then every 1500 ms", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [running, running, running, done] })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 1500, 3000, 4500])
      const result = succeeded(seen)
      assert.strictEqual(result.outcome, "Completed")
      assert.strictEqual(result.polls, 4)
      assert.deepStrictEqual(result.elapsed, Duration.millis(4500))
    })
  )

  it.effect("by default: 151 polls in 225 seconds, then SyncTimeout", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [running] }, "225 seconds")
      assert.strictEqual(seen.statusTimes.length, 1 + 151)
      assert.strictEqual(seen.statusTimes.at(-1), 225_000)
      assert.strictEqual(failedWith(seen, "SyncTimeout").polls, 151)
    })
  )

  it.effect("maxRetries: n allows n polls after the first and names what is open", () =>
    Effect.gen(function* () {
      const seen = yield* observe(
        sync({ ...work, maxRetries: 3 }),
        {
          polls: [
            running,
            AgentBayTest.fault("ECONNRESET"),
            lists(upload("Running", { errorMessage: "slow disk" }))
          ]
        },
        // Exactly the time of the last poll: a wait after it would leave the sync unfinished.
        "4500 millis"
      )
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 1500, 3000, 4500])
      const error = failedWith(seen, "SyncTimeout")
      assert.strictEqual(error.polls, 4)
      assert.strictEqual(Duration.toMillis(error.elapsed), 4500)
      assert.deepStrictEqual(
        error.tasks.map(({ contextId, path, status, errorMessage }) => [
          contextId,
          path,
          status,
          errorMessage
        ]),
        [[work.contextId, work.path, "Running", "slow disk"]]
      )
      assert.deepStrictEqual(error.missing, [])
      assert.strictEqual(error.lastError?._tag, "TransportError")
      assert.strictEqual(error.requestId, "TEST-REQUEST")
      assert.strictEqual(error.sessionId, "session-1")
    })
  )

  it.effect("maxRetries: 0 polls once, at once, and waits no more", () =>
    Effect.gen(function* () {
      const late = yield* observe(sync({ ...work, maxRetries: 0 }), { polls: [running] }, 0)
      assert.deepStrictEqual(late.statusTimes, [baseline, 0])
      assert.strictEqual(failedWith(late, "SyncTimeout").polls, 1)
      const inTime = yield* observe(sync({ ...work, maxRetries: 0 }), { polls: [done] }, 0)
      assert.strictEqual(succeeded(inTime).outcome, "Completed")
    })
  )

  it.effect("a budget smaller than the grace names what was never listed", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, maxRetries: 2 }), { polls: [lists()] })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 1500, 3000])
      const error = failedWith(seen, "SyncTimeout")
      assert.deepStrictEqual(error.tasks, [])
      assert.deepStrictEqual(error.missing, [work])
      assert.isUndefined(error.lastError)
    })
  )

  it.effect("slow answers: the interval is counted from the end of an answer", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [
          AgentBayTest.delayed("400 millis", running),
          AgentBayTest.delayed("2 seconds", running),
          done
        ]
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 1900, 5400])
      assert.deepStrictEqual(succeeded(seen).elapsed, Duration.millis(5400))
    })
  )

  it.effect("an answer that never comes ends after the request timeout and counts as a poll", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [AgentBayTest.never, done] }, "2 minutes")
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 61_500])
      assert.strictEqual(succeeded(seen).polls, 2)
    })
  )

  it.effect("the wait starts when a slow trigger is accepted", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        trigger: AgentBayTest.delayed("3 seconds", AgentBayTest.ok()),
        polls: [running, done]
      })
      assert.deepStrictEqual(seen.triggerTimes, [0])
      assert.deepStrictEqual(seen.statusTimes, [baseline, 3000, 4500])
      assert.deepStrictEqual(succeeded(seen).elapsed, Duration.millis(1500))
    })
  )
})

describe("whose schedule counts", () => {
  const polls = [running, running, running, done]
  const everyTwo = PollPolicy.spaced({ interval: "2 seconds", maxRetries: 5 })
  const growing = Schedule.exponential("100 millis").pipe(Schedule.intersect(Schedule.recurs(5)))

  it.effect("the layer's beats the default", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls, pollPolicy: everyTwo })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 2000, 4000, 6000])
    })
  )

  it.effect("the call's schedule beats the layer's", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, schedule: growing }), {
        polls,
        pollPolicy: everyTwo
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 100, 300, 700])
    })
  )

  it.effect("the call's interval takes the number of retries from the layer", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, retryInterval: "1 second" }), {
        polls: [running],
        pollPolicy: everyTwo
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 1000, 2000, 3000, 4000, 5000])
      assert.strictEqual(failedWith(seen, "SyncTimeout").polls, 6)
    })
  )

  it.effect("the call's number of retries takes the interval from the layer", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, maxRetries: 2 }), {
        polls: [running],
        pollPolicy: everyTwo
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 2000, 4000])
    })
  )

  it.effect("over a layer with a schedule of its own, numbers take the defaults", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, maxRetries: 2 }), {
        polls: [running],
        pollPolicy: PollPolicy.fromSchedule(growing)
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 1500, 3000])
    })
  )

  it.effect("the layer may carry a schedule of its own", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [running],
        pollPolicy: PollPolicy.fromSchedule(growing)
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 100, 300, 700, 1500, 3100])
      assert.strictEqual(failedWith(seen, "SyncTimeout").polls, 6)
    })
  )

  it.effect("an exponential schedule with a cap waits as it says", () =>
    Effect.gen(function* () {
      const schedule = Schedule.exponential("500 millis").pipe(
        Schedule.union(Schedule.spaced("2 seconds")),
        Schedule.intersect(Schedule.recurs(5))
      )
      const seen = yield* observe(sync({ ...work, schedule }), { polls: [running] })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0, 500, 1500, 3500, 5500, 7500])
    })
  )

  it.effect("a schedule that allows no recurrence polls once", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, schedule: Schedule.recurs(0) }), {
        polls: [running]
      })
      assert.deepStrictEqual(seen.statusTimes, [baseline, 0])
      assert.strictEqual(failedWith(seen, "SyncTimeout").polls, 1)
    })
  )

  it.effect("every sync runs its schedule anew", () =>
    Effect.gen(function* () {
      const twice = Effect.zip(
        Effect.flip(sync({ ...work, schedule: growing, maxConsecutiveErrors: 0 })),
        Effect.flip(sync({ ...work, schedule: growing }))
      )
      const seen = yield* observe(twice, {
        polls: [running, AgentBayTest.fault("ECONNRESET"), lists(), running]
      })
      const second = seen.statusTimes.slice(3)
      assert.deepStrictEqual(second, [100, 100, 200, 400, 800, 1600, 3200])
    })
  )
})
