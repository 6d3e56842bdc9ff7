import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayMetrics from "@effect-agentbay/core/AgentBayMetrics"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import {
  lists,
  manager,
  notes,
  observe,
  type Scenario,
  scenario,
  sessionGone,
  sync,
  upload,
  work
} from "./ContextManager/fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))
const both = lists(upload("Success"), upload("Success", notes))

// The registry is shared by all that runs in a process, so each run has a tag of its own.
let runs = 0

/** What of a metric's state has a meaning: a count, a value, or a count and a sum. */
const figureOf = (state: unknown): unknown =>
  MetricState.isCounterState(state)
    ? state.count
    : MetricState.isGaugeState(state)
      ? state.value
      : MetricState.isHistogramState(state)
        ? [state.count, state.sum]
        : state

/** The metrics of a run, as `name{tags}`, in the order of the alphabet. */
const seriesOf = (run: string) =>
  Effect.map(Metric.snapshot, (pairs) =>
    Object.fromEntries(
      pairs
        .filter(({ metricKey }) =>
          metricKey.tags.some(({ key, value }) => key === "run" && value === run)
        )
        .map(({ metricKey, metricState }): [string, unknown] => {
          const tags = metricKey.tags
            .filter(({ key }) => key !== "run")
            .map(({ key, value }) => `${key}=${value}`)
          return [`${metricKey.name}{${tags.join()}}`, figureOf(metricState)]
        })
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
    )
  )

/** What an effect adds to the metrics; `only` keeps those whose name begins so. */
const measured = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  answers: Scenario = {},
  only = "agentbay_"
) =>
  Effect.gen(function* () {
    const run = `run-${(runs += 1)}`
    yield* observe(Effect.tagMetrics(effect, "run", run), answers)
    const series = Object.entries(yield* seriesOf(run))
    return Object.fromEntries(series.filter(([name]) => name.startsWith(only)))
  })

const withManager = <A, E>(use: (contexts: ContextManager.Service) => Effect.Effect<A, E>) =>
  Effect.flatMap(manager, use)

