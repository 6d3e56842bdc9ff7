import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import type * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import {
  actions,
  bindingsAre,
  download,
  everySecond,
  failedWith,
  html,
  lists,
  manager,
  notes,
  sessionGone,
  sessionId,
  succeeded,
  upload,
  work
} from "./fixture.js"

const bind = (
  contexts: ContextSync.ContextSync | ReadonlyArray<ContextSync.ContextSync>,
  options?: ContextManager.BindOptions
) => Effect.flatMap(manager, (contextManager) => contextManager.bind(contexts, options))

/** What the service answers, told in the order in which a bind asks. */
interface Answers extends Omit<AgentBayTest.Options, "script"> {
  readonly bind?: AgentBayTest.Replies
  readonly bindings?: AgentBayTest.Replies
  readonly status?: AgentBayTest.Replies
}

const seenBy = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { bind: accepted, bindings, status, ...options }: Answers = {},
  within = "1 minute" as const
) =>
  // The whole observation, with the script of a bind in the place of that of a sync.
  Effect.gen(function* () {
    const double = yield* AgentBayTest.AgentBayTest
    const startedAt = yield* Clock.currentTimeMillis
    const timesOf = (action: AgentBayTest.Action) =>
      Effect.map(double.timesOf(action), (times) => times.map((time) => time - startedAt))
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(within)
    const exit = yield* Fiber.interrupt(fiber)
    return {
      exit,
      requests: yield* double.requests,
      statusTimes: yield* timesOf("GetContextInfo"),
      triggerTimes: yield* timesOf("BindContexts"),
      bindingTimes: yield* timesOf("DescribeSessionContexts")
    }
  }).pipe(
    Effect.provide(
      AgentBayTest.layer({
        ...options,
        script: {
          BindContexts: accepted ?? AgentBayTest.ok(),
          DescribeSessionContexts: bindings ?? bindingsAre(work),
          GetContextInfo: status ?? lists()
        }
      })
    )
  )

const none = bindingsAre()
const both = bindingsAre(work, notes)

