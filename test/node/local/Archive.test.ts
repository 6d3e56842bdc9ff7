import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as NodeCrypto from "node:crypto"
import { once } from "node:events"
import * as NodeFs from "node:fs"
import * as NodeZlib from "node:zlib"
import * as Tar from "tar-stream"
import { pack } from "../../../packages/node/src/local/sync/ArchivePack.js"
import { unpack } from "../../../packages/node/src/local/sync/ArchiveUnpack.js"
import { readTree, temporaryDirectory, type Tree, writeTree } from "./trees.js"
import { eventually } from "./wire.js"

const place = Effect.map(temporaryDirectory, (base) => {
  const at = { base, source: `${base}/source`, archive: `${base}/a.tar.gz`, folder: `${base}/out` }
  NodeFs.mkdirSync(at.folder)
  return at
})

const packed = (tree: Tree) =>
  Effect.gen(function* () {
    const at = yield* place
    writeTree(at.source, tree)
    yield* pack(at.source, `${at.base}/unfinished`, at.archive)
    assert.isFalse(NodeFs.existsSync(`${at.base}/unfinished`))
    return at
  })

const mode = (path: string) => NodeFs.lstatSync(path).mode & 0o7777
const modified = (path: string) => NodeFs.lstatSync(path, { bigint: true }).mtimeNs / 1000n

describe("packing and unpacking", () => {
  it.scopedLive("gives back names, contents, permission bits and times to the microsecond", () =>
    Effect.gen(function* () {
      const deep = Array.from({ length: 20 }, (_, level) => `level ${level}`).join("/")
      const large = Buffer.alloc(5 * 1024 * 1024 + 3, "large ")
      const at = yield* packed({
        a: "a",
        empty: "",
        "with\nnewline/ü": "b",
        [`long/${"x".repeat(255)}`]: "c",
        [`${deep}/${"é".repeat(127)}`]: "d",
        "empty folder": null,
        "-rf": "e",
        large
      })
      NodeFs.chmodSync(`${at.source}/a`, 0o751)
      NodeFs.chmodSync(`${at.source}/empty folder`, 0o500)
      NodeFs.chmodSync(at.source, 0o710)
      NodeFs.utimesSync(`${at.source}/empty`, -5.25, -5.25)
      NodeFs.utimesSync(`${at.source}/a`, 4_000_000_000.123456, 4_000_000_000.123456)
      yield* pack(at.source, `${at.base}/unfinished`, at.archive)
      assert.deepStrictEqual(yield* unpack(at), [])
      assert.deepStrictEqual(readTree(at.folder), readTree(at.source))
      for (const path of ["", "/a", "/empty", "/empty folder", "/large", "/with\nnewline/ü"]) {
        assert.strictEqual(mode(at.folder + path), mode(at.source + path), path)
      }
      for (const path of ["/a", "/empty", "/large"]) {
        assert.strictEqual(modified(at.folder + path), modified(at.source + path), path)
      }
    })
  )

  it.scopedLive("fails and leaves nothing when the archive cannot be written", () =>
    Effect.gen(function* () {
      const at = yield* place
      writeTree(at.source, { a: "a", large: Buffer.alloc(3 * 1024 * 1024) })
      const missing = yield* Effect.flip(pack(at.source, `${at.base}/no/x`, at.archive))
      assert.match(missing.message, /ENOENT/)
      const nothing = yield* Effect.flip(pack(`${at.base}/none`, `${at.base}/x`, at.archive))
      assert.match(nothing.message, /ENOENT/)
      assert.deepStrictEqual(NodeFs.readdirSync(at.base).toSorted(), ["out", "source"])
    })
  )
})

describe("interruption", () => {
  /** Does not get smaller when compressed, so that it takes its time. */
  const large = () => NodeCrypto.randomBytes(48 * 1024 * 1024)

  it.scopedLive("stops packing and leaves nothing of it", () =>
    Effect.gen(function* () {
      const at = yield* place
      writeTree(at.source, { large: large(), small: "s" })
      NodeFs.writeFileSync(at.archive, "the one before")
      const unfinished = `${at.base}/unfinished`
      const packing = yield* Effect.fork(pack(at.source, unfinished, at.archive))
      yield* eventually(
        Effect.sync(() => NodeFs.statSync(unfinished, { throwIfNoEntry: false })?.size ?? 0),
        (size) => size > 0
      )
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(packing)))
      assert.isFalse(NodeFs.existsSync(unfinished))
      assert.strictEqual(NodeFs.readFileSync(at.archive, "utf8"), "the one before")
    })
  )

  it.scopedLive("stops unpacking, and nothing is written once it has stopped", () =>
    Effect.gen(function* () {
      const at = yield* packed({ large: large() })
      const size = () => NodeFs.statSync(`${at.folder}/large`, { throwIfNoEntry: false })?.size ?? 0
      const unpacking = yield* Effect.fork(unpack(at))
      yield* eventually(Effect.sync(size), (bytes) => bytes > 0)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(unpacking)))
      const stopped = size()
      assert.isBelow(stopped, 48 * 1024 * 1024)
      yield* Effect.sleep("50 millis")
      assert.strictEqual(size(), stopped)
    })
  )
})

