import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import { constants } from "node:os"
import { vi } from "vitest"
import {
  copyLarge,
  copySmall,
  smallFileBytes
} from "../../../packages/node/src/local/transfer/FileCopy.js"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import {
  readTree,
  replaceCall,
  systemError,
  namedPath,
  temporaryDirectory,
  type Tree,
  writeTree
} from "./trees.js"

const prepared = Effect.fnUntraced(function* (source: Tree, destination: Tree = {}) {
  const base = yield* temporaryDirectory
  const at = {
    source: `${base}/source`,
    destination: `${base}/destination`,
    staging: `${base}/staging`
  }
  writeTree(at.source, source)
  writeTree(at.destination, destination)
  return at
})

const refused = (code: "EACCES" | "ENOSPC" | "EIO") => systemError(code, -constants.errno[code])

const large = (fill: string) => Buffer.alloc(9 * 1024 * 1024, fill)

/** Makes opening a certain file for reading fail. */
const unreadable = (name: string) =>
  replaceCall("openSync", (original) => (path, ...rest) => {
    if (namedPath(path).endsWith(`/source/${name}`)) throw refused("EACCES")
    return original(path, ...rest)
  })

describe("a file that fails", () => {
  it.scopedLive("is named; the others arrive; nothing is removed; nothing unfinished stays", () =>
    Effect.gen(function* () {
      const at = yield* prepared(
        { a: "a", bad: "b", c: "c", "d/e": "e" },
        { gone: "g", bad: "old" }
      )
      yield* unreadable("bad")
      const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
      assert.strictEqual(failed._tag, "TransferFailed")
      assert.deepStrictEqual(failed.files, [{ path: "bad", reason: "permission denied (EACCES)" }])
      assert.deepStrictEqual(failed.counts, {
        bytesDone: 3,
        bytesTotal: 4,
        filesDone: 3,
        filesTotal: 4
      })
      assert.strictEqual(failed.message, "bad: permission denied (EACCES)")
      assert.deepStrictEqual(readTree(at.destination), {
        a: "a",
        bad: "old",
        c: "c",
        "d/e": "e",
        gone: "g"
      })
      assert.deepStrictEqual(NodeFs.readdirSync(at.staging), [])
    })
  )

  it.scopedLive("keeps a file from replacing a directory until the next time", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ bad: "b", x: "new" }, { "x/old": "o" })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* unreadable("bad")
          const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
          assert.deepStrictEqual(
            failed.files.map((file) => file.path),
            ["bad", "x"]
          )
        })
      )
      assert.deepStrictEqual(readTree(at.destination), { "x/old": "o" })
      yield* Transfer.transfer({ ...at, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), { bad: "b", x: "new" })
    })
  )

  it.scopedLive("may be gone when its turn comes", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ a: "a", vanishing: "v" })
      let reports = 0
      const failed = yield* Effect.flip(
        Transfer.transfer({
          ...at,
          onProgress: () => {
            if (reports++ === 0) NodeFs.rmSync(`${at.source}/vanishing`)
          }
        })
      )
      assert.deepStrictEqual(failed.files, [
        { path: "vanishing", reason: "no such file or directory (ENOENT)" }
      ])
      assert.deepStrictEqual(readTree(at.destination), { a: "a" })
    })
  )

  it.scopedLive("may be too much for the device, small or large", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ small: "s", large: large("l") }, { small: "old" })
      yield* replaceCall("writeSync", () => () => {
        throw refused("ENOSPC")
      })
      // `write` has many shapes and a companion for promises; only its last argument matters here.
      yield* replaceCall(
        "write",
        () =>
          ((...all: ReadonlyArray<unknown>) => {
            const callback = all.at(-1)
            if (typeof callback === "function") setImmediate(() => callback(refused("ENOSPC"), 0))
          }) as typeof NodeFs.write
      )
      const failed = yield* Effect.flip(Transfer.transfer(at))
      const reasons = new Map(failed.files.map((file) => [file.path, file.reason]))
      assert.deepStrictEqual(
        reasons,
        new Map([
          ["small", "no space left on device (ENOSPC)"],
          ["large", "no space left on device (ENOSPC)"]
        ])
      )
      assert.deepStrictEqual(failed.counts.bytesDone, 0)
      assert.deepStrictEqual(readTree(at.destination), { small: "old" })
      assert.deepStrictEqual(NodeFs.readdirSync(at.staging), [])
    })
  )

  it.scopedLive("may be a directory that cannot be read", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ "bad/x": "x", a: "a" }, { "bad/y": "y" })
      yield* replaceCall("opendirSync", (original) => (path, options) => {
        if (namedPath(path).endsWith("/source/bad")) throw refused("EACCES")
        return original(path, options)
      })
      const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
      assert.deepStrictEqual(failed.files, [{ path: "bad", reason: "permission denied (EACCES)" }])
      assert.deepStrictEqual(readTree(at.destination), { a: "a", "bad/y": "y" })
    })
  )

  it.scopedLive("may have a name that is not text", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ a: "a" })
      NodeFs.writeFileSync(
        Buffer.concat([Buffer.from(`${at.source}/`), Buffer.from([0xff, 0xfe])]),
        "lost?"
      )
      const failed = yield* Effect.flip(Transfer.transfer(at))
      assert.match(failed.files[0].reason, /not valid UTF-8/)
      assert.deepStrictEqual(readTree(at.destination), { a: "a" })
    })
  )

  it.scopedLive("may be one that cannot be removed", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ a: "a" }, { gone: "g" })
      yield* replaceCall("unlinkSync", () => () => {
        throw refused("EACCES")
      })
      const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
      assert.deepStrictEqual(failed.files, [
        { path: "gone", reason: "it could not be removed: permission denied (EACCES)" }
      ])
      assert.strictEqual(failed.counts.filesDone, 1)
    })
  )

  it.scopedLive("names everything when there is no place for unfinished files", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ a: "a" }, { gone: "g" })
      NodeFs.writeFileSync(at.staging, "a file")
      const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
      assert.match(failed.files[0].reason, /unfinished files is missing.*\(EEXIST\)/)
      assert.deepStrictEqual(readTree(at.destination), { gone: "g" })
    })
  )
})

