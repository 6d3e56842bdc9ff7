import { assert, describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import { execFileSync } from "node:child_process"
import * as Transfer from "../../../packages/node/src/local/Transfer.js"
import * as Whitelist from "../../../packages/node/src/local/Whitelist.js"
import { readTree, replaceCall, temporaryDirectory, type Tree, writeTree } from "./trees.js"

const place = Effect.map(temporaryDirectory, (base) => ({
  base,
  source: `${base}/source`,
  destination: `${base}/destination`,
  staging: `${base}/staging`
}))

const prepared = (source: Tree, destination?: Tree) =>
  Effect.map(place, (at) => {
    writeTree(at.source, source)
    if (destination !== undefined) writeTree(at.destination, destination)
    return at
  })

const modified = (path: string) => NodeFs.lstatSync(path, { bigint: true }).mtimeNs
const inode = (path: string) => NodeFs.lstatSync(path).ino
const mode = (path: string) => NodeFs.lstatSync(path).mode & 0o7777
const changed = (path: string) => NodeFs.lstatSync(path, { bigint: true }).ctimeNs

/** Waits until the file system's clock has moved on since the file was touched. */
const tickAfter = (path: string, base: string) =>
  Effect.sync(() => {
    NodeFs.writeFileSync(`${base}/probe`, "")
    return changed(`${base}/probe`) > changed(path)
  }).pipe(Effect.repeat({ until: (later) => later }))

const unfinished = (staging: string) => NodeFs.readdirSync(staging)

describe("a first transfer", () => {
  it.scopedLive("brings over files and directories under any name", () =>
    Effect.gen(function* () {
      const deep = Array.from({ length: 60 }, (_, index) => `level ${index}`).join("/")
      const tree: Tree = {
        "a.txt": "a",
        empty: "",
        "with blanks/and\nnewline\ttab": "b",
        "日本語/ü/🎉": "c",
        [`long/${"x".repeat(255)}`]: "d",
        [`long/${"é".repeat(127)}`]: "e",
        [`${deep}/bottom`]: "f",
        "empty folder": null,
        "nested/empty/folder": null,
        "-rf": "g",
        "..hidden/...": "h",
        "bytes.bin": new Uint8Array([0, 255, 13, 10, 0])
      }
      const at = yield* prepared(tree)
      const result = yield* Transfer.transfer(at)
      assert.deepStrictEqual(readTree(at.destination), readTree(at.source))
      assert.deepStrictEqual(
        NodeFs.readFileSync(`${at.destination}/bytes.bin`),
        Buffer.from([0, 255, 13, 10, 0])
      )
      assert.deepStrictEqual(result, {
        counts: { bytesDone: 13, bytesTotal: 13, filesDone: 10, filesTotal: 10 },
        copied: 10,
        folders: 70,
        unchanged: 0,
        removed: 0,
        modes: 0,
        skipped: []
      })
      assert.deepStrictEqual(unfinished(at.staging), [])
    })
  )

  it.scopedLive("keeps times to the microsecond and permission bits", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "bin/run": "#!", "bin/secret": "s", "closed/x": "x" })
      NodeFs.chmodSync(`${at.source}/bin/run`, 0o755)
      NodeFs.chmodSync(`${at.source}/bin/secret`, 0o400)
      NodeFs.chmodSync(`${at.source}/closed`, 0o500)
      execFileSync("touch", ["-d", "2024-01-02T03:04:05.678901234Z", `${at.source}/bin/run`])
      yield* Transfer.transfer(at)
      assert.strictEqual(modified(`${at.destination}/bin/run`), 1704164645678901000n)
      assert.strictEqual(mode(`${at.destination}/bin/run`), 0o755)
      assert.strictEqual(mode(`${at.destination}/bin/secret`), 0o400)
      assert.strictEqual(mode(`${at.destination}/closed`), 0o500)
      NodeFs.writeFileSync(`${at.source}/closed/y`, "y")
      yield* Transfer.transfer(at)
      assert.strictEqual(NodeFs.readFileSync(`${at.destination}/closed/y`, "utf8"), "y")
      assert.strictEqual(mode(`${at.destination}/closed`), 0o500)
    })
  )

  it.scopedLive("tells the totals first and every byte of a large file as it goes", () =>
    Effect.gen(function* () {
      const large = new Uint8Array(20 * 1024 * 1024).fill(7)
      const at = yield* prepared({ large, small: "12345" })
      const reports: Array<Transfer.TransferCounts> = []
      yield* Transfer.transfer({ ...at, onProgress: (counts) => reports.push(counts) })
      const bytesTotal = large.length + 5
      for (const report of reports) {
        assert.strictEqual(report.bytesTotal, bytesTotal)
        assert.strictEqual(report.filesTotal, 2)
      }
      const bytes = reports.map((report) => report.bytesDone)
      assert.deepStrictEqual(bytes, Arr.sort(bytes, Order.number))
      assert.strictEqual(bytes[0], 0)
      assert.isTrue(bytes.some((done) => done > 5 && done < large.length))
      assert.deepStrictEqual(reports.at(-1), {
        bytesDone: bytesTotal,
        bytesTotal,
        filesDone: 2,
        filesTotal: 2
      })
      assert.isTrue(NodeFs.readFileSync(`${at.destination}/large`).equals(large))
    })
  )

  it.scopedLive("lets others have the event loop", () =>
    Effect.gen(function* () {
      const tree = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`f${n}`, "x"]))
      const at = yield* prepared(tree)
      let turns = 0
      let turning: NodeJS.Immediate
      const turn = () => {
        turns += 1
        turning = setImmediate(turn)
      }
      turn()
      yield* Effect.ensuring(
        Transfer.transfer(at),
        Effect.sync(() => clearImmediate(turning))
      )
      assert.isAbove(turns, 2)
    })
  )
})

