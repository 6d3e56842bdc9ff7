/**
 * Random crowds at one loop, against a service whose answers are a function of time. Each
 * waiter has to end as it does when it is alone in the world.
 */
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import type { ContextSyncResult } from "@effect-agentbay/core/ContextStatus"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Supervisor from "effect/Supervisor"
import { inVirtualTime } from "../virtualTime.js"

const interval = 1000
// Without jitter: the same in both worlds.
const everyHalfSecond = Schedule.spaced("500 millis").pipe(Schedule.intersect(Schedule.recurs(9)))
const grace = 4

/** How a waiter comes and goes, and its task with it; no end lies at the edge of a budget. */
const Plan = Schema.Struct({
  joinsAt: Schema.Int.pipe(Schema.between(0, 15_000)),
  /** When it is interrupted, after it has joined; never for 0. */
  leavesAfter: Schema.Literal(0, 0, 0, 700, 2500, 7777),
  /** How long the task is not listed: a moment, or longer than the grace. */
  hidden: Schema.Literal(0, 0, 0, 800, (grace + 14) * interval),
  lasts: Schema.Literal(0, 300, 2500, 6000, 25_000),
  end: Schema.Literal("Success", "Success", "Success", "Failed"),
  /** Polls after the first: far too few for a task of 25 s, or enough for all. */
  maxRetries: Schema.Literal(9, 60)
})

type Plan = typeof Plan.Type

/** A time at which the service answers nothing useful, too short to end a wait. */
const Outage = Schema.Struct({
  from: Schema.Int.pipe(Schema.between(3000, 20_000)),
  kind: Schema.Literal("reset", "unavailable", "page")
})

const outageLasts = 1500

const Crowd = Schema.Struct({
  plans: Schema.Array(Plan).pipe(Schema.minItems(12), Schema.maxItems(24)),
  outages: Schema.Array(Outage).pipe(Schema.maxItems(2)),
  latency: Schema.Literal(0, 0, 150)
})

type Crowd = typeof Crowd.Type

/** One that waits from the beginning until all have come, so that the loop runs all the time. */
const anchor: Plan = {
  joinsAt: 0,
  leavesAfter: 0,
  hidden: 0,
  lasts: 25_000,
  end: "Success",
  maxRetries: 60
}

const targetOf = (index: number) => ({ contextId: `SdkCtx-${index}`, path: `/mnt/${index}` })

const answer = (data: unknown): HttpTransport.Response => ({
  status: 200,
  headers: {},
  text: JSON.stringify({ Code: "ok", RequestId: "r", Success: true, Data: data })
})

const troubles = {
  reset: Effect.fail(new HttpTransport.TransportFault({ reason: "Transport" })),
  unavailable: Effect.succeed({ status: 503, headers: {}, text: "later" }),
  page: Effect.succeed({ status: 200, headers: {}, text: "<html>a proxy</html>" })
}

interface Seen {
  readonly sessionId: string
  readonly at: number
}

/** The service: each trigger starts a task of its session, whose state is a matter of time. */
const makeService = ({ latency, outages, plans }: Crowd) => {
  const startedAt = new Map<string, number>()
  const polls: Array<Seen> = []
  const triggers: Array<Seen> = []
  const underWay = new Map<string, number>()
  let mostUnderWay = 0

  const list = (sessionId: string, at: number) => {
    const tasks = plans.flatMap((plan, index) => {
      const { contextId, path } = targetOf(index)
      const since = at - (startedAt.get(`${sessionId} ${path}`) ?? Infinity)
      if (!(since >= plan.hidden)) return []
      const status = since - plan.hidden < plan.lasts ? "Running" : plan.end
      return [{ contextId, path, taskType: "upload", status, taskId: `task-${index}` }]
    })
    const data = JSON.stringify(tasks)
    return answer({ ContextStatus: JSON.stringify([{ type: "data", data }]) })
  }

  const respond = (action: string | null, sessionId: string, path: string, at: number) => {
    if (action === "SyncContext") {
      triggers.push({ sessionId, at })
      startedAt.set(`${sessionId} ${path}`, at)
      return Effect.succeed(answer({}))
    }
    polls.push({ sessionId, at })
    const outage = outages.find(({ from }) => at >= from && at < from + outageLasts)
    return outage === undefined ? Effect.succeed(list(sessionId, at)) : troubles[outage.kind]
  }

  const transport: HttpTransport.Service = {
    post: ({ body, url }) =>
      Effect.gen(function* () {
        const parameters = new URLSearchParams(`${new URL(url).search.slice(1)}&${body}`)
        const action = parameters.get("Action")
        const sessionId = parameters.get("SessionId") ?? ""
        const at = yield* Clock.currentTimeMillis
        const change = (by: number) => {
          const requests = (underWay.get(sessionId) ?? 0) + by
          underWay.set(sessionId, requests)
          mostUnderWay = Math.max(mostUnderWay, requests)
        }
        const counted = action === "GetContextInfo" ? 1 : 0
        change(counted)
        return yield* respond(action, sessionId, parameters.get("Path") ?? "", at).pipe(
          latency === 0 ? (reply) => reply : Effect.delay(latency),
          Effect.ensuring(Effect.sync(() => change(-counted)))
        )
      }),
    put: () => Effect.never,
    get: () => Effect.never
  }
  const layer = AgentBayHttp.layerTransport({ retryPolicy: everyHalfSecond }).pipe(
    Layer.provide(Layer.succeed(HttpTransport.HttpTransport, transport)),
    Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make("key") }))
  )
  return { layer, polls, triggers, mostUnderWay: () => mostUnderWay }
}

