import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { type CallError, isPassing } from "../AgentBayError.js"
import type { PollPolicy } from "../PollPolicy.js"
import type { Tags } from "./metricTags.js"

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
 * Something that is waited for: a pure decision on each answer, and how long to go on. The
 * rules about faults and budget are the same for every wait, so they are here and not in the
 * decisions.
 */
export interface Wait<State, Reading, Result, Failure> {
  readonly initial: State
  readonly policy: PollPolicy
  readonly maxConsecutiveErrors: number
  /** Since when it lasts, in milliseconds of the clock. Default: since it is waited for. */
  readonly since?: number | undefined
  /** The time of the clock, in milliseconds, after which the wait gives up. Default: never. */
  readonly deadline?: number | undefined
  /**
   * Decides on a reading. One that does not count came before it was due, because somebody
   * else asked: what it shows is true, but it uses up no patience. What was spent is only asked
   * for by a decision that ends.
   */
  readonly decide: (
    state: State,
    reading: Reading,
    spent: () => Spent,
    counts: boolean
  ) => Decision<State, Result, Failure>
  readonly exhausted: (state: State, spent: Spent) => Failure
}

/** Is told how a wait has ended. */
export type OnEnd<Result, Failure> = (
  end: Exit.Exit<Result, Failure>,
  clock: Clock.Clock,
  tags: Tags
) => void

/** One poll, seen from outside. */
export interface Step<State, Result> {
  readonly spent: Spent
  readonly state: State
  readonly result: Option.Option<Result>
}

/** When an answer came, and whether it counts for who takes it in. */
export interface Moment {
  readonly now: number
  readonly counts: boolean
}

/** The answer to one status request, whatever came of it. */
export type Observation<Reading> = Exit.Exit<Reading, CallError>

/** Where a wait stands. It is what one poll changes. */
export interface Standing<State> {
  readonly startedAt: number
  state: State
  /** The polls that counted. */
  polls: number
  errorsInARow: number
  lastError: CallError | undefined
}

export const begin = <State>(
  { initial }: { readonly initial: State },
  startedAt: number
): Standing<State> => ({
  startedAt,
  state: initial,
  polls: 0,
  errorsInARow: 0,
  lastError: undefined
})

export const spent = (standing: Standing<unknown>, now: number): Spent => ({
  polls: standing.polls,
  elapsed: Duration.millis(now - standing.startedAt),
  lastError: standing.lastError
})

export const step = <State, Result, Failure>(
  standing: Standing<State>,
  now: number,
  end: Exit.Exit<Result, Failure> | undefined
): Step<State, Result> => ({
  spent: spent(standing, now),
  state: standing.state,
  result: end !== undefined && Exit.isSuccess(end) ? Option.some(end.value) : Option.none()
})

const maxPolls = ({ policy }: { readonly policy: PollPolicy }) =>
  policy._tag === "Custom" ? Infinity : policy.maxRetries + 1

/** The end of a wait that has waited long enough. */
export const giveUp = <State, Failure>(
  wait: Pick<Wait<State, never, never, Failure>, "exhausted">,
  standing: Standing<State>,
  now: number
): Exit.Exit<never, Failure> => Exit.fail(wait.exhausted(standing.state, spent(standing, now)))

/** The end of a wait whose polls or whose time are used up. */
export const exhaust = <State, Failure>(
  wait: Pick<Wait<State, never, never, Failure>, "exhausted" | "policy" | "deadline">,
  standing: Standing<State>,
  now: number
): Exit.Exit<never, Failure> | undefined =>
  standing.polls >= maxPolls(wait) || now >= (wait.deadline ?? Infinity)
    ? giveUp(wait, standing, now)
    : undefined

/**
 * Takes in one observation. Gives the end of the wait, if it is one: the decision's, a fault
 * that does not pass, or too many faults in a row. Whether the budget allows another is not
 * asked here.
 */
export const observe = <State, Reading, Result, Failure>(
  wait: Wait<State, Reading, Result, Failure>,
  standing: Standing<State>,
  observation: Observation<Reading>,
  { counts, now }: Moment
): Exit.Exit<Result, Failure | CallError> | undefined => {
  if (counts) standing.polls += 1
  if (Exit.isFailure(observation)) {
    const failure = Cause.failureOrCause(observation.cause)
    // A defect is nobody's answer: everyone who waits has to learn of it.
    if (Either.isRight(failure)) return Exit.failCause(failure.right)
    standing.lastError = failure.left
    if (counts) standing.errorsInARow += 1
    if (!isPassing(failure.left) || standing.errorsInARow > wait.maxConsecutiveErrors) {
      return Exit.fail(failure.left)
    }
    return undefined
  }
  standing.errorsInARow = 0
  const decision = wait.decide(
    standing.state,
    observation.value,
    () => spent(standing, now),
    counts
  )
  standing.state = decision.state
  return decision._tag === "End"
    ? Either.match(decision.end, { onLeft: Exit.fail, onRight: Exit.succeed })
    : undefined
}
