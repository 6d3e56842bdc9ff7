/**
 * Fibers that outlive the request that began them, but not the server.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/**
 * @since 0.1.0
 */
export interface Service {
  /** Begins the work and returns at once. It is interrupted when the server closes. */
  readonly run: (work: Effect.Effect<unknown>) => Effect.Effect<void>
}

/**
 * @since 0.1.0
 */
export class BackgroundWork extends Context.Tag("@effect-agentbay/node/local/BackgroundWork")<
  BackgroundWork,
  Service
>() {}

/** A disk that is full is seldom full for long. */
const retries = Schedule.exponential("1 second").pipe(Schedule.union(Schedule.spaced("1 minute")))

/**
 * Tries work again until it succeeds, and logs each failure. The next server takes up what this
 * one did not get done.
 *
 * @since 0.1.0
 */
export const untilDone =
  (complaint: string) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
    work.pipe(
      Effect.tapError((error) => Effect.logError(complaint, error)),
      Effect.retry(retries),
      // The schedule has no end.
      Effect.orDie
    )

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, never, Scope.Scope> = Effect.map(
  FiberSet.make(),
  (fibers) => ({
    run: (work) =>
      // Requests are answered in an uninterruptible region, which a fork would inherit.
      Effect.asVoid(
        FiberSet.run(
          fibers,
          work.pipe(
            Effect.catchAllDefect((defect) => Effect.logError("Background work broke", defect)),
            Effect.interruptible
          )
        )
      )
  })
)

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<BackgroundWork> = Layer.scoped(BackgroundWork, make)
