import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * Fails after some time instead, wherever it runs: also where nothing can be interrupted, as at
 * the end of a scope.
 *
 * `Effect.timeoutFail` waits where it cannot be interrupted, and leaves it to the fiber around it
 * to pass an interruption on to what it waits for. Within `Effect.all` or `Effect.forEach` with
 * a concurrency that may come too early for that: then the interruption would last as long as
 * the effect does.
 */
export const timeLimit =
  <E2>(duration: Duration.DurationInput, onTimeout: () => E2) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.raceFirst(
      Effect.interruptible(effect),
      Effect.interruptible(
        Effect.zipRight(
          Effect.sleep(duration),
          Effect.suspend(() => Effect.fail(onTimeout()))
        )
      )
    )
