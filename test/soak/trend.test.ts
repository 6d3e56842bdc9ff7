import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { trend } from "./trend.js"

const points = (y: (x: number) => number) => Array.from({ length: 100 }, (_, x) => ({ x, y: y(x) }))

describe("a trend", () => {
  it.effect("is told from noise", () =>
    Effect.sync(() => {
      const rising = trend(points((x) => 1000 + x + (x % 7)))
      assert.isAbove(rising.growth, 3 * rising.noise)
      assert.closeTo(rising.growth, 99, 1)
      const flat = trend(points((x) => 1000 + (x % 7)))
      assert.isBelow(flat.growth, 3 * flat.noise)
    })
  )
})