describe("the metrics of one sync", () => {
  it.effect("are all of these, and no other", () =>
    Effect.gen(function* () {
      const answers = { polls: [running, AgentBayTest.fault("EPIPE"), done] }
      assert.deepStrictEqual(yield* measured(sync(work), answers), {
        "agentbay_poll_loop_waiters{}": [3, 3],
        "agentbay_poll_waiters{}": 0,
        "agentbay_polls_total{}": 3,
        "agentbay_request_duration_seconds{action=GetContextInfo}": [4, 0],
        "agentbay_request_duration_seconds{action=SyncContext}": [1, 0],
        "agentbay_requests_total{action=GetContextInfo,result=Transport}": 1,
        "agentbay_requests_total{action=GetContextInfo,result=ok}": 3,
        "agentbay_requests_total{action=SyncContext,result=ok}": 1,
        "agentbay_sync_duration_seconds{mode=upload,outcome=Completed}": [1, 3],
        "agentbay_syncs_ended_total{mode=upload,outcome=Completed}": 1,
        "agentbay_syncs_started_total{mode=upload}": 1
      })
    })
  )

  const reading = (options: ContextManager.SyncOptions) =>
    withManager((contexts) => Stream.runDrain(contexts.progress(options)))
  const inParts = (options: ContextManager.SyncOptions) =>
    withManager((contexts) =>
      contexts.start(options).pipe(
        Effect.flatMap(({ token }) => contexts.resume(token)),
        Effect.flatMap((handle) => handle.await)
      )
    )
  const ways = { sync, progress: reading, "start, resume and await": inParts }
  const ends: ReadonlyArray<readonly [string, number, Scenario, ContextManager.WaitOptions?]> = [
    ["Completed", 1.5, { polls: [running, done] }],
    ["NothingToSync", 0, { polls: [lists()] }, { graceRetries: 0 }],
    ["SyncFailed", 0, { polls: [lists(upload("Failed"))] }],
    ["SyncTimeout", 3, { polls: [running] }, { maxRetries: 2 }],
    ["SyncTimeout", 5, { trigger: AgentBayTest.never }, { timeout: "5 seconds" }],
    ["ApiError", 0, { trigger: AgentBayTest.refuse(sessionGone) }],
    ["ApiError", 1.5, { polls: [running, AgentBayTest.refuse(sessionGone)] }],
    ["TransportError", 0, { polls: [AgentBayTest.raw(200, "<html>")] }, { maxConsecutiveErrors: 0 }]
  ]
  for (const [way, run] of Object.entries(ways)) {
    for (const [outcome, seconds, answers, options] of ends) {
      it.effect(`by ${way}: ${outcome} after ${seconds} s`, () =>
        Effect.gen(function* () {
          const series = yield* measured(run({ ...work, ...options }), answers, "agentbay_sync")
          assert.deepStrictEqual(series, {
            [`agentbay_sync_duration_seconds{mode=upload,outcome=${outcome}}`]: [1, seconds],
            [`agentbay_syncs_ended_total{mode=upload,outcome=${outcome}}`]: 1,
            "agentbay_syncs_started_total{mode=upload}": 1
          })
        })
      )
    }

    it.effect(`by ${way}: a download that nobody waited for to its end`, () =>
      Effect.gen(function* () {
        const cut = Effect.timeoutOption(run({ ...work, mode: "download" }), "2 seconds")
        assert.deepStrictEqual(yield* measured(cut, { polls: [running] }, "agentbay_sync"), {
          "agentbay_sync_duration_seconds{mode=download,outcome=Interrupted}": [1, 2],
          "agentbay_syncs_ended_total{mode=download,outcome=Interrupted}": 1,
          "agentbay_syncs_started_total{mode=download}": 1
        })
      })
    )

    it.effect(`by ${way}: refused arguments are no sync`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* measured(run({ ...work, maxRetries: -1 })), {})
      })
    )
  }

  it.effect("by polls of a handle: each is counted, and the end once", () =>
    Effect.gen(function* () {
      const polling = withManager((contexts) =>
        Effect.flatMap(contexts.start(work), (handle) =>
          Effect.repeatN(Effect.delay(handle.poll, "2 seconds"), 2)
        )
      )
      const series = yield* measured(polling, { polls: [running, done] })
      assert.strictEqual(series["agentbay_polls_total{}"], 2)
      assert.strictEqual(series["agentbay_syncs_ended_total{mode=upload,outcome=Completed}"], 1)
      assert.deepStrictEqual(
        series["agentbay_sync_duration_seconds{mode=upload,outcome=Completed}"],
        [1, 4]
      )
    })
  )
})

describe("the metrics of many who wait", () => {
  it.effect("tell how many, and count each one's polls", () =>
    Effect.gen(function* () {
      const run = `run-${(runs += 1)}`
      yield* Effect.gen(function* () {
        const contexts = yield* manager
        const first = yield* Effect.fork(contexts.sync(work))
        yield* TestClock.adjust("1 second")
        const second = yield* Effect.fork(contexts.sync(notes))
        yield* TestClock.adjust(0)
        const midway = yield* seriesOf(run)
        assert.strictEqual(midway["agentbay_poll_waiters{}"], 2)
        yield* TestClock.adjust("1 minute")
        const results = yield* Effect.all([Fiber.join(first), Fiber.join(second)])
        const end = yield* seriesOf(run)
        assert.strictEqual(end["agentbay_poll_waiters{}"], 0)
        // One request for the first, and two for both: the one that the second begins comes too
        // early to be a poll of the first.
        assert.deepStrictEqual(end["agentbay_poll_loop_waiters{}"], [3, 5])
        assert.deepStrictEqual(
          results.map(({ polls }) => polls),
          [2, 2]
        )
        assert.strictEqual(end["agentbay_polls_total{}"], 4)
      }).pipe(
        Effect.tagMetrics("run", run),
        Effect.provide(scenario({ polls: [running, running, both] }))
      )
    })
  )

  it.effect("of syncAll and syncSessions: one sync for each target", () =>
    Effect.gen(function* () {
      const all = withManager((contexts) => contexts.syncAll([work, notes]))
      const expected = {
        "agentbay_syncs_ended_total{mode=upload,outcome=Completed}": 2,
        "agentbay_syncs_started_total{mode=upload}": 2
      }
      assert.deepStrictEqual(yield* measured(all, { polls: [both] }, "agentbay_syncs"), expected)
      const sessions = Effect.flatMap(AgentBay.AgentBay, (agentBay) =>
        agentBay.syncSessions([work, notes].map((one) => ({ ...one, sessionId: "session-1" })))
      )
      assert.deepStrictEqual(
        yield* measured(sessions, { polls: [both] }, "agentbay_syncs"),
        expected
      )
    })
  )
})

