import * as Faults from "@effect-agentbay/node/Faults"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const refused = (input: unknown) =>
  Effect.map(Effect.flip(Faults.decode(input)), (error) => error.detail)

const then = { latency: 1 }

describe("rules of misbehaviour", () => {
  it.effect("what is decoded is encoded again as plain data", () =>
    Effect.gen(function* () {
      const input: Faults.Input = [
        {
          name: "late",
          when: { action: ["A", "B"], calls: { from: 2 } },
          then: { latency: "2 seconds" }
        },
        { when: { calls: { probability: 0.5 } }, then: { drop: "midway", latency: 5 } },
        { then: { error: { soft: true, retryAfter: "1 second" } } },
        { then: { malformed: { text: "x" } } },
        {
          then: { task: { hidden: 1, stale: 2, polls: 3, status: "S", fail: "F", endStatus: "E" } }
        },
        { then: { task: { lasts: "3 seconds" } } }
      ]
      const rules = yield* Faults.decode(input)
      const text = JSON.stringify(Faults.encode(rules))
      assert.deepStrictEqual(yield* Faults.decodeText(text), rules)
      assert.include(text, '"latency":2000')
      assert.include(text, '"lasts":3000')
    })
  )

  it.effect("an error names the rule, the place in it, and what is wrong", () =>
    Effect.gen(function* () {
      const good = { then }
      const cases: ReadonlyArray<readonly [unknown, RegExp]> = [
        [{}, /^they must be a list of rules$/],
        [[good, 1], /^rule 2: /],
        [[good, { name: "two", then: {} }], /^rule 2 \("two"\): then: says nothing$/],
        [
          [{ then: { drop: "before", error: {} } }],
          /^rule 1: then: there is one outcome .*drop and error/
        ],
        [[{ then: { task: {}, latency: 1 } }], /^rule 1: then: an effect on tasks stands alone/],
        [[{ when: { action: "A" }, then: { task: {} } }], /^rule 1: when: .*takes no action/],
        [[{ when: { calls: 0 }, then }], /^rule 1: when\.calls: must be a number from 1/],
        [[{ when: { calls: { probability: 2 } }, then }], /^rule 1: when\.calls/],
        [[{ when: { taskType: "sideways" }, then }], /^rule 1: when\.taskType/],
        [[{ when: { colour: "red" }, then }], /^rule 1: when\.colour/],
        [[{ then: { latency: "soon" } }], /^rule 1: then\.latency: must be milliseconds or a text/],
        [[{ then: { latency: "Infinity" } }], /^rule 1: then\.latency/],
        [
          [{ then: { error: { httpStatus: 99 } } }],
          /^rule 1: then\.error\.httpStatus: must be an HTTP status/
        ],
        [[{ then: { malformed: "garbage" } }], /^rule 1: then\.malformed: must be "html"/],
        [[{ then: { task: { polls: -1 } } }], /^rule 1: then\.task\.polls: must be a whole number/],
        [[{ then: { task: { lasts: -1 } } }], /^rule 1: then\.task\.lasts: must be milliseconds/],
        [[{ then: { task: { lasts: "ever" } } }], /^rule 1: then\.task\.lasts: must be millisec/]
      ]
      for (const [input, expected] of cases) {
        assert.match(yield* refused(input), expected, JSON.stringify(input))
      }
      assert.match((yield* Effect.flip(Faults.decodeText("{"))).message, /not JSON/)
    })
  )
})
