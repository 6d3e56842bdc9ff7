import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as IdleRelease from "../../../packages/node/src/local/sessions/IdleRelease.js"
import * as Session from "../../../packages/node/src/local/sessions/Session.js"
import { SessionRelease } from "../../../packages/node/src/local/sessions/SessionRelease.js"

const idleSeconds = 60

const makeSession = Effect.map(Clock.currentTimeMillis, (at) =>
  Session.make(
    {
      id: "session-a",
      sequence: 1,
      imageId: "",
      regionId: "",
      policyId: "",
      labels: {},
      appInstanceId: "",
      resourceId: "",
      createdAt: at,
      idleSeconds,
      bindings: []
    },
    { at }
  )
)

/** When, in seconds, and why sessions were released. */
const watching = Effect.gen(function* () {
  const released: Array<readonly [at: number, reason: string | undefined]> = []
  const idle = yield* Effect.provideService(IdleRelease.make, SessionRelease, {
    begin: (session, reason) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        session.status = "DELETING"
        released.push([now / 1000, reason])
      })
  })
  const session = yield* makeSession
  yield* idle.watch(session)
  return { idle, released, session }
})

const reason = "idle for 60 s"

describe("the watch over an idle session", () => {
  it.scoped("releases it after its time, not before, and once", () =>
    Effect.gen(function* () {
      const { released } = yield* watching
      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(released, [])
      yield* TestClock.adjust("1 millis")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [[60, reason]])
    })
  )

  it.scoped("counts from the last thing done in it", () =>
    Effect.gen(function* () {
      const { released, session } = yield* watching
      yield* TestClock.adjust("45 seconds")
      session.activeAt = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [[105, reason]])
    })
  )

  it.scoped("waits for work inside it", () =>
    Effect.gen(function* () {
      const { released, session } = yield* watching
      session.atWork = 2
      yield* TestClock.adjust("70 seconds")
      session.atWork = 1
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [])
      session.atWork = 0
      session.activeAt = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [[3670 + 60, reason]])
    })
  )

  it.scoped("waits for transfers, and counts from the second after their end", () =>
    Effect.gen(function* () {
      const { released, session } = yield* watching
      const task: Session.Task = {
        id: "task",
        sessionId: session.id,
        contextId: "c",
        path: "/a",
        mount: "/a",
        type: "upload",
        started: 0,
        status: "Running",
        errorMessage: "",
        finished: 0,
        counts: Session.noCounts,
        ended: yield* Deferred.make<void>()
      }
      session.tasks.put(task)
      yield* TestClock.adjust("100 seconds")
      assert.deepStrictEqual(released, [])
      task.status = "Failed"
      task.finished = 100
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [[161, reason]])
    })
  )

  it.scoped("ends when it is told to, and when the session no longer runs", () =>
    Effect.gen(function* () {
      const { idle, released, session } = yield* watching
      yield* idle.forget(session)
      yield* TestClock.adjust("1 hour")
      session.activeAt = yield* Clock.currentTimeMillis
      yield* idle.watch(session)
      session.status = "PAUSED"
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [])
      session.status = "RUNNING"
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [])
    })
  )

  it.scoped("a second watch takes the place of the first", () =>
    Effect.gen(function* () {
      const { idle, released, session } = yield* watching
      yield* TestClock.adjust("30 seconds")
      session.activeAt = yield* Clock.currentTimeMillis
      yield* idle.watch(session)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(released, [[90, reason]])
    })
  )
})