describe("bind", () => {
  it.effect("sends the bindings, and gives them as the service tells them", () =>
    Effect.gen(function* () {
      const policy = SyncPolicy.standard
      const seen = yield* seenBy(bind({ ...work, policy, waitForDownload: false }), {
        bindings: AgentBayTest.ok([
          {
            ContextId: work.contextId,
            ContextName: "work",
            Path: work.path,
            Policy: JSON.stringify({ downloadPolicy: null })
          },
          { ContextId: notes.contextId, Path: notes.path }
        ])
      })
      assert.deepStrictEqual(succeeded(seen), [
        { ...work, contextName: "work", policy: { downloadPolicy: null } }
      ])
      assert.deepStrictEqual(actions(seen), ["BindContexts", "DescribeSessionContexts"])
      assert.deepStrictEqual(seen.requests[0]?.parameters, {
        SessionId: sessionId,
        PersistenceDataList: JSON.stringify([
          { ContextId: work.contextId, Path: work.path, Policy: JSON.stringify(policy) }
        ])
      })
    })
  )

  it.effect("of several is one request, and all are waited for, in the order asked", () =>
    Effect.gen(function* () {
      const seen = yield* seenBy(bind([notes, work]), {
        bindings: [none, bindingsAre(work), bindingsAre(work), both]
      })
      assert.deepStrictEqual(
        succeeded(seen).map(({ contextId, path }) => ({ contextId, path })),
        [notes, work]
      )
      assert.strictEqual(seen.triggerTimes.length, 1)
      assert.deepStrictEqual(seen.bindingTimes, [0, 1500, 3000, 4500])
    })
  )

  it.effect("takes a policy that the service leaves empty for one that says nothing", () =>
    Effect.gen(function* () {
      const seen = yield* seenBy(bind(work), {
        bindings: AgentBayTest.ok([{ ContextId: work.contextId, Path: work.path, Policy: "" }])
      })
      assert.deepStrictEqual(succeeded(seen)[0]?.policy, {})
    })
  )

  it.effect("that is not bound in time fails, and names what is missing (B1)", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "2 seconds", maxRetries: 3 })
      const seen = yield* seenBy(bind([work, notes], { pollPolicy }))
      const error = failedWith(seen, "SyncTimeout")
      assert.deepInclude(error, { operation: "bind", sessionId, polls: 4, missing: [notes] })
      assert.include(error.message, `nothing seen yet of ${notes.contextId} at ${notes.path}`)
      assert.deepStrictEqual(seen.bindingTimes, [0, 2000, 4000, 6000])
    })
  )

  it.effect("is not done while its context is bound at another path only (B2)", () =>
    Effect.gen(function* () {
      const second = { contextId: work.contextId, path: "/second" }
      const seen = yield* seenBy(bind(second), {
        bindings: [bindingsAre(work), bindingsAre(work), bindingsAre(work, second)]
      })
      assert.deepStrictEqual(
        succeeded(seen).map(({ path }) => path),
        ["/second"]
      )
      assert.deepStrictEqual(seen.bindingTimes, [0, 1500, 3000])
    })
  )

  it.effect("of a path that turns out to be another context's fails at once (B2)", () =>
    Effect.gen(function* () {
      const seen = yield* seenBy(bind([notes, { ...work, contextId: "SdkCtx-mine" }]), {
        bindings: [none, bindingsAre(work)]
      })
      const error = failedWith(seen, "ApiError")
      assert.deepInclude(error, {
        reason: "PathAlreadyBound",
        operation: "BindContexts",
        sessionId
      })
      assert.include(error.message, work.contextId)
      assert.deepStrictEqual(seen.bindingTimes, [0, 1500])
    })
  )

  it.effect("compares paths without slashes at their end", () =>
    Effect.gen(function* () {
      const slashed = { ...work, path: `${work.path}/` }
      for (const [asked, told] of [
        [slashed, work],
        [work, slashed]
      ] as const) {
        const seen = yield* seenBy(bind(asked), { bindings: bindingsAre(told) })
        assert.strictEqual(succeeded(seen)[0]?.path, told.path)
      }
      const taken = { ...slashed, contextId: "SdkCtx-other" }
      const seen = yield* seenBy(bind(work), { bindings: bindingsAre(taken) })
      assert.strictEqual(failedWith(seen, "ApiError").reason, "PathAlreadyBound")
    })
  )
})

describe("a bind that is refused", () => {
  for (const [name, reply] of [
    ["hard", AgentBayTest.refuse({ code: "PathAlreadyBound", message: "is bound" })],
    ["soft", AgentBayTest.refuseSoftly({ code: "PathAlreadyBound", message: "is bound" })]
  ] as const) {
    it.effect(`${name}, is the service's error, also where the same binding is there (B2)`, () =>
      Effect.gen(function* () {
        const seen = yield* seenBy(bind(work), { bind: reply })
        assert.deepInclude(failedWith(seen, "ApiError"), {
          reason: "PathAlreadyBound",
          operation: "BindContexts",
          sessionId
        })
        assert.deepStrictEqual(actions(seen), ["BindContexts"])
      })
    )
  }

  it.effect("before anything is sent: nothing to bind, a bad binding, a bad option", () =>
    Effect.gen(function* () {
      const unchecked = (options: unknown) => options as ContextManager.BindOptions
      for (const [effect, argument] of [
        [bind([]), "contexts"],
        [bind({ contextId: "", path: "/a" }), "contexts[0].contextId"],
        [bind([work, work]), "contexts[1].path"],
        [
          bind({ ...work, policy: { uploadPolicy: { uploadMode: "Zip" } } }),
          "contexts[0].policy.uploadPolicy.uploadMode"
        ],
        // What only a caller without a compiler can do.
        [bind(null as unknown as ContextSync.ContextSync), "contexts[0]"],
        [bind(work, unchecked({ awaitDownload: "yes" })), "awaitDownload"],
        [bind(work, { pollPolicy: PollPolicy.spaced({ maxRetries: -1 }) }), "maxRetries"]
      ] as const) {
        const seen = yield* seenBy(effect)
        assert.strictEqual(failedWith(seen, "InvalidArgument").argument, argument)
        assert.deepStrictEqual(actions(seen), [])
      }
    })
  )
})

