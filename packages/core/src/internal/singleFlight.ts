import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"

/**
 * Runs an effect once for all who ask while it runs. Leaving is free for the others; the last
 * one out interrupts it. (What `Effect.cached` makes of an effect dies with its first caller.)
 */
export interface Flight<A, E> {
  /** Waits for the end of the one run, which the first call begins. */
  readonly join: Effect.Effect<A, E>
}

/** `onEnd` runs when the effect has ended or everyone has left, before anybody is told. */
export const makeFlight = <A, E>(
  effect: Effect.Effect<A, E>,
  onEnd: () => void = () => undefined
): Flight<A, E> => {
  const waiting = new Set<(exit: Exit.Exit<A, E>) => void>()
  let fiber: Fiber.RuntimeFiber<void> | undefined
  let hasBegun = false
  let ended: Exit.Exit<A, E> | undefined
  let passengers = 0

  const run = Effect.map(Effect.exit(Effect.interruptible(effect)), (exit) => {
    // Everyone has left.
    if (ended !== undefined) return
    ended = exit
    onEnd()
    for (const resume of waiting) resume(exit)
    waiting.clear()
  })

  const start = Effect.suspend(() => {
    if (hasBegun) return Effect.void
    // Noted before the fork, during which the next one may come.
    hasBegun = true
    return Effect.map(Effect.forkDaemon(run), (forked) => {
      fiber = forked
    })
  })

  const arrival = Effect.async<A, E>((resume) => {
    if (ended !== undefined) return resume(ended)
    waiting.add(resume)
    return Effect.sync(() => {
      waiting.delete(resume)
    })
  })

  return {
    join: Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        passengers += 1
        return start.pipe(
          Effect.zipRight(Effect.exit(restore(arrival))),
          Effect.flatMap((exit) => {
            passengers -= 1
            if (passengers > 0 || ended !== undefined || fiber === undefined) return exit
            ended = Exit.interrupt(FiberId.none)
            onEnd()
            return Effect.zipRight(Fiber.interrupt(fiber), exit)
          })
        )
      })
    )
  }
}
