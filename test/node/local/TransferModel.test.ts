import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import * as Whitelist from "../../../packages/node/src/local/transfer/Whitelist.js"
import { readTree, temporaryDirectory, type Tree, writeTree } from "./trees.js"

const name = FastCheck.constantFrom("a", "b", "c")
const path = FastCheck.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"))

/** Files at any places that do not contradict each other, each with a content of its own. */
const tree = (side: string) =>
  FastCheck.uniqueArray(path, { maxLength: 8 }).map((paths): Tree => {
    const leaves = paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`)))
    return Object.fromEntries(leaves.map((leaf) => [leaf, `${side} ${leaf}`]))
  })

const whitelist = FastCheck.array(
  FastCheck.record({
    path: FastCheck.oneof(FastCheck.constant(""), path),
    excludePaths: FastCheck.array(path, { maxLength: 2 })
  }),
  { maxLength: 2 }
)

const filesOf = (tree: Record<string, string | null>) =>
  Object.fromEntries(Object.entries(tree).filter(([, content]) => content !== null))

describe("a transfer, whatever the trees and the whitelist", () => {
  it.live(
    "brings over what is covered, removes what is covered and gone, touches nothing else",
    () => {
      let succeeded = 0
      const check = Effect.fnUntraced(function* (
        source: Tree,
        destination: Tree,
        entries: ReadonlyArray<Whitelist.WhitelistEntry>,
        carryDeletions: boolean
      ) {
        const base = yield* temporaryDirectory
        writeTree(`${base}/source`, source, new Date("2024-01-01T00:00:00Z"))
        writeTree(`${base}/destination`, destination, new Date("2024-02-02T00:00:00Z"))
        const rules = Whitelist.make(entries)
        const isCovered = (path: string) => ["all", "part"].includes(rules.coverage(path))
        const only = (tree: Tree, covered: boolean) =>
          Object.fromEntries(Object.entries(tree).filter(([path]) => isCovered(path) === covered))
        const outcome = yield* Effect.either(
          Transfer.transfer({
            source: `${base}/source`,
            destination: `${base}/destination`,
            staging: `${base}/staging`,
            whitelist: rules,
            carryDeletions
          })
        )
        const result = filesOf(readTree(`${base}/destination`))
        assert.deepStrictEqual(only(result, false), only(destination, false), "uncovered files")
        assert.deepStrictEqual(filesOf(readTree(`${base}/source`)), source, "the source")
        assert.deepStrictEqual(readTree(`${base}/staging`), {}, "unfinished files")
        if (outcome._tag === "Left") return
        succeeded += 1
        const arrived = only(source, true)
        if (carryDeletions) {
          assert.deepStrictEqual(only(result, true), arrived)
          return
        }
        for (const [path, content] of Object.entries(arrived)) {
          assert.strictEqual(result[path], content)
        }
      }, Effect.scoped)
      return Effect.promise(async () => {
        await FastCheck.assert(
          FastCheck.asyncProperty(
            tree("source"),
            tree("destination"),
            whitelist,
            FastCheck.boolean(),
            (...all) => Effect.runPromise(check(...all))
          ),
          { numRuns: 300 }
        )
        assert.isAbove(succeeded, 150)
      })
    }
  )
})