describe("the request of a bind", () => {
  for (const [name, reply] of [
    ["throttled", AgentBayTest.refuse({ code: "Throttling.User" })],
    ["not connected", AgentBayTest.fault("ECONNREFUSED")]
  ] as const) {
    it.effect(`is repeated when ${name}, which proves that nothing was started`, () =>
      Effect.gen(function* () {
        const seen = yield* seenBy(bind(work), {
          bind: [reply, reply, AgentBayTest.ok()],
          retryPolicy: everySecond(3)
        })
        succeeded(seen)
        assert.deepStrictEqual(seen.triggerTimes, [0, 1000, 2000])
      })
    )
  }

  for (const [name, reply] of [
    ["a lost answer", AgentBayTest.fault("ECONNRESET")],
    ["a fault of the service", AgentBayTest.refuse({ code: "X", httpStatus: 500 })],
    ["a proxy's page", AgentBayTest.raw(502, html)]
  ] as const) {
    it.effect(`is not repeated after ${name}, and no binding is asked for`, () =>
      Effect.gen(function* () {
        const seen = yield* seenBy(bind(work), { bind: reply, retryPolicy: everySecond(3) })
        assert.isTrue(Exit.isFailure(seen.exit))
        assert.deepStrictEqual(actions(seen), ["BindContexts"])
      })
    )
  }
})

describe("the wait of a bind", () => {
  it.effect("lives through passing faults, asking once each time", () =>
    Effect.gen(function* () {
      const seen = yield* seenBy(bind(work), {
        bindings: [AgentBayTest.fault("ECONNRESET"), AgentBayTest.raw(502, html), bindingsAre(work)]
      })
      succeeded(seen)
      assert.deepStrictEqual(seen.bindingTimes, [0, 1500, 3000])
    })
  )

  it.effect("ends with any other error at once", () =>
    Effect.gen(function* () {
      const seen = yield* seenBy(bind(work), {
        bindings: [none, AgentBayTest.refuse(sessionGone)]
      })
      assert.strictEqual(failedWith(seen, "ApiError").reason, "SessionNotFound")
      assert.deepStrictEqual(seen.bindingTimes, [0, 1500])
    })
  )

  it.effect("follows the layer's policy, else the call's", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "10 seconds", maxRetries: 1 })
      const layered = yield* seenBy(bind(work), { bindings: none, pollPolicy })
      assert.deepStrictEqual(layered.bindingTimes, [0, 10_000])
      const called = yield* seenBy(
        bind(work, { pollPolicy: PollPolicy.fromSchedule(Schedule.recurs(1)) }),
        { bindings: none, pollPolicy }
      )
      assert.deepStrictEqual(called.bindingTimes, [0, 0])
    })
  )

  it.effect("stops when the caller leaves, and the request on the wire with it", () =>
    Effect.gen(function* () {
      const double = yield* AgentBayTest.AgentBayTest
      const fiber = yield* Effect.fork(bind(work))
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      assert.strictEqual(yield* double.aborted, 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* double.timesOf("DescribeSessionContexts"), [0, 1500])
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: {
            BindContexts: AgentBayTest.ok(),
            DescribeSessionContexts: [none, AgentBayTest.never]
          }
        })
      )
    )
  )
})

