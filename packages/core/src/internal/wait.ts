import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { type CallError, isPassing, retryAfter } from "../AgentBayError.js"
import type { PollPolicy } from "../PollPolicy.js"

/** How many passing faults in a row a wait lives through, unless told otherwise. */
export const defaultMaxConsecutiveErrors = 10

/** What a reading means: go on with a new state, or an end. */
export type Decision<State, Result, Failure> =
  | { readonly _tag: "Continue"; readonly state: State }
  | { readonly _tag: "End"; readonly state: State; readonly end: Either.Either<Result, Failure> }

export const proceed = <State>(state: State): Decision<State, never, never> => ({
  _tag: "Continue",
  state
})

export const end = <State, Result, Failure>(
  state: State,
  result: Either.Either<Result, Failure>
): Decision<State, Result, Failure> => ({ _tag: "End", state, end: result })

/** What a wait has used up so far. */
export interface Spent {
  readonly polls: number
  readonly elapsed: Duration.Duration
  readonly lastError: CallError | undefined
}

/**
 * Something that is waited for: how to ask once, and a pure decision on each answer. The
 * rules about faults, budget and spacing are the same for every wait, so they are here
 * and not in the decisions.
 */
export interface Wait<State, Reading, Result, Failure> {
  readonly initial: State
  readonly policy: PollPolicy
  readonly maxConsecutiveErrors: number
  readonly read: Effect.Effect<Reading, CallError>
  readonly decide: (
    state: State,
    reading: Reading,
    spent: Spent
  ) => Decision<State, Result, Failure>
  readonly exhausted: (state: State, spent: Spent) => Failure
}

/** One poll, seen from outside. */
export interface Step<State, Result> {
  readonly spent: Spent
  readonly state: State
  readonly result: Option.Option<Result>
}

/**
 * Starts a wait. Each run of the returned effect makes one status request, the first at
 * once, the others when the policy says so, and tells where the wait stands. It fails
 * when the wait fails. This is the seam at which many waits can share one loop.
 */
export const start = <State, Reading, Result, Failure>(
  wait: Wait<State, Reading, Result, Failure>
): Effect.Effect<Effect.Effect<Step<State, Result>, Failure | CallError>> =>
  Effect.gen(function* () {
    const driver = yield* Schedule.driver(wait.policy.schedule)
    const startedAt = yield* Clock.currentTimeMillis
    let state = wait.initial
    let polls = 0
    let errorsInARow = 0
    let lastError: CallError | undefined

    const spent = Effect.map(Clock.currentTimeMillis, (now): Spent => ({
      polls,
      elapsed: Duration.millis(now - startedAt),
      lastError
    }))

    // The schedule's delay, or the time the service asked for when that is longer.
    const pause = Effect.gen(function* () {
      const before = yield* Clock.currentTimeMillis
      const scheduled = yield* Effect.option(driver.next(undefined))
      if (Option.isNone(scheduled)) return yield* Effect.fail(wait.exhausted(state, yield* spent))
      const advised =
        errorsInARow > 0 && lastError !== undefined ? retryAfter(lastError) : Duration.zero
      const slept = Duration.millis((yield* Clock.currentTimeMillis) - before)
      if (Duration.greaterThan(advised, slept)) {
        yield* Effect.sleep(Duration.subtract(advised, slept))
      }
    })

    return Effect.gen(function* () {
      if (polls > 0) yield* pause
      const reading = yield* Effect.either(wait.read)
      polls += 1
      if (Either.isLeft(reading)) {
        errorsInARow += 1
        lastError = reading.left
        if (!isPassing(lastError) || errorsInARow > wait.maxConsecutiveErrors) {
          return yield* Effect.fail(lastError)
        }
        return { spent: yield* spent, state, result: Option.none() }
      }
      errorsInARow = 0
      const now = yield* spent
      const decision = wait.decide(state, reading.right, now)
      state = decision.state
      return decision._tag === "Continue"
        ? { spent: now, state, result: Option.none() }
        : { spent: now, state, result: Option.some(yield* decision.end) }
    })
  })

/** Runs a wait to its end. */
export const run = <State, Reading, Result, Failure>(
  wait: Wait<State, Reading, Result, Failure>
): Effect.Effect<Result, Failure | CallError> =>
  Effect.flatMap(start(wait), (next) => {
    const loop: Effect.Effect<Result, Failure | CallError> = Effect.flatMap(next, (step) =>
      Option.match(step.result, { onNone: () => loop, onSome: Effect.succeed })
    )
    return loop
  })
