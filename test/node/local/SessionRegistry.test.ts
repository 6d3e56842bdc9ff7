import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as Refusal from "../../../packages/node/src/local/actions/Refusal.js"
import * as Session from "../../../packages/node/src/local/sessions/Session.js"
import * as SessionRegistry from "../../../packages/node/src/local/sessions/SessionRegistry.js"
import * as State from "../../../packages/node/src/local/State.js"
import { temporaryDirectory } from "./life.js"

/** A registry on an empty state file, with one session in it. */
const prepare = Effect.gen(function* () {
  const directory = yield* temporaryDirectory
  const context = yield* Layer.build(
    SessionRegistry.layer.pipe(
      Layer.provide(State.layer),
      Layer.provide(Layer.succeed(DataDirectory.DataDirectory, DataDirectory.layout(directory)))
    )
  )
  const registry = yield* Effect.provide(SessionRegistry.SessionRegistry, context)
  const session = Session.make(
    {
      id: "session-a",
      sequence: 1,
      imageId: "",
      regionId: "",
      policyId: "",
      labels: {},
      appInstanceId: "",
      resourceId: "",
      createdAt: 0,
      idleSeconds: 60,
      bindings: []
    },
    { at: 0 }
  )
  registry.add(session)
  return { registry, session }
})

describe("work inside a session", () => {
  it.scoped("is noted from its beginning to its end, whatever its end is", () =>
    Effect.gen(function* () {
      const { registry, session } = yield* prepare
      const work = (inside: Effect.Effect<void, string>) =>
        Effect.fork(registry.within(session.id, () => inside))
      const done = yield* Deferred.make<void, string>()
      yield* TestClock.adjust("1 seconds")
      const one = yield* work(Deferred.await(done))
      const other = yield* work(Effect.never)
      yield* Effect.yieldNow()
      assert.deepStrictEqual([session.atWork, session.activeAt], [2, 1000])
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(other)
      assert.deepStrictEqual([session.atWork, session.activeAt], [1, 6000])
      yield* TestClock.adjust("5 seconds")
      yield* Deferred.fail(done, "no")
      assert.strictEqual(yield* Effect.flip(Fiber.join(one)), "no")
      assert.deepStrictEqual([session.atWork, session.activeAt], [0, 11_000])
    })
  )

  it.scoped("is refused by the state of the session, and is no use of it then", () =>
    Effect.gen(function* () {
      const { registry, session } = yield* prepare
      yield* TestClock.adjust("1 seconds")
      const refusal = Effect.flip(registry.within(session.id, () => Effect.void))
      for (const status of ["PAUSING", "PAUSED", "RESUMING"] as const) {
        session.status = status
        const { code, description } = yield* refusal
        assert.strictEqual(code, "InvalidMcpSession.Status")
        assert.include(description, status)
        // The one who pauses has taken all permits.
        const taken = yield* session.gate.withPermits(Session.gateWidth)(refusal)
        assert.strictEqual(taken.code, "InvalidMcpSession.Status")
      }
      session.status = "DELETING"
      assert.strictEqual(yield* refusal, Refusal.sessionNotFound)
      assert.deepStrictEqual([session.atWork, session.activeAt], [0, 0])
    })
  )
})