describe("a file that changes while it is copied", () => {
  /** Writes to the source between its being read and its being looked at again. */
  const writeBehind = (path: string, times: number) => {
    let written = 0
    return replaceCall("fchmodSync", (original) => (file, mode) => {
      original(file, mode)
      if (written < times) NodeFs.writeFileSync(path, `version ${++written}`)
    })
  }

  it.scopedLive("is copied again until it holds still", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ busy: "version 0", a: "a" })
      yield* writeBehind(`${at.source}/busy`, 2)
      const result = yield* Transfer.transfer(at)
      assert.strictEqual(result.copied, 2)
      assert.deepStrictEqual(readTree(at.destination), { busy: "version 2", a: "a" })
      assert.strictEqual(result.counts.bytesDone, result.counts.bytesTotal)
    })
  )

  it.scopedLive("fails by name when it never does, and nothing of it is placed", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ busy: "version 0" })
      yield* writeBehind(`${at.source}/busy`, Number.POSITIVE_INFINITY)
      const failed = yield* Effect.flip(Transfer.transfer(at))
      assert.deepStrictEqual(failed.files, [
        { path: "busy", reason: "it kept changing while it was copied" }
      ])
      assert.deepStrictEqual(readTree(at.destination), {})
      assert.deepStrictEqual(NodeFs.readdirSync(at.staging), [])
    })
  )

  it.scopedLive("is noticed in a large file too", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ busy: large("a") })
      const last = large("b")
      let changed = false
      const result = yield* Transfer.transfer({
        ...at,
        onProgress: ({ bytesDone, filesDone }) => {
          if (changed || bytesDone === 0 || filesDone > 0) return
          changed = true
          NodeFs.writeFileSync(`${at.source}/busy`, last)
        }
      })
      assert.isTrue(changed)
      assert.strictEqual(result.copied, 1)
      assert.isTrue(NodeFs.readFileSync(`${at.destination}/busy`).equals(last))
    })
  )

  it.scopedLive("may have grown out of what is copied at once", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ growing: "small" })
      const grown = Buffer.alloc(smallFileBytes + 1, "g")
      let reports = 0
      const result = yield* Transfer.transfer({
        ...at,
        onProgress: () => {
          if (reports++ === 0) NodeFs.writeFileSync(`${at.source}/growing`, grown)
        }
      })
      assert.isTrue(NodeFs.readFileSync(`${at.destination}/growing`).equals(grown))
      assert.strictEqual(result.counts.bytesTotal, grown.length)
      assert.strictEqual(result.counts.bytesDone, grown.length)
    })
  )
})

