/** Each operation, interrupted at each of its moments: nothing is left, and all works on. */
import { describe } from "@effect/vitest"
import { interruptions } from "./suite.js"

describe("interrupted at every turn", () => {
  interruptions({ seeds: [1], oneStepOf: 4, atLeast: 3000 })
})
