import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as State from "../../../packages/node/src/local/State.js"
import { collecting, mount, serving, temporaryDirectory } from "./life.js"
import { kinds, tree, write } from "./workspace.js"
import * as Wire from "./wire.js"

const actions = [
  "GetSession",
  "GetSessionDetail",
  "GetContextInfo",
  "DescribeSessionContexts",
  "GetLabel"
]

/** What a server tells, without what differs from answer to answer and from port to port. */
const dataOf = (action: string, form: Wire.Form) =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    const { Code, Data } = Object((yield* Wire.request(action, form)).body)
    return JSON.parse(JSON.stringify({ Code, Data }).replaceAll(server.url, "<server>"))
  })

/** All that can be asked about contexts and sessions. */
const everything = (contexts: ReadonlyArray<string>, sessions: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const told: { [question: string]: unknown } = {}
    for (const id of contexts) {
      told[`context ${id}`] = yield* dataOf("GetContext", { ContextId: id, AllowCreate: "false" })
    }
    for (const id of sessions) {
      for (const action of actions) {
        told[`${action} ${id}`] = yield* dataOf(action, { SessionId: id })
      }
    }
    told["list"] = yield* dataOf("ListSession", { Labels: "{}" })
    told["list by label"] = yield* dataOf("ListSession", { Labels: { state: "paused" } })
    return told
  })

/** Changes a state file that no server has open. */
const alter = (directory: string, statement: string) =>
  Effect.flatMap(State.State, ({ sql }) => sql.unsafe(statement)).pipe(
    Effect.provide(State.layer),
    Effect.provideService(DataDirectory.DataDirectory, DataDirectory.layout(directory))
  )

describe("a state file that takes no bindings", () => {
  it.scopedLive("leaves nothing of a session, and nothing of a binding", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.void.pipe(serving(directory))
      yield* alter(
        directory,
        "CREATE TRIGGER none BEFORE INSERT ON bindings BEGIN SELECT RAISE(ABORT, 'no'); END"
      )
      const log = collecting()
      yield* Effect.gen(function* () {
        const bound = {
          PersistenceDataList: [{ ContextId: yield* Wire.createContext("c"), Path: mount }]
        }
        const created = yield* Wire.request("CreateMcpSession", bound)
        assert.deepStrictEqual(
          [created.status, Wire.at(created.body, "Code")],
          [500, "InternalError"]
        )
        assert.deepStrictEqual(NodeFs.readdirSync(`${directory}/sessions`), [])
        const id = yield* Wire.createSession()
        const answer = yield* Wire.request("BindContexts", { SessionId: id, ...bound })
        assert.deepStrictEqual(
          [answer.status, Wire.at(answer.body, "Code")],
          [500, "InternalError"]
        )
        assert.deepStrictEqual(yield* Wire.info(id), [])
        const bindings = yield* Wire.call("DescribeSessionContexts", { SessionId: id })
        assert.deepStrictEqual(Wire.at(bindings, "Data"), [])
        yield* Wire.release(id)
      }).pipe(serving(directory), Effect.provide(log.layer))
      assert.lengthOf(
        log.seen.filter((line) => line.startsWith("ERROR")),
        2
      )
    })
  )
})

