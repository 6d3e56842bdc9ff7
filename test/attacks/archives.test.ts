/** Archives that somebody with the key has put into the store to do harm when they are unpacked. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as NodeFs from "node:fs"
import * as NodeZlib from "node:zlib"
import { put, stagingIsEmpty } from "../node/local/files.js"
import * as Wire from "../node/local/wire.js"
import { mount } from "../node/local/workspace.js"
import { rounds } from "../rounds.js"
import * as Canary from "./canary.js"

interface Entry {
  readonly name: string
  /** The letter of the format: 0 file, 1 hard link, 2 link, 3 and 4 devices, 5 directory, 6 pipe. */
  readonly type?: string
  readonly content?: Buffer
  /** What the header says instead of the length of the content. */
  readonly size?: number | Buffer
  readonly link?: string
  readonly mode?: number
}

const block = 512

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)])

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`

const entry = ({
  content = Buffer.alloc(0),
  link = "",
  mode = 0o644,
  name,
  size,
  type = "0"
}: Entry) => {
  const header = Buffer.alloc(block)
  header.write(name, 0, 100, "latin1")
  header.write(octal(mode, 8), 100, "latin1")
  header.write(octal(0, 8), 108, "latin1")
  header.write(octal(0, 8), 116, "latin1")
  if (typeof size === "object") size.copy(header, 124)
  else header.write(octal(size ?? content.length, 12), 124, "latin1")
  header.write(octal(0, 12), 136, "latin1")
  header.write(type, 156, "latin1")
  header.write(link, 157, 100, "latin1")
  header.write("ustar\u000000", 257, "latin1")
  header.write(" ".repeat(8), 148, "latin1")
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7
    ),
    148,
    "latin1"
  )
  return Buffer.concat([header, padded(content)])
}

/** A record of PAX, which begins with its own length. */
const record = (key: string, value: string): Buffer => {
  const rest = Buffer.from(` ${key}=${value}\n`, "utf8")
  let length = rest.length
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

const pax = (key: string, value: string) =>
  entry({ name: "pax", type: "x", content: record(key, value) })

const end = Buffer.alloc(2 * block)

const archive = (...parts: ReadonlyArray<Buffer>) =>
  NodeZlib.gzipSync(Buffer.concat([...parts, end]))

const text = (name: string, content = "x") => entry({ name, content: Buffer.from(content) })

/** What a new session makes of an archive: its task, and what it then has. */
const unpacked = Effect.fnUntraced(function* (bytes: Buffer) {
  const server = yield* LocalAgentBay.LocalAgentBay
  const outside = `${server.dataDirectory}/outside`
  if (!NodeFs.existsSync(outside)) Canary.put(outside, ["escaped"])
  const before = Canary.state(outside)
  const contextId = yield* Wire.createContext(`evil-${Math.random()}`)
  const { status } = yield* put(
    contextId,
    `${mount}/agentbay-archive.tar.gz`,
    new Uint8Array(bytes)
  )
  assert.strictEqual(status, 200)
  const policy = { uploadPolicy: { uploadMode: "Archive" } }
  const id = yield* Wire.createSession({ contextId, path: mount, policy })
  const [task] = yield* Wire.settled(id, { TaskType: "download" })
  const session = server.sessionDirectory(id) + mount
  assert.deepStrictEqual(Canary.state(outside), before)
  assert.deepStrictEqual(Canary.leaks(server.sessionDirectory(id)), [])
  yield* stagingIsEmpty
  const files = NodeFs.readdirSync(session, { recursive: true, encoding: "utf8" }).toSorted()
  return {
    status: task?.status,
    message: task?.errorMessage ?? "",
    skipped: task?.skipped,
    files,
    session
  }
})

const provided = Effect.provide(LocalAgentBay.layerTest)

const refused = Effect.fnUntraced(function* (what: string, ...parts: ReadonlyArray<Buffer>) {
  const { files, message, status } = yield* unpacked(archive(...parts))
  assert.deepStrictEqual({ what, status, files }, { what, status: "Failed", files: [] })
  assert.match(message, /^the archive cannot be unpacked: /, what)
  return message
})

/** The most memory that is held while something is done, over what was held before, in MiB. */
const growth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = process.memoryUsage.rss()
    let most = before
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
    const value = yield* Effect.ensuring(
      effect,
      Effect.sync(() => clearInterval(timer))
    )
    return { value, mebibytes: (most - before) / 2 ** 20 }
  })

describe("archives that mean harm", () => {
  it.scopedLive("names that lead elsewhere, or that no file can have, refuse the whole", () =>
    Effect.gen(function* () {
      const { dataDirectory } = yield* LocalAgentBay.LocalAgentBay
      const good = text("good")
      for (const name of [
        "../escaped",
        "../../../../../outside/escaped",
        "a/../../outside/escaped",
        "/escaped",
        `${dataDirectory}/outside/escaped`.slice(0, 99),
        "a/..",
        ".."
      ]) {
        yield* refused(name, good, text(name))
        yield* refused(`directory ${name}`, good, entry({ name, type: "5" }))
        yield* refused(`pax ${name}`, good, pax("path", name), text("covered"))
        yield* refused(
          `long ${name}`,
          good,
          entry({ name: "././@LongLink", type: "L", content: Buffer.from(`${name}\0`) }),
          text("covered")
        )
      }
      yield* refused("NUL", pax("path", "a\0b"), text("covered"))
      yield* refused("a long segment", pax("path", "x".repeat(256)), text("covered"))
      yield* refused("a long path", pax("path", "x/".repeat(3000)), text("covered"))
      yield* refused("twice", text("a"), text("a"))
      yield* refused("twice, in another form", text("a"), text("./a"))
      yield* refused("a file as folder", text("a"), text("a/b"))
      yield* refused("a folder as file", text("a/b"), text("a"))
    }).pipe(provided)
  )

  it.scopedLive("links, pipes and devices are not made, and nothing goes through them", () =>
    Effect.gen(function* () {
      const { dataDirectory } = yield* LocalAgentBay.LocalAgentBay
      const link = `${dataDirectory}/outside`
      const done = yield* unpacked(
        archive(
          entry({ name: "way", type: "2", link }),
          text("way/escaped"),
          entry({ name: "file", type: "2", link: `${link}/escaped` }),
          entry({ name: "hard", type: "1", link: `${link}/escaped` }),
          entry({ name: "tty", type: "3" }),
          entry({ name: "disk", type: "4" }),
          entry({ name: "pipe", type: "6" }),
          entry({ name: "root", mode: 0o7777, content: Buffer.from("#!/bin/sh") }),
          entry({ name: "folder", type: "5", mode: 0o7777 })
        )
      )
      assert.strictEqual(done.status, "Success", done.message)
      assert.strictEqual(done.skipped, 6)
      assert.deepStrictEqual(done.files, ["folder", "root", "way", "way/escaped"])
      for (const name of ["root", "folder"]) {
        assert.strictEqual(NodeFs.lstatSync(`${done.session}/${name}`).mode & 0o7000, 0, name)
      }
    }).pipe(provided)
  )

  it.scopedLive("names that differ in case or in Unicode form alone are two files", () =>
    Effect.gen(function* () {
      const names = ["a", "A", "\u00e9", "e\u0301"]
      const parts = names.flatMap((name) => [pax("path", name), text("covered", name)])
      const { files, session, status } = yield* unpacked(archive(...parts))
      assert.strictEqual(status, "Success")
      const there = files.map((name) => NodeFs.readFileSync(`${session}/${name}`, "utf8"))
      assert.deepStrictEqual(there, files)
    }).pipe(provided)
  )

  it.scopedLive("sizes that lie do not get past the budget", () =>
    Effect.gen(function* () {
      const huge = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(3), Buffer.alloc(8, 0x7f)])
      const negative = Buffer.concat([Buffer.from([0xff]), Buffer.alloc(11)])
      yield* refused("huge", entry({ name: "a", size: huge }))
      yield* refused("negative", entry({ name: "a", size: negative }), text("b"))
      // Refused for what they say, before what is missing of them could be noticed.
      const tooMuch = "more than half of what is free"
      // More than any disk has.
      const most = Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0, 0x08]), Buffer.alloc(6)])
      assert.include(yield* refused("as much as fits", entry({ name: "a", size: most })), tooMuch)
      assert.include(
        yield* refused("a link's", entry({ name: "a", type: "2", link: "b", size: most })),
        tooMuch
      )
      for (const size of ["-1", "-99999999999999", "NaN", "1e99", "99999999999999999999"]) {
        yield* refused(`pax ${size}`, pax("size", size), entry({ name: "a" }), text("b"))
      }
      const more = entry({ name: "a", size: 5, content: Buffer.alloc(2048, "x") })
      yield* refused("more than it says", more)
      yield* refused(
        "less than it says",
        entry({ name: "a", size: 5000, content: Buffer.from("x") })
      )
    }).pipe(provided)
  )

  it.scopedLive("what is cut off at any byte is refused", () =>
    Effect.gen(function* () {
      const whole = archive(text("a", "content of a"), text("b/c", "content of c"))
      const step = Math.max(1, Math.floor(whole.length / rounds({ short: 12, long: 1000 })))
      for (let length = 0; length < whole.length - 8; length += step) {
        const { files, status } = yield* unpacked(whole.subarray(0, length))
        assert.deepStrictEqual({ length, status, files }, { length, status: "Failed", files: [] })
      }
    }).pipe(provided)
  )

  it.scopedLive("what belongs to no file is not taken into memory without end", () =>
    Effect.gen(function* () {
      const length = 192 * 1024 * 1024
      const zeros = NodeZlib.gzipSync(Buffer.alloc(length))
      // Members of gzip stand one after the other.
      const headed = (type: string, before = Buffer.alloc(0)) => {
        const header = entry({ name: "long", type, size: length }).subarray(0, block)
        return Buffer.concat([NodeZlib.gzipSync(Buffer.concat([before, header])), zeros])
      }
      for (const [what, bytes] of [
        ["a PAX header", headed("x")],
        ["a global PAX header", headed("g")],
        ["a long name", headed("L")],
        ["a long link, after a file", headed("K", text("a"))],
        ["zeros", Buffer.concat([NodeZlib.gzipSync(text("a")), zeros])]
      ] as const) {
        const { mebibytes, value } = yield* growth(unpacked(bytes))
        assert.deepStrictEqual([what, value.status, value.files], [what, "Failed", []])
        assert.match(value.message, /belong to no file|Header/, what)
        assert.isBelow(mebibytes, 128, what)
      }
    }).pipe(provided)
  )

  it.scopedLive("many links are refused, many small files are taken", () =>
    Effect.gen(function* () {
      const link = entry({ name: "l", type: "2", link: "a" })
      const links = Array.from({ length: 100_001 }, () => link)
      assert.include(yield* refused("links", ...links), "100000")
      const count = rounds({ short: 2000, long: 50_000 })
      const many = Array.from({ length: count }, (_, index) => text(`f${index}`))
      const { files, status } = yield* unpacked(archive(...many))
      assert.deepStrictEqual([status, files.length], ["Success", count])
    }).pipe(provided)
  )
})
