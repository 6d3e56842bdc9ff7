import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as World from "../../../packages/node/src/local/admin/World.js"

class Room extends Context.Tag("test/Room")<Room, { readonly ground: string }>() {}

/** A room that stands on a text, and a list of what happened to it. */
const build = Effect.gen(function* () {
  const ground = yield* Ref.make("old")
  const seen: Array<string> = []
  const note = (what: string) => Effect.sync(() => void seen.push(what))
  const layer = Layer.scoped(
    Room,
    Effect.gen(function* () {
      const text = yield* Ref.get(ground)
      if (text === "swamp") return yield* Effect.fail("sunk" as const)
      yield* Effect.acquireRelease(note(`open on ${text}`), () => note(`close on ${text}`))
      return { ground: text }
    })
  )
  const world = yield* World.make(layer)
  const here = world.use((rooms) => Effect.succeed(Context.get(rooms, Room).ground))
  return { ground, seen, note, world, here }
})

const noChange = { change: Effect.void }

describe("rooms that are replaced", () => {
  it.scoped("are closed, changed and opened again", () =>
    Effect.gen(function* () {
      const { ground, here, note, seen, world } = yield* build
      assert.strictEqual(yield* here, "old")
      const result = yield* world.replace({
        before: (rooms) => note(`before on ${Context.get(rooms, Room).ground}`),
        change: Effect.as(Ref.set(ground, "new"), "changed")
      })
      assert.strictEqual(result, "changed")
      assert.strictEqual(yield* here, "new")
      assert.deepStrictEqual(seen, ["open on old", "before on old", "close on old", "open on new"])
    })
  )

  it.scoped("are not closed before what goes on in them is done; new work waits", () =>
    Effect.gen(function* () {
      const { here, seen, world } = yield* build
      const gate = yield* Deferred.make<void>()
      const working = yield* Effect.fork(world.use(() => Deferred.await(gate)))
      yield* Effect.yieldNow()
      const replacing = yield* Effect.fork(world.replace(noChange))
      yield* Effect.yieldNow()
      const late = yield* Effect.fork(here)
      yield* Effect.yieldNow()
      assert.deepStrictEqual(seen, ["open on old"])
      assert.isTrue((yield* Fiber.poll(late))._tag === "None")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(working)
      yield* Fiber.join(replacing)
      assert.strictEqual(yield* Fiber.join(late), "old")
      assert.deepStrictEqual(seen, ["open on old", "close on old", "open on old"])
    })
  )

  it.scoped("are there at once for what does not wait, but not while they are replaced", () =>
    Effect.gen(function* () {
      const { ground, note, world } = yield* build
      const gate = yield* Deferred.make<void>()
      const present = () =>
        Option.map(Option.fromNullable(world.now()), (rooms) => Context.get(rooms, Room))
      assert.strictEqual(Option.getOrUndefined(present())?.ground, "old")
      const working = yield* Effect.fork(world.use(() => Deferred.await(gate)))
      yield* Effect.yieldNow()
      const replacing = yield* Effect.fork(
        world.replace({ change: Effect.zipRight(note("change"), Ref.set(ground, "new")) })
      )
      yield* Effect.yieldNow()
      assert.isUndefined(world.now())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(working)
      yield* Fiber.join(replacing)
      assert.strictEqual(Option.getOrUndefined(present())?.ground, "new")
    })
  )

  it.scoped("stay as they are when whoever replaces them leaves while it waits", () =>
    Effect.gen(function* () {
      const { here, seen, world } = yield* build
      const gate = yield* Deferred.make<void>()
      const working = yield* Effect.fork(world.use(() => Deferred.await(gate)))
      yield* Effect.yieldNow()
      const replacing = yield* Effect.fork(world.replace(noChange))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(replacing)
      assert.strictEqual(yield* here, "old")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(working)
      yield* world.replace(noChange)
      assert.strictEqual(yield* here, "old")
      assert.deepStrictEqual(seen, ["open on old", "close on old", "open on old"])
    })
  )

  it.scoped("count work as done when it is interrupted or fails", () =>
    Effect.gen(function* () {
      const { world } = yield* build
      const never = yield* Effect.fork(world.use(() => Effect.never))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(never)
      yield* Effect.flip(world.use(() => Effect.fail("no")))
      yield* Effect.exit(world.use(() => Effect.die("no")))
      yield* world.replace(noChange)
    })
  )

  it.scoped(
    "are opened on what was there before when a change fails, or they cannot be opened",
    () =>
      Effect.gen(function* () {
        const { ground, here, seen, world } = yield* build
        const undo = Ref.set(ground, "old")
        const half = Effect.zipRight(Ref.set(ground, "half"), Effect.fail("no change"))
        assert.strictEqual(yield* Effect.flip(world.replace({ change: half, undo })), "no change")
        assert.strictEqual(yield* here, "old")
        const swamp = { change: Ref.set(ground, "swamp"), undo }
        assert.strictEqual(yield* Effect.flip(world.replace(swamp)), "sunk")
        assert.strictEqual(yield* here, "old")
        assert.strictEqual(seen.filter((what) => what === "open on old").length, 3)
      })
  )

  it.scoped("that cannot be opened at all break what needs them, until they can", () =>
    Effect.gen(function* () {
      const { ground, here, world } = yield* build
      assert.strictEqual(
        yield* Effect.flip(world.replace({ change: Ref.set(ground, "swamp") })),
        "sunk"
      )
      assert.isTrue(Exit.isFailure(yield* Effect.exit(here)))
      yield* world.replace({
        before: () => Effect.dieMessage("there is nothing to look at"),
        change: Ref.set(ground, "dry")
      })
      assert.strictEqual(yield* here, "dry")
    })
  )

  it.effect("may fork what goes on until they are closed", () =>
    Effect.gen(function* () {
      const ended: Array<string> = []
      const restless = Layer.scopedDiscard(
        Effect.forkScoped(
          Effect.onInterrupt(Effect.never, () => Effect.sync(() => ended.push("ended")))
        )
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const world = yield* World.make(restless)
          yield* Effect.yieldNow()
          yield* world.replace(noChange)
          assert.strictEqual(ended.length, 1)
          yield* Effect.yieldNow()
        })
      )
      assert.strictEqual(ended.length, 2)
    })
  )

  it.effect("are closed at the end of the scope, the last ones", () =>
    Effect.gen(function* () {
      const seen = yield* Effect.scoped(
        Effect.gen(function* () {
          const { ground, seen, world } = yield* build
          yield* world.replace({ change: Ref.set(ground, "new") })
          return seen
        })
      )
      assert.deepStrictEqual(seen, ["open on old", "close on old", "open on new", "close on new"])
    })
  )
})
