import * as Either from "effect/Either"
import { SyncTimeout } from "../AgentBayError.js"
import * as Wait from "./wait.js"

/** What is known of a clear while it is waited for. */
export interface ClearState {
  /** Whether the service was seen at work. */
  readonly seen: boolean
  /** How many readings said "at rest" before that. */
  readonly quiet: number
}

export const initial: ClearState = { seen: false, quiet: 0 }

type Decision = Wait.Decision<ClearState, void, SyncTimeout>

const ended = (state: ClearState): Decision => Wait.end(state, Either.void)

/**
 * What one reading of a context's state means for a clear that was accepted.
 *
 * - `clearing` and `pre-available`: it goes on, and was seen to.
 * - `available`: the end, when it was seen to go on. Before that it may be the state of
 *   before, so it takes `graceRetries` further readings of the same until it is believed.
 * - `in-use`: the end as well when the clear was seen, since it is not going on any more;
 *   before that it says nothing.
 * - no state, or another word: says nothing.
 */
export const decide =
  (graceRetries: number) =>
  (state: ClearState, word: string | undefined): Decision => {
    switch (word) {
      case "clearing":
      case "pre-available":
        return Wait.proceed({ seen: true, quiet: 0 })
      case "available":
        return state.seen || state.quiet >= graceRetries
          ? ended(state)
          : Wait.proceed({ seen: false, quiet: state.quiet + 1 })
      case "in-use":
        return state.seen ? ended(state) : Wait.proceed(state)
      default:
        return Wait.proceed(state)
    }
  }

/** The failure of a clear whose budget was used up. */
export const exhausted =
  (contextId: string, requestId: string) =>
  (_: ClearState, { elapsed, lastError, polls }: Wait.Spent): SyncTimeout =>
    new SyncTimeout({
      operation: "clear",
      contextId,
      requestId,
      polls,
      elapsed,
      tasks: [],
      missing: [],
      lastError
    })
