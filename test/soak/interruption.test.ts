/** The same as `test/interruption`, more often. */
import { describe } from "@effect/vitest"
import { interruptions } from "../interruption/suite.js"
import { rounds } from "../rounds.js"

const atLeast = rounds({ short: 1, long: 10_000 })

describe.runIf(atLeast > 1)("interrupted 10,000 times", () => {
  interruptions({ seeds: [2, 3, 4], oneStepOf: 1, atLeast })
})
