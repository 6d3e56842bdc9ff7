import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ServerClock from "../../../packages/node/src/local/ServerClock.js"

describe("the server's clock", () => {
  it.live("goes with the machine's, and further when it is pushed", () =>
    Effect.gen(function* () {
      const { clock, service } = ServerClock.make()
      const before = Date.now()
      assert.isAtLeast(yield* clock.currentTimeMillis, before)
      yield* service.advance(Duration.days(2))
      assert.isAtLeast(yield* clock.currentTimeMillis, before + 2 * 86_400_000)
      assert.strictEqual(Duration.toMillis(yield* service.ahead), 2 * 86_400_000)
    })
  )

  it.live("wakes those who have slept long enough by it, and no others", () =>
    Effect.gen(function* () {
      const { clock, service } = ServerClock.make()
      const asleep = (time: Duration.DurationInput) =>
        Effect.fork(Effect.withClock(Effect.sleep(time), clock))
      const short = yield* asleep("1 hour")
      const long = yield* asleep("60 days")
      yield* Effect.yieldNow()
      yield* service.advance(Duration.minutes(30))
      assert.isTrue((yield* Fiber.poll(short))._tag === "None")
      yield* service.advance(Duration.minutes(31))
      yield* Fiber.join(short)
      assert.isTrue((yield* Fiber.poll(long))._tag === "None")
      yield* Fiber.interrupt(long)
    })
  )

  it.live("wakes them in the order of their times, not in that in which they fell asleep", () =>
    Effect.gen(function* () {
      const { clock, service } = ServerClock.make()
      const woken: Array<string> = []
      const asleep = (time: Duration.DurationInput) =>
        Effect.sleep(time).pipe(
          Effect.zipRight(Effect.sync(() => woken.push(String(time)))),
          Effect.withClock(clock),
          Effect.fork
        )
      const fibers = [yield* asleep("1 day"), yield* asleep("1 hour"), yield* asleep("2 hours")]
      yield* Effect.yieldNow()
      yield* service.advance(Duration.days(2))
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(woken, ["1 hour", "2 hours", "1 day"])
    })
  )

  it.live("counts a file for old that was placed right before it was pushed", () =>
    Effect.gen(function* () {
      const { service } = ServerClock.make()
      const placed = Date.now()
      yield* service.advance(Duration.days(2))
      assert.strictEqual(service.shown(placed), placed)
      const later = Date.now()
      assert.strictEqual(service.shown(later), later + 2 * 86_400_000)
    })
  )

  it.scopedLive("is not the clock of the program around the server", () =>
    Effect.gen(function* () {
      const own = yield* Clock.clockWith(Effect.succeed)
      yield* Effect.provide(
        Effect.gen(function* () {
          yield* LocalAgentBay.LocalAgentBay
          assert.strictEqual(yield* Clock.clockWith(Effect.succeed), own)
        }),
        LocalAgentBay.layerTest
      )
    })
  )
})
