import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/**
 * Runs an effect in a time of its own, which goes on to the next sleeper whenever all fibers
 * rest. `TestClock` waits for ten real milliseconds at each such step, too long for hundreds of
 * random runs. It is for effects without real input and output.
 */
export const inVirtualTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const sleepers = new Set<Sleeper>()
    let now = 0
    const clock: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => now,
      unsafeCurrentTimeNanos: () => BigInt(Math.round(now * 1e6)),
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanos: Effect.sync(() => BigInt(Math.round(now * 1e6))),
      sleep: (duration) =>
        Effect.async((resume) => {
          const sleeper: Sleeper = {
            until: now + Duration.toMillis(duration),
            wake: () => resume(Effect.void)
          }
          sleepers.add(sleeper)
          return Effect.sync(() => {
            sleepers.delete(sleeper)
          })
        })
    }

    // All that is ready runs in the turns of the event loop, some of it after others.
    const rest = Effect.repeatN(
      Effect.async<void>((resume) => {
        setImmediate(() => resume(Effect.void))
      }),
      2
    )

    const drive = Effect.gen(function* () {
      for (;;) {
        yield* rest
        let next: Sleeper | undefined
        for (const sleeper of sleepers) {
          if (next === undefined || sleeper.until < next.until) next = sleeper
        }
        if (next === undefined || next.until === Infinity) {
          return yield* Effect.dieMessage("everything rests, and nothing will happen any more")
        }
        now = next.until
        sleepers.delete(next)
        next.wake()
      }
    })

    return Effect.gen(function* () {
      // Whichever ends first: the effect, or its time without it.
      return yield* Effect.raceFirst(Effect.withClock(effect, clock), drive)
    })
  })
