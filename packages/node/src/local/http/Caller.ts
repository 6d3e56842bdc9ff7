/**
 * The one who waits for an answer, and may leave.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as NodeHttp from "node:http"

/**
 * Does something for as long as the caller is there: when the connection closes before the
 * answer, it is interrupted.
 *
 * @since 0.1.0
 */
export const whileThere = <A, E, R>(
  response: NodeHttp.ServerResponse,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.raceFirst(
    effect,
    Effect.async<never>((resume) => {
      const onClose = () => resume(Effect.interrupt)
      if (response.destroyed) return onClose()
      response.once("close", onClose)
      return Effect.sync(() => response.off("close", onClose))
    })
  )
