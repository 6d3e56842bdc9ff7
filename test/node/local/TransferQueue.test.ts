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

  it.effect("whoever gives up leaves nobody in the way of those that it waited for", () =>
    Effect.gen(function* () {
      const { running, start } = harness(4)
      const first = yield* start("first", claim("/w/x"))
      const above = yield* start("above", claim("/w"))
      yield* start("behind", claim("/w/x"))
      yield* above.interrupt
      yield* start("later", claim("/w/x/y"))
      assert.deepStrictEqual(running, ["first"])
      yield* first.end
      yield* Effect.yieldNow()
      assert.deepStrictEqual(running, ["behind"])
    })
  )

  // The rule in its plain form: one after the other, whoever conflicts with nobody before it.
  it.effect("lets those run that the plain rule lets run", () => {
    const overlap = (one: TransferQueue.Claim, other: TransferQueue.Claim) =>
      one.contextId === other.contextId &&
      TransferQueue.overlaps(one.mount, other.mount) &&
      (one.sessionId === other.sessionId || one.type === "upload" || other.type === "upload")
    const claims = FastCheck.record({
      sessionId: FastCheck.constantFrom("s", "t"),
      contextId: FastCheck.constantFrom("c", "c", "d"),
      mount: FastCheck.constantFrom("/", "/a", "/a/b", "/a/b/c", "/a/d", "/ab", "/e"),
      type: FastCheck.constantFrom("upload" as const, "download" as const),
      brief: FastCheck.boolean()
    })
    const step = FastCheck.record({ claim: claims, leaves: FastCheck.option(FastCheck.nat()) })
    const limit = 3
    const check = (steps: ReadonlyArray<{ claim: TransferQueue.Claim; leaves: number | null }>) =>
      Effect.gen(function* () {
        const { running, start } = harness(limit)
        const places: Array<{
          readonly name: string
          readonly claim: TransferQueue.Claim
          readonly end: Effect.Effect<unknown>
          readonly interrupt: Effect.Effect<unknown>
          running: boolean
        }> = []
        const callNext = () => {
          let busy = places.filter((place) => place.running && !place.claim.brief).length
          for (const [index, place] of places.entries()) {
            if (place.running || (busy >= limit && !place.claim.brief)) continue
            if (places.slice(0, index).some((earlier) => overlap(earlier.claim, place.claim))) {
              continue
            }
            place.running = true
            if (!place.claim.brief) busy++
          }
        }
        let givenUp = false
        const leave = (index: number) => {
          const [place] = places.splice(index, 1)
          callNext()
          if (place === undefined) return Effect.void
          if (running.includes(place.name)) return place.end
          givenUp = true
          return place.interrupt
        }
        const agree = Effect.gen(function* () {
          for (let turn = 0; turn < 5; turn++) yield* Effect.yieldNow()
          const expected = places.filter((place) => place.running).map((place) => place.name)
          if (!givenUp) assert.deepStrictEqual(running.toSorted(), expected.toSorted())
          // Whoever gives up may still hold others back, but lets nobody into another's way.
          const live = places.filter((place) => running.includes(place.name))
          assert.strictEqual(live.length, running.length)
          assert.isAtMost(live.filter((place) => !place.claim.brief).length, limit)
          for (const [index, place] of live.entries()) {
            assert.isFalse(live.slice(0, index).some((other) => overlap(other.claim, place.claim)))
          }
          if (places.length > 0) assert.isAbove(live.length, 0)
        })
        for (const [index, { claim, leaves }] of steps.entries()) {
          const name = `${index}`
          places.push({ name, claim, running: false, ...(yield* start(name, claim)) })
          callNext()
          yield* agree
          if (leaves !== null) {
            yield* leave(leaves % places.length)
            yield* agree
          }
        }
        while (places.length > 0) {
          yield* leave(0)
          yield* agree
        }
      })
    return Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(FastCheck.array(step, { maxLength: 20 }), (steps) =>
          Effect.runPromise(check(steps))
        ),
        { numRuns: 300 }
      )
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
