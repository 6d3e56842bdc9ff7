import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import { execute } from "../../chaos/damage.js"
import { collecting, serving, temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("release", () => {
  it.scopedLive("uploads what may be uploaded", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const kept = yield* Wire.createContext("kept")
      const left = yield* Wire.createContext("left")
      const id = yield* Wire.createSession(
        { contextId: kept, path: "/home/wuying/kept" },
        {
          contextId: left,
          path: "/home/wuying/left",
          policy: { uploadPolicy: { autoUpload: false } }
        }
      )
      yield* Wire.tool(id, "write_file", { path: "~/kept/a", content: "1" })
      yield* Wire.tool(id, "write_file", { path: "~/left/a", content: "1" })
      yield* Wire.release(id)
      assert.deepStrictEqual(
        NodeFs.readdirSync(`${server.contextDirectory(kept)}/home/wuying/kept`),
        ["a"]
      )
      assert.isFalse(NodeFs.existsSync(`${server.contextDirectory(left)}/home/wuying/left/a`))
    }).pipe(provided)
  )

  it.scopedLive("keeps the folder and says so when an upload fails", () => {
    const log = collecting()
    return Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const id = yield* Wire.createSession(
        { contextId, path: "/home/wuying/work" },
        { contextId, path: "/home/wuying/more" }
      )
      yield* Wire.tool(id, "write_file", { path: "~/work/a", content: "precious" })
      yield* Wire.tool(id, "write_file", { path: "~/more/b", content: "2" })
      // A file stands where the store needs a folder.
      const store = server.contextDirectory(contextId)
      NodeFs.mkdirSync(`${store}/home/wuying`, { recursive: true })
      NodeFs.symlinkSync("/nowhere", `${store}/home/wuying/work`)
      const detail = yield* Wire.release(id)
      yield* log.first
      assert.lengthOf(log.seen, 1)
      assert.match(log.seen.join(), /^WARN Not everything was uploaded .*\/home\/wuying\/work/)
      assert.include(log.seen.join(), server.sessionDirectory(id))
      assert.notInclude(log.seen.join(), Redacted.value(server.apiKey))
      assert.include(Wire.textAt(detail, "EndReason"), "/home/wuying/work")
      assert.include(Wire.textAt(detail, "EndReason"), "kept")
      // Another session ends after this one, down to its folder.
      const later = yield* Wire.createSession()
      yield* Wire.release(later)
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(server.sessionDirectory(later))),
        (exists) => !exists
      )
      assert.strictEqual(
        NodeFs.readFileSync(`${server.sessionDirectory(id)}/home/wuying/work/a`, "utf8"),
        "precious"
      )
      assert.deepStrictEqual(NodeFs.readdirSync(`${store}/home/wuying/more`), ["b"])
    }).pipe(provided, Effect.provide(log.layer))
  })

  for (const [what, trigger] of [
    ["its uploads", "BEFORE INSERT ON tasks WHEN NEW.type = 'upload'"],
    ["its end", "BEFORE UPDATE OF ended_at ON sessions"]
  ]) {
    it.scopedLive(`is tried again when ${what} cannot be written down`, () => {
      const log = collecting()
      const released = Effect.fnUntraced(function* (state: string) {
        const server = yield* LocalAgentBay.LocalAgentBay
        const contextId = yield* Wire.createContext("c")
        const id = yield* Wire.createSession({ contextId, path: "/home/wuying/work" })
        yield* Wire.tool(id, "write_file", { path: "~/work/a", content: "precious" })
        // As a full disk does it.
        yield* execute(
          state,
          `CREATE TRIGGER full ${trigger} BEGIN SELECT RAISE(ABORT, 'no room'); END`
        )
        yield* Wire.call("DeleteSessionAsync", { SessionId: id })
        assert.match(yield* log.first, /^ERROR A session was not released yet/)
        assert.strictEqual(Wire.at(yield* Wire.detail(id), "Status"), "DELETING")
        assert.isTrue(NodeFs.existsSync(server.sessionDirectory(id)))
        yield* execute(state, "DROP TRIGGER full")
        yield* Wire.ended(id)
        assert.deepStrictEqual(
          NodeFs.readdirSync(`${server.contextDirectory(contextId)}/home/wuying/work`),
          ["a"]
        )
      })
      return temporaryDirectory.pipe(
        Effect.flatMap((path) => serving(path)(released(`${path}/state.sqlite`))),
        Effect.provide(log.layer)
      )
    })
  }

  it.scopedLive("never takes a vanished folder for an emptied one", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const id = yield* Wire.createSession({ contextId, path: "/home/wuying/work" })
      yield* Wire.tool(id, "write_file", { path: "~/work/a", content: "1" })
      yield* Wire.sync(id)
      NodeFs.rmSync(`${server.sessionDirectory(id)}/home/wuying/work`, { recursive: true })
      const detail = yield* Wire.release(id)
      assert.include(Wire.textAt(detail, "EndReason"), "there is nothing at /home/wuying/work")
      assert.isTrue(NodeFs.existsSync(`${server.contextDirectory(contextId)}/home/wuying/work/a`))
    }).pipe(provided, Effect.provide(collecting().layer))
  )
})
