import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { effects, type Slot } from "./effects.js"
import { observe } from "./matrix.js"

describe("without a fault", () => {
  for (const { name, slots } of effects) {
    it.live(`${name} goes well, with the requests that the table says`, () =>
      Effect.gen(function* () {
        const { exit, requests } = yield* observe(name, () => undefined)
        assert.isTrue(Exit.isSuccess(exit), String(exit))
        const stated = new Map(slots.map(({ action, clean }: Slot) => [action, clean]))
        const seen = new Map<string, number>()
        for (const { action } of requests) seen.set(action, (seen.get(action) ?? 0) + 1)
        assert.deepStrictEqual([...seen].toSorted(), [...stated].toSorted())
      })
    )
  }
})
