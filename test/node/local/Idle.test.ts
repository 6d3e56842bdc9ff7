import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { isUnderWay, mount, serving, temporaryDirectory, writeMany } from "./life.js"
import * as Wire from "./wire.js"

/** Pushes the clock of the server. */
const later = (by: Duration.DurationInput) =>
  Effect.flatMap(LocalAgentBay.LocalAgentBay, ({ admin }) => admin.advance(by))

const provided = Effect.provide(LocalAgentBay.layerTest)

/** Their transfer can be met while it runs. */
const files = 3_000

const create = (form: Wire.Form = {}) =>
  Effect.map(Wire.call("CreateMcpSession", { Timeout: "60", ...form }), (body) =>
    Wire.textAt(body, "Data", "SessionId")
  )

const assertRuns = (id: string, what?: string) =>
  Effect.map(Wire.detail(id), (data) =>
    assert.strictEqual(Wire.at(data, "Status"), "RUNNING", what)
  )

describe("idle sessions", () => {
  it.scopedLive("are released after their time, by policy like any other, and say so", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const kept = yield* Wire.createContext("kept")
      const left = yield* Wire.createContext("left")
      const id = yield* create({
        PersistenceDataList: [
          { ContextId: kept, Path: mount },
          {
            ContextId: left,
            Path: "/tmp/left",
            Policy: JSON.stringify({ uploadPolicy: { autoUpload: false } })
          }
        ]
      })
      yield* Wire.settled(id)
      yield* Wire.tool(id, "write_file", { path: `${mount}/a`, content: "1" })
      yield* Wire.tool(id, "write_file", { path: "/tmp/left/a", content: "1" })
      yield* later("58 seconds")
      yield* assertRuns(id)
      yield* later("3 seconds")
      assert.deepInclude(Object(yield* Wire.ended(id)), {
        EndReason: "idle for 60 s",
        IsDeleted: 1
      })
      assert.deepStrictEqual(NodeFs.readdirSync(server.contextDirectory(kept) + mount), ["a"])
      assert.isFalse(NodeFs.existsSync(`${server.contextDirectory(left)}/tmp/left/a`))
      const gone = yield* Wire.request("RefreshSessionIdleTime", { SessionId: id })
      assert.strictEqual(Wire.at(gone.body, "Code"), "InvalidMcpSession.NotFound")
      const list = yield* Wire.call("ListSession", { Labels: "{}" })
      assert.strictEqual(Wire.at(list, "TotalCount"), 0)
    }).pipe(provided)
  )

  it.scopedLive("have five minutes by default, and any whole number of seconds", () =>
    Effect.gen(function* () {
      const id = yield* Effect.map(Wire.call("CreateMcpSession"), (body) =>
        Wire.textAt(body, "Data", "SessionId")
      )
      const long = yield* create({ Timeout: "8640000" })
      yield* later("298 seconds")
      yield* assertRuns(id)
      yield* later("3 seconds")
      yield* Wire.ended(id)
      yield* later("90 days")
      yield* assertRuns(long)
      for (const timeout of ["0", "-1", "1.5", "soon"]) {
        const answer = yield* Wire.request("CreateMcpSession", { Timeout: timeout })
        assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidParameter", timeout)
        assert.include(Wire.textAt(answer.body, "Message"), "Timeout")
      }
    }).pipe(provided)
  )

  it.scopedLive("are kept by what is done in them, not by questions about them", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const id = yield* create({ PersistenceDataList: [{ ContextId: contextId, Path: mount }] })
      const form = { SessionId: id }
      const uses: ReadonlyArray<readonly [string, Wire.Form]> = [
        ["RefreshSessionIdleTime", form],
        ["CallMcpTool", { ...form, Name: "list_directory", Args: { path: mount } }],
        ["SyncContext", form],
        [
          "BindContexts",
          { ...form, PersistenceDataList: [{ ContextId: contextId, Path: "/tmp/b" }] }
        ],
        ["SetLabel", { ...form, Labels: { a: "b" } }]
      ]
      for (const [action, parameters] of uses) {
        yield* later("55 seconds")
        yield* Wire.call(action, parameters)
        yield* Wire.settled(id)
        yield* assertRuns(id, action)
      }
      yield* later("55 seconds")
      for (const action of [
        "GetSession",
        "GetSessionDetail",
        "GetContextInfo",
        "DescribeSessionContexts",
        "GetLabel"
      ]) {
        yield* Wire.call(action, form)
      }
      yield* Wire.call("ListSession", { Labels: "{}" })
      yield* later("7 seconds")
      yield* Wire.ended(id)
    }).pipe(provided)
  )

  it.scopedLive("are not idle while a transfer runs", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const id = yield* create({ PersistenceDataList: [{ ContextId: contextId, Path: mount }] })
      yield* Wire.settled(id)
      writeMany(server.sessionDirectory(id) + mount, files)
      yield* Wire.call("SyncContext", { SessionId: id })
      yield* Wire.eventually(Wire.info(id), isUnderWay)
      yield* later("1 hour")
      yield* assertRuns(id)
      const items = yield* Wire.settled(id)
      assert.isTrue(items.every((item) => item.status === "Success"))
      yield* assertRuns(id)
      yield* later("3 minutes")
      yield* Wire.ended(id)
    }).pipe(provided)
  )

  it.scopedLive("have no time that runs while they are paused", () =>
    Effect.gen(function* () {
      const id = yield* create()
      const status = (wanted: string) =>
        Wire.eventually(Wire.detail(id), (data) => Wire.at(data, "Status") === wanted)
      yield* later("50 seconds")
      yield* Wire.call("PauseSessionAsync", { SessionId: id })
      yield* status("PAUSED")
      yield* later("30 days")
      yield* status("PAUSED")
      yield* Wire.call("ResumeSessionAsync", { SessionId: id })
      yield* status("RUNNING")
      yield* later("58 seconds")
      yield* assertRuns(id)
      yield* later("3 seconds")
      yield* Wire.ended(id)
    }).pipe(provided)
  )

  it.scopedLive("have no time that runs while no server does", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const id = yield* create().pipe(Effect.zipLeft(later("50 seconds")), serving(directory))
      yield* Effect.gen(function* () {
        yield* later("50 seconds")
        yield* assertRuns(id)
        yield* later("11 seconds")
        assert.strictEqual(Wire.at(yield* Wire.ended(id), "EndReason"), "idle for 60 s")
      }).pipe(serving(directory))
      yield* Effect.gen(function* () {
        const data = yield* Wire.detail(id)
        assert.deepInclude(Object(data), { Status: "FINISH", EndReason: "idle for 60 s" })
      }).pipe(serving(directory))
    })
  )

  it.scopedLive("say why they ended, also when the next server finishes their release", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { contextId, id } = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const contextId = yield* Wire.createContext("c")
        const id = yield* create({ PersistenceDataList: [{ ContextId: contextId, Path: mount }] })
        yield* Wire.settled(id)
        writeMany(server.sessionDirectory(id) + mount, files)
        yield* later("62 seconds")
        yield* Wire.eventually(Wire.info(id), isUnderWay)
        const data = yield* Wire.detail(id)
        assert.deepInclude(Object(data), { Status: "DELETING", EndReason: "idle for 60 s" })
        return { contextId, id }
      }).pipe(serving(directory))
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        assert.strictEqual(Wire.at(yield* Wire.ended(id), "EndReason"), "idle for 60 s")
        assert.lengthOf(NodeFs.readdirSync(server.contextDirectory(contextId) + mount), files)
      }).pipe(serving(directory))
    })
  )

  it.scopedLive("a binding counts as use of its context", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const id = yield* create()
      yield* later("40 seconds")
      yield* Wire.call("BindContexts", {
        SessionId: id,
        PersistenceDataList: [{ ContextId: contextId, Path: mount }]
      })
      const context = yield* Wire.call("GetContext", { Name: "c" })
      const time = (key: string) => Date.parse(Wire.textAt(context, "Data", key))
      assert.isAtLeast(time("LastUsedTime") - time("CreateTime"), 40_000)
    }).pipe(provided)
  )
})
