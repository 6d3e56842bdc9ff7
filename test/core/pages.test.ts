import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { ContextFile } from "@effect-agentbay/core/ContextFiles"
import type { Page } from "@effect-agentbay/core/Page"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { requestsOf, wired } from "./wired.js"

const envelope = (fields: { readonly [key: string]: unknown }) =>
  AgentBayTest.raw(200, JSON.stringify({ Success: true, RequestId: "R", Code: "ok", ...fields }))

/** A folder of so many files, of which the service gives at most 10 on a page. */
const folderOf = (count: number) =>
  wired({
    script: {
      DescribeContextFiles: ({ parameters }) => {
        const size = Math.min(10, Number(parameters["PageSize"]))
        const from = (Number(parameters["PageNumber"]) - 1) * size
        const all = Array.from({ length: count }, (_, index) => ({ FileName: `f${index}` }))
        return envelope({ Data: all.slice(from, from + size), Count: count })
      }
    }
  })

describe("pages of files that hold fewer than were asked for", () => {
  for (const count of [0, 1, 10, 11, 65, 70, 101]) {
    it.effect(`lead to all ${count}, one after the other`, () =>
      Effect.gen(function* () {
        const { files } = (yield* AgentBay.AgentBay).contexts
        const names: Array<string> = []
        let page: number | undefined = 1
        while (page !== undefined) {
          const { items, nextToken }: Page<ContextFile> = yield* files.listPage("c", "/", {
            page,
            pageSize: 50
          })
          names.push(...items.map(({ name }) => name))
          page = nextToken === undefined ? undefined : Number(nextToken)
        }
        assert.deepStrictEqual(
          names,
          Array.from({ length: count }, (_, index) => `f${index}`)
        )
      }).pipe(Effect.provide(folderOf(count)))
    )
  }

  it.effect("of the size asked for need no page more than there are", () =>
    Effect.gen(function* () {
      const { files } = (yield* AgentBay.AgentBay).contexts
      for (const [page, nextToken] of [
        [1, "2"],
        [2, "3"],
        [3, undefined]
      ] as const) {
        const { nextToken: told } = yield* files.listPage("c", "/", { page, pageSize: 10 })
        assert.strictEqual(told, nextToken)
      }
    }).pipe(Effect.provide(folderOf(25)))
  )
})

describe("tokens that lead round in a circle", () => {
  it.effect("end a list, and are not followed for ever", () =>
    Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const found = yield* Stream.runCollect(Stream.take(contexts.list(), 100))
      assert.strictEqual(Chunk.size(found), 3)
      const tokens = (yield* requestsOf("ListContexts")).map((one) => one.parameters["NextToken"])
      assert.deepStrictEqual(tokens, [undefined, "A", "B"])
    }).pipe(
      Effect.provide(
        wired({
          script: {
            ListContexts: ({ parameters }) =>
              envelope({
                Data: [{ Id: "SdkCtx-1" }],
                NextToken: parameters["NextToken"] === "A" ? "B" : "A"
              })
          }
        })
      )
    )
  )
})
