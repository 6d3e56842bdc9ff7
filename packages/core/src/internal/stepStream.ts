import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * Runs an effect and gives the steps it tells on its way. The effect does not wait for the
 * reader: who reads slowly gets the latest step each time, and misses those before it. The
 * last one is never missed. When the reader leaves, the effect is interrupted.
 */
export const stepStream = <Step, A, E>(
  run: (tell: (step: Step) => void) => Effect.Effect<A, E>
): Stream.Stream<Step, E> =>
  Stream.unwrapScoped(
    Effect.suspend(() => {
      let latest: Step | undefined
      let end: Exit.Exit<A, E> | undefined
      let wake: (() => void) | undefined

      const take = (): Effect.Effect<Step, Option.Option<E>> | undefined => {
        if (latest !== undefined) {
          const step = latest
          latest = undefined
          return Effect.succeed(step)
        }
        if (end === undefined) return undefined
        return Exit.isSuccess(end)
          ? Effect.fail(Option.none())
          : Effect.failCause(Cause.map(end.cause, Option.some))
      }

      const tell = (step: Step) => {
        latest = step
        wake?.()
      }
      const running = Effect.onExit(run(tell), (exit) =>
        Effect.sync(() => {
          end = exit
          wake?.()
        })
      )
      const pull = Effect.async<Step, Option.Option<E>>((resume) => {
        const taken = take()
        if (taken !== undefined) return resume(taken)
        wake = () => {
          wake = undefined
          resume(Effect.suspend(() => take() ?? pull))
        }
        return Effect.sync(() => {
          wake = undefined
        })
      })
      // The reader may be where nothing can be interrupted, and still leave early.
      return Effect.as(
        Effect.forkScoped(Effect.interruptible(running)),
        Stream.repeatEffectOption(pull)
      )
    })
  )
