import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { inTime } from "./wired.js"

const mount = "/home/wuying/notes"

/** What a user writes: it knows nothing of tests. */
const keepNotes = (text: string) =>
  Effect.gen(function* () {
    const agentBay = yield* AgentBay.AgentBay
    const context = yield* agentBay.contexts.getOrCreate("notes")
    const session = yield* agentBay.create({
      contexts: [{ contextId: context.id, path: mount }],
      labels: { purpose: "notes" }
    })
    yield* session.files.write(`${mount}/today.md`, text)
    yield* session.files.write(`${mount}/deep/raw.bin`, Uint8Array.of(0, 255))
    const synced = yield* session.contextManager.sync({ contextId: context.id, path: mount })
    yield* session.delete()
    return synced
  })

const readNotes = Effect.gen(function* () {
  const agentBay = yield* AgentBay.AgentBay
  const context = yield* agentBay.contexts.get("notes")
  const session = yield* agentBay.session({ contexts: [{ contextId: context.id, path: mount }] })
  return {
    text: yield* session.files.readString(`${mount}/today.md`),
    raw: [...(yield* session.files.read(`${mount}/deep/raw.bin`))],
    entries: yield* session.files.list(mount)
  }
}).pipe(Effect.scoped)

describe("AgentBayTest.layer", () => {
  it.effect("runs a program that keeps files from one session to the next", () =>
    Effect.gen(function* () {
      const synced = yield* inTime(keepNotes("# Today 😀\n"))
      assert.strictEqual(synced.outcome, "Completed")
      assert.deepStrictEqual(
        synced.contextStatusData.map((task) => [task.path, task.taskType, task.status]),
        [[mount, "upload", "Success"]]
      )
      assert.deepStrictEqual(yield* inTime(readNotes), {
        text: "# Today 😀\n",
        raw: [0, 255],
        entries: [
          { name: "today.md", kind: "file" },
          { name: "deep", kind: "directory" }
        ]
      })
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  it.effect("takes the polls it is told, by the test clock", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(keepNotes("x"))
      yield* TestClock.adjust("8999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const synced = yield* Fiber.join(fiber)
      // Three polls for the download, three for the upload, each in its own spacing.
      assert.strictEqual(synced.polls, 4)
    }).pipe(Effect.provide(AgentBayTest.layer({ taskPolls: 3 })))
  )

  it.effect("forgets a session that is deleted", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.create({ labels: { a: "b" } })
      const ids = Effect.map(Stream.runCollect(agentBay.list({ labels: { a: "b" } })), (found) =>
        Chunk.toReadonlyArray(found).map(({ sessionId }) => sessionId)
      )
      assert.deepStrictEqual(yield* ids, [session.sessionId])
      yield* session.delete()
      assert.deepStrictEqual(yield* ids, [])
      assert.strictEqual(yield* session.status, "FINISH")
      const error = yield* Effect.flip(agentBay.get(session.sessionId))
      assert.deepInclude(error, { _tag: "ApiError", reason: "SessionNotFound" })
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  it.effect("knows no context that nobody created", () =>
    Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      assert.deepInclude(yield* Effect.flip(contexts.get("notes")), { reason: "ContextNotFound" })
      const created = yield* contexts.getOrCreate("notes")
      assert.deepStrictEqual(yield* contexts.get("notes"), created)
      assert.deepStrictEqual(yield* contexts.getById(created.id), created)
      assert.deepStrictEqual(yield* contexts.getOrCreate("notes"), created)
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  it.effect("answers by the script first, then from memory", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const error = yield* Effect.flip(agentBay.create())
      assert.deepInclude(error, { _tag: "ApiError", reason: "Throttled" })
      const session = yield* agentBay.create()
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual(
        (yield* double.requests).map(({ action, at }) => [action, at]),
        [
          ["CreateMcpSession", 0],
          ["CreateMcpSession", 0]
        ]
      )
      assert.isNotEmpty(session.sessionId)
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            CreateMcpSession: (_, index) =>
              index === 0 ? AgentBayTest.refuse({ code: "Throttling.User" }) : undefined
          }
        })
      )
    )
  )

  it.effect("carries a context manager for a session of the script", () =>
    Effect.gen(function* () {
      const contexts = yield* ContextManager.ContextManager
      const info = yield* contexts.info({ path: "/work" })
      assert.deepStrictEqual(
        info.contextStatusData.map(({ status, startTime }) => [status, startTime]),
        [["Success", Option.none()]]
      )
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual((yield* double.requests)[0]?.parameters, {
        SessionId: "session-7",
        Path: "/work"
      })
    }).pipe(
      Effect.provide(ContextManager.layer({ sessionId: "session-7" })),
      Effect.provide(
        AgentBayTest.layer({
          script: { GetContextInfo: AgentBayTest.status([{ path: "/work", status: "Success" }]) }
        })
      )
    )
  )

  it.effect("is made with a key of its own, or with yours", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      yield* agentBay.create()
      const double = yield* AgentBayTest.AgentBayTest
      assert.include((yield* double.requests)[0]?.body, "Bearer%20akm-mine")
      assert.notProperty((yield* double.requests)[0]?.parameters, "Authorization")
    }).pipe(Effect.provide(AgentBayTest.layer({ apiKey: Redacted.make("akm-mine") })))
  )
})
