/** Many who wait in one session, before a service whose answers are a function of time. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { BindingRef } from "@effect-agentbay/core/ContextStatus"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { bindingsAre, lists, upload } from "./fixture.js"

export const bindingOf = (index: number): BindingRef => ({
  contextId: `SdkCtx-${index}`,
  path: `/mnt/${index}`
})

/** A status item of the binding of that number. */
export const uploadOf = (index: number, status: string, more: AgentBayTest.StatusItem = {}) =>
  upload(status, { ...bindingOf(index), ...more })

/** The double whose first status request lists nothing, and whose others do what is said. */
export const crowded = (
  answer: (at: number, index: number) => AgentBayTest.Reply,
  options: AgentBayTest.Options = {}
) =>
  AgentBayTest.layer({
    ...options,
    script: {
      SyncContext: AgentBayTest.ok(),
      DescribeSessionContexts: bindingsAre(),
      GetContextInfo: ({ at }, index) => (index === 0 ? lists() : answer(at, index)),
      ...options.script
    }
  })

/** How a fiber has ended by now. */
export const endOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.map(
    Fiber.poll(fiber),
    Option.getOrElse(() => assert.fail("it is still waiting"))
  )

/** The error a fiber has failed with by now. */
export const errorOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<E> =>
  Effect.map(endOf(fiber), (exit) =>
    Exit.isSuccess(exit)
      ? assert.fail("it has succeeded")
      : Option.getOrElse(Cause.failureOption(exit.cause), () => assert.fail(String(exit.cause)))
  )

export const valueOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<A> =>
  Effect.map(endOf(fiber), (exit) =>
    Exit.isSuccess(exit) ? exit.value : assert.fail(Cause.pretty(exit.cause))
  )

export const stillWaits = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.map(Fiber.poll(fiber), (exit) => assert.isTrue(Option.isNone(exit), "it has ended"))

/** Begins something, and lets happen what happens at the same moment. */
export const begun = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.tap(Effect.fork(effect), () => TestClock.adjust(0))

/** The times of the status requests and of the triggers. */
export const timesSeen = Effect.gen(function* () {
  const service = yield* AgentBayTest.AgentBayTest
  return {
    status: yield* service.timesOf("GetContextInfo"),
    triggers: yield* service.timesOf("SyncContext")
  }
})
