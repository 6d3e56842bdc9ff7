import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Paging from "../../../packages/node/src/local/actions/Paging.js"

const items = (sequences: ReadonlyArray<number>) => sequences.map((sequence) => ({ sequence }))

describe("Paging", () => {
  it("walking the pages shows every item once, newest first", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uniqueArray(FastCheck.nat({ max: 1_000_000 }), { maxLength: 30 }),
        FastCheck.integer({ min: 1, max: 12 }),
        (sequences, maxResults) => {
          const shown: Array<number> = []
          let nextToken = ""
          do {
            const page = Effect.runSync(Paging.page(items(sequences), { maxResults, nextToken }))
            assert.isAtMost(page.items.length, maxResults)
            assert.strictEqual(page.totalCount, sequences.length)
            shown.push(...page.items.map((item) => item.sequence))
            nextToken = page.nextToken
          } while (nextToken !== "")
          assert.deepStrictEqual(
            shown,
            sequences.toSorted((one, other) => other - one)
          )
        }
      )
    )
  })

  it.effect("refuses tokens it did not give out and pages without items", () =>
    Effect.gen(function* () {
      const refused = (request: Parameters<typeof Paging.page>[1]) =>
        Effect.map(Effect.flip(Paging.page(items([1, 2]), request)), (error) => error.description)
      assert.include(yield* refused({ nextToken: "Mg==" }), "NextToken")
      assert.include(yield* refused({ nextToken: "\0" }), "NextToken")
      assert.include(yield* refused({ maxResults: 0 }), "MaxResults")
      assert.include(yield* refused({ maxResults: -3 }), "MaxResults")
    })
  )
})
