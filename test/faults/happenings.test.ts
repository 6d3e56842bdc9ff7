/** What a wait is shown by answers that are in order, and a clock that is set. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { outcomeOf, observe, sync, work } from "../core/ContextManager/fixture.js"
import { wired } from "../core/wired.js"
import { budget } from "./expected.js"
import { happenings, type Shown } from "./happenings.js"
import { makeClock, runVirtually } from "./virtual.js"

const task = { ...work, taskType: "upload", startTime: 100 }

const reply = (shown: Shown): AgentBayTest.Reply => {
  switch (shown) {
    case "none":
      return AgentBayTest.status([])
    case "noData":
      return AgentBayTest.ok()
    case "stale":
      return AgentBayTest.status([{ ...task, status: "Success", startTime: 10, finishTime: 20 }])
    case "OddEnded":
      return AgentBayTest.status([{ ...task, status: "Odd", finishTime: 110 }])
    default:
      return AgentBayTest.status([{ ...task, status: shown }])
  }
}

describe("a sync that is shown", () => {
  for (const { before, end, name, polls, requests } of happenings) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync({ ...work, maxRetries: budget - 1 }), {
          before: before.length === 0 ? [reply("none")] : before.map(reply),
          polls: polls.map(reply)
        })
        assert.strictEqual(outcomeOf(seen), end)
        // The first is the baseline.
        assert.strictEqual(seen.statusTimes.length - 1, requests)
        assert.strictEqual(seen.triggerTimes.length, 1)
      })
    )
  }
})

const hour = 3_600_000

describe("a clock that is set while a sync waits", () => {
  const jumps: ReadonlyArray<readonly [name: string, millis: number]> = [
    ["forward by an hour", hour],
    ["back by an hour", -hour],
    ["back by a second", -1000]
  ]

  /** A sync whose task never ends; the clock is set by its third status request. */
  const waiting = (options: ContextManager.WaitOptions, jump: number) =>
    Effect.gen(function* () {
      const virtual = makeClock()
      const times: Array<number> = []
      const exit = yield* runVirtually(
        Effect.flatMap(ContextManager.make({ sessionId: "session-1" }), (contexts) =>
          contexts.sync({ ...work, ...options })
        ).pipe(
          Effect.provide(
            wired({
              script: {
                SyncContext: AgentBayTest.ok(),
                GetContextInfo: (_, index) => {
                  times.push(Number(virtual.clock.unsafeCurrentTimeNanos() / 1_000_000n))
                  if (index === 2) virtual.setBy(jump)
                  return reply(index === 0 ? "none" : "Running")
                }
              }
            })
          )
        ),
        virtual
      )
      const error = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
      const found = Option.getOrElse(error, () => assert.fail("it should have failed"))
      return { tag: found._tag, times }
    })

  for (const [name, jump] of jumps) {
    it.live(`${name}: the polls go on as they would`, () =>
      Effect.gen(function* () {
        const { tag, times } = yield* waiting({ maxRetries: 4 }, jump)
        assert.strictEqual(tag, "SyncTimeout")
        assert.deepStrictEqual(times, [0, 0, 1500, 3000, 4500, 6000])
      })
    )

    it.live(`${name}: \`timeout\` is as long as it was`, () =>
      Effect.gen(function* () {
        const { tag, times } = yield* waiting({ timeout: "4 seconds" }, jump)
        assert.strictEqual(tag, "SyncTimeout")
        assert.deepStrictEqual(times, [0, 0, 1500, 3000, 4000])
      })
    )
  }
})