describe("a file that was written just now", () => {
  const young = Effect.gen(function* () {
    const at = yield* prepared({ file: "content" })
    NodeFs.mkdirSync(at.staging)
    const source = `${at.source}/file`
    const modified = NodeFs.statSync(source).mtimeMs
    yield* Effect.acquireRelease(
      Effect.sync(() => vi.spyOn(Date, "now").mockReturnValue(modified + 3)),
      (spy) => Effect.sync(() => spy.mockRestore())
    )
    return {
      ...at,
      copy: { source, destination: `${at.destination}/file`, temporary: `${at.staging}/1` }
    }
  })

  it.scopedLive("is left for a moment later", () =>
    Effect.gen(function* () {
      const { copy, destination, staging } = yield* young
      const buffer = Buffer.alloc(smallFileBytes)
      assert.deepStrictEqual(copySmall({ ...copy, young: "leave" }, buffer), { _tag: "Young" })
      const attempt = yield* copyLarge({ ...copy, young: "leave" }, () => undefined)
      assert.deepStrictEqual(attempt, { _tag: "Young" })
      assert.deepStrictEqual([readTree(destination), readTree(staging)], [{}, {}])
    })
  )

  it.scopedLive("or copied so that it is looked at again the next time", () =>
    Effect.gen(function* () {
      const at = yield* young
      copySmall({ ...at.copy, young: "copy" }, Buffer.alloc(smallFileBytes))
      assert.deepStrictEqual(readTree(at.destination), { file: "content" })
      vi.mocked(Date.now).mockRestore()
      const again = yield* Transfer.transfer(at)
      assert.strictEqual(again.copied, 1)
      const third = yield* Transfer.transfer(at)
      assert.strictEqual(third.copied, 0)
    })
  )
})

describe("interruption", () => {
  it.scopedLive("stops within a large file and leaves the old content", () =>
    Effect.gen(function* () {
      const at = yield* prepared({ large: Buffer.alloc(64 * 1024 * 1024, "n") }, { large: "old" })
      const begun = yield* Deferred.make<void>()
      let bytes = 0
      const fiber = yield* Effect.fork(
        Transfer.transfer({
          ...at,
          onProgress: (counts) => {
            bytes = counts.bytesDone
            if (bytes > 0) Deferred.unsafeDone(begun, Effect.void)
          }
        })
      )
      yield* Deferred.await(begun)
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.isBelow(bytes, 64 * 1024 * 1024)
      assert.deepStrictEqual(readTree(at.destination), { large: "old" })
      assert.deepStrictEqual(NodeFs.readdirSync(at.staging), [])
    })
  )

  it.scopedLive("stops between small files; what has arrived stays, whole", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 3000 }, (_, number) => `f${number}`)
      const at = yield* prepared(Object.fromEntries(names.map((name) => [name, "content"])))
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        Transfer.transfer({
          ...at,
          onProgress: ({ filesDone }) => {
            if (filesDone > 0) Deferred.unsafeDone(begun, Effect.void)
          }
        })
      )
      yield* Deferred.await(begun)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      const arrived = readTree(at.destination)
      const count = Object.keys(arrived).length
      assert.isAbove(count, 0)
      assert.isBelow(count, names.length)
      assert.deepStrictEqual([...new Set(Object.values(arrived))], ["content"])
      assert.deepStrictEqual(NodeFs.readdirSync(at.staging), [])
      const rest = yield* Transfer.transfer(at)
      assert.deepStrictEqual([rest.unchanged, rest.copied], [count, names.length - count])
    })
  )
})
