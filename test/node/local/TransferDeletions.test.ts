import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import * as Whitelist from "../../../packages/node/src/local/transfer/Whitelist.js"
import { place, prepared, unfinished } from "./sides.js"
import { readTree, type Tree, writeTree } from "./trees.js"

describe("deletions", () => {
  const source: Tree = { keep: "k", "folder/keep": "k" }
  const destination: Tree = {
    gone: "g",
    "folder/gone": "g",
    "gone folder/a/b/c": "x",
    "gone folder/empty": null
  }

  it.scopedLive("are carried over when asked for", () =>
    Effect.gen(function* () {
      const at = yield* prepared(source, destination)
      const result = yield* Transfer.transfer({ ...at, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), { keep: "k", "folder/keep": "k" })
      assert.strictEqual(result.removed, 7)
    })
  )

  it.scopedLive("are not carried over otherwise", () =>
    Effect.gen(function* () {
      const at = yield* prepared(source, destination)
      const result = yield* Transfer.transfer(at)
      assert.deepStrictEqual(readTree(at.destination), {
        ...readTree(at.source),
        gone: "g",
        "folder/gone": "g",
        "gone folder/a/b/c": "x",
        "gone folder/empty": null
      })
      assert.strictEqual(result.removed, 0)
    })
  )

  it.scopedLive("come after the copies", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ large: new Uint8Array(9 * 1024 * 1024) }, { gone: "g" })
      const there: Array<boolean> = []
      yield* Transfer.transfer({
        ...at,
        carryDeletions: true,
        onProgress: ({ filesDone }) => {
          if (filesDone === 0) there.push(NodeFs.existsSync(`${at.destination}/gone`))
        }
      })
      assert.isAbove(there.length, 1)
      assert.notInclude(there, false)
      assert.isFalse(NodeFs.existsSync(`${at.destination}/gone`))
    })
  )

  it.scopedLive("spare what has come into being meanwhile", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ keep: "k" }, { late: "old" })
      let reports = 0
      yield* Transfer.transfer({
        ...at,
        carryDeletions: true,
        onProgress: () => {
          if (reports++ === 0) NodeFs.writeFileSync(`${at.source}/late`, "new")
        }
      })
      assert.strictEqual(NodeFs.readFileSync(`${at.destination}/late`, "utf8"), "old")
    })
  )

  it.scopedLive("remove links and large files of the destination, never what a link means", () =>
    Effect.gen(function* () {
      const at = yield* prepared({}, { "folder/large": new Uint8Array(17 * 1024 * 1024) })
      writeTree(`${at.base}/outside`, { precious: "p" })
      NodeFs.symlinkSync(`${at.base}/outside`, `${at.destination}/folder/link`)
      NodeFs.symlinkSync(`${at.base}/outside`, `${at.destination}/link`)
      yield* Transfer.transfer({ ...at, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), {})
      assert.deepStrictEqual(readTree(`${at.base}/outside`), { precious: "p" })
    })
  )
})

describe("a change of type", () => {
  it.scopedLive("puts a directory where a file was", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "x/inner": "1", "y/z": null }, { x: "old", y: "old" })
      yield* Transfer.transfer(at)
      assert.deepStrictEqual(readTree(at.destination), { "x/inner": "1", "y/z": null })
    })
  )

  it.scopedLive("puts a file where a directory was, with deletions", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ x: "new", other: "o" }, { "x/a/b": "old", "x/c": null })
      yield* Transfer.transfer({ ...at, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), { x: "new", other: "o" })
    })
  )

  it.scopedLive("without deletions only an empty directory gives way", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ x: "new", y: "new" }, { "x/a": "old", y: null })
      const failed = yield* Effect.flip(Transfer.transfer(at))
      assert.deepStrictEqual(
        failed.files.map((file) => file.path),
        ["x"]
      )
      assert.match(failed.files[0].reason, /directory is in its place.*\(ENOTEMPTY\)/)
      assert.deepStrictEqual(readTree(at.destination), { "x/a": "old", y: "new" })
      assert.deepStrictEqual(failed.counts.filesDone, 1)
    })
  )

  it.scopedLive("what the whitelist protects is never removed for it", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ x: "new" }, { "x/kept": "k", "x/goes": "g" })
      const whitelist = Whitelist.make([{ path: "", excludePaths: ["x/kept"] }])
      const failed = yield* Effect.flip(
        Transfer.transfer({ ...at, whitelist, carryDeletions: true })
      )
      assert.strictEqual(failed.files[0].path, "x")
      assert.strictEqual(readTree(at.destination)["x/kept"], "k")
      assert.deepStrictEqual(unfinished(at.staging), [])
    })
  )
})

describe("a missing source", () => {
  it.scopedLive("is a failure unless it is said to be empty", () =>
    Effect.gen(function* () {
      const at = yield* place
      writeTree(at.destination, { stored: "s" })
      const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
      assert.deepStrictEqual(failed.files, [{ path: "source", reason: "it does not exist" }])
      assert.deepStrictEqual(readTree(at.destination), { stored: "s" })
      const kept = yield* Transfer.transfer({ ...at, missingSource: "empty" })
      assert.strictEqual(kept.removed, 0)
      assert.deepStrictEqual(readTree(at.destination), { stored: "s" })
      yield* Transfer.transfer({ ...at, missingSource: "empty", carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), {})
    })
  )

  it.scopedLive("may have no destination either", () =>
    Effect.gen(function* () {
      const at = yield* place
      const result = yield* Transfer.transfer({
        ...at,
        missingSource: "empty",
        carryDeletions: true
      })
      assert.strictEqual(result.counts.filesTotal, 0)
      assert.isFalse(NodeFs.existsSync(at.destination))
    })
  )
})
