/** The same as `test/interruption`, more often. */
import { describe } from "@effect/vitest"
import { overSockets } from "../interruption/sockets.js"
import { interruptions } from "../interruption/suite.js"
import { rounds } from "../rounds.js"

const atLeast = rounds({ short: 0, long: 10_000 })

describe.runIf(atLeast > 0)("interrupted 10,000 times", () => {
  describe("in memory", () => {
    interruptions({ seeds: [2, 3, 4], oneStepOf: 1, atLeast })
  })
  describe("over sockets", () => {
    overSockets(1450, atLeast)
  })
})
