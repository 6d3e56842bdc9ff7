/** The time of day is set while an effect waits: nothing changes, neither its value nor its pauses. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type EffectName, effects } from "./effects.js"
import { observe } from "./matrix.js"
import type { Effect as Row } from "./slots.js"
import { makeClock } from "./virtual.js"

const hour = 3_600_000

const jumps: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["forward by an hour", hour],
  ["back by an hour", -hour],
  ["back by a second", -1000]
]

/** Runs an effect whose time of day is set by one of its requests, and notes its steady times. */
const waiting = (name: EffectName, struck: number, jump: number) =>
  Effect.gen(function* () {
    const virtual = makeClock()
    const steady = () => Number(virtual.clock.unsafeCurrentTimeNanos() / 1_000_000n)
    const sent: Array<string> = []
    let begin: number | undefined
    const { exit } = yield* observe(
      name,
      (action) => {
        begin ??= steady()
        if (sent.length === struck) virtual.setBy(jump)
        sent.push(`${action} at ${steady() - begin}`)
        return undefined
      },
      virtual
    )
    if (Exit.isFailure(exit)) return assert.fail(String(exit))
    return { value: exit.value, sent }
  })

const waits = effects.filter((effect: Row) => effect.slots.some(({ kind }) => kind === "poll"))

describe("a clock that is set at any of the requests of a wait", () => {
  for (const { name } of waits) {
    it.live(name, () =>
      Effect.gen(function* () {
        const undisturbed = yield* waiting(name, -1, 0)
        for (const [how, jump] of jumps) {
          for (const [struck, request] of undisturbed.sent.entries()) {
            const seen = yield* waiting(name, struck, jump)
            assert.deepStrictEqual(seen, undisturbed, `${how}, by ${request}`)
          }
        }
      })
    )
  }
})
