import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as State from "../../../packages/node/src/local/State.js"
import { mount, serving, temporaryDirectory, writeMany } from "./life.js"
import * as Wire from "./wire.js"
import { prepare, write } from "./workspace.js"

/** Changes the state file of a server that does not run, as one that died would have left it. */
const changeState = (
  dataDirectory: string,
  change: (state: State.Service) => Parameters<State.Service["atomically"]>[0]
) =>
  State.make.pipe(
    Effect.flatMap((state) => state.atomically(change(state))),
    Effect.provideService(DataDirectory.DataDirectory, DataDirectory.layout(dataDirectory)),
    Effect.scoped
  )

const stored = (contextId: string) =>
  Effect.map(LocalAgentBay.LocalAgentBay, (server) =>
    NodeFs.existsSync(server.contextDirectory(contextId) + mount)
  )

const gone = (contextId: string) => Wire.eventually(stored(contextId), (exists) => !exists)

const filled = Effect.gen(function* () {
  const { contextId, id, session } = yield* prepare()
  write(session, { a: "1" })
  yield* Wire.sync(id)
  yield* Wire.release(id)
  assert.isTrue(yield* stored(contextId))
  return contextId
})

describe("contexts after a restart", () => {
  it.scopedLive("a clear that waits when the server stops is taken up", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const contextId = yield* Effect.gen(function* () {
        const { contextId, id, session } = yield* prepare()
        writeMany(session, 1000)
        yield* Wire.call("SyncContext", { SessionId: id })
        yield* Wire.call("ClearContext", { Id: contextId })
        return contextId
      }).pipe(serving(directory))
      yield* Effect.gen(function* () {
        const found = yield* Wire.eventually(
          Wire.call("GetContext", { ContextId: contextId }),
          (body) => Wire.at(body, "Data", "State") === "available"
        )
        assert.strictEqual(Wire.at(found, "Data", "Name"), "project")
        assert.isFalse(yield* stored(contextId))
      }).pipe(serving(directory))
    })
  )

  it.scopedLive("a clear that was only noted is taken up", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const contextId = yield* filled.pipe(serving(directory))
      yield* changeState(directory, ({ sql }) => [
        sql`UPDATE contexts SET state = 'clearing' WHERE id = ${contextId}`
      ])
      yield* gone(contextId).pipe(serving(directory))
    })
  )

  it.scopedLive("a context that is half deleted goes, and its rest with it", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const contextId = yield* filled.pipe(serving(directory))
      yield* changeState(directory, ({ sql }) => [
        sql`INSERT INTO removed_contexts VALUES (${contextId})`,
        sql`DELETE FROM contexts WHERE id = ${contextId}`
      ])
      NodeFs.mkdirSync(`${directory}/trash/rest/inner`, { recursive: true })
      yield* Effect.gen(function* () {
        yield* gone(contextId)
        yield* Wire.eventually(
          Effect.sync(() => NodeFs.readdirSync(`${directory}/trash`)),
          (names) => names.length === 0
        )
      }).pipe(serving(directory))
    })
  )

  it.scopedLive("a URL from before the restart is still good", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { contextId, path } = yield* Effect.gen(function* () {
        const contextId = yield* Wire.createContext("c")
        const body = yield* Wire.call("GetContextFileUploadUrl", {
          ContextId: contextId,
          FilePath: "/tmp/a.txt"
        })
        const url = new URL(Wire.textAt(body, "Data", "Url"))
        return { contextId, path: url.pathname + url.search }
      }).pipe(serving(directory))
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const answer = yield* Effect.promise(() =>
          fetch(server.url + path, { method: "PUT", body: "hello" })
        )
        assert.strictEqual(answer.status, 200)
        const file = `${server.contextDirectory(contextId)}/tmp/a.txt`
        assert.strictEqual(NodeFs.readFileSync(file, "utf8"), "hello")
        assert.strictEqual(NodeFs.statSync(`${directory}/file-secret`).mode & 0o777, 0o600)
      }).pipe(serving(directory))
    })
  )
})
