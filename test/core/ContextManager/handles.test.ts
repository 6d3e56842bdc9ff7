/** Syncs that were triggered and are waited for later, also by another client. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { begun, crowded, endOf, errorOf, timesSeen, valueOf } from "./crowd.js"
import { bindingsAre, lists, manager, notes, upload, work } from "./fixture.js"

const by = (end: number) => crowded((at) => lists(upload(at >= end ? "Success" : "Running")))

/** The same service as another client sees it. */
const elsewhere = <A, E>(
  token: string,
  answer: Parameters<typeof crowded>[0],
  use: (handle: ContextManager.SyncHandle) => Effect.Effect<A, E>,
  options: ContextManager.WaitOptions = {}
) =>
  Effect.gen(function* () {
    const contexts = yield* manager
    const handle = yield* contexts.resume(token, options)
    const result = yield* use(handle)
    const seen = yield* timesSeen
    return { result, ...seen }
  }).pipe(
    Effect.provide(
      AgentBayTest.layer({ script: { GetContextInfo: ({ at }, index) => answer(at, index) } })
    )
  )

const tokenOf = (options: ContextManager.SyncOptions) =>
  Effect.gen(function* () {
    const contexts = yield* manager
    return (yield* contexts.start(options)).token
  }).pipe(Effect.provide(by(Infinity)))

describe("a handle", () => {
  it.effect("asks for nothing unless somebody waits with it", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const before = yield* Fiber.roots
      const handle = yield* contexts.start(work)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* timesSeen, { status: [0], triggers: [0] })
      assert.strictEqual((yield* Fiber.roots).length, before.length)
      assert.strictEqual(handle.sessionId, "session-1")
      assert.strictEqual(handle.requestId, "TEST-REQUEST")
    }).pipe(Effect.provide(by(3000)))
  )

  it.effect("await waits as sync does, with the whole budget each time", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const handle = yield* contexts.start({ ...work, maxRetries: 1 })
      const first = yield* Effect.fork(handle.await)
      yield* TestClock.adjust(2000)
      assert.deepInclude(yield* errorOf(first), { _tag: "SyncTimeout", polls: 2 })
      const second = yield* Effect.fork(handle.await)
      yield* TestClock.adjust(2000)
      const { elapsed, outcome, polls } = yield* valueOf(second)
      assert.deepStrictEqual([outcome, polls], ["Completed", 2])
      assert.strictEqual(Duration.toMillis(elapsed), 3500)
      assert.deepStrictEqual(yield* timesSeen, {
        status: [0, 0, 1500, 2000, 3500],
        triggers: [0]
      })
    }).pipe(Effect.provide(by(3000)))
  )

  it.effect("progress tells the steps of await", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const handle = yield* contexts.start(work)
      const steps = yield* Effect.fork(Stream.runCollect(handle.progress))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(yield* valueOf(steps)).map(({ polls, result }) => [
          polls,
          Option.isSome(result)
        ]),
        [
          [1, false],
          [2, false],
          [3, true]
        ]
      )
      assert.deepStrictEqual((yield* timesSeen).triggers, [0])
    }).pipe(Effect.provide(by(3000)))
  )

  it.effect("poll asks once; after the end it asks no more, and the end does not change", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const { poll } = yield* contexts.start(work)
      const open = yield* poll
      assert.deepStrictEqual([open.polls, Option.isSome(open.result)], [1, false])
      yield* TestClock.adjust(3000)
      const ended = yield* poll
      assert.deepStrictEqual([ended.polls, Option.isSome(ended.result)], [2, true])
      yield* TestClock.adjust(3000)
      assert.strictEqual(JSON.stringify(yield* poll), JSON.stringify(ended))
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 3000])
    }).pipe(Effect.provide(by(3000)))
  )

  it.effect("poll fails with the fault it meets, which changes nothing", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const { poll } = yield* contexts.start({ ...work, maxConsecutiveErrors: 0 })
      for (let turn = 0; turn < 3; turn++) {
        assert.strictEqual((yield* Effect.flip(poll))._tag, "TransportError")
      }
      const { polls, result } = yield* poll
      assert.deepStrictEqual([polls, Option.isSome(result)], [1, true])
    }).pipe(
      Effect.provide(
        crowded((_, index) =>
          index < 4 ? AgentBayTest.fault("ECONNRESET") : lists(upload("Success"))
        )
      )
    )
  )

  it.effect(
    "poll tells a failed task, NothingToSync after the grace, and a time that is over",
    () =>
      Effect.gen(function* () {
        const contexts = yield* manager
        const failed = yield* contexts.start(work)
        const quiet = yield* contexts.start({ ...notes, graceRetries: 1 })
        const limited = yield* contexts.start({ ...notes, timeout: "1 second" })
        assert.strictEqual((yield* Effect.flip(failed.poll))._tag, "SyncFailed")
        assert.isTrue(Option.isNone((yield* quiet.poll).result))
        const { result } = yield* quiet.poll
        assert.strictEqual(Option.getOrThrow(result).outcome, "NothingToSync")
        assert.isTrue(Option.isNone((yield* limited.poll).result))
        yield* TestClock.adjust(1000)
        assert.strictEqual((yield* Effect.flip(limited.poll))._tag, "SyncTimeout")
      }).pipe(
        Effect.provide(
          crowded((_, index) => (index < 3 ? lists() : lists(upload("Failed", { startTime: 1 }))))
        )
      )
  )
})

