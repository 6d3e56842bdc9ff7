import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as NodeChild from "node:child_process"
import * as NodeFs from "node:fs"
import * as CallLog from "../../../packages/node/src/local/admin/CallLog.js"
import { collectGarbage } from "../../garbage.js"
import { many, temporaryDirectory, writeMany } from "./life.js"
import * as Wire from "./wire.js"
import { mount, prepare, tree, write } from "./workspace.js"

/** Their copies take longer than the change of a state, and not too long for a test. */
const some = 2_000

const provided = Effect.provide(LocalAgentBay.layerTest)

const statusOf = (id: string) =>
  Effect.map(Wire.call("GetSession", { SessionId: id }), (body) =>
    Wire.textAt(body, "Data", "Status")
  )

/** The heap in use after a collection of garbage, in MB. */
const heap = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed / 1e6
}

describe("parts of the server together", () => {
  it.scopedLive("a session is paused only when a binding made at the same time is filled", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const store = `${server.contextDirectory(contextId)}/deep/er/and/deeper`
      NodeFs.mkdirSync(store, { recursive: true })
      writeMany(store, some)
      // Whichever request comes first, the other one is refused or has to wait.
      const both = Effect.gen(function* () {
        const id = yield* Wire.createSession()
        const form = { SessionId: id }
        const bound = { ContextId: contextId, Path: "/deep/er/and/deeper" }
        const [bind] = yield* Effect.all(
          [
            Wire.request("BindContexts", { ...form, PersistenceDataList: [bound] }),
            Wire.call("PauseSessionAsync", form)
          ],
          { concurrency: "unbounded" }
        )
        return { id, isBound: bind.status === 200 }
      })
      const { id } = yield* Wire.eventually(both, ({ isBound }) => isBound)
      yield* Wire.eventually(statusOf(id), (status) => status === "PAUSED")
      assert.deepStrictEqual(
        (yield* Wire.info(id)).map(({ status, taskType }) => [taskType, status]),
        [["download", "Success"]]
      )
    }).pipe(provided)
  )

  it("the log of calls keeps no body of a request in memory", () => {
    const log = CallLog.make()
    const before = heap()
    for (let index = 0; index < 50; index++) {
      const body = `SessionId=session-${String(index).padStart(20, "0")}&Args=${"x".repeat(1e6)}`
      log.add({
        action: "CallMcpTool",
        status: 200,
        code: "ok",
        requestId: "r",
        end: 0,
        duration: 0,
        sessionId: new URLSearchParams(body).get("SessionId") ?? ""
      })
    }
    assert.isBelow(heap() - before, 25)
    assert.strictEqual(log.last(1)[0]?.sessionId, "session-00000000000000000049")
  })

  it.scopedLive("a snapshot leaves out the pipes and sockets of a session", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { session, id } = yield* prepare()
      write(session, { "a.txt": "a" })
      NodeChild.execFileSync("mkfifo", [`${session}/pipe`])
      yield* server.admin.snapshot("one")
      yield* server.admin.restore("one")
      assert.deepStrictEqual(tree(`${server.sessionDirectory(id)}${mount}`), { "a.txt": "a" })
    }).pipe(provided)
  )

  it.scopedLive("a snapshot that fails leaves nothing behind", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      NodeFs.writeFileSync(`${server.dataDirectory}/snapshots`, "in the way")
      const error = yield* Effect.flip(server.admin.snapshot("one"))
      assert.strictEqual(error.reason, "Server")
      assert.deepStrictEqual(NodeFs.readdirSync(`${server.dataDirectory}/staging`), [])
    }).pipe(provided)
  )

  it.scopedLive("a snapshot that is being removed is not restored in part", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const store = server.contextDirectory(contextId)
      NodeFs.mkdirSync(store, { recursive: true })
      writeMany(store, some)
      yield* server.admin.snapshot("one")
      const snapshots = `${server.dataDirectory}/snapshots`
      const removal = yield* Effect.fork(server.admin.removeSnapshot("one"))
      const files = `${snapshots}/one/contexts/${contextId}/files`
      const namesIn = (folder: string): ReadonlyArray<string> => {
        try {
          return NodeFs.readdirSync(folder)
        } catch {
          return []
        }
      }
      const left = (): number => {
        const names = namesIn(files)
        // It may have gone away while its names were read, which takes more than one look.
        return NodeFs.existsSync(`${snapshots}/one`) ? names.length || -1 : 0
      }
      // Whole or gone, whenever somebody looks.
      while (removal.unsafePoll() === null) {
        assert.include([some, 0], left())
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      assert.deepStrictEqual((yield* server.admin.state).snapshots, [])
    }).pipe(provided)
  )

  it.scopedLive("a snapshot and a restore are given up while they copy", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const store = server.contextDirectory(contextId)
      NodeFs.mkdirSync(store, { recursive: true })
      writeMany(store, some)
      const snapshots = `${server.dataDirectory}/snapshots`
      const staging = `${server.dataDirectory}/staging`
      const begun = (folder: string) =>
        Wire.eventually(
          Effect.sync(() => (NodeFs.existsSync(folder) ? NodeFs.readdirSync(folder) : [])),
          (names) => names.some((name) => /^(task-|\.fresh-)/.test(name))
        )
      const taking = yield* Effect.fork(server.admin.snapshot("one"))
      yield* begun(staging)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(taking)))
      assert.deepStrictEqual((yield* server.admin.state).snapshots, [])
      assert.deepStrictEqual(NodeFs.readdirSync(staging), [])
      yield* server.admin.snapshot("two")
      const restoring = yield* Effect.fork(server.admin.restore("two"))
      yield* begun(snapshots)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(restoring)))
      assert.deepStrictEqual(NodeFs.readdirSync(snapshots), ["two"])
      assert.lengthOf(NodeFs.readdirSync(store), some)
      assert.strictEqual((yield* Wire.request("GetContext", { Name: "c" })).status, 200)
    }).pipe(provided)
  )

  it.scopedLive("a seed comes after a clear that was asked for before", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const folder = yield* temporaryDirectory
      write(folder, { "seeded.txt": "seeded" })
      const { contextId, id, session } = yield* prepare()
      writeMany(session, many)
      // The clear waits for the upload.
      yield* Wire.call("SyncContext", { SessionId: id })
      yield* Wire.call("ClearContext", { Id: contextId })
      yield* server.admin.seed({ context: "project", folder, path: mount })
      yield* Wire.eventually(
        Wire.call("GetContext", { Name: "project" }),
        (body) => Wire.at(body, "Data", "State") === "available"
      )
      assert.deepStrictEqual(tree(server.contextDirectory(contextId) + mount), {
        "seeded.txt": "seeded"
      })
    }).pipe(provided)
  )

  it.scopedLive("a path that is too long for the system is refused by its parameter", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const path = `/${"a/".repeat(2500)}`
      const data = [{ ContextId: contextId, Path: path }]
      const context = { ContextId: contextId }
      for (const [action, parameter, form] of [
        ["DescribeContextFiles", "ParentFolderPath", { ...context, ParentFolderPath: path }],
        ["GetContextFileUploadUrl", "FilePath", { ...context, FilePath: path }],
        ["GetContextFileDownloadUrl", "FilePath", { ...context, FilePath: path }],
        ["DeleteContextFile", "FilePath", { ...context, FilePath: path }],
        ["CreateMcpSession", "PersistenceDataList", { PersistenceDataList: data }]
      ] as const) {
        const { body, status } = yield* Wire.request(action, form)
        assert.strictEqual(status, 400, action)
        assert.include(Wire.textAt(body, "Message"), parameter)
      }
    }).pipe(provided)
  )

  it.scopedLive("more bindings than a session can have are refused at once", () =>
    Effect.gen(function* () {
      const { body, status } = yield* Wire.request("CreateMcpSession", {
        PersistenceDataList: Array.from({ length: 40_000 }, (_, index) => ({
          ContextId: `c${index}`,
          Path: `/p${index}`
        }))
      })
      assert.strictEqual(status, 400)
      assert.include(Wire.textAt(body, "Message"), "more than 1000 paths")
    }).pipe(provided)
  )
})
