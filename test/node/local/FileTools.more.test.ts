import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"
import * as FC from "effect/FastCheck"
import * as Inside from "../../../packages/node/src/local/tools/Inside.js"
import * as RegularFile from "../../../packages/node/src/local/tools/RegularFile.js"
import * as SearchFiles from "../../../packages/node/src/local/tools/SearchFiles.js"
import * as Life from "./life.js"
import * as Wire from "./wire.js"
import { tree, write } from "./workspace.js"

type Call = (
  name: string,
  args: unknown
) => Effect.Effect<
  { readonly text: string; readonly isError: boolean },
  never,
  LocalAgentBay.LocalAgentBay
>

const inSession = <E>(
  test: (context: {
    readonly call: Call
    readonly id: string
    readonly root: string
    readonly dataDirectory: string
  }) => Effect.Effect<void, E, LocalAgentBay.LocalAgentBay>
) =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    const contextId = yield* Wire.createContext("work")
    const id = yield* Wire.createSession({ contextId, path: "/mnt/d/work" })
    yield* test({
      id,
      call: (name, args) => Wire.tool(id, name, args),
      root: server.sessionDirectory(id),
      dataDirectory: server.dataDirectory
    })
  }).pipe(Effect.provide(LocalAgentBay.layerTest))

const ok = (text: string) => ({ text, isError: false })
const no = (text: string) => ({ text, isError: true })

describe("file tools: delete_file and move_file", () => {
  it.scopedLive("delete_file takes files, links and empty directories, nothing else", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        write(`${root}/tmp`, { "a.txt": "a", "d/b.txt": "b" })
        assert.deepStrictEqual(yield* call("delete_file", { path: "/tmp/a.txt" }), ok("true"))
        assert.deepStrictEqual(
          yield* call("delete_file", { path: "/tmp/a.txt" }),
          no("file not found: /tmp/a.txt")
        )
        assert.deepStrictEqual(
          yield* call("delete_file", { path: "/tmp/d" }),
          no("directory is not empty: /tmp/d")
        )
        yield* call("delete_file", { path: "/tmp/d/b.txt" })
        assert.deepStrictEqual(yield* call("delete_file", { path: "/tmp/d" }), ok("true"))
        assert.deepStrictEqual(NodeFs.readdirSync(`${root}/tmp`), [])
        for (const path of ["/", "/mnt", "/mnt/d", "/mnt/d/work"]) {
          assert.deepStrictEqual(
            yield* call("delete_file", { path }),
            no(`a mount is there: ${path}`)
          )
        }
        NodeFs.symlinkSync("/etc/passwd", `${root}/tmp/link`)
        assert.isTrue((yield* call("delete_file", { path: "/tmp/link" })).isError)
      })
    )
  )

  it.scopedLive("move_file moves into and out of mounts and replaces nothing", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        write(`${root}/tmp`, { "a.txt": "a", "b.txt": "b", "d/c.txt": "c", "e/f.txt": "f" })
        const move = (source: string, destination: string) =>
          call("move_file", { source, destination })
        assert.deepStrictEqual(yield* move("/tmp/a.txt", "/mnt/d/work/a.txt"), ok("true"))
        assert.deepStrictEqual(yield* move("/tmp/d", "~/d"), ok("true"))
        assert.deepStrictEqual(
          yield* move("/tmp/b.txt", "/mnt/d/work/a.txt"),
          no("file exists already: /mnt/d/work/a.txt")
        )
        assert.deepStrictEqual(
          yield* move("/tmp/b.txt", "/tmp/e"),
          no("file exists already: /tmp/e")
        )
        assert.deepStrictEqual(yield* move("/tmp/e", "~/d"), no("file exists already: ~/d"))
        assert.deepStrictEqual(
          yield* move("/tmp/e", "/tmp/e/deeper"),
          no("a directory cannot be moved into itself: /tmp/e")
        )
        assert.deepStrictEqual(yield* move("/tmp/none", "/tmp/x"), no("file not found: /tmp/none"))
        assert.deepStrictEqual(
          yield* move("/tmp/b.txt", "/tmp/none/b.txt"),
          no("file not found: /tmp/none/b.txt")
        )
        for (const source of ["/mnt", "/mnt/d/work"]) {
          assert.deepStrictEqual(yield* move(source, "/tmp/m"), no(`a mount is there: ${source}`))
        }
        assert.deepStrictEqual(tree(root), {
          "home/wuying/d/c.txt": "c",
          "mnt/d/work/a.txt": "a",
          "tmp/b.txt": "b",
          "tmp/e/f.txt": "f"
        })
        NodeFs.symlinkSync("/etc", `${root}/tmp/out`)
        assert.isTrue((yield* move("/tmp/out/passwd", "/tmp/p")).isError)
        assert.isTrue((yield* move("/tmp/b.txt", "/tmp/out/p")).isError)
        assert.isTrue((yield* move("/tmp/out", "/tmp/p")).isError)
        assert.isTrue((yield* move("tmp/b.txt", "/tmp/p")).isError)
      })
    )
  )
})

