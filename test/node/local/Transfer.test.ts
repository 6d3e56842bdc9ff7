import { assert, describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as NodeFs from "node:fs"
import { execFileSync } from "node:child_process"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import { mode, place, prepared, unfinished } from "./sides.js"
import { readTree, replaceCall, type Tree, writeTree } from "./trees.js"

const modified = (path: string) => NodeFs.lstatSync(path, { bigint: true }).mtimeNs
const inode = (path: string) => NodeFs.lstatSync(path).ino
const changed = (path: string) => NodeFs.lstatSync(path, { bigint: true }).ctimeNs

/** Waits until the file system's clock has moved on since the file was touched. */
const tickAfter = (path: string, base: string) =>
  Effect.sync(() => {
    NodeFs.writeFileSync(`${base}/probe`, "")
    return changed(`${base}/probe`) > changed(path)
  }).pipe(Effect.repeat({ until: (later) => later }))

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
      // Node 24 and later set nanoseconds, what is before them is what is kept.
      assert.strictEqual(modified(`${at.destination}/bin/run`) / 1000n, 1704164645678901n)
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
