import { AgentBay, PollPolicy } from "@effect-agentbay/core"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as NodeFs from "node:fs"
import { temporaryDirectory } from "./life.js"
import { write } from "./workspace.js"

/** Our own client over a server of its own. */
const connected = <A, E>(
  program: Effect.Effect<A, E, AgentBay.AgentBay | LocalAgentBay.LocalAgentBay>
) =>
  Effect.flatMap(temporaryDirectory, (dataDirectory) =>
    Effect.provide(
      program,
      NodeAgentBay.layerLocal({
        dataDirectory,
        pollPolicy: PollPolicy.spaced({ interval: "20 millis" })
      }).pipe(Layer.orDie)
    )
  )

describe("our client and the sessions of Local AgentBay", () => {
  it.scopedLive("pause and resume end in the state that was asked for", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.create()
      yield* session.files.write("/tmp/a", "1")
      yield* session.pause()
      assert.strictEqual(yield* session.status, "PAUSED")
      yield* session.pause()
      // A paused session is not gone, whatever is asked of it.
      for (const error of [
        yield* Effect.flip(session.delete()),
        yield* Effect.flip(session.files.read("/tmp/a")),
        yield* Effect.flip(session.keepAlive),
        yield* Effect.flip(session.labels.set({ a: "b" }))
      ]) {
        assert.strictEqual(error._tag, "ApiError")
        if (error._tag !== "ApiError") continue
        assert.strictEqual(error.reason, "UnexpectedState")
        assert.include(error.message, "PAUSED")
      }
      yield* session.resume()
      assert.strictEqual(yield* session.status, "RUNNING")
      assert.strictEqual(yield* session.files.readString("/tmp/a"), "1")
      yield* session.delete()
      const gone = yield* Effect.flip(session.pause())
      assert.strictEqual(gone._tag === "ApiError" ? gone.reason : gone._tag, "SessionNotFound")
    }).pipe(connected)
  )

  it.scopedLive("labels are replaced, told and searched by; sessions are kept alive", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.create({ labels: { project: "demo" }, idleTimeout: "1 hour" })
      const other = yield* agentBay.create({ labels: { project: "demo" } })
      yield* session.keepAlive
      yield* session.labels.set({ project: "changed", größe: "1" })
      assert.deepStrictEqual(yield* session.labels.get, { project: "changed", größe: "1" })
      const found = (options: AgentBay.ListOptions) =>
        Effect.map(Stream.runCollect(agentBay.list(options)), (sessions) =>
          Chunk.toReadonlyArray(sessions).map(({ sessionId }) => sessionId)
        )
      assert.deepStrictEqual(yield* found({ labels: { project: "demo" } }), [other.sessionId])
      assert.deepStrictEqual(yield* found({ pageSize: 1 }), [other.sessionId, session.sessionId])
      yield* session.pause()
      assert.deepStrictEqual(yield* found({ status: "PAUSED" }), [session.sessionId])
    }).pipe(connected)
  )

  it.scopedLive("bind waits for the very binding and its files, and says when it is refused", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const server = yield* LocalAgentBay.LocalAgentBay
      const session = yield* agentBay.create()
      const { id: contextId } = yield* agentBay.contexts.getOrCreate("late")
      write(server.contextDirectory(contextId), { "tmp/late/a": "1", "tmp/more/b": "2" })
      const { contextManager } = session
      yield* contextManager.bind({ contextId, path: "/tmp/late" }, { awaitDownload: true })
      assert.strictEqual(yield* session.files.readString("/tmp/late/a"), "1")
      yield* contextManager.bind({ contextId, path: "/tmp/more" }, { awaitDownload: true })
      assert.strictEqual(yield* session.files.readString("/tmp/more/b"), "2")
      assert.deepStrictEqual(
        (yield* contextManager.bindings).map(({ path }) => path),
        ["/tmp/late", "/tmp/more"]
      )
      const taken = yield* Effect.flip(contextManager.bind({ contextId, path: "/tmp/late" }))
      assert.strictEqual(taken._tag === "ApiError" ? taken.reason : taken._tag, "PathAlreadyBound")
      yield* session.files.write("/tmp/late/c", "3")
      yield* session.delete({ sync: true })
      assert.deepStrictEqual(
        NodeFs.readdirSync(`${server.contextDirectory(contextId)}/tmp/late`).toSorted(),
        ["a", "c"]
      )
    }).pipe(connected)
  )
})