describe("resume", () => {
  it.effect("goes on elsewhere with the baseline of the start, and triggers nothing", () =>
    Effect.gen(function* () {
      const old = upload("Success", { startTime: 1, finishTime: 2 })
      const token = yield* Effect.gen(function* () {
        return (yield* (yield* manager).start({ ...work, maxRetries: 7 })).token
      }).pipe(
        Effect.provide(
          AgentBayTest.layer({
            script: { GetContextInfo: lists(old), SyncContext: AgentBayTest.ok() }
          })
        )
      )
      yield* TestClock.adjust("1 hour")
      const fiber = yield* Effect.fork(
        elsewhere(
          token,
          (_, index) => lists(old, upload(index < 2 ? "Running" : "Success", { startTime: 3 })),
          (handle) => handle.await
        )
      )
      yield* TestClock.adjust("1 minute")
      const { result, status, triggers } = yield* valueOf(fiber)
      assert.deepStrictEqual([result.outcome, result.polls], ["Completed", 3])
      assert.strictEqual(result.contextStatusData.length, 1)
      assert.strictEqual(Duration.toMillis(result.elapsed), 3_600_000 + 3000)
      assert.deepStrictEqual(triggers, [])
      assert.deepStrictEqual(
        status.map((at) => at - 3_600_000),
        [0, 1500, 3000]
      )
    })
  )

  it.effect("of everything knows what is expected", () =>
    Effect.gen(function* () {
      const token = yield* Effect.gen(function* () {
        return (yield* (yield* manager).start({ mode: "download" })).token
      }).pipe(
        Effect.provide(
          crowded(() => lists(), { script: { DescribeSessionContexts: bindingsAre(work, notes) } })
        )
      )
      const down = { taskType: "download" }
      const fiber = yield* Effect.fork(
        elsewhere(
          token,
          (_, index) =>
            lists(
              upload("Success", down),
              ...(index < 1 ? [] : [upload("Success", { ...notes, ...down })])
            ),
          (handle) => handle.await
        )
      )
      yield* TestClock.adjust("1 minute")
      const { result } = yield* valueOf(fiber)
      assert.deepStrictEqual([result.polls, result.untouched], [2, []])
      assert.strictEqual(result.contextStatusData.length, 2)
    })
  )

  for (const [status, tag] of [
    ["Success", "Completed"],
    ["Running", "SyncTimeout"]
  ] as const) {
    it.effect(`after the time is over looks once, and ends with ${tag}`, () =>
      Effect.gen(function* () {
        const token = yield* tokenOf({ ...work, timeout: "10 seconds" })
        yield* TestClock.adjust("1 minute")
        const fiber = yield* begun(
          elsewhere(
            token,
            () => lists(upload(status)),
            (handle) =>
              handle.await.pipe(
                Effect.match({
                  onFailure: ({ _tag }) => _tag,
                  onSuccess: ({ outcome }) => outcome
                })
              )
          )
        )
        const seen = yield* valueOf(fiber)
        assert.deepStrictEqual(seen, { result: tag, status: [60_000], triggers: [] })
      })
    )
  }

  it.effect("keeps how patient the sync was, where the options do not say otherwise", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.backoff({ initial: 100, factor: 2, cap: 400, maxRetries: 4 })
      const token = yield* Effect.gen(function* () {
        return (yield* (yield* manager).start(work)).token
      }).pipe(Effect.provide(crowded(() => lists(), { pollPolicy: policy })))
      const timesWith = (options: ContextManager.WaitOptions) =>
        Effect.gen(function* () {
          const startedAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const fiber = yield* Effect.fork(
            elsewhere(
              token,
              () => lists(upload("Running")),
              (handle) => Effect.flip(handle.await),
              options
            )
          )
          yield* TestClock.adjust("1 hour")
          const { result, status } = yield* valueOf(fiber)
          assert.strictEqual(result._tag, "SyncTimeout")
          return status.map((at) => at - startedAt)
        })
      assert.deepStrictEqual(yield* timesWith({}), [0, 100, 300, 700, 1100])
      assert.deepStrictEqual(yield* timesWith({ maxRetries: 2 }), [0, 100, 300])
      assert.deepStrictEqual(yield* timesWith({ retryInterval: 500 }), [0, 500, 1000, 1500, 2000])
      assert.deepStrictEqual(yield* timesWith({ timeout: 250 }), [0, 100, 250])
      assert.deepStrictEqual(yield* timesWith({ schedule: Schedule.recurs(1) }), [0, 0])
    })
  )

  for (const [argument, options] of [
    ["maxRetries", { maxRetries: -1 }],
    ["retryInterval", { retryInterval: 0 }],
    ["graceRetries", { graceRetries: 1.5 }],
    ["maxConsecutiveErrors", { maxConsecutiveErrors: Number.NaN }],
    ["timeout", { timeout: 0 }],
    ["options", "soon"]
  ] as const) {
    it.effect(`refuses a bad ${argument}`, () =>
      Effect.gen(function* () {
        const token = yield* tokenOf(work)
        const contexts = yield* manager
        // A plain JavaScript caller may hand over anything.
        const wrong = options as ContextManager.WaitOptions
        const error = yield* Effect.flip(contexts.resume(token, wrong))
        assert.strictEqual(error.argument, argument)
      }).pipe(Effect.provide(by(0)))
    )
  }

  it.effect("holds no secret, and is one line", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const { token } = yield* contexts.start(work)
      assert.match(token, /^[\w.%-]+$/)
      const text = decodeURIComponent(token.split(".")[2] ?? "")
      assert.include(text, work.path)
      assert.notInclude(text, "akm-very-secret")
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          apiKey: Redacted.make("akm-very-secret"),
          script: {
            SyncContext: AgentBayTest.ok(),
            GetContextInfo: lists(upload("Failed", { errorMessage: "key akm-very-secret" }))
          }
        })
      )
    )
  )
})

describe("start", () => {
  it.effect("fails as the trigger does, and when its time is over", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const refused = yield* begun(contexts.start(work))
      assert.strictEqual((yield* errorOf(refused))._tag, "ApiError")
      const late = yield* Effect.fork(contexts.start({ ...work, timeout: "2 seconds" }))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* errorOf(late))._tag, "SyncTimeout")
      yield* endOf(late)
    }).pipe(
      Effect.provide(
        crowded(() => lists(), {
          script: {
            SyncContext: [AgentBayTest.refuse({ code: "no", httpStatus: 403 }), AgentBayTest.never]
          }
        })
      )
    )
  )
})
