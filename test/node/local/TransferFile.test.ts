import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import { prepared } from "./sides.js"
import { readTree } from "./trees.js"

describe("transferFile", () => {
  it.scopedLive("copies one file and makes the directories above it", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "a.txt": "content" })
      const options = {
        source: `${at.source}/a.txt`,
        destination: `${at.destination}/x/y/a.txt`,
        staging: at.staging
      }
      const first = yield* Transfer.transferFile(options)
      assert.deepStrictEqual(first.counts, {
        bytesDone: 7,
        bytesTotal: 7,
        filesDone: 1,
        filesTotal: 1
      })
      assert.deepStrictEqual(readTree(at.destination), { "x/y/a.txt": "content" })
      const second = yield* Transfer.transferFile(options)
      assert.deepStrictEqual([second.copied, second.unchanged], [0, 1])
    })
  )

  it.scopedLive("names a missing file, a directory and a link", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "folder/x": "x" })
      NodeFs.symlinkSync("folder/x", `${at.source}/link`)
      const reasonFor = (name: string) =>
        Effect.map(
          Effect.flip(
            Transfer.transferFile({
              source: `${at.source}/${name}`,
              destination: `${at.destination}/${name}`,
              staging: at.staging
            })
          ),
          ({ files }) => files
        )
      assert.deepStrictEqual(yield* reasonFor("missing"), [
        { path: "missing", reason: "it does not exist" }
      ])
      assert.deepStrictEqual(yield* reasonFor("folder"), [
        { path: "folder", reason: "it is a directory" }
      ])
      assert.deepStrictEqual(yield* reasonFor("link"), [
        { path: "link", reason: "it is neither a file nor a directory" }
      ])
      assert.isFalse(NodeFs.existsSync(at.destination))
    })
  )

  it.scopedLive("removes the file of a source that is gone, when deletions are carried over", () =>
    Effect.gen(function* () {
      const at = yield* prepared({}, { "a.txt": "old", b: "b" })
      const result = yield* Transfer.transferFile({
        source: `${at.source}/a.txt`,
        destination: `${at.destination}/a.txt`,
        staging: at.staging,
        missingSource: "empty",
        carryDeletions: true
      })
      assert.strictEqual(result.removed, 1)
      assert.deepStrictEqual(readTree(at.destination), { b: "b" })
    })
  )
})
