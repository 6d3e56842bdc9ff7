/**
 * The official TypeScript SDK cannot be had from the registry. What it sends was captured, and
 * what it does with the answers is in `official/sdk.ts`; together they are driven against
 * Local AgentBay over TLS here.
 */
import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { requests } from "../core/captures.js"
import * as Wire from "./local/wire.js"
import * as Captured from "./official/captured.js"
import * as Sdk from "./official/sdk.js"
import { withServer } from "./official/server.js"

const path = "/home/wuying/work"

const { form } = Captured.captured(39)

/** The actions in the order in which they came; repeated polls count once. */
const order = (calls: ReadonlyArray<LocalAgentBay.Call>): ReadonlyArray<string> =>
  calls.map(({ action }) => action).filter((action, index, all) => action !== all[index - 1])

describe("the official SDK's requests", () => {
  it("are sent as they were captured, but for what differs from run to run", () => {
    const same = { endpoint: "127.0.0.1:18443", apiKey: "akm-test", ca: "" }
    for (const capture of requests.filter(({ action }) => action !== null)) {
      const { Timestamp = "", SignatureNonce = "" } = Object.fromEntries(
        new URLSearchParams(capture.requestLine.split(" ")[1]?.split("?")[1])
      )
      const host = capture.headers["host"] ?? ""
      const bytes = Captured.bytesOf(
        capture,
        { ...same, endpoint: host },
        { Timestamp, SignatureNonce }
      )
      const text = bytes.toString("utf8")
      assert.strictEqual(text.slice(0, text.indexOf("\r\n")), capture.requestLine)
      assert.include(text, capture.rawBody)
    }
  })

  it.scopedLive("keep files from one session to the next, in the order of the SDK", () =>
    withServer((connection, server) =>
      Effect.gen(function* () {
        const context = yield* Sdk.send(connection, 43)
        const contextId = Wire.textAt(context, "Data", "Id")
        const binding = { contextId, path }
        const first = yield* Sdk.create(connection, form, [binding])
        const file = `${path}/ü b/a.txt`
        const written = yield* Sdk.tool(connection, first, "write_file", {
          path: file,
          content: "kept",
          mode: "overwrite"
        })
        assert.isFalse(written.isError)
        assert.isTrue(yield* Sdk.sync(connection, first))
        assert.isTrue(yield* Sdk.sync(connection, first, binding))
        assert.isTrue(yield* Sdk.remove(connection, first, true))

        const second = yield* Sdk.create(connection, form, [binding])
        const about = yield* Sdk.tool(connection, second, "get_file_info", { path: file })
        assert.match(about.text, /^size: 4$/m)
        const read = yield* Sdk.tool(connection, second, "read_file", {
          path: file,
          offset: 0,
          length: 61_440
        })
        assert.deepStrictEqual(read, { isError: false, text: "kept" })
        assert.isTrue(yield* Sdk.remove(connection, second, false))

        assert.deepStrictEqual(order(yield* server.admin.calls()), [
          "GetContext",
          "CreateMcpSession",
          "GetContextInfo",
          "CallMcpTool",
          "SyncContext",
          "GetContextInfo",
          "SyncContext",
          "GetContextInfo",
          "SyncContext",
          "GetContextInfo",
          "DeleteSessionAsync",
          "GetSessionDetail",
          "CreateMcpSession",
          "GetContextInfo",
          "CallMcpTool",
          "DeleteSessionAsync",
          "GetSessionDetail"
        ])
      })
    )
  )

  it.scopedLive("sync up and down, and see what a status request lists", () =>
    withServer((connection, server) =>
      Effect.gen(function* () {
        const contextId = Wire.textAt(yield* Sdk.send(connection, 43), "Data", "Id")
        const binding = { contextId, path }
        const sessionId = yield* Sdk.create(connection, form, [binding])
        const created = Sdk.items(yield* Sdk.send(connection, 47, { SessionId: sessionId }))
        assert.deepStrictEqual(
          created.map((item) => [item.contextId, item.path, item.taskType, item.status]),
          [[contextId, path, "download", "Success"]]
        )
        NodeFs.writeFileSync(`${server.sessionDirectory(sessionId)}${path}/up.txt`, "up")
        assert.isTrue(yield* Sdk.sync(connection, sessionId, binding))
        const store = `${server.contextDirectory(contextId)}${path}`
        assert.strictEqual(NodeFs.readFileSync(`${store}/up.txt`, "utf8"), "up")
        NodeFs.writeFileSync(`${store}/down.txt`, "down")
        assert.isTrue(yield* Sdk.sync(connection, sessionId, { ...binding, mode: "download" }))
        assert.strictEqual(
          NodeFs.readFileSync(`${server.sessionDirectory(sessionId)}${path}/down.txt`, "utf8"),
          "down"
        )
        // With every parameter: context, path and type.
        const filtered = Sdk.items(
          yield* Sdk.send(connection, 76, {
            SessionId: sessionId,
            ContextId: contextId,
            Path: path,
            TaskType: "upload"
          })
        )
        assert.deepStrictEqual(
          filtered.map((item) => [item.taskType, item.status, item.errorMessage]),
          [["upload", "Success", ""]]
        )
        // Two blank texts pass the SDK's check and are sent.
        const blank = yield* Effect.flip(Sdk.send(connection, 50, { SessionId: sessionId }))
        assert.strictEqual(blank.code, "InvalidParameter")
      })
    )
  )

  it.scopedLive("create takes what the SDK sends: nothing, everything, a browser's context", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        const contextId = Wire.textAt(yield* Sdk.send(connection, 43), "Data", "Id")
        const minimal = yield* Sdk.send(connection, 38)
        assert.isTrue(Wire.at(minimal, "Data", "Success"))
        const browser = Captured.captured(41)
        const [bound] = JSON.parse(browser.form["PersistenceDataList"] ?? "[]")
        const created = yield* Sdk.send(connection, 41, {
          PersistenceDataList: JSON.stringify([{ ...bound, ContextId: contextId }])
        })
        const sessionId = Wire.textAt(created, "Data", "SessionId")
        const [item] = Sdk.items(yield* Sdk.send(connection, 42, { SessionId: sessionId }))
        assert.strictEqual(item?.path, "/tmp/agentbay_browser")
        const bindings = yield* Sdk.send(connection, 53, { SessionId: sessionId })
        assert.strictEqual(Wire.at(bindings, "Data", 0, "ContextId"), contextId)
        assert.strictEqual(Wire.at(bindings, "Data", 0, "Path"), "/tmp/agentbay_browser")
      })
    )
  )

  it.scopedLive("get and list sessions, and find a released one gone", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        const sessionId = yield* Sdk.create(connection, form, [])
        const found = yield* Sdk.send(connection, 22, { SessionId: sessionId })
        for (const key of ["AppInstanceId", "ResourceId", "SessionId"]) {
          assert.isNotEmpty(Wire.textAt(found, "Data", key))
        }
        const status = yield* Sdk.send(connection, 57, { SessionId: sessionId })
        assert.strictEqual(Wire.at(status, "Data", "Status"), "RUNNING")
        const listed = yield* Sdk.send(connection, 60)
        assert.deepStrictEqual(Wire.at(listed, "Data"), [
          { SessionId: sessionId, SessionStatus: "RUNNING" }
        ])
        assert.isTrue(yield* Sdk.remove(connection, sessionId, false))
        assert.deepStrictEqual(Wire.at(yield* Sdk.send(connection, 24), "Data"), [])
        const gone = yield* Effect.flip(Sdk.send(connection, 22, { SessionId: sessionId }))
        assert.deepStrictEqual([gone.statusCode, gone.code], [400, "InvalidMcpSession.NotFound"])
      })
    )
  )

  it.scopedLive("a wrong key is not logged in", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        for (const n of [43, 46, 47]) {
          const refused = yield* Effect.flip(
            Sdk.send(connection, n, { Authorization: "Bearer akm-wrong" })
          )
          assert.deepStrictEqual([refused.statusCode, refused.code], [400, "NOT_LOGIN"])
        }
      })
    )
  )
})