describe("the metrics of requests", () => {
  it.effect("count each repetition, by its result", () =>
    Effect.gen(function* () {
      const asking = withManager((contexts) => contexts.info())
      const throttled = AgentBayTest.refuse({ code: "Throttling.User" })
      const before = [AgentBayTest.fault("EPIPE"), throttled, done]
      assert.deepStrictEqual(yield* measured(asking, { before }, "agentbay_requests"), {
        "agentbay_requests_total{action=GetContextInfo,result=Throttled}": 1,
        "agentbay_requests_total{action=GetContextInfo,result=Transport}": 1,
        "agentbay_requests_total{action=GetContextInfo,result=ok}": 1
      })
    })
  )

  it.effect("tell how long they took, also those that nobody waited for", () =>
    Effect.gen(function* () {
      const asking = withManager((contexts) => Effect.timeoutOption(contexts.info(), "3 seconds"))
      assert.deepStrictEqual(
        yield* measured(asking, { before: [AgentBayTest.never] }, "agentbay_request"),
        {
          "agentbay_request_duration_seconds{action=GetContextInfo}": [1, 3],
          "agentbay_requests_total{action=GetContextInfo,result=Interrupted}": 1
        }
      )
    })
  )

  it.effect("are there without a tracer, and count a defect", () =>
    Effect.gen(function* () {
      const broken = Effect.exit(withManager((contexts) => contexts.info()))
      const transformClient = () => HttpClient.make(() => Effect.die("broken"))
      assert.deepStrictEqual(
        yield* measured(
          Effect.withTracerEnabled(broken, false),
          { transformClient },
          "agentbay_requests"
        ),
        { "agentbay_requests_total{action=GetContextInfo,result=Defect}": 1 }
      )
    })
  )
})

describe("the metrics as values", () => {
  it.effect("are read by their tags, in the order of the docs", () =>
    Effect.gen(function* () {
      const run = `run-${(runs += 1)}`
      yield* observe(Effect.tagMetrics(sync(work), "run", run))
      const ended = AgentBayMetrics.syncsEnded.pipe(
        Metric.tagged("mode", "upload"),
        Metric.tagged("outcome", "Completed"),
        Metric.tagged("run", run)
      )
      assert.strictEqual((yield* Metric.value(ended)).count, 1)
      const triggers = AgentBayMetrics.requests.pipe(
        Metric.tagged("action", "SyncContext"),
        Metric.tagged("result", "ok"),
        Metric.tagged("run", run)
      )
      assert.strictEqual((yield* Metric.value(triggers)).count, 1)
    })
  )

  it.effect("of two callers are kept apart", () =>
    Effect.gen(function* () {
      const asking = withManager((contexts) => contexts.info())
      const twice = Effect.zipRight(
        Effect.tagMetrics(asking, "tenant", "a"),
        Effect.tagMetrics(Effect.repeatN(asking, 1), "tenant", "b")
      )
      assert.deepStrictEqual(yield* measured(twice, {}, "agentbay_requests"), {
        "agentbay_requests_total{action=GetContextInfo,result=ok,tenant=a}": 1,
        "agentbay_requests_total{action=GetContextInfo,result=ok,tenant=b}": 2
      })
    })
  )
})
