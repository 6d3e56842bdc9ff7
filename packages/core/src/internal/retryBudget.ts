import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { CallError } from "../AgentBayError.js"

/** What is left for retries, shared by all calls. */
export interface RetryBudget {
  /** A call is made for the first time. */
  readonly deposit: () => void
  /** Whether a retry may be made; if so, it is paid. */
  readonly take: () => boolean
}

// Ten tenths make a little less than one.
const rounding = 1e-9

export const makeRetryBudget = (burst: number, ratio: number): RetryBudget => {
  let left = burst
  return {
    deposit: () => {
      left = Math.min(burst, left + ratio)
    },
    take: () => {
      if (left + rounding < 1) return false
      left = Math.max(0, left - 1)
      return true
    }
  }
}

/**
 * Makes a call, and repeats it by a policy as long as its errors allow it and the budget does.
 */
export const retryWithin =
  (budget: RetryBudget) =>
  <A, E extends CallError>(
    once: Effect.Effect<A, E>,
    policy: Schedule.Schedule<unknown, CallError>,
    mayRepeat: (error: CallError) => boolean
  ): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      budget.deposit()
      // Most calls succeed at once, so the schedule is set up only for those that do not: its
      // first "attempt" is the failure that is already there.
      return Effect.catchAll(once, (error) => {
        const attempts = [Effect.fail(error)]
        return Effect.retry(
          Effect.suspend(() => attempts.pop() ?? once),
          // Asked when the policy would go on, and not before: only then is a retry paid.
          { schedule: policy, while: (failure) => mayRepeat(failure) && budget.take() }
        )
      })
    })
