/** Runs one cell of the matrix: an effect, and what comes back for some of its requests. */
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import { wired } from "../core/wired.js"
import { type EffectName, pollsToTheEnd } from "./effects.js"
import { retries, spacing } from "./expected.js"
import type { Answer } from "./fault.js"
import { makeContexts, makeWorld, runs } from "./runs.js"
import { makeClock, runVirtually, type VirtualClock } from "./virtual.js"

/** How long one exchange may take in the tests. */
export const timeout = 5000

const toReply = (answer: Answer, now: number): AgentBayTest.Reply => {
  switch (answer._tag) {
    case "Answer": {
      const dated =
        answer.dateIn === undefined
          ? {}
          : { "retry-after": new Date(now + answer.dateIn).toUTCString() }
      return AgentBayTest.raw(answer.status, answer.body, { ...answer.headers, ...dated })
    }
    case "Lost":
      return AgentBayTest.fault(answer.code)
    case "Silence":
      return AgentBayTest.never
  }
}

/** Says what comes back for a request, by its number among those of its action; else it goes well. */
export type Plan = (action: string, index: number) => Answer | undefined

/** How an effect ended, and the requests that it made, with their times since its begin. */
export interface Seen {
  readonly exit: Exit.Exit<unknown, AgentBayError>
  readonly requests: ReadonlyArray<{ readonly action: string; readonly at: number }>
}

const actions = [...Object.keys(Protocol.operations), "PUT", "GET"]

const everySecond = Schedule.spaced(spacing.read).pipe(Schedule.intersect(Schedule.recurs(retries)))

/** So many cells have a client in common: more sessions than a list has on its first page. */
const batch = 8

/** Runs an effect of the matrix against some plans, one after the other. */
export const observeAll = (
  name: EffectName,
  plans: ReadonlyArray<Plan>,
  virtual: VirtualClock = makeClock()
): Effect.Effect<ReadonlyArray<Seen>, unknown> => {
  const { good = {}, prepare } = runs[name]
  let plan: Plan | undefined
  let counts = new Map<string, { all: number; good: number }>()

  const reply = ({ action, at }: AgentBayTest.RecordedRequest) => {
    if (plan === undefined) return undefined
    const count = counts.get(action) ?? { all: 0, good: 0 }
    counts.set(action, count)
    const answer = plan(action, count.all)
    count.all += 1
    if (answer !== undefined) return toReply(answer, at)
    count.good += 1
    return good[action]?.(count.good - 1)
  }
  const script = Object.fromEntries(actions.map((action) => [action, reply]))

  const cell = (contexts: Effect.Effect.Success<typeof makeContexts>, own: Plan) =>
    Effect.gen(function* () {
      const service = yield* AgentBayTest.AgentBayTest
      plan = undefined
      const run = yield* Effect.flatMap(makeWorld(contexts), prepare)
      // Dates in headers are whole seconds.
      const now = yield* Clock.currentTimeMillis
      yield* Effect.sleep(1000 - (now % 1000))
      const begin = yield* Clock.currentTimeMillis
      const before = (yield* service.requests).length
      counts = new Map()
      plan = own
      const exit = yield* Effect.exit(run)
      const seen: Seen = {
        exit,
        requests: (yield* service.requests)
          .slice(before)
          .map(({ action, at }) => ({ action, at: at - begin }))
      }
      return seen
    })

  return Effect.gen(function* () {
    const contexts = yield* makeContexts
    return yield* Effect.forEach(plans, (own) => cell(contexts, own))
  }).pipe(
    Effect.provide(
      wired({
        script,
        taskPolls: pollsToTheEnd - 1,
        retryPolicy: everySecond,
        // The cells are to know nothing of each other.
        retryBudget: { burst: 1e9 },
        adaptive: false,
        config: { timeout }
      })
    ),
    Logger.withMinimumLogLevel(LogLevel.None),
    (cells) => runVirtually(cells, virtual),
    Effect.flatten
  )
}

/** The same for any number of plans. */
export const observeInBatches = (name: EffectName, plans: ReadonlyArray<Plan>) =>
  Effect.map(
    Effect.forEach(
      Array.from({ length: Math.ceil(plans.length / batch) }, (_, index) =>
        plans.slice(index * batch, (index + 1) * batch)
      ),
      (some) => observeAll(name, some)
    ),
    (seen) => seen.flat()
  )

/** The same for one. */
export const observe = (name: EffectName, plan: Plan, virtual?: VirtualClock) =>
  Effect.map(observeAll(name, [plan], virtual), ([seen]) => seen!)
