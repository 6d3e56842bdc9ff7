import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Runs an effect to its end whatever happens to the caller, who waits for it. For writes
 * whose answer must not be lost. The effect runs in a fiber of its own, because a timeout
 * inside it could not cut it short in an uninterruptible region.
 */
export const shielded = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join)
  )
