import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { isUnderWay, mount, serving, sessionWithFiles, temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

/** Their transfer can be met while it runs. */
const files = 3_000

const statusOf = (id: string) =>
  Effect.map(Wire.call("GetSession", { SessionId: id }), (body) =>
    Wire.textAt(body, "Data", "Status")
  )

/** What the three actions that tell the state of a session tell. */
const told = (id: string) =>
  Effect.all(
    [
      statusOf(id),
      Effect.map(Wire.call("GetSessionDetail", { SessionId: id }), (body) =>
        Wire.at(body, "Data", "Status")
      ),
      Effect.map(Wire.call("ListSession", { Labels: "{}" }), (body) =>
        Wire.at(body, "Data", 0, "SessionStatus")
      )
    ],
    { concurrency: "unbounded" }
  )

const reached = (id: string, status: string) =>
  Wire.eventually(statusOf(id), (found) => found === status)

const pause = (id: string) => Wire.call("PauseSessionAsync", { SessionId: id })

const resume = (id: string) => Wire.call("ResumeSessionAsync", { SessionId: id })

const refusal = (answer: Wire.Answer) => [answer.status, Wire.at(answer.body, "Code")]

const refused = [400, "InvalidMcpSession.Status"]

/** What needs a session that runs. */
const uses = (id: string, contextId: string): ReadonlyArray<readonly [string, Wire.Form]> => {
  const form = { SessionId: id }
  return [
    ["CallMcpTool", { ...form, Name: "write_file", Args: { path: "/tmp/a", content: "1" } }],
    ["SyncContext", form],
    ["BindContexts", { ...form, PersistenceDataList: [{ ContextId: contextId, Path: "/tmp/b" }] }],
    ["SetLabel", { ...form, Labels: { a: "new" } }],
    ["RefreshSessionIdleTime", form],
    ["GetMcpResource", form],
    ["GetLink", form],
    ["DeleteSessionAsync", form],
    ["ReleaseMcpSession", form]
  ]
}

describe("pause and resume", () => {
  it.scopedLive("tell the state in between at once, and soon the other one", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      yield* pause(id)
      assert.deepStrictEqual(yield* told(id), ["PAUSING", "PAUSING", "PAUSING"])
      yield* reached(id, "PAUSED")
      assert.deepStrictEqual(yield* told(id), ["PAUSED", "PAUSED", "PAUSED"])
      yield* resume(id)
      assert.deepStrictEqual(yield* told(id), ["RESUMING", "RESUMING", "RESUMING"])
      yield* reached(id, "RUNNING")
      assert.deepStrictEqual(yield* told(id), ["RUNNING", "RUNNING", "RUNNING"])
    }).pipe(provided)
  )

  it.scopedLive("a paused session tells its state and does nothing", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      const id = yield* Wire.createSession({ contextId, path: mount })
      yield* Wire.call("SetLabel", { SessionId: id, Labels: { a: "old" } })
      yield* pause(id)
      for (const already of [Effect.void, reached(id, "PAUSED")]) {
        yield* already
        for (const [action, form] of uses(id, contextId)) {
          const answer = yield* Wire.request(action, form)
          assert.deepStrictEqual(refusal(answer), refused, action)
          assert.match(Wire.textAt(answer.body, "Message"), /The session is PAUS(ING|ED)\b/)
        }
      }
      const form = { SessionId: id }
      assert.lengthOf(yield* Wire.info(id), 1)
      const bindings = yield* Wire.call("DescribeSessionContexts", form)
      assert.strictEqual(Wire.at(bindings, "Data", 1), undefined)
      const labels = yield* Wire.call("GetLabel", form)
      assert.strictEqual(Wire.at(labels, "Data", "Labels"), '{"a":"old"}')
      assert.isFalse(NodeFs.existsSync(`${server.sessionDirectory(id)}/tmp/a`))

      yield* resume(id)
      yield* reached(id, "RUNNING")
      for (const [action, parameters] of uses(id, contextId)) {
        if (action === "ReleaseMcpSession") continue
        yield* Wire.call(action, parameters)
      }
      yield* Wire.eventually(
        Effect.map(Wire.call("GetSessionDetail", form), (body) => Wire.at(body, "Data", "Status")),
        (status) => status === "FINISH"
      )
      for (const action of ["PauseSessionAsync", "ResumeSessionAsync"]) {
        assert.deepStrictEqual(refusal(yield* Wire.request(action, form)), [
          400,
          "InvalidMcpSession.NotFound"
        ])
      }
    }).pipe(provided)
  )

  it.scopedLive("asked for twice are done once; against each other they are refused", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      yield* resume(id)
      assert.strictEqual(yield* statusOf(id), "RUNNING")
      yield* Effect.all([pause(id), pause(id), pause(id)], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        refusal(yield* Wire.request("ResumeSessionAsync", { SessionId: id })),
        refused
      )
      yield* reached(id, "PAUSED")
      yield* pause(id)
      assert.strictEqual(yield* statusOf(id), "PAUSED")
      yield* Effect.all([resume(id), resume(id)], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        refusal(yield* Wire.request("PauseSessionAsync", { SessionId: id })),
        refused
      )
      yield* reached(id, "RUNNING")
    }).pipe(provided)
  )

  it.scopedLive("a session that is being released takes neither", () =>
    Effect.gen(function* () {
      const { id } = yield* sessionWithFiles(files)
      yield* Wire.call("DeleteSessionAsync", { SessionId: id })
      for (const action of ["PauseSessionAsync", "ResumeSessionAsync", "SetLabel"]) {
        const answer = yield* Wire.request(action, { SessionId: id, Labels: {} })
        assert.deepStrictEqual(refusal(answer), [400, "InvalidMcpSession.NotFound"], action)
      }
      assert.strictEqual(yield* statusOf(id), "DELETING")
    }).pipe(provided)
  )

  it.scopedLive("a pause waits for the transfers that run", () =>
    Effect.gen(function* () {
      const { contextId, id, server } = yield* sessionWithFiles(files)
      yield* Wire.call("SyncContext", { SessionId: id })
      yield* Wire.eventually(Wire.info(id), isUnderWay)
      yield* pause(id)
      yield* reached(id, "PAUSED")
      assert.deepStrictEqual(
        (yield* Wire.info(id)).map((item) => [item.taskType, item.status]),
        [
          ["download", "Success"],
          ["upload", "Success"]
        ]
      )
      assert.lengthOf(NodeFs.readdirSync(server.contextDirectory(contextId) + mount), files)
    }).pipe(provided)
  )

  it.scopedLive("what a server left unfinished, the next one finishes", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const id = yield* Effect.tap(Wire.createSession(), pause).pipe(serving(directory))
      yield* reached(id, "PAUSED").pipe(serving(directory))
      // Paused for good: no server has to do anything.
      yield* Effect.map(statusOf(id), (status) => assert.strictEqual(status, "PAUSED")).pipe(
        Effect.zipRight(resume(id)),
        serving(directory)
      )
      yield* reached(id, "RUNNING").pipe(serving(directory))
      yield* Effect.zipRight(
        Wire.tool(id, "write_file", { path: "/tmp/a", content: "1" }),
        Wire.release(id)
      ).pipe(serving(directory))
    })
  )
})
