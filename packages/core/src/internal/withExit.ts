import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/**
 * Goes on with the way an effect has ended, in one step of the runtime where `Effect.exit` and
 * `Effect.flatMap` take several. Like these it does not go on where an interruption is let
 * through: what has to be done in any case stands where nothing can be interrupted.
 */
export const withExit = <A, E, B, E2>(
  effect: Effect.Effect<A, E>,
  goOn: (exit: Exit.Exit<A, E>) => Effect.Effect<B, E2>
): Effect.Effect<B, E2> =>
  Effect.matchCauseEffect(effect, {
    onFailure: (cause) => goOn(Exit.failCause(cause)),
    onSuccess: (value) => goOn(Exit.succeed(value))
  })