describe("a restart on the same data directory", () => {
  it.scopedLive("lists the first download of a binding that lacks one", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const id = yield* Effect.gen(function* () {
        const contextId = yield* Wire.createContext("c")
        return yield* Wire.createSession(
          { contextId, path: "/tmp/a" },
          { contextId, path: "/tmp/b" }
        )
      }).pipe(serving(directory))
      // As if the server had died after it wrote the bindings.
      yield* alter(directory, "DELETE FROM tasks WHERE path = '/tmp/b'")
      const items = yield* Wire.settled(id).pipe(serving(directory))
      assert.deepStrictEqual(kinds(items), ["download /tmp/a Success", "download /tmp/b Success"])
    })
  )

  it.scopedLive("keeps contexts, sessions, bindings, labels, states and files", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const before = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const one = yield* Wire.createContext("one")
        const two = yield* Wire.createContext("two")
        const created = yield* Wire.call("CreateMcpSession", {
          ImageId: "code_latest",
          LoginRegionId: "cn-hangzhou",
          McpPolicyId: "policy-1",
          Timeout: "86400",
          Labels: { state: "running" },
          PersistenceDataList: [
            {
              ContextId: one,
              Path: mount,
              Policy: JSON.stringify({ bwList: { whiteLists: [{ path: "src" }] } })
            }
          ]
        })
        const running = Wire.textAt(created, "Data", "SessionId")
        yield* Wire.settled(running)
        yield* Wire.call("BindContexts", {
          SessionId: running,
          PersistenceDataList: [
            {
              ContextId: two,
              Path: "/tmp/late",
              Policy: JSON.stringify({ uploadPolicy: { autoUpload: false } })
            }
          ]
        })
        yield* Wire.settled(running)
        yield* Wire.call("SetLabel", { SessionId: running, Labels: { state: "changed", ü: "=" } })
        yield* Wire.tool(running, "write_file", { path: `${mount}/src/a`, content: "1" })
        yield* Wire.sync(running)
        yield* Wire.tool(running, "write_file", { path: `${mount}/src/unsaved`, content: "2" })

        const paused = yield* Wire.createSession({ contextId: two, path: "/tmp/paused" })
        yield* Wire.call("SetLabel", { SessionId: paused, Labels: { state: "paused" } })
        yield* Wire.call("PauseSessionAsync", { SessionId: paused })
        yield* Wire.eventually(
          dataOf("GetSession", { SessionId: paused }),
          (told) => Wire.at(told, "Data", "Status") === "PAUSED"
        )
        const ended = yield* Wire.createSession({ contextId: one, path: "/tmp/ended" })
        yield* Wire.tool(ended, "write_file", { path: "/tmp/ended/b", content: "3" })
        yield* Wire.release(ended)
        write(server.sessionDirectory(paused), { "tmp/paused/c": "4" })
        const ids = { one, two, running, paused, ended }
        return {
          ...ids,
          told: yield* everything([one, two], [running, paused, ended]),
          files: [one, two].map((id) => tree(server.contextDirectory(id))),
          folders: [running, paused, ended].map((id) => tree(server.sessionDirectory(id)))
        }
      }).pipe(serving(directory))

      assert.deepStrictEqual(before.files, [
        { "home/wuying/work/src/a": "1", "tmp/ended/b": "3" },
        {}
      ])
      const { ended, one, paused, running, two } = before
      for (let start = 0; start < 2; start++) {
        yield* Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const told = yield* everything([one, two], [running, paused, ended])
          assert.deepStrictEqual(told, before.told)
          assert.deepStrictEqual(
            [one, two].map((id) => tree(server.contextDirectory(id))),
            before.files
          )
          assert.deepStrictEqual(
            [running, paused, ended].map((id) => tree(server.sessionDirectory(id))),
            before.folders
          )
        }).pipe(serving(directory))
      }

      // And all of it still works.
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const status = (id: string) =>
          Effect.map(dataOf("GetSessionDetail", { SessionId: id }), (told) =>
            Wire.at(told, "Data", "Status")
          )
        assert.deepStrictEqual(
          [yield* status(running), yield* status(paused), yield* status(ended)],
          ["RUNNING", "PAUSED", "FINISH"]
        )
        const taken = yield* Wire.request("BindContexts", {
          SessionId: running,
          PersistenceDataList: [{ ContextId: one, Path: "/tmp/late" }]
        })
        assert.strictEqual(Wire.at(taken.body, "Code"), "PathAlreadyBound")
        yield* Wire.call("ResumeSessionAsync", { SessionId: paused })
        yield* Wire.eventually(status(paused), (word) => word === "RUNNING")
        write(server.sessionDirectory(running), { "tmp/late/d": "5" })
        yield* Wire.release(running)
        yield* Wire.release(paused)
        assert.deepStrictEqual(tree(server.contextDirectory(one)), {
          "home/wuying/work/src/a": "1",
          "home/wuying/work/src/unsaved": "2",
          "tmp/ended/b": "3"
        })
        assert.deepStrictEqual(tree(server.contextDirectory(two)), { "tmp/paused/c": "4" })
      }).pipe(serving(directory))
    })
  )
})
