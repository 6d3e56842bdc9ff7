/** Which loops there are, when a newcomer is served, and what a running loop spares them. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
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
import { lists, manager } from "./fixture.js"
import * as PollLoop from "../../../packages/core/src/internal/pollLoop.js"
import type { Wait } from "../../../packages/core/src/internal/wait.js"
import { makePollHub, type SessionPolls } from "../../../packages/core/src/internal/pollHub.js"
import {
  type StatusReading,
  statusReading
} from "../../../packages/core/src/internal/statusReads.js"

const running = crowded(() => lists(...[0, 1, 2, 3].map((index) => uploadOf(index, "Running"))))

/** When a sync that does not end asks, in milliseconds since its begin. */
const timesWith = (
  options: ContextManager.WaitOptions,
  pollPolicy?: PollPolicy.PollPolicy
): Effect.Effect<ReadonlyArray<number>, unknown> =>
  Effect.gen(function* () {
    const contexts = yield* manager
    const fiber = yield* Effect.fork(contexts.sync({ ...bindingOf(0), ...options }))
    const startedAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* errorOf(fiber))._tag, "SyncTimeout")
    return (yield* timesSeen).status.slice(1).map((at) => at - startedAt)
  }).pipe(Effect.provide(crowded(() => lists(uploadOf(0, "Running")), { pollPolicy })))

describe("the loops of a client", () => {
  it.effect("a policy of the call beats that of the client, which beats the default", () =>
    Effect.gen(function* () {
      const ofClient = PollPolicy.spaced({ interval: "2 seconds", maxRetries: 2 })
      assert.deepStrictEqual(yield* timesWith({ maxRetries: 1 }), [0, 1500])
      assert.deepStrictEqual(yield* timesWith({}, ofClient), [0, 2000, 4000])
      assert.deepStrictEqual(yield* timesWith({ retryInterval: 500 }, ofClient), [0, 500, 1000])
      assert.deepStrictEqual(
        yield* timesWith(
          { schedule: Schedule.recurs(1).pipe(Schedule.addDelay(() => 7)) },
          ofClient
        ),
        [0, 7]
      )
    })
  )

  it.effect("the same words of a call mean what they mean to its client", () =>
    Effect.gen(function* () {
      const words = { maxRetries: 2 }
      const growing = PollPolicy.backoff({ initial: "1 second", factor: 2 })
      assert.deepStrictEqual(yield* timesWith(words), [0, 1500, 3000])
      assert.deepStrictEqual(yield* timesWith(words, growing), [0, 1000, 3000])
      assert.deepStrictEqual(yield* timesWith(words), [0, 1500, 3000])
      assert.deepStrictEqual(yield* timesWith({ maxRetries: 1 }), [0, 1500])
    })
  )

  it.effect("a list of seconds and nanoseconds is read by each call", () =>
    Effect.gen(function* () {
      const retryInterval: [number, number] = [2, 0]
      const options = { retryInterval, maxRetries: 1 }
      assert.deepStrictEqual(yield* timesWith(options), [0, 2000])
      retryInterval[0] = 3
      assert.deepStrictEqual(yield* timesWith(options), [0, 3000])
    })
  )

  it.effect("a schedule of one's own is a loop of one's own, and its end a SyncTimeout", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const schedule = Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(2)))
      const fibers = yield* Effect.forEach([0, 1], (index) =>
        Effect.fork(contexts.sync({ ...bindingOf(index), schedule }))
      )
      yield* TestClock.adjust("1 minute")
      for (const fiber of fibers) {
        const error = yield* errorOf(fiber)
        assert.deepInclude(error, { _tag: "SyncTimeout", polls: 3 })
      }
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 0, 1000, 1000, 2000, 2000])
    }).pipe(Effect.provide(running))
  )

  it.effect("two intervals, two loops; two sessions, two loops", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const others = yield* ContextManager.make({ sessionId: "session-2" })
      const fibers = [
        yield* Effect.fork(contexts.sync({ ...bindingOf(0), retryInterval: "2 seconds" })),
        yield* Effect.fork(contexts.sync({ ...bindingOf(1), retryInterval: "3 seconds" })),
        yield* Effect.fork(contexts.sync({ ...bindingOf(2), retryInterval: "3000 millis" })),
        yield* Effect.fork(others.sync({ ...bindingOf(0), retryInterval: "2 seconds" }))
      ]
      yield* TestClock.adjust("6 seconds")
      const service = yield* AgentBayTest.AgentBayTest
      const timesOf = (sessionId: string, all: ReadonlyArray<AgentBayTest.RecordedRequest>) =>
        all
          .filter(({ action }) => action === "GetContextInfo")
          .filter(({ parameters }) => parameters["SessionId"] === sessionId)
          .map(({ at }) => at)
      const requests = yield* service.requests
      assert.deepStrictEqual(
        timesOf("session-1", requests),
        [0, 0, 0, 2000, 3000, 4000, 6000, 6000]
      )
      assert.deepStrictEqual(timesOf("session-2", requests), [0, 0, 2000, 4000, 6000])
      yield* Fiber.interruptAll(fibers)
    }).pipe(Effect.provide(running))
  )

  it.effect("who waits when the client closes is interrupted, also who is not waiting yet", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const slow = crowded(() => AgentBayTest.never, {
        script: {
          SyncContext: (_, index) =>
            index < 2 ? AgentBayTest.ok() : AgentBayTest.delayed("5 seconds", AgentBayTest.ok())
        }
      })
      const context = yield* Layer.buildWithScope(slow, scope)
      const contexts = yield* Effect.provide(manager, context)
      const fibers = [
        yield* begun(contexts.sync(bindingOf(0))),
        yield* begun(contexts.sync({ ...bindingOf(1), timeout: "1 minute" })),
        yield* begun(contexts.sync(bindingOf(2)))
      ]
      const handle = yield* Effect.fork(contexts.start(bindingOf(3)))
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("10 seconds")
      for (const fiber of fibers) assert.isTrue(Exit.isInterrupted(yield* endOf(fiber)))
      assert.isTrue(Exit.isInterrupted(yield* endOf(handle)))
      const { status } = yield* Effect.provide(timesSeen, context)
      assert.deepStrictEqual(new Set(status), new Set([0]))
    })
  )
})

