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
export type PollPolicy = Spaced | Custom

/**
 * @since 0.1.0
 * @category models
 */
export interface Spaced {
  readonly _tag: "Spaced"
  readonly interval: Duration.Duration
  readonly maxRetries: number
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
}): PollPolicy => {
  const given = options === undefined || Arguments.isOptions(options)
  const interval = Option.getOrElse(
    Duration.decodeUnknown(given ? (options?.interval ?? defaultInterval) : undefined),
    () => Duration.zero
  )
  const maxRetries = options?.maxRetries ?? defaultMaxRetries
  return {
    _tag: "Spaced",
    interval,
    maxRetries,
    schedule: Schedule.spaced(interval).pipe(Schedule.intersect(Schedule.recurs(maxRetries)))
  }
}

/**
 * Checks a policy: {@link spaced} or {@link fromSchedule} has made it, `maxRetries` is a whole
 * number from 0 on, the interval lies between 1 ms and one day. A schedule of your own is
 * taken as it is.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (
  policy: PollPolicy,
  /** What the interval is called where the policy comes from. */
  intervalName = "interval"
): Effect.Effect<PollPolicy, InvalidArgument> => {
  if (!Predicate.hasProperty(policy, "schedule") || !Schedule.isSchedule(policy.schedule)) {
    return Arguments.refuse(
      "pollPolicy",
      "must be a policy that `PollPolicy.spaced` or `PollPolicy.fromSchedule` has made"
    )
  }
  if (policy._tag === "Custom") return Effect.succeed(policy)
  const { interval, maxRetries } = policy
  return Effect.zipRight(
    Arguments.wholeNumber("maxRetries", maxRetries),
    Duration.between(interval, { minimum: Duration.millis(1), maximum: Duration.days(1) })
      ? Effect.succeed(policy)
      : Arguments.refuse(intervalName, "must be a time between 1 ms and one day")
  )
}

/**
 * Asks when the schedule says so, until it ends. Its delays and its length are taken as
 * they are; an endless schedule waits without a bound.
 *
 * @example
 * ```ts
 * import { PollPolicy } from "@effect-agentbay/core"
 * import { Schedule } from "effect"
 *
 * const patient = PollPolicy.fromSchedule(
 *   Schedule.exponential("500 millis", 1.1).pipe(
 *     Schedule.union(Schedule.spaced("5 seconds")),
 *     Schedule.intersect(Schedule.recurs(150))
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSchedule = (schedule: Schedule.Schedule<unknown>): PollPolicy => ({
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