/** How a wait ended, in one word, and after how many polls. */
const endOf = (exit: Exit.Exit<ContextSyncResult, ContextManager.SyncError>) =>
  Exit.match(exit, {
    onSuccess: ({ outcome, polls }) => ({ word: outcome, polls }),
    onFailure: (cause) => {
      if (cause._tag !== "Fail") return { word: cause._tag, polls: 0 }
      const { error } = cause
      return { word: error._tag, polls: error._tag === "SyncTimeout" ? error.polls : 0 }
    }
  })

/** Runs a crowd, each waiter in a session that `sessionOf` names. */
const runCrowd = (crowd: Crowd, sessionOf: (index: number) => string) => {
  const service = makeService(crowd)
  return Effect.gen(function* () {
    const supervisor = yield* Supervisor.track
    const ends = yield* Effect.forEach(
      crowd.plans,
      (plan, index) =>
        Effect.gen(function* () {
          const manager = yield* ContextManager.make({ sessionId: sessionOf(index) })
          yield* Effect.sleep(plan.joinsAt)
          const waiter = yield* Effect.fork(
            manager.sync({
              ...targetOf(index),
              graceRetries: grace,
              maxRetries: plan.maxRetries,
              retryInterval: interval
            })
          )
          if (plan.leavesAfter === 0) return endOf(yield* Fiber.await(waiter))
          yield* Effect.sleep(plan.leavesAfter)
          return endOf(yield* Fiber.interrupt(waiter))
        }),
      { concurrency: "unbounded" }
    ).pipe(Effect.supervised(supervisor))
    const polled = service.polls.length
    yield* Effect.sleep("10 minutes")
    return {
      ends,
      polls: service.polls,
      triggers: service.triggers,
      mostUnderWay: service.mostUnderWay(),
      late: service.polls.length - polled,
      running: Chunk.size(Chunk.fromIterable(yield* supervisor.value))
    }
  }).pipe(Effect.provide(service.layer), inVirtualTime)
}

describe("any crowd at one loop", () => {
  it.live.prop(
    "asks once per tick, ends each as if it were alone, and leaves nothing behind",
    { crowd: Arbitrary.make(Crowd) },
    ({ crowd: { plans, ...world } }) =>
      Effect.gen(function* () {
        const crowd: Crowd = { ...world, plans: [anchor, ...plans] }
        const together = yield* runCrowd(crowd, () => "session")
        const apart = yield* runCrowd(crowd, (index) => `session-${index}`)

        // Before the loop runs there may be a baseline beside its first tick; never two ticks.
        assert.isAtMost(together.mostUnderWay, 2)
        // One baseline, and at most a tenth more requests than ticks, whoever comes.
        const times = together.polls.map(({ at }) => at)
        const span = Math.max(...times) - Math.min(...times)
        assert.isAtMost(times.length, 1.1 * (span / interval + 1) + 2)
        assert.strictEqual(together.late, 0)
        assert.strictEqual(together.running, 0)

        for (const [index, plan] of crowd.plans.entries()) {
          const end = together.ends[index]
          const alone = apart.ends[index]
          assert.isAtMost(end?.polls ?? 0, plan.maxRetries + 1)
          // One that leaves may do so before its end in one world and after it in the other.
          if (plan.leavesAfter === 0) assert.strictEqual(end?.word, alone?.word, `waiter ${index}`)
        }
      }),
    { fastCheck: { numRuns: 40 } }
  )
})
