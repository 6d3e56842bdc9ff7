/** `join: true`: one trigger for those who begin at the same moment and say so. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { SyncOptions } from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { begun, bindingOf, crowded, errorOf, timesSeen, uploadOf, valueOf } from "./crowd.js"
import { lists, manager } from "./fixture.js"

const running = (options?: AgentBayTest.Options) =>
  crowded(
    (at) => lists(...[0, 1].map((i) => uploadOf(i, at < 3000 ? "Running" : "Success"))),
    options
  )

const triggered = Effect.map(timesSeen, ({ triggers }) => triggers)

const each = (options: ReadonlyArray<SyncOptions>) =>
  Effect.flatMap(manager, (contexts) =>
    Effect.forEach(options, (one) => Effect.fork(contexts.sync(one)))
  )

const joined = { ...bindingOf(0), join: true }

describe("join", () => {
  it.effect("shares baseline and trigger, while each has its own budget", () =>
    Effect.gen(function* () {
      const fibers = yield* each([joined, { ...joined, maxRetries: 1 }, joined])
      yield* TestClock.adjust("1 minute")
      const [first, second, third] = fibers
      assert.strictEqual((yield* valueOf(first!)).polls, 3)
      assert.deepInclude(yield* errorOf(second!), { _tag: "SyncTimeout", polls: 2 })
      assert.strictEqual((yield* valueOf(third!)).requestId, (yield* valueOf(first!)).requestId)
      assert.deepStrictEqual(yield* timesSeen, { status: [0, 0, 1500, 3000], triggers: [0] })
    }).pipe(Effect.provide(running()))
  )

  it.effect("shares a trigger also while a loop is running", () =>
    Effect.gen(function* () {
      yield* each([bindingOf(1)])
      yield* TestClock.adjust(1600)
      const fibers = yield* each([joined, joined, joined])
      yield* TestClock.adjust("1 minute")
      for (const fiber of fibers) yield* valueOf(fiber)
      assert.deepStrictEqual(yield* triggered, [0, 1600])
    }).pipe(Effect.provide(running()))
  )

  for (const [name, options] of [
    ["without it", [bindingOf(0), bindingOf(0)]],
    ["with one who does not say so", [joined, bindingOf(0)]],
    ["of another target", [joined, { ...bindingOf(1), join: true }]],
    ["of another mode", [joined, { ...joined, mode: "download" }]],
    ["of everything", [joined, { join: true }]]
  ] as const) {
    it.effect(`all run apart ${name}`, () =>
      Effect.gen(function* () {
        yield* each(options)
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(yield* triggered, [0, 0])
      }).pipe(Effect.provide(running()))
    )
  }

  it.effect("takes `upload` and nothing, and a slash at the end, for the same", () =>
    Effect.gen(function* () {
      yield* each([joined, { ...joined, mode: "upload" }, { ...joined, path: `${joined.path}/` }])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* triggered, [0])
    }).pipe(Effect.provide(running()))
  )

  it.effect("lets in who comes before it is sent, and not who comes after", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      yield* begun(contexts.sync(joined))
      yield* TestClock.adjust(500)
      yield* begun(contexts.sync(joined))
      yield* TestClock.adjust(500)
      // The baseline has come now, and the trigger is under way.
      yield* begun(contexts.sync(joined))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* triggered, [1000, 2000])
    }).pipe(
      Effect.provide(
        running({
          script: {
            SyncContext: AgentBayTest.delayed("3 seconds", AgentBayTest.ok()),
            GetContextInfo: AgentBayTest.delayed("1 second", lists())
          }
        })
      )
    )
  )

  it.effect("goes on when the first one leaves, and stops when all have left", () =>
    Effect.gen(function* () {
      const service = yield* AgentBayTest.AgentBayTest
      const [first, second, third] = yield* each([joined, joined, joined])
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(first!)
      assert.strictEqual(yield* service.aborted, 0)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* triggered, [0])
      yield* Fiber.interrupt(second!)
      yield* TestClock.adjust("1 minute")
      yield* valueOf(third!)
      const [fourth, fifth] = yield* each([joined, joined])
      yield* TestClock.adjust(0)
      yield* Fiber.interruptAll([fourth!, fifth!])
      assert.strictEqual(yield* service.aborted, 1)
      const [sixth] = yield* each([joined])
      yield* TestClock.adjust("1 minute")
      yield* valueOf(sixth!)
    }).pipe(
      Effect.provide(
        running({
          script: { SyncContext: AgentBayTest.delayed("2 seconds", AgentBayTest.ok()) }
        })
      )
    )
  )

  it.effect("tells all of a failure, and nobody who comes later", () =>
    Effect.gen(function* () {
      const fibers = yield* each([joined, joined])
      yield* TestClock.adjust(0)
      for (const fiber of fibers) assert.strictEqual((yield* errorOf(fiber))._tag, "ApiError")
      const [later] = yield* each([joined])
      yield* TestClock.adjust("1 minute")
      yield* valueOf(later!)
      assert.strictEqual((yield* triggered).length, 2)
    }).pipe(
      Effect.provide(
        running({
          script: { SyncContext: [AgentBayTest.refuse({ code: "no" }), AgentBayTest.ok()] }
        })
      )
    )
  )

  it.effect("serves start, whose handles are alike", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const handles = yield* Effect.all([contexts.start(joined), contexts.start(joined)], {
        concurrency: 2
      })
      assert.strictEqual(handles[0].token, handles[1].token)
      assert.deepStrictEqual(yield* triggered, [0])
    }).pipe(Effect.provide(running()))
  )

  it.effect("is true or false", () =>
    Effect.gen(function* () {
      // A plain JavaScript caller may hand over anything.
      const [wrong] = yield* each([{ ...joined, join: "yes" as unknown as boolean }])
      yield* TestClock.adjust(0)
      assert.deepInclude(yield* errorOf(wrong!), { _tag: "InvalidArgument", argument: "join" })
      assert.deepStrictEqual(yield* triggered, [])
    }).pipe(Effect.provide(running()))
  )
})
