/** Runs an effect to its end by a clock of its own, which costs next to nothing. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/**
 * A clock that goes on when nobody has anything else to do. It may be set forward and back, as that
 * of a machine may: sleeps and the time of nanoseconds go on regardless, as they do there.
 */
export const makeClock = () => {
  let now = 0
  let set = 0
  let changes = 0
  const sleepers = new Set<Sleeper>()

  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const own = { until: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleepers.add(own)
        changes += 1
        return Effect.sync(() => {
          sleepers.delete(own)
          changes += 1
        })
      }),
    currentTimeMillis: Effect.sync(() => now + set),
    currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    unsafeCurrentTimeMillis: () => now + set,
    unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n
  }

  const wakeNext = () => {
    const next = Math.min(...[...sleepers].map(({ until }) => until))
    now = Math.max(now, next)
    for (const sleeper of sleepers) {
      if (sleeper.until > now) continue
      sleepers.delete(sleeper)
      sleeper.wake()
    }
  }

  return {
    clock,
    /** Sets the time of day. */
    setBy: (millis: number) => {
      set += millis
    },
    changes: () => changes,
    sleeping: () => sleepers.size,
    wakeNext
  }
}

export type VirtualClock = ReturnType<typeof makeClock>

const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Bodies are read by promises, so nothing has changed for a while when everyone waits. */
const quietTurns = 3

/** Runs an effect to its end, as long as it sleeps at most so often. */
export const runVirtually = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  virtual: VirtualClock,
  maxSleeps = 2000
): Effect.Effect<Exit.Exit<A, E>, never, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.withClock(effect, virtual.clock))
    for (let sleeps = 0; sleeps < maxSleeps; sleeps++) {
      let quiet = 0
      let seen = virtual.changes()
      while (quiet < quietTurns) {
        yield* turn
        const exit = fiber.unsafePoll()
        if (exit !== null) return exit
        quiet = virtual.changes() === seen ? quiet + 1 : 0
        seen = virtual.changes()
      }
      if (virtual.sleeping() > 0) virtual.wakeNext()
    }
    yield* Fiber.interruptFork(fiber)
    return Exit.die(new Error("it never ends"))
  })
