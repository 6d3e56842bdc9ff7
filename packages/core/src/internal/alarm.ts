import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

/** A sleep that can be cut short from outside of any fiber. */
export interface Alarm {
  /**
   * Sleeps from one time of the clock to another. It is made where it is decided that there is
   * nothing to do until then: a ring after that moment is not missed.
   */
  readonly sleepUntil: (until: number, now: number) => Effect.Effect<void>
  /** Wakes the sleeper if its time fits; one that is only about to sleep will not sleep. */
  readonly ring: (when: (until: number) => boolean) => void
}

export const makeAlarm = (): Alarm => {
  let sleeping: { readonly until: number; readonly wake: () => void } | undefined
  let hasRung = false
  return {
    sleepUntil: (until, now) => {
      // Who slept before and was interrupted gets no ring that is meant for this one.
      sleeping = undefined
      hasRung = false
      // A child does the sleeping, since anybody may interrupt it. It sleeps whole milliseconds:
      // after a part of one the clock may show the same, and the sleep would never end.
      return Effect.flatMap(
        Effect.fork(Effect.sleep(Duration.millis(Math.ceil(until - now)))),
        (sleeper) =>
          // When this is interrupted, the child is too.
          Effect.async<void>((resume) => {
            const own = { until, wake: () => sleeper.unsafeInterruptAsFork(FiberId.none) }
            sleeping = own
            if (hasRung) own.wake()
            sleeper.addObserver(() => {
              if (sleeping === own) sleeping = undefined
              resume(Effect.void)
            })
          })
      )
    },
    ring: (when) => {
      if (sleeping === undefined) hasRung = true
      else if (when(sleeping.until)) sleeping.wake()
    }
  }
}
