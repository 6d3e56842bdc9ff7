/**
 * Long synchronous work in short slices. File calls that return within
 * microseconds are cheapest when they are made directly; in return the work
 * gives the event loop a turn every few milliseconds and can be interrupted
 * there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

/**
 * Work that is done piece by piece. It yields nothing where it may be put
 * aside for a while, and an Effect where it has to wait for one.
 *
 * @since 0.1.0
 */
export type Steps<A = void> = Generator<Effect.Effect<void> | undefined, A, void>

/** Several transfers may run at once and their slices can fall into one turn, hence so short. */
const sliceMillis = 2

/** Lets the event loop serve everything that is ready. */
const breathe = Effect.async<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/**
 * Waits in real time: what is waited for is the clock of the file system, so
 * the `Clock` service has no say in it.
 *
 * @since 0.1.0
 */
export const pause = (millis: number): Effect.Effect<void> =>
  Effect.async((resume) => {
    const timer = setTimeout(() => resume(Effect.void), millis)
    return Effect.sync(() => clearTimeout(timer))
  })

/**
 * Runs the steps to their end. `onSlice` is called after each slice and must
 * be cheap. When interrupted, the steps are closed where they stand, so their
 * `finally` blocks run.
 *
 * @since 0.1.0
 */
export const run = (steps: Steps, onSlice: () => void): Effect.Effect<void> => {
  const slice: Effect.Effect<void> = Effect.suspend(() => {
    const end = performance.now() + sliceMillis
    do {
      const step = steps.next()
      if (step.done === true) return Effect.void
      if (step.value !== undefined) return Effect.flatMap(step.value, () => slice)
    } while (performance.now() < end)
    onSlice()
    return Effect.flatMap(breathe, () => slice)
  })
  return Effect.ensuring(
    slice,
    Effect.sync(() => steps.return())
  )
}
