/**
 * The time of the server. It goes with the time of the machine, and a test can push it
 * forward: what expires, idles or waits then does so at once.
 *
 * Everything in the server that asks for the time or sleeps does it by Effect's `Clock`, and
 * that is this one. What has to do with the clock of the file system does not.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Slices from "./transfer/Slices.js"

/**
 * @since 0.1.0
 */
export interface Service {
  /** How far this clock is ahead of the machine's. */
  readonly ahead: Effect.Effect<Duration.Duration>
  /** What this clock showed when the machine's showed these Unix milliseconds. */
  readonly shown: (machineMillis: number) => number
  /**
   * Pushes the clock forward and wakes whoever has slept long enough by it, in the order of
   * the times that they have slept for. Takes a moment, so that what was placed in a file
   * system before can be told from what is placed after it.
   */
  readonly advance: (by: Duration.Duration) => Effect.Effect<void>
}

/**
 * @since 0.1.0
 */
export class ServerClock extends Context.Tag("@effect-agentbay/node/local/ServerClock")<
  ServerClock,
  Service
>() {}

/** Node fires a timer that is set for longer than this at once. */
const longestTimer = 2 ** 31 - 1

/** File systems stamp with a clock that lags behind by a tick. */
const tickMillis = 12

interface Sleeper {
  readonly until: number
  readonly wake: () => void
  timer: NodeJS.Timeout | undefined
}

/**
 * Makes a clock, and the means to push it forward.
 *
 * @since 0.1.0
 */
export const make = (): { readonly clock: Clock.Clock; readonly service: Service } => {
  let aheadMillis = 0
  const pushes: Array<{ readonly at: number; readonly ahead: number }> = []
  const sleepers = new Set<Sleeper>()
  const now = () => Date.now() + aheadMillis
  const nanos = () => BigInt(now()) * 1_000_000n

  const arm = (sleeper: Sleeper): void => {
    clearTimeout(sleeper.timer)
    const left = sleeper.until - now()
    if (left > 0) {
      sleeper.timer = setTimeout(() => arm(sleeper), Math.min(left, longestTimer))
      return
    }
    sleepers.delete(sleeper)
    sleeper.wake()
  }

  const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.async((resume) => {
      const sleeper: Sleeper = {
        until: now() + Duration.toMillis(duration),
        wake: () => resume(Effect.void),
        timer: undefined
      }
      sleepers.add(sleeper)
      arm(sleeper)
      return Effect.sync(() => {
        clearTimeout(sleeper.timer)
        sleepers.delete(sleeper)
      })
    })

  return {
    clock: {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: now,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(now),
      currentTimeNanos: Effect.sync(nanos),
      sleep
    },
    service: {
      ahead: Effect.sync(() => Duration.millis(aheadMillis)),
      shown: (machineMillis) =>
        machineMillis +
        (pushes.findLast((push) => push.at <= machineMillis + tickMillis)?.ahead ?? 0),
      advance: (by) =>
        Effect.zipRight(
          Slices.pause(2 * tickMillis),
          Effect.sync(() => {
            aheadMillis += Duration.toMillis(by)
            pushes.push({ at: Date.now(), ahead: aheadMillis })
            for (const sleeper of [...sleepers].toSorted((one, other) => one.until - other.until)) {
              arm(sleeper)
            }
          })
        )
    }
  }
}