describe("a later transfer", () => {
  it.scopedLive("copies only what differs in size or time", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ same: "1", touched: "2", grown: "3", bits: "4" })
      yield* Transfer.transfer(at)
      const before = inode(`${at.destination}/same`)
      const bits = inode(`${at.destination}/bits`)
      const times = new Date("2024-07-01T00:00:00Z")
      writeTree(at.source, { touched: "x" }, times)
      writeTree(at.source, { grown: "3333" })
      NodeFs.chmodSync(`${at.source}/bits`, 0o600)
      const result = yield* Transfer.transfer(at)
      assert.strictEqual(result.copied, 2)
      assert.strictEqual(result.unchanged, 2)
      assert.deepStrictEqual(result.counts, {
        bytesDone: 7,
        bytesTotal: 7,
        filesDone: 4,
        filesTotal: 4
      })
      assert.deepStrictEqual(readTree(at.destination), readTree(at.source))
      assert.strictEqual(inode(`${at.destination}/same`), before)
      assert.strictEqual(inode(`${at.destination}/bits`), bits)
      assert.strictEqual(mode(`${at.destination}/bits`), 0o600)
    })
  )

  it.scopedLive("copies what was changed under the same size and time, however large", () =>
    Effect.gen(function* () {
      const large = Buffer.alloc(3 * 1024 * 1024 + 5, "a")
      const at = yield* prepared({ version: "1.0.1", same: "s", large })
      yield* Transfer.transfer(at)
      large.write("b", large.length - 1)
      // Both keep the time of the first tree, as unpacking an archive does.
      writeTree(at.source, { version: "1.0.2", same: "s", large })
      const result = yield* Transfer.transfer(at)
      assert.deepStrictEqual([result.copied, result.unchanged], [2, 1])
      assert.deepStrictEqual(result.counts.filesDone, 3)
      assert.deepStrictEqual(result.counts.bytesDone, result.counts.bytesTotal)
      assert.strictEqual(NodeFs.readFileSync(`${at.destination}/version`, "utf8"), "1.0.2")
      assert.isTrue(NodeFs.readFileSync(`${at.destination}/large`).equals(large))
    })
  )

  it.scopedLive("reads a file that was only touched once, and others not at all", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ a: "1", b: "2", "folder/c": "3" })
      yield* tickAfter(`${at.source}/folder/c`, at.base)
      yield* Transfer.transfer(at)
      let reads = 0
      yield* replaceCall("readSync", (original) => (...args: ReadonlyArray<unknown>) => {
        reads += 1
        return Reflect.apply(original, undefined, args)
      })
      yield* Transfer.transfer(at)
      assert.strictEqual(reads, 0)
      NodeFs.chmodSync(`${at.source}/a`, 0o600)
      NodeFs.chmodSync(`${at.source}/b`, mode(`${at.source}/b`))
      yield* tickAfter(`${at.source}/b`, at.base)
      const touched = yield* Transfer.transfer(at)
      assert.isAbove(reads, 0)
      assert.deepStrictEqual([touched.copied, touched.unchanged], [0, 3])
      assert.strictEqual(mode(`${at.destination}/a`), 0o600)
      reads = 0
      yield* Transfer.transfer(at)
      assert.strictEqual(reads, 0)
    })
  )

  it.scopedLive("copies nothing when the files came from the other side", () =>
    Effect.gen(function* () {
      const at = yield* place
      NodeFs.mkdirSync(at.source)
      NodeFs.writeFileSync(`${at.source}/fresh`, "written just now")
      const there = yield* Transfer.transfer(at)
      assert.strictEqual(there.copied, 1)
      const back = yield* Transfer.transfer({
        source: at.destination,
        destination: at.source,
        staging: at.staging
      })
      assert.deepStrictEqual([back.copied, back.unchanged], [0, 1])
    })
  )

  it.scopedLive("replaces a file with one step, the old content is there until then", () =>
    Effect.gen(function* () {
      const old = Buffer.alloc(9 * 1024 * 1024, "o")
      const fresh = Buffer.alloc(9 * 1024 * 1024 + 1, "n")
      const at = yield* prepared({ big: fresh }, { big: old })
      const seen = new Set<string>()
      yield* Transfer.transfer({
        ...at,
        onProgress: () => {
          const content = NodeFs.readFileSync(`${at.destination}/big`)
          seen.add(content.equals(old) ? "old" : content.equals(fresh) ? "new" : "half")
        }
      })
      assert.deepStrictEqual([...seen], ["old", "new"])
    })
  )
})

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
