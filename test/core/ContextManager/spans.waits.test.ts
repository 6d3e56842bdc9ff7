import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { type CapturedSpan, named, ownAttributes, traced } from "../tracing.js"
import {
  lists,
  manager,
  notes,
  observe,
  type Scenario,
  scenario,
  sessionGone,
  sessionId,
  sync,
  upload,
  work
} from "./fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))
const about = {
  "agentbay.session_id": sessionId,
  "agentbay.context_id": work.contextId,
  "agentbay.path": work.path,
  "agentbay.mode": "upload"
}

const withManager = <A, E>(use: (contexts: ContextManager.Service) => Effect.Effect<A, E>) =>
  Effect.flatMap(manager, use)

/** What spans of a name say, after the effect has run to its end. */
const said = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>, answers: Scenario) =>
  Effect.gen(function* () {
    const { effect: run, spans } = traced(effect)
    yield* observe(run, answers)
    return named(spans, name).map(ownAttributes)
  })

const childrenOf = (spans: ReadonlyArray<CapturedSpan>, parent: string) =>
  spans.filter((span) => span.parent === parent).map(({ name }) => name)

describe("the span of a sync says how it ended", () => {
  const ends: ReadonlyArray<{
    readonly outcome: ContextManager.SyncError["_tag"]
    readonly polls: number
    readonly options?: ContextManager.WaitOptions
    readonly answers: Scenario
  }> = [
    {
      outcome: "SyncFailed",
      polls: 2,
      answers: { polls: [running, lists(upload("Failed"))] }
    },
    { outcome: "SyncTimeout", polls: 3, options: { maxRetries: 2 }, answers: { polls: [running] } },
    {
      outcome: "ApiError",
      polls: 2,
      answers: { polls: [running, AgentBayTest.refuse(sessionGone)] }
    },
    {
      outcome: "TransportError",
      polls: 2,
      options: { maxConsecutiveErrors: 0 },
      answers: { polls: [running, AgentBayTest.fault("EPIPE")] }
    },
    { outcome: "ApiError", polls: 0, answers: { trigger: AgentBayTest.refuse(sessionGone) } }
  ]

  for (const { answers, options = {}, outcome, polls } of ends) {
    it.effect(`${outcome} after ${polls} polls`, () =>
      Effect.gen(function* () {
        const end = { ...about, "agentbay.polls": polls, "agentbay.outcome": outcome }
        assert.deepStrictEqual(
          yield* said("ContextManager.sync", sync({ ...work, ...options }), answers),
          [end]
        )
        const read = withManager((contexts) =>
          Stream.runDrain(contexts.progress({ ...work, ...options }))
        )
        assert.deepStrictEqual(yield* said("ContextManager.progress", read, answers), [end])
      })
    )
  }

  it.effect("InvalidArgument, when nothing was sent", () =>
    Effect.gen(function* () {
      const options = { ...work, maxRetries: -1 }
      const end = { ...about, "agentbay.polls": 0, "agentbay.outcome": "InvalidArgument" }
      assert.deepStrictEqual(yield* said("ContextManager.sync", sync(options), {}), [end])
      const read = withManager((contexts) => Stream.runDrain(contexts.progress(options)))
      assert.deepStrictEqual(yield* said("ContextManager.progress", read, {}), [end])
    })
  )

  it.effect("Interrupted, with the polls until then", () =>
    Effect.gen(function* () {
      const end = { ...about, "agentbay.polls": 2, "agentbay.outcome": "Interrupted" }
      const cut = Effect.timeoutOption(sync(work), "2 seconds")
      assert.deepStrictEqual(yield* said("ContextManager.sync", cut, { polls: [running] }), [end])
      const left = withManager((contexts) =>
        Stream.runDrain(Stream.take(contexts.progress(work), 2))
      )
      assert.deepStrictEqual(yield* said("ContextManager.progress", left, { polls: [running] }), [
        end
      ])
    })
  )
})

describe("the spans of a sync in two parts", () => {
  const parts = withManager((contexts) =>
    Effect.gen(function* () {
      const started = yield* contexts.start(work)
      const resumed = yield* contexts.resume(started.token)
      return { started, resumed }
    })
  )
  const told = { ...about, "agentbay.request_id": "TEST-REQUEST" }

  it.effect("tell the start, the going on, and the wait with its requests", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(
        Effect.flatMap(parts, ({ resumed }) =>
          Effect.zipRight(resumed.await, Stream.runDrain(resumed.progress))
        )
      )
      yield* observe(effect, { polls: [running, done] })
      assert.deepStrictEqual(named(spans, "ContextManager.start").map(ownAttributes), [
        { ...told, "agentbay.outcome": "Started" }
      ])
      assert.deepStrictEqual(childrenOf(spans, "ContextManager.start"), [
        "AgentBayHttp.GetContextInfo",
        "AgentBayHttp.SyncContext"
      ])
      assert.deepStrictEqual(named(spans, "ContextManager.resume").map(ownAttributes), [
        { ...told, "agentbay.outcome": "Resumed" }
      ])
      const ended = { ...told, "agentbay.outcome": "Completed" }
      assert.deepStrictEqual(named(spans, "SyncHandle.await").map(ownAttributes), [
        { ...ended, "agentbay.polls": 2 }
      ])
      assert.deepStrictEqual(childrenOf(spans, "SyncHandle.await"), [
        "AgentBayHttp.GetContextInfo",
        "AgentBayHttp.GetContextInfo"
      ])
      assert.deepStrictEqual(named(spans, "SyncHandle.progress").map(ownAttributes), [
        { ...ended, "agentbay.polls": 1 }
      ])
    })
  )

  it.effect("tell failures of each part", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* said("ContextManager.start", parts, { trigger: AgentBayTest.refuse(sessionGone) }),
        [{ ...about, "agentbay.outcome": "ApiError" }]
      )
      assert.deepStrictEqual(
        yield* said(
          "ContextManager.resume",
          withManager((contexts) => contexts.resume("damaged")),
          {}
        ),
        [{ "agentbay.session_id": sessionId, "agentbay.outcome": "InvalidArgument" }]
      )
      assert.deepStrictEqual(
        yield* said(
          "SyncHandle.await",
          Effect.flatMap(parts, ({ started }) => Effect.timeoutOption(started.await, "1 second")),
          { polls: [running] }
        ),
        [{ ...told, "agentbay.polls": 1, "agentbay.outcome": "Interrupted" }]
      )
    })
  )
})

