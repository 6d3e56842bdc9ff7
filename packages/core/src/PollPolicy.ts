/**
 * How often and how many times the service is asked while a wait lasts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type { InvalidArgument } from "./AgentBayError.js"
import * as Arguments from "./internal/arguments.js"

/**
 * A schedule that says when the next status request is due. The first request is made at
 * once; each recurrence of the schedule allows one more.
 *
 * @since 0.1.0
 * @category models
 */
export type PollPolicy = Spaced | Backoff | Custom

/**
 * @since 0.1.0
 * @category models
 */
export interface Spaced {
  readonly _tag: "Spaced"
  readonly interval: Duration.Duration
  readonly maxRetries: number
  /** Whether each delay is varied, see {@link jittered}. */
  readonly jitter: boolean
  readonly schedule: Schedule.Schedule<unknown>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Backoff {
  readonly _tag: "Backoff"
  readonly initial: Duration.Duration
  readonly factor: number
  readonly cap: Duration.Duration
  readonly maxRetries: number
  /** Whether each delay is varied, see {@link jittered}. */
  readonly jitter: boolean
  readonly schedule: Schedule.Schedule<unknown>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Custom {
  readonly _tag: "Custom"
  readonly schedule: Schedule.Schedule<unknown>
}

/**
 * The time between two status requests, unless told otherwise: 1500 ms.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.millis(1500)

/**
 * How many status requests may follow the first one, unless told otherwise: 150.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultMaxRetries = 150

/**
 * Waits `interval` after each answer, and asks at most `maxRetries` times after the first
 * request: `maxRetries: 0` asks once. `interval` is 1500 ms and `maxRetries` 150 unless
 * given. Whatever uses the policy refuses one that {@link validate} refuses.
 *
 * @example
 * ```ts
 * import { PollPolicy } from "@effect-agentbay/core"
 *
 * const everySecondForAMinute = PollPolicy.spaced({ interval: "1 second", maxRetries: 60 })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const spaced = (options?: {
  readonly interval?: Duration.DurationInput | undefined
  readonly maxRetries?: number | undefined
}): Spaced => {
  const interval = timeOf(isGiven(options) ? (options?.interval ?? defaultInterval) : undefined)
  const maxRetries = options?.maxRetries ?? defaultMaxRetries
  return makeSpaced({ _tag: "Spaced", interval, maxRetries, jitter: false })
}

const bounded = (
  schedule: Schedule.Schedule<unknown>,
  { jitter, maxRetries }: { readonly jitter: boolean; readonly maxRetries: number }
): Schedule.Schedule<unknown> =>
  Schedule.intersect(jitter ? Schedule.jittered(schedule) : schedule, Schedule.recurs(maxRetries))

// The schedules are made only where they are looked at: thousands may wait by the numbers, and
// a prototype costs them nothing.
const SpacedProto = {
  get schedule() {
    // It is only ever the prototype of what `makeSpaced` makes.
    const policy = this as unknown as Omit<Spaced, "schedule">
    return bounded(Schedule.spaced(policy.interval), policy)
  }
}

const makeSpaced = (fields: Omit<Spaced, "schedule">): Spaced =>
  Object.assign(Object.create(SpacedProto), fields)

const BackoffProto = {
  get schedule() {
    // It is only ever the prototype of what `makeBackoff` makes.
    const { cap, factor, initial, ...policy } = this as unknown as Omit<Backoff, "schedule">
    return bounded(
      Schedule.union(Schedule.exponential(initial, factor), Schedule.spaced(cap)),
      policy
    )
  }
}

const makeBackoff = (fields: Omit<Backoff, "schedule">): Backoff =>
  Object.assign(Object.create(BackoffProto), fields)

// What is no time becomes one that `validate` refuses.
const timeOf = (input: unknown): Duration.Duration =>
  Option.getOrElse(Duration.decodeUnknown(input), () => Duration.zero)

const isGiven = (options: object | undefined) =>
  options === undefined || Arguments.isOptions(options)

/**
 * Asks often at first and then ever more rarely: waits `initial` after the first answer,
 * `factor` times as long after each further one, and `cap` at the most. Asks at most
 * `maxRetries` times after the first request.
 *
 * The defaults are the newest spacing of the official clients: 500 ms, growing by 1.1 up to
 * 5 s, 150 times, which is about 11 minutes (source: protocol, the history of polling).
 * Whatever uses the policy refuses one that {@link validate} refuses.
 *
 * @example
 * ```ts
 * import { PollPolicy } from "@effect-agentbay/core"
 *
 * const eagerThenPatient = PollPolicy.backoff({ initial: "100 millis", factor: 2, cap: "10 seconds" })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const backoff = (options?: {
  readonly initial?: Duration.DurationInput | undefined
  readonly factor?: number | undefined
  readonly cap?: Duration.DurationInput | undefined
  readonly maxRetries?: number | undefined
}): Backoff => {
  const given = isGiven(options)
  const initial = timeOf(given ? (options?.initial ?? Duration.millis(500)) : undefined)
  const cap = timeOf(given ? (options?.cap ?? Duration.seconds(5)) : undefined)
  const factor = options?.factor ?? 1.1
  const maxRetries = options?.maxRetries ?? defaultMaxRetries
  return makeBackoff({ _tag: "Backoff", initial, factor, cap, maxRetries, jitter: false })
}

/**
 * The same policy with each delay varied at random between 80 and 120 percent, so that many
 * clients that began together do not go on asking together.
 *
 * @example
 * ```ts
 * import { PollPolicy } from "@effect-agentbay/core"
 *
 * const aboutEverySecond = PollPolicy.jittered(PollPolicy.spaced({ interval: "1 second" }))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const jittered = (policy: PollPolicy): PollPolicy => {
  if (!isPolicy(policy)) return policy
  switch (policy._tag) {
    case "Spaced":
      return makeSpaced({ ...policy, jitter: true })
    case "Backoff":
      return makeBackoff({ ...policy, jitter: true })
    case "Custom":
      return fromSchedule(Schedule.jittered(policy.schedule))
  }
}

// A plain JavaScript caller may hand over anything.
const isPolicy = (policy: unknown): policy is PollPolicy =>
  Predicate.hasProperty(policy, "schedule") && Schedule.isSchedule(policy.schedule)

const longest = Duration.days(1)

const time = (argument: string, value: Duration.Duration) =>
  Duration.between(value, { minimum: Duration.millis(1), maximum: longest })
    ? Effect.void
    : Arguments.refuse(argument, "must be a time between 1 ms and one day")

/**
 * Checks a policy: it was made by a constructor of this module, `maxRetries` is a whole number
 * from 0 on, times lie between 1 ms and one day, a `factor` is finite and not below 1, a `cap`
 * not below `initial`. A schedule of your own is taken as it is.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (
  policy: PollPolicy,
  /** What the interval is called where the policy comes from. */
  intervalName = "interval"
): Effect.Effect<PollPolicy, InvalidArgument> =>
  Effect.gen(function* () {
    if (!isPolicy(policy)) {
      return yield* Arguments.refuse(
        "pollPolicy",
        "must be a policy that a constructor of `PollPolicy` has made"
      )
    }
    if (policy._tag === "Custom") return policy
    yield* Arguments.wholeNumber("maxRetries", policy.maxRetries)
    if (policy._tag === "Spaced") {
      yield* time(intervalName, policy.interval)
      return policy
    }
    yield* time("initial", policy.initial)
    yield* time("cap", policy.cap)
    if (!(Number.isFinite(policy.factor) && policy.factor >= 1)) {
      return yield* Arguments.refuse("factor", "must be a finite number from 1 on")
    }
    if (Duration.lessThan(policy.cap, policy.initial)) {
      return yield* Arguments.refuse("cap", "must not be shorter than `initial`")
    }
    return policy
  })

/**
 * Asks when the schedule says so, until it ends. Its delays and its length are taken as
 * they are; an endless schedule waits without a bound.
 *
 * @example
 * ```ts
 * import { PollPolicy } from "@effect-agentbay/core"
 * import { Schedule } from "effect"
 *
 * const fibonacci = PollPolicy.fromSchedule(
 *   Schedule.fibonacci("500 millis").pipe(
 *     Schedule.union(Schedule.spaced("10 seconds")),
 *     Schedule.intersect(Schedule.recurs(50))
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSchedule = (schedule: Schedule.Schedule<unknown>): Custom => ({
  _tag: "Custom",
  schedule
})

/**
 * Every 1500 ms, at most 150 times after the first request.
 *
 * @since 0.1.0
 * @category constants
 */
export const standard: PollPolicy = spaced()
