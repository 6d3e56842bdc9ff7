import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

const opened = AgentBayTest.ok({ SessionId: "session-1", Success: true })
const base = { CreateMcpSession: opened, SyncContext: AgentBayTest.ok() }
const front = AgentBay.AgentBay
const manager = ContextManager.make({ sessionId: "session-1" })

/** Runs for an hour of the test clock; whatever has not ended then hangs. */
const within = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    assert.isNotNull(fiber.unsafePoll(), "it has not ended after an hour")
    return yield* Fiber.join(fiber)
  })

const scoped = Effect.scoped(Effect.flatMap(front, (agentBay) => agentBay.session()))

describe("the end of a scope", () => {
  it.effect("comes, also when the service never answers", () =>
    Effect.asVoid(within(scoped)).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            ...base,
            DeleteSessionAsync: AgentBayTest.ok(),
            GetSessionDetail: AgentBayTest.never
          },
          pollPolicy: PollPolicy.spaced({ maxRetries: 3 })
        })
      )
    )
  )

  it.effect("comes, also when the layer's schedule is endless", () =>
    Effect.asVoid(within(scoped)).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            ...base,
            DeleteSessionAsync: AgentBayTest.ok(),
            GetSessionDetail: AgentBayTest.ok({ Status: "DELETING" })
          },
          pollPolicy: PollPolicy.fromSchedule(Schedule.spaced("30 seconds"))
        })
      )
    )
  )

  it.effect("is not waited for by an interrupted create", () =>
    Effect.gen(function* () {
      const contexts = [{ contextId: "SdkCtx-1", path: "/work" }]
      const fiber = yield* Effect.fork(
        Effect.flatMap(front, (agentBay) => agentBay.create({ contexts }))
      )
      yield* TestClock.adjust("2 seconds")
      // No time passes, and it has ended.
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            ...base,
            DeleteSessionAsync: AgentBayTest.ok(),
            GetSessionDetail: AgentBayTest.ok({ Status: "DELETING" }),
            GetContextInfo: AgentBayTest.status([])
          }
        })
      )
    )
  )
})

describe("a sync of everything", () => {
  const upload = (contextId: string, taskId: string, status: string) => ({
    contextId,
    path: "/p",
    taskType: "upload",
    status,
    taskId
  })

  it.effect("does not forget a failed task over another one that came after it", () =>
    Effect.gen(function* () {
      const error = yield* within(Effect.flip(Effect.flatMap(manager, (one) => one.sync())))
      assert.strictEqual(error._tag, "SyncFailed")
      assert.deepInclude(error, { operation: "sync" })
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            ...base,
            DescribeSessionContexts: AgentBayTest.ok([
              { ContextId: "A", Path: "/p" },
              { ContextId: "B", Path: "/p" }
            ]),
            GetContextInfo: [
              AgentBayTest.status([]),
              AgentBayTest.status([upload("A", "t1", "Failed"), upload("B", "t2", "Running")]),
              AgentBayTest.status([upload("A", "t3", "Success"), upload("B", "t2", "Success")])
            ]
          }
        })
      )
    )
  )
})

describe("an unreadable status", () => {
  const broken = JSON.stringify([{ type: "data", data: "[{broken" }])
  it.effect("is told in one line that names the place and the fault", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(manager, (one) => one.info()))
      assert.notInclude(error.message, "\n")
      assert.match(error.message, /unreadable answer: Data\.ContextStatus.*JSON/)
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: { GetContextInfo: AgentBayTest.ok({ ContextStatus: broken }) }
        })
      )
    )
  )
})

describe("files", () => {
  const session = Effect.flatMap(front, (agentBay) => agentBay.create())
  const text = (content: string) => AgentBayTest.ok({ content: [{ type: "text", text: content }] })

  it.effect("that are only read are asked for again after a fault", () =>
    Effect.gen(function* () {
      const live = yield* session
      const entries = yield* within(live.files.list("/x"))
      assert.deepStrictEqual(entries, [{ name: "a", kind: "file" }])
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: { ...base, CallMcpTool: [AgentBayTest.fault("ECONNRESET"), text("[FILE] a")] }
        })
      )
    )
  )

  it.effect("that are written are not", () =>
    Effect.gen(function* () {
      const live = yield* session
      const error = yield* within(Effect.flip(live.files.write("/x", "a")))
      assert.strictEqual(error._tag, "TransportError")
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: { ...base, CallMcpTool: [AgentBayTest.fault("ECONNRESET"), text("true")] }
        })
      )
    )
  )

  it.effect("an answer that lists nothing is no empty folder", () =>
    Effect.gen(function* () {
      const live = yield* session
      const error = yield* Effect.flip(live.files.list("/x"))
      assert.deepInclude(error, { _tag: "ToolError", tool: "list_directory" })
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({ script: { ...base, CallMcpTool: text("permission denied") } })
      )
    )
  )
})

describe("info", () => {
  it.effect("cannot be led to another session by what comes with the filter", () =>
    Effect.gen(function* () {
      const one = yield* manager
      const filter = { contextId: "A", sessionId: "other" }
      yield* one.info(filter)
      const double = yield* AgentBayTest.AgentBayTest
      const [request] = yield* double.requests
      assert.deepInclude(request?.parameters, { SessionId: "session-1", ContextId: "A" })
    }).pipe(
      Effect.provide(AgentBayTest.layer({ script: { GetContextInfo: AgentBayTest.status([]) } }))
    )
  )
})

describe("create", () => {
  it.effect("names the argument when a path is missing at run time", () =>
    Effect.gen(function* () {
      const agentBay = yield* front
      // What a program without types can do.
      const contexts = [{ contextId: "x" } as { contextId: string; path: string }]
      const error = yield* Effect.flip(agentBay.create({ contexts }))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "contexts[0].path" })
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  for (const path of ["/a/./b", "/a//b/", "/a/b/"]) {
    it.effect(`takes ${path} for the same mount as /a/b`, () =>
      Effect.gen(function* () {
        const agentBay = yield* front
        const error = yield* Effect.flip(
          agentBay.create({
            contexts: [
              { contextId: "x", path: "/a/b" },
              { contextId: "y", path }
            ]
          })
        )
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "contexts[1].path" })
      }).pipe(Effect.provide(AgentBayTest.layer()))
    )
  }
})