describe("bind with awaitDownload", () => {
  const awaiting = (contexts: ContextSync.ContextSync | ReadonlyArray<ContextSync.ContextSync>) =>
    bind(contexts, { awaitDownload: true })

  it.effect("waits until the download has ended well; without it nobody asks (B3)", () =>
    Effect.gen(function* () {
      const status = [lists(), lists(), lists(download("Running")), lists(download("Success"))]
      const seen = yield* seenBy(awaiting(work), { bindings: [none, bindingsAre(work)], status })
      assert.strictEqual(succeeded(seen)[0]?.contextId, work.contextId)
      assert.deepStrictEqual(actions(seen).slice(0, 4), [
        "GetContextInfo",
        "BindContexts",
        "DescribeSessionContexts",
        "DescribeSessionContexts"
      ])
      assert.deepStrictEqual(seen.statusTimes, [0, 1500, 3000, 4500])
      const without = yield* seenBy(bind(work), { status })
      assert.deepStrictEqual(without.statusTimes, [])
    })
  )

  it.effect("is not satisfied by an older download to the same path (B3)", () =>
    Effect.gen(function* () {
      const older = download("Success", { startTime: 1000, finishTime: 1001 })
      const fresh = (status: string) => download(status, { startTime: 2000 })
      const seen = yield* seenBy(awaiting(work), {
        status: [lists(older), lists(older), lists(fresh("Running")), lists(fresh("Success"))]
      })
      succeeded(seen)
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000])
    })
  )

  it.effect("fails with a download that failed; the others' tasks do not count", () =>
    Effect.gen(function* () {
      const failed = (where: typeof work) =>
        download("Failed", { ...where, errorMessage: "disk full" })
      const seen = yield* seenBy(awaiting([work]), {
        status: [lists(), lists(failed(work), download("Running", notes))]
      })
      const error = failedWith(seen, "SyncFailed")
      assert.deepInclude(error, { operation: "bind", sessionId })
      assert.deepStrictEqual(
        error.tasks.map(({ errorMessage, path }) => [path, errorMessage]),
        [[work.path, "disk full"]]
      )
      const other = yield* seenBy(awaiting([work]), {
        status: [lists(), lists(download("Success"), upload("Failed"), failed(notes))]
      })
      succeeded(other)
    })
  )

  it.effect("does not take silence for a download: SyncTimeout names the path", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 9 })
      const seen = yield* seenBy(awaiting([work, notes]), {
        bindings: both,
        status: [lists(), lists(download("Success"))],
        pollPolicy
      })
      const error = failedWith(seen, "SyncTimeout")
      assert.deepInclude(error, { operation: "bind", polls: 10, missing: [notes] })
      assert.strictEqual(seen.statusTimes.length, 11)
    })
  )

  it.effect("does not wait where nothing is to be downloaded, or nobody wants to know", () =>
    Effect.gen(function* () {
      const manual = { ...notes, policy: { downloadPolicy: { autoDownload: false } } }
      const unasked = { ...notes, waitForDownload: false }
      for (const other of [manual, unasked]) {
        const seen = yield* seenBy(awaiting([work, other]), {
          bindings: both,
          status: [lists(), lists(download("Success"))]
        })
        assert.strictEqual(succeeded(seen).length, 2)
        assert.deepStrictEqual(seen.statusTimes, [0, 0])
        const alone = yield* seenBy(awaiting(other), { bindings: both })
        succeeded(alone)
        assert.deepStrictEqual(alone.statusTimes, [])
      }
    })
  )

  it.effect("binds nothing when what is there already cannot be read", () =>
    Effect.gen(function* () {
      const seen = yield* seenBy(awaiting(work), { status: AgentBayTest.refuse(sessionGone) })
      assert.strictEqual(failedWith(seen, "ApiError").reason, "SessionNotFound")
      assert.deepStrictEqual(seen.triggerTimes, [])
    })
  )

  it.effect("gives each of its two waits the whole budget", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 2 })
      const seen = yield* seenBy(bind(work, { awaitDownload: true, pollPolicy }), {
        bindings: [none, none, bindingsAre(work)],
        status: [lists(), lists(), lists(download("Running")), lists(download("Success"))]
      })
      succeeded(seen)
      assert.deepStrictEqual(seen.bindingTimes, [0, 1000, 2000])
      assert.deepStrictEqual(seen.statusTimes, [0, 2000, 3000, 4000])
    })
  )
})