describe("joining a loop that runs", () => {
  it.effect("starts a tick early for all who come at that moment, and no second one soon", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      yield* begun(contexts.sync(bindingOf(0)))
      yield* TestClock.adjust(700)
      for (const index of [1, 2, 3]) yield* Effect.fork(contexts.sync(bindingOf(index)))
      yield* TestClock.adjust(100)
      // These wait for the next regular tick.
      for (const index of [1, 2, 3]) yield* Effect.fork(contexts.sync(bindingOf(index)))
      yield* TestClock.adjust(3000)
      assert.deepStrictEqual((yield* timesSeen).status.slice(-4), [0, 700, 2200, 3700])
    }).pipe(Effect.provide(running))
  )

  it.effect("those who come in a stream do not drive the loop", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      for (let turn = 0; turn < 150; turn++) {
        yield* Effect.fork(contexts.sync(bindingOf(turn)))
        yield* TestClock.adjust(200)
      }
      // All but the first have their baseline from the loop.
      const polls = (yield* timesSeen).status.length - 1
      // 30 s hold 20 regular ticks; every eleventh tick may begin early.
      assert.isAtMost(polls, 24)
      assert.isAtLeast(polls, 18)
    }).pipe(Effect.provide(running))
  )

  it.effect("takes the baseline from what the loop has seen, unless it was triggered since", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      yield* begun(contexts.sync(bindingOf(0)))
      yield* TestClock.adjust(1600)
      yield* begun(contexts.sync(bindingOf(1)))
      // The early tick of 1600 serves the second as its first poll: there was no baseline.
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 1600])
      yield* TestClock.adjust(100)
      yield* begun(contexts.sync(bindingOf(2)))
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 1600])
      // The same again: what its trigger has started is not in the list of 1600.
      yield* begun(contexts.sync(bindingOf(2)))
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 1600, 1700])
      // And all of them together include it, too, and it includes them.
      yield* begun(contexts.sync())
      yield* begun(contexts.sync(bindingOf(3)))
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500, 1600, 1700, 1700, 1700])
    }).pipe(Effect.provide(running))
  )

  it.effect("takes no baseline that is older than 5 seconds", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const slowly = { retryInterval: "1 minute" } as const
      yield* begun(contexts.sync({ ...bindingOf(0), ...slowly }))
      yield* TestClock.adjust(5000)
      yield* begun(contexts.sync({ ...bindingOf(1), retryInterval: "50 seconds" }))
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 5000])
      yield* TestClock.adjust(5001)
      yield* begun(contexts.sync({ ...bindingOf(2), retryInterval: "40 seconds" }))
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 5000, 10_001, 10_001])
    }).pipe(Effect.provide(running))
  )

  it.effect("obeys Retry-After for all, also when somebody joins", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      yield* begun(contexts.sync(bindingOf(0)))
      yield* TestClock.adjust(1500)
      yield* begun(contexts.start(bindingOf(1)).pipe(Effect.flatMap((handle) => handle.await)))
      yield* TestClock.adjust(2000)
      const impatient = yield* Effect.fork(contexts.sync({ ...bindingOf(2), timeout: "3 seconds" }))
      yield* TestClock.adjust(3000)
      // No last look, since the service wants none.
      assert.strictEqual((yield* errorOf(impatient))._tag, "SyncTimeout")
      const { status } = yield* timesSeen
      yield* TestClock.adjust(10_000)
      const polls = (yield* timesSeen).status.filter((at) => at > 3500)
      assert.deepStrictEqual(polls, [11_500, 13_000, 14_500, 16_000].slice(0, polls.length))
      assert.isAtLeast(polls.length, 3)
      assert.isTrue(status.every((at) => at <= 3500))
    }).pipe(
      Effect.provide(
        crowded((at, index) =>
          at === 1500 && index === 2
            ? AgentBayTest.raw(503, "", { "retry-after": "10" })
            : lists(uploadOf(0, "Running"))
        )
      )
    )
  )
})

