/** What one running of a poll loop must not leave to the next, and what must not fall between. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { makeAlarm } from "../../../packages/core/src/internal/alarm.js"
import { makeLoop, turns, untilDone } from "./loop.js"

const hasEnded = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.map(
    Fiber.poll(fiber),
    Option.getOrElse(() => assert.fail("it is still waiting"))
  )

describe("a poll loop that runs again", () => {
  it.effect("still ends who waits past a deadline with a request that hangs", () =>
    Effect.gen(function* () {
      const loop = makeLoop((index) => (index < 2 ? Effect.succeed("open") : Effect.never))
      assert.strictEqual(
        yield* Effect.flip(loop.join(untilDone({ deadline: 0 }))),
        1,
        "the first one ends with its last look, and the loop with it"
      )
      const second = yield* Effect.fork(Effect.flip(loop.join(untilDone({ deadline: 500 }))))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* hasEnded(second), Exit.succeed(1))
      assert.deepStrictEqual(loop.times, [0, 0, 500])
    })
  )

  for (const later of [1, 2, 3, 10]) {
    it.effect(`spares who joins ${later} turns after the last one has left`, () =>
      Effect.gen(function* () {
        const loop = makeLoop((index) =>
          index === 0
            ? // It takes a second to abort.
              Effect.onInterrupt(Effect.never, () => Effect.sleep("1 second"))
            : Effect.delay(Effect.succeed("done"), "3 seconds")
        )
        const first = yield* Effect.fork(loop.join(untilDone()))
        yield* TestClock.adjust(0)
        yield* Effect.fork(Fiber.interrupt(first))
        yield* turns(later)
        const second = yield* Effect.fork(loop.join(untilDone()))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* hasEnded(second), Exit.succeed("done"))
      })
    )
  }

  it.effect("spares who waits again as soon as it has given up", () =>
    Effect.gen(function* () {
      const loop = makeLoop(() => Effect.never)
      const once = Effect.flip(loop.join(untilDone({ deadline: 500 })))
      const fiber = yield* Effect.fork(Effect.zipRight(once, loop.join(untilDone())))
      yield* TestClock.adjust("20 seconds")
      // It waits for the request that hangs: nobody has interrupted it.
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
    })
  )

  it.effect("wakes for who joins when its sleep was interrupted before", () =>
    Effect.gen(function* () {
      const alarm = makeAlarm()
      const first = yield* Effect.fork(alarm.sleepUntil(1000, 0))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(first)
      const again = alarm.sleepUntil(1000, 0)
      alarm.ring(() => true)
      const second = yield* Effect.fork(again)
      yield* TestClock.adjust(0)
      yield* hasEnded(second)
    })
  )
})

/** The test clock, which can be set back for those who ask it the time. */
const adjustable = Effect.map(Effect.clock, (clock) => {
  let back = 0
  const shifted: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    sleep: (duration) => clock.sleep(duration),
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - back),
    currentTimeNanos: clock.currentTimeNanos,
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() - back,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos()
  }
  return {
    clock: shifted,
    setBack: (millis: number) => {
      back += millis
    }
  }
})

describe("a poll loop", () => {
  it.effect("runs once although two have entered before either has started it", () =>
    Effect.gen(function* () {
      const loop = makeLoop(() => Effect.succeed("open"))
      const from = { parent: undefined, now: 0 }
      // A fiber may give way at any step, so also at this one.
      const one = loop.enter(untilDone(), undefined, from)
      const other = loop.enter(untilDone(), undefined, from)
      for (const { start } of [one, other]) yield* start ?? Effect.void
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(loop.times, [0, 1000, 2000])
      yield* loop.close
    })
  )

  it.effect("goes on when the clock of the machine is set back", () =>
    Effect.gen(function* () {
      const { clock, setBack } = yield* adjustable
      const times: Array<number> = []
      const loop = makeLoop(() =>
        Effect.flatMap(
          Effect.sync(() => times.length),
          (polls) => {
            times.push(polls)
            return Effect.succeed(polls === 3 ? "done" : "open")
          }
        )
      )
      const fiber = yield* Effect.fork(Effect.withClock(loop.join(untilDone()), clock))
      yield* TestClock.adjust(1500)
      setBack(3_600_000)
      // A pause that was under way may begin anew, no more.
      yield* TestClock.adjust(500 + 1000 + 1000)
      assert.deepStrictEqual(yield* hasEnded(fiber), Exit.succeed("done"))
    })
  )

  it.effect("tells who waits of a defect in the schedule", () =>
    Effect.gen(function* () {
      const schedule = Schedule.mapEffect(Schedule.forever, () => Effect.die("broken"))
      const policy = PollPolicy.fromSchedule(schedule)
      const loop = makeLoop(() => Effect.succeed("open"), policy)
      const exit = yield* Effect.exit(loop.join(untilDone({ policy })))
      assert.isTrue(Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause)))
    })
  )

  it.effect("interrupts who waits when it is closed, and who comes after", () =>
    Effect.gen(function* () {
      const loop = makeLoop(() => Effect.never)
      const waiting = yield* Effect.fork(loop.join(untilDone()))
      yield* TestClock.adjust(0)
      yield* loop.close
      assert.isTrue(Exit.isInterrupted(yield* hasEnded(waiting)))
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(loop.join(untilDone()))))
      assert.deepStrictEqual(loop.times, [0])
    })
  )
})
