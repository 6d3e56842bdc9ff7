import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import { get, put } from "./files.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

/** By `POST`, as Python, Go and Java ask for it. */
const internalOf = (sessionId: string) =>
  Effect.map(
    Wire.call("GetAndLoadInternalContext", {
      SessionId: sessionId,
      "ContextTypes.1": "file_transfer"
    }),
    (body) => ({
      contextId: Wire.textAt(body, "Data", 0, "ContextId"),
      path: Wire.textAt(body, "Data", 0, "ContextPath"),
      type: Wire.textAt(body, "Data", 0, "ContextType")
    })
  )

/** Syncs one file and waits the way the official clients do. */
const syncFile = (sessionId: string, contextId: string, path: string, mode: string) =>
  Effect.gen(function* () {
    yield* Wire.call("SyncContext", {
      SessionId: sessionId,
      ContextId: contextId,
      Path: path,
      Mode: mode
    })
    const items = yield* Wire.settled(sessionId, {
      ContextId: contextId,
      Path: path,
      TaskType: mode
    })
    assert.deepStrictEqual(
      items.map((item) => [item.path, item.status, item.errorMessage]),
      [[path, "Success", ""]]
    )
  })

describe("files that travel through a session's internal context", () => {
  it.scopedLive("go into the session and come out of it", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const session = yield* Wire.createSession()
      const { contextId, path, type } = yield* internalOf(session)
      assert.strictEqual(type, "file_transfer")
      assert.isTrue(NodeFs.statSync(server.sessionDirectory(session) + path).isDirectory())
      const file = `${path}/up.txt`
      const host = server.sessionDirectory(session) + file
      const remove = Wire.call("DeleteContextFile", { ContextId: contextId, FilePath: file })

      assert.strictEqual((yield* put(contextId, file, "DATA")).status, 200)
      yield* syncFile(session, contextId, file, "download")
      assert.strictEqual(NodeFs.readFileSync(host, "utf8"), "DATA")
      yield* remove

      NodeFs.writeFileSync(host, "changed")
      yield* syncFile(session, contextId, file, "upload")
      assert.strictEqual((yield* get(contextId, file)).text, "changed")
      yield* remove

      // Any other path of the session will do as well.
      yield* put(contextId, "/home/wuying/x y/z", "z")
      yield* syncFile(session, contextId, "/home/wuying/x y/z", "download")
      const other = `${server.sessionDirectory(session)}/home/wuying/x y/z`
      assert.strictEqual(NodeFs.readFileSync(other, "utf8"), "z")
    }).pipe(provided)
  )

  it.scopedLive("the context is one for each session, in no list, and cannot be changed", () =>
    Effect.gen(function* () {
      const one = yield* Wire.createSession()
      const other = yield* Wire.createSession()
      const answers = yield* Effect.all([internalOf(one), internalOf(one), internalOf(other)], {
        concurrency: "unbounded"
      })
      const ids = answers.map((answer) => answer.contextId)
      assert.strictEqual(ids[0], ids[1])
      assert.notStrictEqual(ids[0], ids[2])
      assert.strictEqual(Wire.at(yield* Wire.call("ListContexts"), "TotalCount"), 0)
      for (const [action, form] of [
        ["ModifyContext", { Name: "mine" }],
        ["DeleteContext", {}],
        ["ClearContext", {}]
      ] as const) {
        const { body } = yield* Wire.request(action, { Id: ids[0], ...form })
        assert.strictEqual(Wire.at(body, "Code"), "Context.NotFound")
      }
      const { body } = yield* Wire.request("CreateMcpSession", {
        PersistenceDataList: [{ ContextId: ids[0], Path: "/tmp/a" }]
      })
      assert.strictEqual(Wire.at(body, "Code"), "InvalidContext.NotFound")
      const described = yield* Wire.call("DescribeSessionContexts", { SessionId: one })
      assert.deepStrictEqual(Wire.at(described, "Data"), [])
    }).pipe(provided)
  )

  it.scopedLive("TypeScript clients ask with GET, everything in the query", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const session = yield* Wire.createSession()
      const query = Wire.encode({
        Action: "GetAndLoadInternalContext",
        Format: "json",
        Authorization: `Bearer ${Redacted.value(server.apiKey)}`,
        "ContextTypes.1": "file_transfer",
        SessionId: session
      })
      const { body, status } = yield* Wire.send(`${server.url}/?${query}`, { method: "GET" })
      assert.strictEqual(status, 200)
      assert.strictEqual(
        Wire.at(body, "Data", 0, "ContextId"),
        (yield* internalOf(session)).contextId
      )
    }).pipe(provided)
  )

  it.scopedLive("other types and sessions are refused", () =>
    Effect.gen(function* () {
      const session = yield* Wire.createSession()
      const code = (form: Wire.Form) =>
        Effect.map(Wire.request("GetAndLoadInternalContext", form), ({ body }) =>
          Wire.at(body, "Code")
        )
      assert.strictEqual(yield* code({ SessionId: session }), "InvalidParameter")
      assert.strictEqual(
        yield* code({ SessionId: session, "ContextTypes.1": "browser" }),
        "InvalidParameter"
      )
      assert.strictEqual(
        yield* code({ SessionId: "session-none", "ContextTypes.1": "file_transfer" }),
        "InvalidMcpSession.NotFound"
      )
    }).pipe(provided)
  )

  it.scopedLive("the files of an ended session go when the next one asks", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const session = yield* Wire.createSession()
      const { contextId } = yield* internalOf(session)
      yield* put(contextId, "/tmp/left", "x")
      yield* Wire.release(session)
      yield* internalOf(yield* Wire.createSession())
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(server.contextDirectory(contextId))),
        (exists) => !exists
      )
    }).pipe(provided)
  )

  it.scopedLive("a folder of the session that is none any more does not matter", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const session = yield* Wire.createSession()
      const root = server.sessionDirectory(session)
      NodeFs.rmSync(`${root}/tmp`, { recursive: true })
      NodeFs.symlinkSync(server.dataDirectory, `${root}/tmp`)
      yield* internalOf(session)
      assert.isFalse(NodeFs.existsSync(`${server.dataDirectory}/file_transfer`))
    }).pipe(provided)
  )
})
