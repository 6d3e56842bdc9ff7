import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import {
  isUnderWay,
  many,
  mount,
  serving,
  stopped,
  temporaryDirectory,
  writeMany
} from "./local/life.js"
import * as ServerProcess from "./local/serverProcess.js"
import * as Wire from "./local/wire.js"

describe("LocalAgentBay in a process that is killed", () => {
  beforeAll(ServerProcess.build, 120_000)

  it.scopedLive(
    "a transfer that ran is Failed at the next start, and can be done again",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const { child, said } = yield* ServerProcess.start(directory)
        const { contextId, id } = yield* Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const contextId = yield* Wire.createContext("c")
          const id = yield* Wire.createSession({ contextId, path: mount })
          writeMany(`${server.sessionDirectory(id)}${mount}`, many)
          yield* Wire.call("SyncContext", { SessionId: id })
          yield* Wire.eventually(Wire.info(id), isUnderWay)
          yield* ServerProcess.kill(child)
          return { contextId, id }
        }).pipe(
          Effect.provideService(
            LocalAgentBay.LocalAgentBay,
            ServerProcess.connected(said, directory)
          )
        )
        yield* Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const [failed] = yield* Wire.info(id, { TaskType: "upload" })
          assert.deepInclude(failed, { status: "Failed", errorMessage: stopped })
          assert.deepStrictEqual(NodeFs.readdirSync(`${directory}/staging`), [])
          const store = `${server.contextDirectory(contextId)}${mount}`
          const arrived = NodeFs.readdirSync(store)
          for (const name of arrived.filter((_, index) => index % 50 === 0)) {
            assert.strictEqual(NodeFs.readFileSync(`${store}/${name}`, "utf8"), "x")
          }
          NodeFs.rmSync(`${server.sessionDirectory(id)}${mount}/0`)
          const [again] = yield* Wire.sync(id)
          assert.deepInclude(again, { status: "Success", filesTotal: many - 1 })
          // The session knew all that was stored, even though its upload was cut short.
          assert.lengthOf(NodeFs.readdirSync(store), many - 1)
        }).pipe(serving(directory))
      }),
    120_000
  )

  it.scopedLive(
    "a release that had begun is finished at the next start",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const { child, said } = yield* ServerProcess.start(directory)
        const { contextId, id } = yield* Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const contextId = yield* Wire.createContext("c")
          const id = yield* Wire.createSession({ contextId, path: mount })
          writeMany(`${server.sessionDirectory(id)}${mount}`, many)
          yield* Wire.call("DeleteSessionAsync", { SessionId: id })
          yield* Wire.eventually(Wire.info(id), isUnderWay)
          const detail = yield* Wire.call("GetSessionDetail", { SessionId: id })
          assert.strictEqual(Wire.at(detail, "Data", "Status"), "DELETING")
          const refused = yield* Wire.request("SyncContext", { SessionId: id })
          assert.strictEqual(Wire.at(refused.body, "Code"), "InvalidMcpSession.NotFound")
          yield* Wire.call("DeleteSessionAsync", { SessionId: id })
          yield* ServerProcess.kill(child)
          return { contextId, id }
        }).pipe(
          Effect.provideService(
            LocalAgentBay.LocalAgentBay,
            ServerProcess.connected(said, directory)
          )
        )
        yield* Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const detail = yield* Wire.eventually(
            Wire.call("GetSessionDetail", { SessionId: id }),
            (body) => Wire.at(body, "Data", "Status") === "FINISH"
          )
          assert.strictEqual(Wire.at(detail, "Data", "EndReason"), "")
          const store = `${server.contextDirectory(contextId)}${mount}`
          assert.lengthOf(NodeFs.readdirSync(store), many)
          yield* Wire.eventually(
            Effect.sync(() => NodeFs.existsSync(server.sessionDirectory(id))),
            (exists) => !exists
          )
        }).pipe(serving(directory))
      }),
    120_000
  )
})
