import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const outcome = (answer: Wire.Answer) => ({
  status: answer.status,
  code: Wire.at(answer.body, "Code"),
  message: Wire.at(answer.body, "Message")
})

const sessionGone = {
  status: 400,
  code: "InvalidMcpSession.NotFound",
  message: "Resource [McpSession] is not found."
}

const list = (form: Wire.Form = {}) =>
  Effect.map(Wire.call("ListSession", { Labels: "{}", ...form }), (body) => {
    const data = Wire.at(body, "Data")
    return {
      ids: Array.isArray(data) ? data.map((entry) => Wire.textAt(entry, "SessionId")) : [],
      next: Wire.textAt(body, "NextToken"),
      max: Wire.at(body, "MaxResults"),
      total: Wire.at(body, "TotalCount")
    }
  })

describe("contexts", () => {
  it.scopedLive("a context is created once and found by name and by id", () =>
    Effect.gen(function* () {
      const absent = yield* Wire.request("GetContext", { Name: "project" })
      assert.deepStrictEqual(outcome(absent), {
        status: 400,
        code: "Context.NotFound",
        message: "Context not found"
      })
      const ids = yield* Effect.all(
        Array.from({ length: 8 }, () => Wire.createContext("project")),
        { concurrency: "unbounded" }
      )
      const [id = ""] = ids
      assert.match(id, /^SdkCtx-[0-9a-z]+$/)
      assert.deepStrictEqual(new Set(ids), new Set([id]))
      const byId = yield* Wire.call("GetContext", { ContextId: id, AllowCreate: "false" })
      assert.strictEqual(Wire.at(byId, "Data", "Name"), "project")
      assert.strictEqual(Wire.at(byId, "Data", "State"), "available")
      assert.match(Wire.textAt(byId, "Data", "CreateTime"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      const unknown = yield* Wire.request("GetContext", {
        ContextId: "SdkCtx-x",
        AllowCreate: "true"
      })
      assert.strictEqual(outcome(unknown).code, "Context.NotFound")
    }).pipe(provided)
  )
})

describe("sessions", () => {
  it.scopedLive("a session has what a client needs to go on, and a folder of its own", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const created = yield* Wire.call("CreateMcpSession", { ImageId: "code_latest" })
      const id = Wire.textAt(created, "Data", "SessionId")
      assert.match(id, /^session-[0-9a-z]+$/)
      const got = yield* Wire.call("GetSession", { SessionId: id })
      for (const key of ["AppInstanceId", "ResourceId", "ResourceUrl"]) {
        assert.notStrictEqual(Wire.textAt(created, "Data", key), "")
        assert.strictEqual(Wire.textAt(got, "Data", key), Wire.textAt(created, "Data", key))
      }
      for (const key of ["LinkUrl", "Token", "WsUrl"]) {
        assert.strictEqual(Wire.textAt(created, "Data", key), "")
      }
      assert.strictEqual(Wire.at(got, "Data", "Status"), "RUNNING")
      const detail = yield* Wire.call("GetSessionDetail", { SessionId: id })
      assert.strictEqual(Wire.at(detail, "Data", "ImageId"), "code_latest")
      const root = server.sessionDirectory(id)
      assert.isTrue(NodeFs.statSync(`${root}/home/wuying`).isDirectory())
      assert.isTrue(NodeFs.statSync(`${root}/tmp`).isDirectory())
    }).pipe(provided)
  )

  it.scopedLive("the tool list tells that write_file takes binary content", () =>
    Effect.gen(function* () {
      const created = yield* Wire.call("CreateMcpSession")
      const tools: Array<{ name: string; server: string; inputSchema: unknown }> = JSON.parse(
        Wire.textAt(created, "Data", "ToolList")
      )
      assert.includeMembers(
        tools.map((tool) => tool.name),
        ["write_file", "read_file", "list_directory", "get_file_info", "create_directory"]
      )
      const writeFile = tools.find((tool) => tool.name === "write_file")
      assert.strictEqual(writeFile?.server, "wuying_filesystem")
      assert.deepStrictEqual(Wire.at(writeFile, "inputSchema", "properties", "format", "enum"), [
        "text",
        "binary"
      ])
    }).pipe(provided)
  )

  it.scopedLive("every binding has a download task at once, and soon it has ended", () =>
    Effect.gen(function* () {
      const one = yield* Wire.createContext("one")
      const two = yield* Wire.createContext("two")
      const created = yield* Wire.call("CreateMcpSession", {
        PersistenceDataList: [
          { ContextId: one, Path: "/home/wuying/one" },
          { ContextId: two, Path: "/tmp/two", Policy: null },
          {
            ContextId: two,
            Path: "/tmp/three",
            Policy: JSON.stringify({
              downloadPolicy: { autoDownload: false },
              deletePolicy: null,
              bwList: { whiteLists: [{ path: "/x" }] },
              recyclePolicy: null
            })
          }
        ]
      })
      const id = Wire.textAt(created, "Data", "SessionId")
      const atOnce = yield* Wire.info(id)
      assert.deepStrictEqual(
        atOnce.map((item) => [item.contextId, item.path, item.taskType]),
        [
          [one, "/home/wuying/one", "download"],
          [two, "/tmp/two", "download"],
          [two, "/tmp/three", "download"]
        ]
      )
      const ended = yield* Wire.settled(id)
      for (const item of ended) {
        assert.strictEqual(item.status, "Success")
        assert.strictEqual(item.errorMessage, "")
        assert.isAtLeast(item.finishTime, item.startTime)
        assert.isAbove(item.startTime, 1_600_000_000)
      }
    }).pipe(provided)
  )

  it.scopedLive("bindings are told with names and policies", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("named")
      const policy = { uploadPolicy: { autoUpload: false, uploadMode: "File" } }
      const id = yield* Wire.createSession(
        { contextId, path: "/home/wuying/a", policy },
        { contextId, path: "/home/wuying/b" }
      )
      const told = yield* Wire.call("DescribeSessionContexts", { SessionId: id })
      assert.deepStrictEqual(
        [0, 1].map((index) => [
          Wire.at(told, "Data", index, "ContextId"),
          Wire.at(told, "Data", index, "ContextName"),
          Wire.at(told, "Data", index, "Path"),
          JSON.parse(Wire.textAt(told, "Data", index, "Policy"))
        ]),
        [
          [contextId, "named", "/home/wuying/a", policy],
          [contextId, "named", "/home/wuying/b", {}]
        ]
      )
      const session = yield* Wire.call("GetSession", { SessionId: id })
      assert.deepStrictEqual(Wire.at(session, "Data", "contexts"), [
        { id: contextId, name: "named" }
      ])
    }).pipe(provided)
  )

  it.scopedLive("an unknown context is refused in the envelope", () =>
    Effect.gen(function* () {
      const answer = yield* Wire.request("CreateMcpSession", {
        PersistenceDataList: [{ ContextId: "SdkCtx-none", Path: "/tmp/a" }]
      })
      assert.deepStrictEqual(outcome(answer), {
        status: 200,
        code: "InvalidContext.NotFound",
        message: "Resource [Context] is not found."
      })
      assert.strictEqual(Wire.at(answer.body, "Success"), false)
      assert.strictEqual((yield* list()).total, 0)
    }).pipe(provided)
  )

  it.scopedLive("paths that are no mounts, and paths bound twice, are refused", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const paths = [
        ["relative"],
        [""],
        ["/"],
        ["/tmp/../.."],
        ["/../etc"],
        ["/tmp/a\0b"],
        [`/tmp/${"n".repeat(256)}`],
        ["/tmp/a", "/tmp/a"],
        ["/tmp/a", "/tmp/b/../a/"]
      ]
      for (const bound of paths) {
        const answer = yield* Wire.request("CreateMcpSession", {
          PersistenceDataList: bound.map((Path) => ({ ContextId: contextId, Path }))
        })
        assert.strictEqual(outcome(answer).code, "InvalidParameter", bound.join(" "))
        assert.include(String(outcome(answer).message), "PersistenceDataList")
      }
      assert.deepStrictEqual(NodeFs.readdirSync(`${server.dataDirectory}/sessions`), [])
    }).pipe(provided)
  )

  it.scopedLive("a session whose folders cannot be made leaves none behind", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const path = `/tmp${`/${"n".repeat(250)}`.repeat(20)}`
      const answer = yield* Wire.request("CreateMcpSession", {
        PersistenceDataList: [{ ContextId: contextId, Path: path }]
      })
      assert.notStrictEqual(outcome(answer).code, "ok")
      assert.deepStrictEqual(NodeFs.readdirSync(`${server.dataDirectory}/sessions`), [])
    }).pipe(provided, Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.scopedLive("lists are newest first, filtered, and their pages hold while sessions go", () =>
    Effect.gen(function* () {
      const create = (labels: object) =>
        Effect.map(Wire.call("CreateMcpSession", { Labels: labels }), (body) =>
          Wire.textAt(body, "Data", "SessionId")
        )
      const ids: Array<string> = []
      for (let index = 0; index < 5; index++) {
        ids.unshift(yield* create({ project: "demo", index: String(index) }))
      }
      yield* create({ project: "other" })
      const all = yield* list({ Labels: { project: "demo" } })
      assert.deepStrictEqual(all, { ids, next: "", max: 10, total: 5 })
      const byBoth = yield* list({ Labels: { project: "demo", index: "3" } })
      assert.deepStrictEqual(byBoth.ids, [ids[1]])
      assert.deepStrictEqual((yield* list({ Labels: { project: "demo", index: "9" } })).ids, [])

      const first = yield* list({ Labels: { project: "demo" }, MaxResults: "2" })
      assert.deepStrictEqual(first.ids, ids.slice(0, 2))
      assert.deepStrictEqual([first.max, first.total], [2, 5])
      // One that was shown goes, a new one comes: the next page goes on behind what was shown.
      yield* Wire.release(ids[1] ?? "")
      yield* create({ project: "demo" })
      const second = yield* list({
        Labels: { project: "demo" },
        MaxResults: "2",
        NextToken: first.next
      })
      assert.deepStrictEqual(second.ids, ids.slice(2, 4))
      const last = yield* list({
        Labels: { project: "demo" },
        MaxResults: "2",
        NextToken: second.next
      })
      assert.deepStrictEqual([last.ids, last.next], [ids.slice(4), ""])
      assert.strictEqual((yield* list({ Status: "RUNNING" })).total, 6)
      assert.strictEqual((yield* list({ Status: "PAUSED" })).total, 0)
    }).pipe(provided)
  )

  it.scopedLive("an unknown session is not found, whatever is asked of it", () =>
    Effect.gen(function* () {
      const form = { SessionId: "session-none", Name: "read_file", Args: "{}" }
      for (const action of [
        "GetSession",
        "GetSessionDetail",
        "GetContextInfo",
        "SyncContext",
        "DescribeSessionContexts",
        "CallMcpTool",
        "DeleteSessionAsync",
        "ReleaseMcpSession"
      ]) {
        assert.deepStrictEqual(outcome(yield* Wire.request(action, form)), sessionGone, action)
      }
    }).pipe(provided)
  )

  it.scopedLive("a deleted session leaves a tombstone and nothing else", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      for (const action of ["DeleteSessionAsync", "ReleaseMcpSession"]) {
        const id = yield* Wire.createSession({ contextId, path: "/tmp/a" })
        yield* Wire.call(action, { SessionId: id })
        const detail = yield* Wire.eventually(
          Wire.call("GetSessionDetail", { SessionId: id }),
          (body) => Wire.at(body, "Data", "Status") === "FINISH"
        )
        assert.deepInclude(Object(Wire.at(detail, "Data")), { EndReason: "", IsDeleted: 1 })
        assert.deepStrictEqual((yield* list()).ids, [])
        assert.deepStrictEqual(
          outcome(yield* Wire.request("GetSession", { SessionId: id })),
          sessionGone
        )
        assert.deepStrictEqual(outcome(yield* Wire.request(action, { SessionId: id })), {
          ...sessionGone,
          message: "no alive session found, no need to release"
        })
        yield* Wire.eventually(
          Effect.sync(() => NodeFs.readdirSync(`${server.dataDirectory}/sessions`)),
          (folders) => folders.length === 0
        )
      }
    }).pipe(provided)
  )
})
