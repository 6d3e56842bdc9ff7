import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"

/** A sleep that can be cut short from outside of any fiber. */
export interface Alarm {
  /** Sleeps from one time of the clock to another. */
  readonly sleepUntil: (until: number, now: number) => Effect.Effect<void>
  /** Wakes the sleeper if its time fits; one that is only about to sleep will not sleep. */
  readonly ring: (when: (until: number) => boolean) => void
}

export const makeAlarm = (): Alarm => {
  let sleeping: { readonly until: number; readonly wake: () => void } | undefined
  let hasRung = false
  return {
    sleepUntil: (until, now) =>
      // A child does the sleeping, since anybody may interrupt it. It sleeps whole milliseconds:
      // after a part of one the clock may show the same, and the sleep would never end.
      Effect.flatMap(
        Effect.fork(Effect.sleep(Duration.millis(Math.ceil(until - now)))),
        (sleeper) => {
          const wake = () => sleeper.unsafeInterruptAsFork(FiberId.none)
          if (hasRung) wake()
          hasRung = false
          const own = { until, wake }
          sleeping = own
          // Also when the sleep is interrupted: a ring must not go to one who sleeps no more.
          return Effect.ensuring(
            Effect.asVoid(Fiber.await(sleeper)),
            Effect.sync(() => {
              if (sleeping === own) sleeping = undefined
            })
          )
        }
      ),
    ring: (when) => {
      if (sleeping === undefined) hasRung = true
      else if (when(sleeping.until)) sleeping.wake()
    }
  }
}