describe("the spans of many syncs", () => {
  const some = {
    "agentbay.mode": "upload",
    "agentbay.targets": 2,
    "agentbay.succeeded": 1,
    "agentbay.failed": 1,
    "agentbay.outcome": "SomeFailed"
  }
  const halfDone = lists(upload("Success"), upload("Failed", notes))

  it.effect("of syncAll stand above that of each target", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(withManager((contexts) => contexts.syncAll([work, notes])))
      yield* observe(effect, { polls: [halfDone] })
      assert.deepStrictEqual(named(spans, "ContextManager.syncAll").map(ownAttributes), [
        { ...some, "agentbay.session_id": sessionId }
      ])
      assert.deepStrictEqual(childrenOf(spans, "ContextManager.syncAll"), [
        "ContextManager.sync",
        "ContextManager.sync"
      ])
    })
  )

  it.effect("of syncSessions too", () =>
    Effect.gen(function* () {
      const targets = [
        { sessionId, ...work },
        { sessionId, ...notes }
      ]
      const { effect, spans } = traced(
        Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.syncSessions(targets))
      )
      yield* observe(effect, { polls: [halfDone] })
      assert.deepStrictEqual(named(spans, "AgentBay.syncSessions").map(ownAttributes), [some])
      assert.strictEqual(childrenOf(spans, "AgentBay.syncSessions").length, 2)
    })
  )

  it.effect("all done is another outcome", () =>
    Effect.gen(function* () {
      const all = withManager((contexts) => contexts.syncAll([work]))
      const [told] = yield* said("ContextManager.syncAll", all, { polls: [done] })
      assert.strictEqual(told?.["agentbay.outcome"], "AllSucceeded")
    })
  )

  it.effect("of two that share a loop: its requests stand below the first", () =>
    Effect.gen(function* () {
      const both = lists(upload("Success"), upload("Success", notes))
      const { effect, spans } = traced(
        Effect.gen(function* () {
          const first = yield* Effect.fork(sync(work))
          yield* TestClock.adjust("1 second")
          const second = yield* Effect.fork(sync(notes))
          yield* TestClock.adjust("1 minute")
          yield* Effect.all([Fiber.join(first), Fiber.join(second)])
        })
      )
      yield* effect.pipe(Effect.provide(scenario({ polls: [running, running, both] })))
      const syncs = named(spans, "ContextManager.sync")
      assert.deepStrictEqual(
        spans
          .filter(({ name }) => name !== "ContextManager.sync")
          .map(({ attributes, name, parentId }) => [
            name.replace("AgentBayHttp.", ""),
            syncs.findIndex(({ id }) => id === parentId),
            attributes.get("agentbay.waiters")
          ]),
        [
          ["GetContextInfo", 0, undefined],
          ["SyncContext", 0, undefined],
          ["GetContextInfo", 0, undefined],
          // The list of the loop is the baseline of the second, whose first poll is at once.
          ["SyncContext", 1, undefined],
          ["GetContextInfo", 0, 2],
          ["GetContextInfo", 0, 2]
        ]
      )
      assert.deepStrictEqual(
        syncs.map(({ attributes }) => attributes.get("agentbay.outcome")),
        ["Completed", "Completed"]
      )
      assert.isTrue(spans.every(({ exit }) => exit !== undefined))
    })
  )
})

describe("the span of a request that failed", () => {
  const failed = (trigger: AgentBayTest.Replies) =>
    Effect.gen(function* () {
      const { effect, spans } = traced(sync(work))
      yield* observe(effect, { trigger })
      const [span] = named(spans, "AgentBayHttp.SyncContext")
      assert.isTrue(span?.exit !== undefined && Exit.isFailure(span.exit))
      return ["error.type", "http.response.status_code", "agentbay.request_id"].map((key) =>
        span?.attributes.get(key)
      )
    })
  const reason: AgentBayError.ApiErrorReason = "SessionNotFound"

  it.effect("says why, the status, and the request id where there is one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* failed(AgentBayTest.refuse(sessionGone)), [
        reason,
        400,
        "TEST-REQUEST"
      ])
      assert.deepStrictEqual(yield* failed(AgentBayTest.fault("EPIPE")), [
        "Transport",
        undefined,
        undefined
      ])
      assert.deepStrictEqual(yield* failed(AgentBayTest.raw(502, "<html>")), [
        "Status",
        502,
        undefined
      ])
    })
  )
})
