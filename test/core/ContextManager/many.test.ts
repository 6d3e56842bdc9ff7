import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { bindingsAre, lists, manager, upload } from "./fixture.js"

const bindingOf = (index: number) => ({ contextId: `SdkCtx-${index}`, path: `/mnt/${index}` })

describe("many syncs in one session", () => {
  it.effect("100 waiters share one request per tick", () =>
    Effect.gen(function* () {
      const service = yield* AgentBayTest.AgentBayTest
      const contexts = yield* manager
      const targets = Array.from({ length: 100 }, (_, index) => bindingOf(index))
      const fiber = yield* Effect.fork(contexts.syncAll(targets, { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 minute")
      const { failed, succeeded } = yield* Fiber.join(fiber)
      assert.strictEqual(failed.length, 0)
      assert.strictEqual(succeeded.length, 100)
      assert.deepStrictEqual(yield* service.timesOf("GetContextInfo"), [0, 0, 1500, 3000])
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            SyncContext: AgentBayTest.ok(),
            DescribeSessionContexts: bindingsAre(),
            GetContextInfo: [
              lists(),
              lists(),
              lists(...Array.from({ length: 100 }, (_, i) => upload("Running", bindingOf(i)))),
              lists(...Array.from({ length: 100 }, (_, i) => upload("Success", bindingOf(i))))
            ]
          }
        })
      )
    )
  )

  it.effect("the first to leave does not disturb the others, the last aborts the request", () =>
    Effect.gen(function* () {
      const service = yield* AgentBayTest.AgentBayTest
      const contexts = yield* manager
      const first = yield* Effect.fork(contexts.sync(bindingOf(1)))
      yield* TestClock.adjust(0)
      const second = yield* Effect.fork(contexts.sync(bindingOf(2)))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* service.timesOf("GetContextInfo"), [0, 0, 0, 1500, 3000])
      const exit = yield* Fiber.interrupt(second)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.strictEqual(yield* service.aborted, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* service.timesOf("GetContextInfo")).length, 5)
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            SyncContext: AgentBayTest.ok(),
            GetContextInfo: [lists(), lists(), lists(), lists(), AgentBayTest.never]
          }
        })
      )
    )
  )
})
