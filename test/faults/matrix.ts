/** Runs one cell of the matrix: an effect, and what comes back for some of its requests. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { EffectName } from "./effects.js"
import { budget, retries, spacing } from "./expected.js"
import { runs } from "./runs.js"
import { makeService, type Plan, type Service } from "./service.js"
import { pollsToTheEnd } from "./slots.js"
import { makeClock, runVirtually, type VirtualClock } from "./virtual.js"
import { makeContexts, makeWorld } from "./world.js"

/** How long one exchange may take in the tests. */
export const timeout = 5000

/** How an effect ended, and the requests that it made, with their times since its begin. */
export interface Seen {
  readonly exit: Exit.Exit<unknown, AgentBayError>
  readonly requests: ReadonlyArray<{ readonly action: string; readonly at: number }>
}

const everySecond = Schedule.spaced(spacing.read).pipe(Schedule.intersect(Schedule.recurs(retries)))

const client = (service: Service) =>
  AgentBay.layerHttp({
    pollPolicy: PollPolicy.spaced({ interval: spacing.poll, maxRetries: budget - 1 }),
    retryPolicy: everySecond,
    // The cells are to know nothing of each other.
    retryBudget: { burst: 1e9 },
    adaptive: false
  }).pipe(
    Layer.provide(
      AgentBayConfig.layer({
        apiKey: Redacted.make("akm-test"),
        endpoint: "agentbay.test",
        timeout
      })
    ),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, service.client))
  )

/** So many cells have a client in common, since one for each would take longer than the cells. */
const batch = 64

/** Runs an effect of the matrix against some plans, one after the other. */
export const observeAll = (
  name: EffectName,
  plans: ReadonlyArray<Plan>,
  virtual: VirtualClock = makeClock()
): Effect.Effect<ReadonlyArray<Seen>, unknown> => {
  const { good = {}, linked = false, prepare } = runs[name]
  const service = makeService({ taskPolls: pollsToTheEnd - 1, good, linked })

  const cell = (contexts: Effect.Effect.Success<typeof makeContexts>, plan: Plan) =>
    Effect.gen(function* () {
      service.planned(undefined)
      const run = yield* Effect.flatMap(makeWorld(contexts), prepare)
      // Dates in headers are whole seconds.
      const now = yield* Clock.currentTimeMillis
      yield* Effect.sleep(1000 - (now % 1000))
      const begin = yield* Clock.currentTimeMillis
      service.planned(plan)
      const exit = yield* Effect.exit(run)
      const seen: Seen = {
        exit,
        requests: service.sent().map(({ action, at }) => ({ action, at: at - begin }))
      }
      return seen
    })

  return Effect.gen(function* () {
    const contexts = yield* makeContexts
    return yield* Effect.forEach(plans, (own) => cell(contexts, own))
  }).pipe(
    Effect.provide(client(service)),
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