describe("file tools: edit_file", () => {
  it.scopedLive("makes all edits in their order and shows them", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        const path = "/tmp/a.txt"
        const host = `${root}${path}`
        NodeFs.writeFileSync(host, "one\ntwo\nthree\n", { mode: 0o640 })
        const edits = [
          { oldText: "two\n", newText: "zwei $& $1\nzweieinhalb\n" },
          { oldText: "zwei", newText: "2" }
        ]
        const shown =
          "--- /tmp/a.txt\n+++ /tmp/a.txt\n" +
          "@@ -2,1 +2,2 @@\n-two\n+zwei $& $1\n+zweieinhalb\n" +
          "@@ -2,1 +2,1 @@\n-zwei $& $1\n+2 $& $1"
        assert.deepStrictEqual(yield* call("edit_file", { path, edits, dryRun: true }), ok(shown))
        assert.strictEqual(NodeFs.readFileSync(host, "utf8"), "one\ntwo\nthree\n")
        assert.deepStrictEqual(yield* call("edit_file", { path, edits }), ok(shown))
        assert.strictEqual(NodeFs.readFileSync(host, "utf8"), "one\n2 $& $1\nzweieinhalb\nthree\n")
        assert.strictEqual(NodeFs.statSync(host).mode & 0o777, 0o640)
      })
    )
  )

  it.scopedLive("changes nothing when one of the edits cannot be made", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        const path = "/tmp/a.txt"
        NodeFs.writeFileSync(`${root}${path}`, "\uFEFFone\r\ntwo")
        const edits = [
          { oldText: "one", newText: "1" },
          { oldText: "three", newText: "3" }
        ]
        assert.deepStrictEqual(
          yield* call("edit_file", { path, edits }),
          no("the oldText of edit 2 is not in /tmp/a.txt; nothing was changed")
        )
        assert.strictEqual(NodeFs.readFileSync(`${root}${path}`, "utf8"), "\uFEFFone\r\ntwo")
        for (const wrong of [[], [{ oldText: "", newText: "x" }], [{ oldText: "one" }]]) {
          const answer = yield* call("edit_file", { path, edits: wrong })
          assert.include(answer.text, "invalid arguments for edit_file")
        }
        yield* call("edit_file", { path, edits: edits.slice(0, 1) })
        assert.strictEqual(NodeFs.readFileSync(`${root}${path}`, "utf8"), "\uFEFF1\r\ntwo")
        const bytes = Buffer.from([111, 110, 101, 255])
        NodeFs.writeFileSync(`${root}${path}`, bytes)
        assert.deepStrictEqual(
          yield* call("edit_file", { path, edits: edits.slice(0, 1) }),
          no("not a text in UTF-8: /tmp/a.txt")
        )
        assert.deepStrictEqual(NodeFs.readFileSync(`${root}${path}`), bytes)
      })
    )
  )
})

