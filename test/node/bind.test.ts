/** `bind` of the client, against the real server and real files. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { LocalAgentBay } from "@effect-agentbay/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { localClient } from "./localClient.js"

const client = localClient(PollPolicy.spaced({ interval: "10 millis", maxRetries: 2000 }))
const service = Layer.provideMerge(client, LocalAgentBay.layerTest)

const path = "/home/wuying/notes"

/** A context that holds one file at `path`. */
const filled = Effect.gen(function* () {
  const agentBay = yield* AgentBay.AgentBay
  const { id: contextId } = yield* agentBay.contexts.getOrCreate("notes")
  const session = yield* agentBay.create({ contexts: [{ contextId, path }] })
  yield* session.files.write(`${path}/a.md`, "# A\n")
  yield* session.delete({ sync: true })
  return contextId
})

describe("bind, on Local AgentBay", () => {
  it.scopedLive("with awaitDownload the files are there (B3)", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const contextId = yield* filled
      const session = yield* agentBay.create()
      const policy = SyncPolicy.make({ upload: { auto: false } })
      const bound = yield* session.contextManager.bind(
        { contextId, path, policy },
        { awaitDownload: true }
      )
      assert.deepStrictEqual(bound, [{ contextId, path, contextName: "notes", policy }])
      assert.strictEqual(yield* session.files.readString(`${path}/a.md`), "# A\n")
    }).pipe(Effect.provide(service))
  )

  it.scopedLive("of a path that is taken fails, whoever has it (B2)", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const contextId = yield* filled
      const other = yield* agentBay.contexts.getOrCreate("other")
      const session = yield* agentBay.create({ contexts: [{ contextId, path }] })
      for (const wanted of [contextId, other.id]) {
        const error = yield* Effect.flip(
          session.contextManager.bind({ contextId: wanted, path: `${path}/` })
        )
        assert.deepInclude(error, { _tag: "ApiError", reason: "PathAlreadyBound" })
      }
      assert.strictEqual((yield* session.contextManager.bindings).length, 1)
    }).pipe(Effect.provide(service))
  )

  it.scopedLive("without an automatic download brings nothing, and awaits nothing", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const contextId = yield* filled
      const session = yield* agentBay.create()
      const policy = SyncPolicy.make({ download: { auto: false } })
      yield* session.contextManager.bind({ contextId, path, policy }, { awaitDownload: true })
      assert.deepStrictEqual(yield* session.files.list(path), [])
      yield* session.contextManager.sync({ contextId, path, mode: "download" })
      assert.strictEqual(yield* session.files.readString(`${path}/a.md`), "# A\n")
    }).pipe(Effect.provide(service))
  )
})
