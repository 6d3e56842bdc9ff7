import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { serving, temporaryDirectory } from "./life.js"
import * as ServerProcess from "./serverProcess.js"
import * as Wire from "./wire.js"

const status = (id: string) =>
  Effect.map(Wire.call("GetSession", { SessionId: id }), (body) => Wire.at(body, "Data", "Status"))

describe("sessions of a server that is killed", () => {
  beforeAll(ServerProcess.build, 120_000)

  it.scopedLive(
    "keep every change that was acknowledged, and are paused if they were about to be",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const { child, said } = yield* ServerProcess.start(directory)
        const ids = yield* Effect.gen(function* () {
          const contextId = yield* Wire.createContext("c")
          const [pausing, changed] = [yield* Wire.createSession(), yield* Wire.createSession()]
          yield* Wire.call("SetLabel", { SessionId: changed, Labels: { a: "b" } })
          yield* Wire.call("BindContexts", {
            SessionId: changed,
            PersistenceDataList: [{ ContextId: contextId, Path: "/tmp/late" }]
          })
          yield* Wire.call("PauseSessionAsync", { SessionId: pausing })
          yield* ServerProcess.kill(child)
          return { changed, contextId, pausing }
        }).pipe(
          Effect.provideService(
            LocalAgentBay.LocalAgentBay,
            ServerProcess.connected(said, directory)
          )
        )
        yield* Effect.gen(function* () {
          const { changed, contextId, pausing } = ids
          yield* Wire.eventually(status(pausing), (word) => word === "PAUSED")
          assert.strictEqual(yield* status(changed), "RUNNING")
          const labels = yield* Wire.call("GetLabel", { SessionId: changed })
          assert.strictEqual(Wire.at(labels, "Data", "Labels"), '{"a":"b"}')
          const bindings = yield* Wire.call("DescribeSessionContexts", { SessionId: changed })
          assert.deepInclude(Object(Wire.at(bindings, "Data", 0)), {
            ContextId: contextId,
            Path: "/tmp/late"
          })
          const [download] = yield* Wire.info(changed)
          assert.isDefined(download)
          assert.notStrictEqual(download?.status, "Running")
          yield* Wire.tool(changed, "write_file", { path: "/tmp/late/a", content: "1" })
          yield* Wire.release(changed)
          const next = yield* Wire.createSession({ contextId, path: "/tmp/late" })
          const read = yield* Wire.tool(next, "read_file", { path: "/tmp/late/a" })
          assert.strictEqual(read.text, "1")
        }).pipe(serving(directory))
      }),
    120_000
  )
})
