import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"

/** How something ended that did not succeed, in one word: the error's, or that of its cause. */
export const failureWord = <E>(cause: Cause.Cause<E>, wordOf: (error: E) => string): string => {
  const failure = Cause.failureOrCause(cause)
  if (Either.isLeft(failure)) return wordOf(failure.left)
  return Cause.isInterruptedOnly(failure.right) ? "Interrupted" : "Defect"
}

/** How a sync ended. */
export const outcomeOf = <
  A extends { readonly outcome: string },
  E extends { readonly _tag: string }
>(
  exit: Exit.Exit<A, E>
): string =>
  exit._tag === "Success" ? exit.value.outcome : failureWord(exit.cause, ({ _tag }) => _tag)
