/** A clock that costs next to nothing, for properties with many runs; `TestClock` waits in earnest. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export const makeVirtualClock = () => {
  let now = 0
  let sleepers: ReadonlyArray<{ readonly until: number; readonly wake: () => void }> = []

  const sleep = (duration: Duration.Duration) =>
    Effect.async<void>((resume) => {
      const own = { until: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
      sleepers = [...sleepers, own]
      return Effect.sync(() => {
        sleepers = sleepers.filter((other) => other !== own)
      })
    })

  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    sleep,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(Math.floor(now * 1e6))),
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(Math.floor(now * 1e6))
  }

  /** Lets everybody go on who can. */
  const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow(), {
    discard: true
  })

  const runUntil = (end: number) =>
    Effect.gen(function* () {
      for (;;) {
        yield* settle
        const next = Math.min(Infinity, ...sleepers.map(({ until }) => until))
        if (next > end) break
        now = Math.max(now, next)
        const due = sleepers.filter(({ until }) => until <= now)
        sleepers = sleepers.filter(({ until }) => until > now)
        for (const { wake } of due) wake()
      }
      now = end
    })

  return { clock, runUntil, sleeping: () => sleepers.length }
}
