import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"

const inSession = <E>(
  test: (context: {
    readonly call: (
      name: string,
      args: unknown
    ) => Effect.Effect<
      { readonly text: string; readonly isError: boolean },
      never,
      LocalAgentBay.LocalAgentBay
    >
    readonly root: string
    readonly dataDirectory: string
  }) => Effect.Effect<void, E, LocalAgentBay.LocalAgentBay>
) =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    const id = yield* Wire.createSession()
    yield* test({
      call: (name, args) => Wire.tool(id, name, args),
      root: server.sessionDirectory(id),
      dataDirectory: server.dataDirectory
    })
  }).pipe(Effect.provide(LocalAgentBay.layerTest))

const ok = (text: string) => ({ text, isError: false })

describe("file tools", () => {
  it.scopedLive("write_file overwrites, appends, and creates only what is new", () =>
    inSession(({ call, dataDirectory, root }) =>
      Effect.gen(function* () {
        const path = "~/deep/er/a.txt"
        const host = `${root}/home/wuying/deep/er/a.txt`
        assert.deepStrictEqual(yield* call("write_file", { path, content: "one" }), ok("true"))
        NodeFs.chmodSync(host, 0o640)
        yield* call("write_file", { path, content: "ü2", mode: "overwrite" })
        assert.strictEqual(NodeFs.readFileSync(host, "utf8"), "ü2")
        assert.strictEqual(NodeFs.statSync(host).mode & 0o777, 0o640)
        yield* call("write_file", { path, content: "+3", mode: "append" })
        assert.strictEqual(NodeFs.readFileSync(host, "utf8"), "ü2+3")
        const again = yield* call("write_file", { path, content: "4", mode: "create_new" })
        assert.deepStrictEqual(again, { text: `file exists already: ${path}`, isError: true })
        assert.strictEqual(NodeFs.readFileSync(host, "utf8"), "ü2+3")
        assert.isFalse(
          (yield* call("write_file", { path: "/tmp/new", content: "5", mode: "create_new" }))
            .isError
        )
        assert.strictEqual(NodeFs.readFileSync(`${root}/tmp/new`, "utf8"), "5")
        const wrong = yield* call("write_file", { path, content: "6", mode: "replace" })
        assert.isTrue(wrong.isError)
        assert.include(wrong.text, "mode")
        assert.deepStrictEqual(NodeFs.readdirSync(`${dataDirectory}/staging`), [])
      })
    )
  )

  it.scopedLive("a named pipe is refused by name, and nothing waits for its other end", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        const path = "/tmp/pipe"
        const refused = { text: `not a regular file: ${path}`, isError: true }
        execFileSync("mkfifo", [`${root}${path}`])
        const read = call("read_file", { path })
        const append = call("write_file", { path, content: "x", mode: "append" })
        assert.deepStrictEqual(yield* read, refused)
        assert.deepStrictEqual(yield* append, refused)
        // With somebody at the other end it can be opened, and is refused all the same.
        yield* Effect.acquireRelease(
          Effect.sync(() => NodeFs.openSync(`${root}${path}`, "r+")),
          (file) => Effect.sync(() => NodeFs.closeSync(file))
        )
        assert.deepStrictEqual(yield* read, refused)
        assert.deepStrictEqual(yield* append, refused)
        assert.deepStrictEqual(yield* call("read_file", { path: "/tmp" }), {
          text: "is a directory: /tmp",
          isError: true
        })
      }).pipe(Effect.scoped)
    )
  )

  it.scopedLive("binary content goes both ways as base64", () =>
    inSession(({ call, root }) =>
      Effect.gen(function* () {
        const bytes = Buffer.from([0, 255, 10, 128, 195, 40, 0])
        const path = "/tmp/b.bin"
        yield* call("write_file", { path, content: bytes.toString("base64"), format: "binary" })
        assert.deepStrictEqual(NodeFs.readFileSync(`${root}/tmp/b.bin`), bytes)
        assert.deepStrictEqual(
          yield* call("read_file", { path, format: "binary" }),
          ok(bytes.toString("base64"))
        )
        assert.deepStrictEqual(
          yield* call("read_file", { path, format: "binary", offset: 1, length: 2 }),
          ok(bytes.subarray(1, 3).toString("base64"))
        )
        const wrong = yield* call("write_file", { path, content: "no base64!", format: "binary" })
        assert.isTrue(wrong.isError)
        assert.deepStrictEqual(NodeFs.readFileSync(`${root}/tmp/b.bin`), bytes)
      })
    )
  )

  it.scopedLive("read_file reads a part of the bytes, or all", () =>
    inSession(({ call }) =>
      Effect.gen(function* () {
        const path = "/tmp/a.txt"
        yield* call("write_file", { path, content: "0123456789" })
        assert.deepStrictEqual(yield* call("read_file", { path }), ok("0123456789"))
        assert.deepStrictEqual(
          yield* call("read_file", { path, offset: 0, length: 0 }),
          ok("0123456789")
        )
        assert.deepStrictEqual(yield* call("read_file", { path, offset: 3, length: 4 }), ok("3456"))
        assert.deepStrictEqual(yield* call("read_file", { path, offset: 8, length: 9 }), ok("89"))
        assert.deepStrictEqual(yield* call("read_file", { path, offset: 8 }), ok("89"))
        assert.deepStrictEqual(yield* call("read_file", { path, offset: 99 }), ok(""))
        assert.isTrue((yield* call("read_file", { path, offset: -1 })).isError)
        assert.deepStrictEqual(yield* call("read_file", { path: "/tmp/none.txt" }), {
          text: "file not found: /tmp/none.txt",
          isError: true
        })
        assert.isTrue((yield* call("read_file", { path: "/tmp" })).isError)
      })
    )
  )

  it.scopedLive("directories are created, listed and told about", () =>
    inSession(({ call }) =>
      Effect.gen(function* () {
        yield* call("create_directory", { path: "/tmp/d/logs" })
        yield* call("write_file", { path: "/tmp/d/a.txt", content: "hello world" })
        assert.deepStrictEqual(
          yield* call("list_directory", { path: "/tmp/d" }),
          ok("[FILE] a.txt\n[DIR] logs")
        )
        const about = yield* call("get_file_info", { path: "/tmp/d/a.txt" })
        const facts = new Map(
          about.text.split("\n").map((line) => {
            const [key = "", value = ""] = line.split(/: (.*)/)
            return [key, value] as const
          })
        )
        assert.deepStrictEqual(
          [...facts.keys()],
          ["name", "path", "size", "isDirectory", "modTime", "mode", "owner", "group"]
        )
        assert.strictEqual(facts.get("size"), "11")
        assert.strictEqual(facts.get("isDirectory"), "false")
        assert.match(facts.get("modTime") ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
        assert.match(facts.get("mode") ?? "", /^rw-r/)
        const folder = yield* call("get_file_info", { path: "/tmp/d" })
        assert.include(folder.text, "isDirectory: true")
        assert.isTrue((yield* call("list_directory", { path: "/tmp/none" })).isError)
        assert.isTrue((yield* call("get_file_info", { path: "/tmp/none" })).isError)
      })
    )
  )

  it.scopedLive("no path leads out of the session", () =>
    inSession(({ call, dataDirectory, root }) =>
      Effect.gen(function* () {
        NodeFs.writeFileSync(`${dataDirectory}/secret`, "secret")
        NodeFs.symlinkSync(dataDirectory, `${root}/tmp/out`)
        NodeFs.symlinkSync(`${dataDirectory}/secret`, `${root}/tmp/link`)
        const attacks = [
          "../secret",
          "/../../../secret",
          "/tmp/../../../secret",
          "~/../../../../secret",
          "/tmp/out/secret",
          "/tmp/link",
          "secret",
          "",
          "/tmp/\0",
          `/tmp/${"ü".repeat(128)}`
        ]
        for (const path of attacks) {
          for (const name of ["read_file", "list_directory", "get_file_info"]) {
            const answer = yield* call(name, { path })
            assert.isTrue(answer.isError, `${name} ${path}`)
            assert.notInclude(answer.text, dataDirectory)
            assert.include(answer.text, JSON.stringify(path))
          }
          assert.isTrue((yield* call("write_file", { path, content: "attack" })).isError, path)
          assert.isTrue(
            (yield* call("write_file", { path, content: "attack", mode: "append" })).isError
          )
          assert.isTrue((yield* call("create_directory", { path })).isError, path)
        }
        assert.strictEqual(NodeFs.readFileSync(`${dataDirectory}/secret`, "utf8"), "secret")
      })
    )
  )

  it.scopedLive("unknown tools and unreadable arguments are errors of the tool", () =>
    inSession(({ call }) =>
      Effect.gen(function* () {
        const unknown = yield* call("fly", {})
        assert.isTrue(unknown.isError)
        assert.include(unknown.text, "tool not found")
        for (const args of ["{", "[]", "{}", '{"path":1}']) {
          const answer = yield* call("read_file", args)
          assert.isTrue(answer.isError)
          assert.include(answer.text, "invalid arguments for read_file")
        }
      })
    )
  )
})
