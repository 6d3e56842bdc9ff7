import { assert, describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import { execFileSync } from "node:child_process"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import * as Whitelist from "../../../packages/node/src/local/transfer/Whitelist.js"
import { mode, prepared } from "./sides.js"
import { readTree, writeTree } from "./trees.js"

describe("entries that are neither files nor directories", () => {
  it.scopedLive("are reported and left alone on both sides", () =>
    Effect.gen(function* () {
      const at = yield* prepared(
        { file: "f", "folder/x": "x" },
        { link: "stored before", "pipe/inner": "stored before" }
      )
      writeTree(`${at.base}/outside`, { secret: "s" })
      NodeFs.symlinkSync(`${at.base}/outside`, `${at.source}/link`)
      NodeFs.symlinkSync("nowhere", `${at.source}/folder/dangling`)
      execFileSync("mkfifo", [`${at.source}/pipe`])
      yield* Effect.acquireRelease(
        Effect.async<NodeNet.Server>((resume) => {
          const server = NodeNet.createServer()
          server.listen(`${at.source}/socket`, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.async((resume) => void server.close(() => resume(Effect.void)))
      )
      const result = yield* Transfer.transfer({ ...at, carryDeletions: true })
      const skipped = Arr.sortWith(result.skipped, (entry) => entry.path, Order.string)
      assert.deepStrictEqual(skipped, [
        { path: "folder/dangling", reason: "symbolic link" },
        { path: "link", reason: "symbolic link" },
        { path: "pipe", reason: "named pipe" },
        { path: "socket", reason: "socket" }
      ])
      assert.deepStrictEqual(readTree(at.destination), {
        file: "f",
        "folder/x": "x",
        link: "stored before",
        "pipe/inner": "stored before"
      })
    })
  )

  it.scopedLive("a link at the destination is replaced, nothing is written through it", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "folder/file": "new", file: "new", same: "s" }, {})
      writeTree(`${at.base}/outside`, { file: "precious", same: "s" })
      NodeFs.symlinkSync(`${at.base}/outside`, `${at.destination}/folder`)
      NodeFs.symlinkSync(`${at.base}/outside/file`, `${at.destination}/file`)
      NodeFs.symlinkSync(`${at.base}/outside/same`, `${at.destination}/same`)
      yield* Transfer.transfer({ ...at, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), readTree(at.source))
      assert.deepStrictEqual(readTree(`${at.base}/outside`), { file: "precious", same: "s" })
    })
  )
})

describe("the whitelist", () => {
  it.scopedLive("decides what is copied and what is removed", () =>
    Effect.gen(function* () {
      const at = yield* prepared(
        {
          "data/a": "new",
          "data/cache/x": "new",
          "data/empty": null,
          "database/b": "new",
          "single file": "new",
          "other/c": "new",
          "way/down/here/d": "new",
          "way/e": "new"
        },
        {
          "data/gone": "old",
          "data/gone folder/cache": "old",
          "data/cache/x": "old",
          "data/cache/y": "old",
          "other/c": "old",
          "other/f": "old",
          "absent/down/g": "old",
          "absent/h": "old"
        }
      )
      const whitelist = Whitelist.make([
        { path: "/data", excludePaths: ["cache"] },
        { path: "/single file" },
        { path: "/way/down/here" },
        { path: "/absent/down" },
        { path: "/nowhere/at/all" }
      ])
      const result = yield* Transfer.transfer({ ...at, whitelist, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), {
        "data/a": "new",
        "data/empty": null,
        "single file": "new",
        "way/down/here/d": "new",
        "data/cache/x": "old",
        "data/cache/y": "old",
        "other/c": "old",
        "other/f": "old",
        "absent/h": "old"
      })
      assert.strictEqual(result.counts.filesTotal, 3)
    })
  )

  it.scopedLive("a directory that leads to nothing covered is not made", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "a/b/uncovered": "x", kept: "k" })
      const whitelist = Whitelist.make([{ path: "a/b/c" }, { path: "kept" }])
      yield* Transfer.transfer({ ...at, whitelist })
      assert.deepStrictEqual(readTree(at.destination), { kept: "k" })
    })
  )

  it.scopedLive("something uncovered is not removed to make way", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "a/b": "new" }, { a: "uncovered" })
      const whitelist = Whitelist.make([{ path: "a/b" }])
      const failed = yield* Effect.flip(
        Transfer.transfer({ ...at, whitelist, carryDeletions: true })
      )
      assert.strictEqual(failed.files[0].path, "a/b")
      assert.match(failed.files[0].reason, /outside the whitelist/)
      assert.deepStrictEqual(readTree(at.destination), { a: "uncovered" })
    })
  )
})

describe("directories", () => {
  it.scopedLive("that are there already get the permission bits of the source", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "folder/x": "x" }, { "folder/x": "x" })
      NodeFs.chmodSync(`${at.source}/folder`, 0o750)
      yield* Transfer.transfer(at)
      assert.strictEqual(mode(`${at.destination}/folder`), 0o750)
    })
  )

  it.scopedLive("that only lead to something covered stay when that is gone", () =>
    Effect.gen(function* () {
      const at = yield* prepared({}, { "a/b/gone": "g" })
      const whitelist = Whitelist.make([{ path: "a/b" }])
      yield* Transfer.transfer({ ...at, whitelist, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), { a: null })
    })
  )
})