describe("file tools: search_files", () => {
  it.scopedLive("finds names by stars and question marks, without following links", () =>
    inSession(({ call, dataDirectory, root }) =>
      Effect.gen(function* () {
        write(`${root}/tmp/s`, {
          "a.txt": "",
          "b.md": "",
          "sub/c.txt": "",
          "sub/deep/d.txt": "",
          "node_modules/e.txt": "",
          "ab.txt": "",
          "x\ny.txt": ""
        })
        NodeFs.symlinkSync(dataDirectory, `${root}/tmp/s/out`)
        const search = (pattern: string, excludePatterns?: ReadonlyArray<string>) =>
          Effect.map(
            call("search_files", { path: "/tmp/s", pattern, excludePatterns }),
            ({ isError, text }) => {
              assert.isFalse(isError)
              return text === "" ? [] : text.split("\n")
            }
          )
        assert.deepStrictEqual(yield* search("*.txt", ["node_modules", "x*"]), [
          "/tmp/s/a.txt",
          "/tmp/s/ab.txt",
          "/tmp/s/sub/c.txt",
          "/tmp/s/sub/deep/d.txt"
        ])
        assert.deepStrictEqual(yield* search("?.txt", ["sub", "node_*"]), ["/tmp/s/a.txt"])
        assert.deepStrictEqual(yield* search("x*"), [String.raw`/tmp/s/x\ny.txt`])
        assert.deepStrictEqual(yield* search("deep"), ["/tmp/s/sub/deep"])
        assert.deepStrictEqual(yield* search("a"), [])
        assert.deepStrictEqual(yield* search("api-key"), [])
        const fromRoot = yield* call("search_files", { path: "/", pattern: "b.md" })
        assert.deepStrictEqual(fromRoot, ok("/tmp/s/b.md"))
        assert.isTrue((yield* call("search_files", { path: "/tmp/s", pattern: "a/b" })).isError)
        assert.isTrue((yield* call("search_files", { path: "/tmp/none", pattern: "*" })).isError)
        assert.isTrue((yield* call("search_files", { path: "/tmp/s/out", pattern: "*" })).isError)
      })
    )
  )

  it.scopedLive("too many matches are an error, not a shorter list", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        Life.writeMany(`${root}/tmp`, 10_001)
        const all = yield* call("search_files", { path: "/tmp", pattern: "*" })
        assert.deepStrictEqual(
          all,
          no("more than 10000 matches below /tmp; use a narrower pattern")
        )
        const some = yield* call("search_files", { path: "/tmp", pattern: "1000?" })
        assert.lengthOf(some.text.split("\n"), 1)
      })
    )
  )

  it("fits as the regular expression would, in time whatever the pattern", () => {
    const letters = FC.stringOf(FC.constantFrom("a", "b", "*", "?"), { maxLength: 8 })
    const names = FC.stringOf(FC.constantFrom("a", "b"), { maxLength: 8 })
    FC.assert(
      FC.property(letters, names, (pattern, name) => {
        const expected = new RegExp(
          `^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`,
          "s"
        ).test(name)
        assert.strictEqual(SearchFiles.fits(pattern, name), expected, `${pattern} ${name}`)
      })
    )
    assert.isTrue(SearchFiles.fits("?", "😀"))
    assert.isTrue(SearchFiles.fits("[a].(b)", "[a].(b)"))
    assert.isFalse(SearchFiles.fits("*a".repeat(100), "b".repeat(255)))
  })
})

describe("file tools: read_multiple_files, get_file_change, get_metrics", () => {
  it.scopedLive("read_multiple_files gives a block for each, errors included", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        write(`${root}/tmp`, { a: "one\n", "b c": "ü" })
        assert.deepStrictEqual(
          yield* call("read_multiple_files", { paths: ["/tmp/a", "/tmp/none", "/tmp/b c"] }),
          ok("/tmp/a: one\n\n---\n/tmp/none: Error - file not found: /tmp/none\n---\n/tmp/b c: ü")
        )
        assert.deepStrictEqual(yield* call("read_multiple_files", { paths: [] }), ok(""))
        const outside = yield* call("read_multiple_files", { paths: ["/../x"] })
        assert.include(outside.text, "leads out of the session")
      })
    )
  )

  it.scopedLive("get_file_change tells what changed since the call before", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        const changed = Effect.map(call("get_file_change", { path: "/tmp/w" }), ({ text }) => {
          const list: Array<{ eventType: string; path: string; pathType: string }> =
            JSON.parse(text)
          return list.map(({ eventType, path, pathType }) => `${eventType} ${pathType} ${path}`)
        })
        write(`${root}/tmp/w`, { a: "1", b: "2", "d/c": "3" })
        assert.deepStrictEqual(yield* changed, [])
        assert.deepStrictEqual(yield* changed, [])
        NodeFs.writeFileSync(`${root}/tmp/w/a`, "11")
        NodeFs.rmSync(`${root}/tmp/w/b`)
        NodeFs.mkdirSync(`${root}/tmp/w/b`)
        NodeFs.rmSync(`${root}/tmp/w/d`, { recursive: true })
        yield* call("write_file", { path: "/tmp/w/new/e", content: "" })
        assert.deepStrictEqual(yield* changed, [
          "modify file /tmp/w/a",
          "delete file /tmp/w/b",
          "create directory /tmp/w/b",
          "create directory /tmp/w/new",
          "create file /tmp/w/new/e",
          "delete directory /tmp/w/d",
          "delete file /tmp/w/d/c"
        ])
        assert.deepStrictEqual(yield* changed, [])
        // Each path has a memory of its own.
        assert.deepStrictEqual(yield* call("get_file_change", { path: "/tmp" }), ok("[]"))
        assert.isTrue((yield* call("get_file_change", { path: "/tmp/none" })).isError)
      })
    )
  )

  it.scopedLive("get_metrics has the numbers that the official clients read", () =>
    inSession(({ call }) =>
      Effect.gen(function* () {
        const Metrics = Schema.Struct({
          cpu_count: Schema.Int.pipe(Schema.positive()),
          cpu_used_pct: Schema.Number.pipe(Schema.between(0, 100)),
          mem_total: Schema.Int.pipe(Schema.positive()),
          mem_used: Schema.Int.pipe(Schema.positive()),
          disk_total: Schema.Int.pipe(Schema.positive()),
          disk_used: Schema.NonNegativeInt,
          rx_rate_kbyte_per_s: Schema.Literal(0),
          tx_rate_kbyte_per_s: Schema.Literal(0),
          rx_used_kbyte: Schema.Literal(0),
          tx_used_kbyte: Schema.Literal(0),
          timestamp: Schema.DateTimeUtc
        })
        const { text } = yield* call("get_metrics", {})
        const metrics = yield* Schema.decode(Schema.parseJson(Metrics), {
          onExcessProperty: "error"
        })(text)
        assert.isAtMost(metrics.disk_used, metrics.disk_total)
      })
    )
  )
})

