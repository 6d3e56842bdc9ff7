import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import type { Backoff, Spaced } from "../PollPolicy.js"

/** The time until the next poll, in whole milliseconds, after so many polls. */
export const pauseAfter = (policy: Spaced | Backoff, polls: number): number =>
  Math.round(
    policy._tag === "Spaced"
      ? Duration.toMillis(policy.interval)
      : Math.min(
          Duration.toMillis(policy.cap),
          Duration.toMillis(policy.initial) * policy.factor ** Math.max(0, polls - 1)
        )
  )

/** The part of a policy that says when, by value; the same for policies that may share a loop. */
export const cadenceOf = (policy: Spaced | Backoff): string =>
  [
    policy.jitter,
    ...(policy._tag === "Spaced"
      ? [Duration.toMillis(policy.interval)]
      : [Duration.toMillis(policy.initial), policy.factor, Duration.toMillis(policy.cap)])
  ].join()

/**
 * Steps through a schedule of the caller's: each run gives the milliseconds until the next
 * recurrence, or nothing when there is none. The waiting itself is left to the caller, who may
 * have reasons to wake up earlier.
 */
export const makeStepper = (
  schedule: Schedule.Schedule<unknown>
): ((now: number) => Effect.Effect<number | undefined>) => {
  let state: unknown = schedule.initial
  return (now) =>
    Effect.map(schedule.step(now, undefined, state), ([next, , decision]) => {
      state = next
      return ScheduleDecision.isContinue(decision)
        ? Math.max(0, ScheduleIntervals.start(decision.intervals) - now)
        : undefined
    })
}
