import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { effects } from "./effects.js"
import { observe } from "./matrix.js"
import type { Effect as Row } from "./slots.js"

describe("without a fault", () => {
  for (const effect of effects) {
    const { name } = effect
    const { gives, slots }: Row = effect
    it.live(`${name} goes well, with the requests that the table says`, () =>
      Effect.gen(function* () {
        const { exit, requests } = yield* observe(name, () => undefined)
        if (Exit.isFailure(exit)) return assert.fail(String(exit))
        assert.deepStrictEqual(exit.value, gives)
        const stated = new Map(slots.map(({ action, clean }) => [action, clean]))
        const seen = new Map<string, number>()
        for (const { action } of requests) seen.set(action, (seen.get(action) ?? 0) + 1)
        assert.deepStrictEqual([...seen].toSorted(), [...stated].toSorted())
      })
    )
  }
})