describe("file tools: names and paths", () => {
  it.scopedLive("long names and names with line breaks", () =>
    inSession(({ call }) =>
      Effect.gen(function* () {
        const long = `/tmp/${"x".repeat(255)}`
        assert.isFalse((yield* call("write_file", { path: long, content: "long" })).isError)
        assert.deepStrictEqual(yield* call("read_file", { path: long }), ok("long"))
        assert.isFalse((yield* call("move_file", { source: long, destination: "/tmp/s" })).isError)
        const odd = "/tmp/odd/a\n[DIR] b\rc"
        yield* call("write_file", { path: odd, content: "odd" })
        assert.deepStrictEqual(yield* call("read_file", { path: odd }), ok("odd"))
        assert.deepStrictEqual(
          yield* call("list_directory", { path: "/tmp/odd" }),
          ok(String.raw`[FILE] a\n[DIR] b\rc`)
        )
        assert.isFalse((yield* call("delete_file", { path: odd })).isError)
        assert.deepStrictEqual(yield* call("list_directory", { path: "/tmp/odd" }), ok(""))
        const deep = `/tmp/${"deep/".repeat(300)}end`
        assert.isFalse((yield* call("write_file", { path: deep, content: "deep" })).isError)
        assert.isTrue((yield* call("search_files", { path: "/tmp", pattern: "end" })).isError)
      })
    )
  )

  it.scopedLive("relative paths are refused by every tool, ~ is home", () =>
    inSession(({ call }) =>
      Effect.gen(function* () {
        for (const path of ["a.txt", "./a.txt", "~other/a.txt"]) {
          for (const [name, args] of [
            ["write_file", { path, content: "" }],
            ["read_file", { path }],
            ["edit_file", { path, edits: [{ oldText: "a", newText: "b" }] }],
            ["get_file_info", { path }],
            ["create_directory", { path }],
            ["list_directory", { path }],
            ["delete_file", { path }],
            ["move_file", { source: path, destination: "/tmp/x" }],
            ["search_files", { path, pattern: "*" }],
            ["get_file_change", { path }]
          ] as const) {
            const answer = yield* call(name, args)
            assert.isTrue(answer.isError, `${name} ${path}`)
            assert.include(answer.text, "it is not absolute")
          }
        }
        yield* call("write_file", { path: "~/a.txt", content: "home" })
        assert.deepStrictEqual(yield* call("read_file", { path: "/home/wuying/a.txt" }), ok("home"))
        assert.deepStrictEqual(yield* call("list_directory", { path: "~" }), ok("[FILE] a.txt"))
      })
    )
  )

  it.scopedLive("a directory that becomes a link after a path was walked leads nowhere", () =>
    Effect.gen(function* () {
      const root = yield* Life.temporaryDirectory
      const outside = yield* Life.temporaryDirectory
      NodeFs.writeFileSync(`${outside}/s`, "secret")
      write(root, { "tmp/d/s": "mine" })
      const place = { session: {}, root, staging: outside, mounts: [] }
      const swap = Effect.sync(() => {
        NodeFs.renameSync(`${root}/tmp/d`, `${root}/tmp/gone`)
        NodeFs.symlinkSync(outside, `${root}/tmp/d`)
      })
      const spot = yield* Inside.spot(place, "/tmp/d/s")
      const created = yield* Inside.spot(place, "/tmp/d/new", { create: true })
      yield* swap
      if (process.platform !== "linux") return
      assert.strictEqual((yield* RegularFile.read(spot)).toString(), "mine")
      yield* RegularFile.placeWhole(place, created, Buffer.from("x"), false)
      assert.deepStrictEqual(NodeFs.readdirSync(outside), ["s"])
      assert.strictEqual(NodeFs.readFileSync(`${root}/tmp/gone/new`, "utf8"), "x")
    })
  )
})
