/** Transfers between two folders, one of which somebody fills with links meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { rounds } from "../rounds.js"
import * as Transfer from "../../packages/node/src/local/transfer/Transfer.js"
import { temporaryDirectory, writeTree } from "../node/local/trees.js"
import * as Canary from "./canary.js"
import { swapping } from "./racer.js"

const names = ["a", "b", "c", "d"]

const tree = (content: string) =>
  Object.fromEntries(
    ["", "dir/", "dir/deep/"].flatMap((folder) =>
      names.map((name) => [`${folder}${name}`, content] as const)
    )
  )

/** A place for both sides and canaries, with links from one of the sides to them. */
const place = Effect.map(temporaryDirectory, (base) => {
  const outside = `${base}/outside`
  Canary.put(outside, names)
  Canary.put(`${outside}/deep`, names)
  NodeFs.mkdirSync(`${base}/aside`)
  const spots = (side: string) => [
    { path: `${side}/dir`, target: outside, kind: "directory" as const },
    { path: `${side}/dir/deep`, target: outside, kind: "directory" as const },
    { path: `${side}/a`, target: `${outside}/a`, kind: "file" as const }
  ]
  return { base, outside, spots }
})

const count = rounds({ short: 100, long: 20_000 })

describe("links that come while files are moved", () => {
  it.scopedLive("are not read through", () =>
    Effect.gen(function* () {
      const { base, outside, spots } = yield* place
      const before = Canary.state(outside)
      const source = `${base}/session/mount`
      writeTree(source, tree("own"))
      const race = yield* swapping(`${base}/aside`, spots(source))
      let copied = 0
      for (let round = 0; round < count; round++) {
        const destination = `${base}/store/${round}`
        const done = yield* Effect.either(
          Transfer.transfer({
            source: { root: `${base}/session`, path: "mount" },
            destination: { root: `${base}/store`, path: `${round}` },
            staging: `${base}/staging`
          })
        )
        if (done._tag === "Right") copied += done.right.copied
        assert.deepStrictEqual(Canary.leaks(destination), [], `round ${round}`)
        NodeFs.rmSync(destination, { recursive: true, force: true })
      }
      assert.isAbove(race.swaps(), count, "it was a race")
      assert.isAbove(copied, count)
      assert.deepStrictEqual(Canary.state(outside), before)
    })
  )

  it.scopedLive("are not written, given modes, or deleted through", () =>
    Effect.gen(function* () {
      const { base, outside, spots } = yield* place
      const before = Canary.state(outside)
      const destination = `${base}/session/mount`
      writeTree(destination, tree("old"))
      writeTree(`${base}/store/full`, tree("own"))
      writeTree(`${base}/store/bare`, { a: "bare", "dir/z": "z" })
      NodeFs.chmodSync(`${base}/store/full/dir/a`, 0o777)
      NodeFs.chmodSync(`${base}/store/full/dir/deep`, 0o777)
      const race = yield* swapping(`${base}/aside`, spots(destination))
      for (let round = 0; round < count; round++) {
        yield* Effect.ignore(
          Transfer.transfer({
            source: `${base}/store/${round % 2 === 0 ? "full" : "bare"}`,
            destination: { root: `${base}/session`, path: "mount" },
            staging: `${base}/staging`,
            carryDeletions: true
          })
        )
        assert.deepStrictEqual(Canary.state(outside), before, `round ${round}`)
      }
      assert.isAbove(race.swaps(), count, "it was a race")
    })
  )
})