interface Entry {
  readonly name: string
  readonly type?: "file" | "directory" | "symlink" | "link" | "fifo" | "character-device"
  readonly linkname?: string
  readonly content?: string | Buffer
  readonly size?: number
}

/** Writes an archive as somebody else might, with whatever names. */
const forged = (...entries: ReadonlyArray<Entry>) =>
  Effect.flatMap(place, (at) =>
    Effect.promise(async () => {
      const tar = Tar.pack()
      for (const { content = "", ...header } of entries) tar.entry(header, content)
      tar.finalize()
      const chunks: Array<Buffer> = []
      tar.on("data", (chunk) => Buffer.isBuffer(chunk) && chunks.push(chunk))
      await once(tar, "end")
      NodeFs.writeFileSync(at.archive, NodeZlib.gzipSync(Buffer.concat(chunks)))
      return at
    })
  )

describe("an archive of somebody else", () => {
  it.scopedLive("is refused when a name leads out of its folder", () =>
    Effect.gen(function* () {
      for (const [name, reason] of [
        ["../escaped", "leads out of it"],
        ["a/../../escaped", "leads out of it"],
        ["a/..", "leads out of it"],
        ["/escaped", "is an absolute path"],
        [`a/${"x".repeat(256)}`, "is longer than 255 bytes"]
      ] as const) {
        const at = yield* forged({ name, content: "x" })
        const refused = yield* Effect.flip(unpack(at))
        assert.include(refused.message, reason)
        assert.deepStrictEqual(NodeFs.readdirSync(at.base).toSorted(), ["a.tar.gz", "out"])
        assert.deepStrictEqual(readTree(at.folder), {})
      }
      assert.isFalse(NodeFs.existsSync("/escaped"))
    })
  )

  it.scopedLive("gets no link, pipe or device made, and nothing through them", () =>
    Effect.gen(function* () {
      const at = yield* forged(
        { name: "good", content: "g" },
        { name: "up", type: "symlink", linkname: ".." },
        { name: "up/inside", content: "stays inside" },
        { name: "hard", type: "link", linkname: "/etc/passwd" },
        { name: "pipe", type: "fifo" },
        { name: "tty", type: "character-device" }
      )
      assert.deepStrictEqual(yield* unpack(at), [
        { path: "up", reason: "symbolic link" },
        { path: "hard", reason: "hard link" },
        { path: "pipe", reason: "named pipe" },
        { path: "tty", reason: "device" }
      ])
      assert.deepStrictEqual(readTree(at.folder), { good: "g", "up/inside": "stays inside" })
      assert.deepStrictEqual(NodeFs.readdirSync(at.base).toSorted(), ["a.tar.gz", "out"])
    })
  )

  it.scopedLive("is refused when it would take too much of the disk, before that is written", () =>
    Effect.gen(function* () {
      const zeros = Buffer.alloc(8 * 1024 * 1024)
      const large = yield* forged({ name: "a", content: "a" }, { name: "zeros", content: zeros })
      assert.isBelow(NodeFs.statSync(large.archive).size, 20_000)
      const refused = yield* Effect.flip(unpack({ ...large, budget: 1024 * 1024 }))
      assert.include(refused.message, "more than half of what is free")
      assert.deepStrictEqual(readTree(large.folder), { a: "a" })
      const names = Array.from({ length: 300 }, (_, index) => ({ name: `f${index}` }))
      const many = yield* forged(...names)
      const tooMany = yield* Effect.flip(unpack({ ...many, budget: 1024 * 1024 }))
      assert.include(tooMany.message, "more than half of what is free")
      const links = names.map(({ name }) => ({ name, type: "symlink" as const, linkname: "a" }))
      const tooManyLinks = yield* Effect.flip(
        unpack({ ...(yield* forged(...links)), budget: 1024 * 1024 })
      )
      assert.include(tooManyLinks.message, "more than half of what is free")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const fits = yield* forged(...names)
          yield* unpack(fits)
          assert.lengthOf(NodeFs.readdirSync(fits.folder), 300)
        })
      )
    })
  )

  it.scopedLive("is refused when it is damaged, cut off or holds a name twice", () =>
    Effect.gen(function* () {
      const content = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * n * 31) % 251))
      const at = yield* forged({ name: "a", content }, { name: "b", content })
      const whole = NodeFs.readFileSync(at.archive)
      for (const bytes of [whole.subarray(0, whole.length >> 1), Buffer.from("text"), ""]) {
        NodeFs.rmSync(at.folder, { recursive: true })
        NodeFs.mkdirSync(at.folder)
        NodeFs.writeFileSync(at.archive, bytes)
        yield* Effect.flip(unpack(at))
      }
      const twice = yield* forged({ name: "a", content: "1" }, { name: "./a", content: "2" })
      assert.match((yield* Effect.flip(unpack(twice))).message, /EEXIST/)
    })
  )
})