describe("a request that is shared", () => {
  const none = statusReading({ requestId: "", contextStatusData: [] })

  it.effect("is no baseline for what was triggered after it began", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const read = Effect.flatMap(
        Effect.clockWith((clock) => clock.currentTimeMillis),
        (at) => Effect.delay(Effect.succeed(none), times.push(at) === 1 ? 10_000 : 0)
      )
      const hub = makePollHub()
      const aim = (index: number) => ({ mode: "upload", target: bindingOf(index) }) as const
      const reads = () => ({ once: read, retry: identity })
      const withPolls = <A, E>(body: (polls: SessionPolls) => Effect.Effect<A, E>) =>
        hub.retaining(
          "s",
          reads
        )(Effect.suspend(() => body(hub.polls("s", reads) ?? assert.fail("it is closed"))))
      const first = yield* begun(withPolls((polls) => polls.baseline(aim(0))))
      // Meanwhile another is triggered, and a loop that asks later than that has come and gone.
      yield* withPolls((polls) => polls.triggering(aim(1), Effect.void))
      yield* TestClock.adjust(1)
      const wait: Wait<undefined, StatusReading, undefined, Duration.Duration> = {
        initial: undefined,
        policy: PollPolicy.standard,
        maxConsecutiveErrors: 0,
        decide: (state) => ({ _tag: "End", state, end: Either.right(undefined) }),
        exhausted: () => Duration.zero
      }
      yield* PollLoop.join({ loop: () => hub.loop("s", reads, PollPolicy.standard), wait })
      const second = yield* begun(withPolls((polls) => polls.baseline(aim(1))))
      yield* valueOf(second)
      assert.deepStrictEqual(times, [0, 1, 1])
      yield* stillWaits(first)
    })
  )
})
