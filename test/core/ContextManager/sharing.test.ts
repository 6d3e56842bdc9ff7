/** One poll loop for all who wait in a session: what they share, and what each has for itself. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import {
  begun,
  bindingOf,
  crowded,
  endOf,
  errorOf,
  stillWaits,
  timesSeen,
  uploadOf,
  valueOf
} from "./crowd.js"
import { lists, manager, sessionGone } from "./fixture.js"
import { makeLoop, untilDone } from "./loop.js"

const by = (at: number, end: number) => (at >= end ? "Success" : "Running")

describe("those who wait together", () => {
  it.effect("end at the ticks that are theirs, and nothing is asked after the last", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const targets = [0, 1, 2].map(bindingOf)
      const fiber = yield* Effect.fork(contexts.syncAll(targets))
      yield* TestClock.adjust("1 minute")
      const { succeeded } = yield* valueOf(fiber)
      assert.deepStrictEqual(
        succeeded.map(({ result }) => [result.polls, Duration.toMillis(result.elapsed)]),
        [
          [3, 3000],
          [5, 6000],
          [5, 6000]
        ]
      )
      const { status, triggers } = yield* timesSeen
      assert.deepStrictEqual(status, [0, 0, 1500, 3000, 4500, 6000])
      assert.deepStrictEqual(triggers, [0, 0, 0])
    }).pipe(
      Effect.provide(
        crowded((at) =>
          lists(uploadOf(0, by(at, 3000)), uploadOf(1, by(at, 6000)), uploadOf(2, by(at, 6000)))
        )
      )
    )
  )

  it.effect("take no notice of a request that began before they came", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const first = yield* begun(contexts.sync(bindingOf(0)))
      yield* TestClock.adjust(2000)
      // The request of 1500 is under way; it will tell of an earlier success.
      const second = yield* begun(contexts.sync(bindingOf(1)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* errorOf(second))._tag, "SyncFailed")
      yield* stillWaits(first)
      const { status } = yield* timesSeen
      assert.deepStrictEqual(status.slice(0, 5), [0, 0, 1500, 2500, 4000])
    }).pipe(
      Effect.provide(
        crowded((at) =>
          at === 1500
            ? AgentBayTest.delayed(
                "1 second",
                lists(uploadOf(0, "Running"), uploadOf(1, "Success"))
              )
            : lists(uploadOf(0, "Running"), ...(at < 1500 ? [] : [uploadOf(1, "Failed")]))
        )
      )
    )
  )

  it.effect("have their budgets exactly, whoever else waits or comes", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const five = yield* Effect.fork(contexts.sync({ ...bindingOf(0), maxRetries: 4 }))
      const three = yield* Effect.fork(contexts.sync({ ...bindingOf(1), maxRetries: 2 }))
      const one = yield* Effect.fork(contexts.sync({ ...bindingOf(2), maxRetries: 0 }))
      const many = yield* Effect.fork(contexts.sync(bindingOf(3)))
      yield* TestClock.adjust(2000)
      // For whom a tick begins early, which is free for the others.
      const late = yield* Effect.fork(contexts.sync({ ...bindingOf(4), maxRetries: 1 }))
      yield* TestClock.adjust(1700)
      // For whom none does, since there was one lately.
      const later = yield* Effect.fork(contexts.sync({ ...bindingOf(5), maxRetries: 4 }))
      yield* TestClock.adjust("1 minute")
      const spent = []
      for (const fiber of [five, three, one, late, later]) {
        const error = yield* errorOf(fiber)
        if (error._tag !== "SyncTimeout") return assert.fail(error.message)
        spent.push([error.polls, Duration.toMillis(error.elapsed)])
      }
      assert.deepStrictEqual(spent, [
        [5, 6500],
        [3, 3500],
        [1, 0],
        [2, 1500],
        [5, 7300]
      ])
      yield* stillWaits(many)
      const { status } = yield* timesSeen
      assert.deepStrictEqual(status.slice(0, 8), [0, 0, 1500, 2000, 3500, 5000, 6500, 8000])
    }).pipe(
      Effect.provide(
        crowded(() => lists(...[0, 1, 2, 3, 4, 5].map((index) => uploadOf(index, "Running"))))
      )
    )
  )

  it.effect("live through faults that pass, together", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const fiber = yield* Effect.fork(contexts.syncAll([0, 1, 2].map(bindingOf)))
      yield* TestClock.adjust("1 minute")
      const { succeeded } = yield* valueOf(fiber)
      assert.deepStrictEqual(
        succeeded.map(({ result }) => result.polls),
        [4, 4, 4]
      )
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 3000, 4500])
    }).pipe(
      Effect.provide(
        crowded((at) => {
          if (at < 1500) return AgentBayTest.fault("ECONNRESET")
          if (at < 3000) return AgentBayTest.raw(503, "")
          return lists(...[0, 1, 2].map((index) => uploadOf(index, by(at, 4500))))
        })
      )
    )
  )

  it.effect("each have their own patience with faults", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const impatient = yield* Effect.fork(
        contexts.sync({ ...bindingOf(0), maxConsecutiveErrors: 1 })
      )
      const patient = yield* Effect.fork(contexts.sync(bindingOf(1)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* errorOf(impatient))._tag, "TransportError")
      assert.strictEqual((yield* valueOf(patient)).polls, 4)
    }).pipe(
      Effect.provide(
        crowded((at) =>
          at < 4500 ? AgentBayTest.fault("ECONNRESET") : lists(uploadOf(1, "Success"))
        )
      )
    )
  )

  for (const [name, reply, tag] of [
    ["a session that is gone", AgentBayTest.refuse(sessionGone), "ApiError"],
    ["a key that is refused", AgentBayTest.refuse({ code: "x", httpStatus: 401 }), "ApiError"],
    ["a status that cannot be read", AgentBayTest.ok({ ContextStatus: "{" }), "TransportError"]
  ] as const) {
    it.effect(`all fail at once by ${name}`, () =>
      Effect.gen(function* () {
        const contexts = yield* manager
        const fiber = yield* Effect.fork(contexts.syncAll([0, 1, 2].map(bindingOf)))
        yield* TestClock.adjust("1 minute")
        const { failed } = yield* valueOf(fiber)
        assert.deepStrictEqual(
          failed.map(({ error }) => error._tag),
          [tag, tag, tag]
        )
        assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500])
      }).pipe(
        Effect.provide(
          crowded((at) =>
            at < 1500 ? lists(...[0, 1, 2].map((index) => uploadOf(index, "Running"))) : reply
          )
        )
      )
    )
  }

  it.effect("all learn of a defect", () =>
    Effect.gen(function* () {
      const loop = makeLoop((index) => (index < 2 ? Effect.succeed("open") : Effect.die("broken")))
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(loop.join(untilDone())))
      yield* TestClock.adjust("1 minute")
      for (const fiber of fibers) {
        const exit = yield* endOf(fiber)
        assert.isTrue(Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause)))
      }
      assert.deepStrictEqual(loop.times, [0, 1000, 2000])
    })
  )
})

describe("progress beside others", () => {
  const three = (at: number) => lists(uploadOf(0, by(at, 3000)), uploadOf(1, by(at, 6000)))

  it.effect("tells its steps 1, 2, 3 and ends, while the other goes on", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const other = yield* Effect.fork(contexts.sync(bindingOf(1)))
      const steps = yield* Effect.fork(Stream.runCollect(contexts.progress(bindingOf(0))))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(yield* valueOf(steps)).map(({ polls }) => polls),
        [1, 2, 3]
      )
      assert.strictEqual((yield* valueOf(other)).polls, 5)
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 3000, 4500, 6000])
    }).pipe(Effect.provide(crowded(three)))
  )

  it.effect("whose reader is slow holds nobody up, and does not outlive its budget", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const slow = yield* Effect.fork(
        contexts.progress({ ...bindingOf(2), maxRetries: 2 }).pipe(
          Stream.mapEffect((step) => Effect.as(Effect.sleep("20 seconds"), step.polls)),
          Stream.runCollect
        )
      )
      const other = yield* Effect.fork(contexts.sync(bindingOf(1)))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* errorOf(slow))._tag, "SyncTimeout")
      assert.strictEqual(Duration.toMillis((yield* valueOf(other)).elapsed), 6000)
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 3000, 4500, 6000])
    }).pipe(Effect.provide(crowded(three)))
  )

  it.effect("whose reader fails or leaves harms nobody", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const steps = contexts.progress(bindingOf(0))
      const left = yield* Effect.fork(Stream.runDrain(Stream.take(steps, 1)))
      const failed = yield* Effect.fork(Stream.runForEach(steps, () => Effect.fail("no more")))
      const other = yield* Effect.fork(contexts.sync(bindingOf(1)))
      yield* TestClock.adjust("1 minute")
      yield* valueOf(left)
      assert.strictEqual(yield* errorOf(failed), "no more")
      assert.strictEqual((yield* valueOf(other)).polls, 5)
    }).pipe(Effect.provide(crowded(three)))
  )

  it.effect("can be left early also where nothing can be interrupted", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const reading = Stream.runDrain(Stream.take(contexts.progress(bindingOf(1)), 1))
      const fiber = yield* Effect.fork(Effect.uninterruptible(reading))
      yield* TestClock.adjust(1000)
      yield* valueOf(fiber)
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0])
    }).pipe(Effect.provide(crowded(three)))
  )
})
