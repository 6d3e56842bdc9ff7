/** Many syncs as one: in one session, and in many. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { BindingRef } from "@effect-agentbay/core/ContextStatus"
import type { SessionTarget } from "@effect-agentbay/core/SyncMany"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { begun, bindingOf, crowded, timesSeen, uploadOf, valueOf } from "./crowd.js"
import { bindingsAre, lists, manager } from "./fixture.js"

const all = (count: number) => Array.from({ length: count }, (_, index) => index)
const targets = all(4).map(bindingOf)

const nothingSent = Effect.gen(function* () {
  const service = yield* AgentBayTest.AgentBayTest
  assert.deepStrictEqual(yield* service.requests, [])
})

describe("syncAll", () => {
  it.effect("tells what became of each, in their order, and loses nothing when one fails", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const fiber = yield* Effect.fork(contexts.syncAll(targets, { maxRetries: 5 }))
      yield* TestClock.adjust("1 minute")
      const { failed, succeeded } = yield* valueOf(fiber)
      assert.deepStrictEqual(
        succeeded.map(({ result, target }) => [target, result.outcome, result.polls]),
        [
          [targets[0], "Completed", 3],
          [targets[3], "NothingToSync", 5]
        ]
      )
      assert.strictEqual(succeeded[0]?.target, targets[0])
      assert.deepStrictEqual(
        failed.map(({ error, target }) => [target, error._tag]),
        [
          [targets[1], "SyncFailed"],
          [targets[2], "SyncTimeout"]
        ]
      )
      assert.deepStrictEqual((yield* timesSeen).triggers, [0, 0, 0, 0])
    }).pipe(
      Effect.provide(
        crowded((at) =>
          lists(
            uploadOf(0, at < 3000 ? "Running" : "Success"),
            uploadOf(1, "Failed"),
            uploadOf(2, "Running")
          )
        )
      )
    )
  )

  it.effect("keeps a trigger that is refused among the failed", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const fiber = yield* Effect.fork(contexts.syncAll(targets))
      yield* TestClock.adjust("1 minute")
      const { failed, succeeded } = yield* valueOf(fiber)
      assert.deepStrictEqual(
        failed.map(({ target }) => target),
        [targets[1]]
      )
      assert.deepStrictEqual(
        succeeded.map(({ target }) => target),
        [targets[0], targets[2], targets[3]]
      )
    }).pipe(
      Effect.provide(
        crowded(() => lists(...all(4).map((index) => uploadOf(index, "Success"))), {
          script: {
            SyncContext: ({ parameters }) =>
              parameters["ContextId"] === "SdkCtx-1"
                ? AgentBayTest.refuse({ code: "no" })
                : AgentBayTest.ok()
          }
        })
      )
    )
  )

  for (const [concurrency, most] of [
    [undefined, 16],
    [1, 1],
    [3, 3],
    ["unbounded", 20]
  ] as const) {
    it.effect(`has at most ${most} under way with concurrency ${concurrency ?? "of default"}`, () =>
      Effect.gen(function* () {
        const contexts = yield* manager
        const many = all(20).map(bindingOf)
        const fiber = yield* begun(contexts.syncAll(many, { concurrency, maxRetries: 1 }))
        const service = yield* AgentBayTest.AgentBayTest
        assert.strictEqual((yield* service.timesOf("SyncContext")).length, most)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual((yield* valueOf(fiber)).failed.length, 20)
        assert.strictEqual((yield* service.timesOf("SyncContext")).length, 20)
      }).pipe(
        Effect.provide(crowded(() => lists(...all(20).map((index) => uploadOf(index, "Running")))))
      )
    )
  }

  for (const concurrency of [0, -1, Number.NaN, 1.5, Infinity, "many", null]) {
    it.effect(`refuses concurrency ${String(concurrency)}`, () =>
      Effect.gen(function* () {
        const contexts = yield* manager
        // A plain JavaScript caller may hand over anything.
        const wrong = { concurrency: concurrency as number }
        const error = yield* Effect.flip(contexts.syncAll(targets, wrong))
        assert.strictEqual(error.argument, "concurrency")
        yield* nothingSent
      }).pipe(Effect.provide(crowded(() => lists())))
    )
  }

  for (const [wrong, argument] of [
    [{ contextId: "", path: "/a" }, "targets[4].contextId"],
    [{ contextId: "a" }, "targets[4].path"],
    [{ path: "/a" }, "targets[4].contextId"],
    [{}, "targets[4].contextId"],
    ["a", "targets[4]"],
    [null, "targets[4]"]
  ] as const) {
    it.effect(`refuses the target ${JSON.stringify(wrong)} before anything is sent`, () =>
      Effect.gen(function* () {
        const contexts = yield* manager
        // A plain JavaScript caller may hand over anything.
        const error = yield* Effect.flip(contexts.syncAll([...targets, wrong as BindingRef]))
        assert.strictEqual(error.argument, argument)
        yield* nothingSent
      }).pipe(Effect.provide(crowded(() => lists())))
    )
  }

  for (const some of [targets, []]) {
    it.effect(`names a bad option as the option it is, with ${some.length} targets`, () =>
      Effect.gen(function* () {
        const contexts = yield* manager
        const agentBay = yield* AgentBay.AgentBay
        const bad = { maxRetries: -1 }
        assert.strictEqual((yield* Effect.flip(contexts.syncAll(some, bad))).argument, "maxRetries")
        const sessions = some.map((target) => ({ ...target, sessionId: "s" }))
        const error = yield* Effect.flip(agentBay.syncSessions(sessions, bad))
        assert.strictEqual(error.argument, "maxRetries")
        yield* nothingSent
      }).pipe(Effect.provide(crowded(() => lists())))
    )
  }

  it.effect("of no targets sends nothing; what is no list is refused", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      assert.deepStrictEqual(yield* contexts.syncAll([]), { succeeded: [], failed: [] })
      // A plain JavaScript caller may hand over anything.
      const wrong = bindingOf(0) as unknown as ReadonlyArray<BindingRef>
      assert.strictEqual((yield* Effect.flip(contexts.syncAll(wrong))).argument, "targets")
      yield* nothingSent
    }).pipe(Effect.provide(crowded(() => lists())))
  )

  it.effect("when it is interrupted stops them all", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const fiber = yield* Effect.fork(contexts.syncAll(targets))
      yield* TestClock.adjust(2000)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual((yield* timesSeen).status, [0, 0, 1500])
    }).pipe(Effect.provide(crowded(() => lists(...all(4).map((i) => uploadOf(i, "Running"))))))
  )

  it.effect("gives each a timeout of its own, which begins with it", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const fiber = yield* Effect.fork(
        contexts.syncAll(targets.slice(0, 2), { concurrency: 1, timeout: "1 second" })
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* valueOf(fiber)).failed.length, 2)
      assert.deepStrictEqual((yield* timesSeen).triggers, [0, 1000])
    }).pipe(Effect.provide(crowded(() => lists(...all(4).map((i) => uploadOf(i, "Running"))))))
  )
})

describe("syncSessions", () => {
  it.effect("takes sessions as targets, and single contexts of others", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.create()
      const one = { sessionId: "session-2", ...bindingOf(1) }
      const gone = { sessionId: "session-3" }
      const fiber = yield* Effect.fork(agentBay.syncSessions<SessionTarget>([session, one, gone]))
      yield* TestClock.adjust("1 minute")
      const { failed, succeeded } = yield* valueOf(fiber)
      assert.deepStrictEqual(
        succeeded.map(({ result, target }) => [target.sessionId, result.contextStatusData.length]),
        [
          [session.sessionId, 2],
          ["session-2", 1]
        ]
      )
      assert.strictEqual(succeeded[0]?.target, session)
      assert.deepStrictEqual(
        failed.map(({ error, target }) => [target, error._tag]),
        [[gone, "ApiError"]]
      )
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            SyncContext: ({ parameters }) =>
              parameters["SessionId"] === "session-3"
                ? AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })
                : AgentBayTest.ok(),
            DescribeSessionContexts: bindingsAre(bindingOf(0), bindingOf(1)),
            GetContextInfo: (_, index) =>
              index < 3 ? lists() : lists(uploadOf(0, "Success"), uploadOf(1, "Success"))
          }
        })
      )
    )
  )

  for (const [wrong, argument] of [
    [{ sessionId: " " }, "targets[1].sessionId"],
    [{}, "targets[1].sessionId"],
    [{ sessionId: "s", path: "/a" }, "targets[1].contextId"],
    [7, "targets[1]"],
    [null, "targets[1]"]
  ] as const) {
    it.effect(`refuses the target ${JSON.stringify(wrong)} before anything is sent`, () =>
      Effect.gen(function* () {
        const agentBay = yield* AgentBay.AgentBay
        // A plain JavaScript caller may hand over anything.
        const second = wrong as { readonly sessionId: string }
        const error = yield* Effect.flip(agentBay.syncSessions([{ sessionId: "s" }, second]))
        assert.strictEqual(error.argument, argument)
        yield* nothingSent
      }).pipe(Effect.provide(crowded(() => lists())))
    )
  }
})
