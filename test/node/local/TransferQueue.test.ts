import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FastCheck from "effect/FastCheck"
import * as TransferQueue from "../../../packages/node/src/local/sync/TransferQueue.js"

const claim = (mount: string, more: Partial<TransferQueue.Claim> = {}): TransferQueue.Claim => ({
  sessionId: "s",
  contextId: "c",
  mount,
  type: "upload",
  ...more
})

/** Which claims run at once, and lets them end one by one. */
const harness = (limit: number) => {
  const queue = TransferQueue.make(limit)
  const running: Array<string> = []
  const start = (name: string, of: TransferQueue.Claim) =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        queue.withTurn(
          of,
          Effect.acquireUseRelease(
            Effect.sync(() => running.push(name)),
            () => Deferred.await(gate),
            () => Effect.sync(() => running.splice(running.indexOf(name), 1))
          )
        )
      )
      yield* Effect.yieldNow()
      return {
        end: Deferred.succeed(gate, undefined).pipe(Effect.zipRight(Fiber.await(fiber))),
        interrupt: Fiber.interrupt(fiber)
      }
    })
  return { running, start }
}

describe("TransferQueue", () => {
  it.effect("runs no more than the limit, in the order of asking", () =>
    Effect.gen(function* () {
      const { running, start } = harness(2)
      const a = yield* start("a", claim("/a"))
      yield* start("b", claim("/b"))
      const c = yield* start("c", claim("/c"))
      yield* start("d", claim("/d"))
      assert.deepStrictEqual(running, ["a", "b"])
      yield* a.end
      yield* Effect.yieldNow()
      assert.deepStrictEqual(running, ["b", "c"])
      yield* c.interrupt
      yield* Effect.yieldNow()
      assert.deepStrictEqual(running, ["b", "d"])
    })
  )

  it.effect("what overlaps waits, what does not passes it", () =>
    Effect.gen(function* () {
      const { running, start } = harness(4)
      const whole = yield* start("whole", claim("/w"))
      const inside = yield* start("inside", claim("/w/x"))
      yield* start("beside", claim("/wx"))
      yield* start("other context", claim("/w", { contextId: "d" }))
      assert.deepStrictEqual(running, ["whole", "beside", "other context"])
      yield* whole.end
      yield* Effect.yieldNow()
      assert.deepStrictEqual(running, ["beside", "other context", "inside"])
      yield* inside.end
    })
  )

  it.effect("downloads of two sessions run at once, an upload waits for both", () =>
    Effect.gen(function* () {
      const { running, start } = harness(4)
      const one = yield* start("one", claim("/w", { type: "download" }))
      const two = yield* start("two", claim("/w", { type: "download", sessionId: "t" }))
      yield* start("again", claim("/w", { type: "download" }))
      yield* start("upload", claim("/w", { sessionId: "u" }))
      yield* start("later", claim("/w", { type: "download", sessionId: "v" }))
      assert.deepStrictEqual(running, ["one", "two"])
      const interrupted = yield* start("given up", claim("/w", { sessionId: "x" }))
      yield* interrupted.interrupt
      yield* one.end
      yield* two.end
      yield* Effect.yieldNow()
      assert.deepStrictEqual(running, ["again"])
    })
  )

  it("paths overlap when one contains the other", () => {
    const path = FastCheck.array(FastCheck.constantFrom("a", "ab", "b"), {
      minLength: 1,
      maxLength: 4
    })
    FastCheck.assert(
      FastCheck.property(path, path, (one, other) => {
        const shared = Math.min(one.length, other.length)
        const expected = one.slice(0, shared).join("/") === other.slice(0, shared).join("/")
        assert.strictEqual(
          TransferQueue.overlaps(`/${one.join("/")}`, `/${other.join("/")}`),
          expected
        )
      })
    )
  })

  it.effect("what is brief waits for those in its way, but not for the limit", () =>
    Effect.gen(function* () {
      const { running, start } = harness(1)
      const first = yield* start("first", claim("/w"))
      yield* start("second", claim("/v"))
      const beside = yield* start("beside", {
        contextId: "c",
        mount: "/x",
        type: "upload",
        brief: true
      })
      yield* start("inside", { contextId: "c", mount: "/w/y", type: "upload", brief: true })
      yield* start("all", { contextId: "c", mount: "/", type: "upload", brief: true })
      yield* start("other", { contextId: "d", mount: "/", type: "upload", brief: true })
      assert.deepStrictEqual(running, ["first", "beside", "other"])
      yield* first.end
      yield* Effect.yieldNow()
      assert.deepStrictEqual(running, ["beside", "other", "second", "inside"])
      yield* beside.end
    })
  )
})
