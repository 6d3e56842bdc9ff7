import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const gone = AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })
const state = (Status?: string) =>
  AgentBayTest.ok({
    SessionId: sessionId,
    Success: true,
    ...(Status === undefined ? {} : { Status })
  })

/** The states that the session shows after it was opened; the last one stays. */
const service = (states: ReadonlyArray<AgentBayTest.Reply>, script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      GetSession: [state("RUNNING"), ...states],
      PauseSessionAsync: AgentBayTest.ok(),
      ResumeSessionAsync: AgentBayTest.ok(),
      RefreshSessionIdleTime: AgentBayTest.ok(),
      ...script
    }
  })
const session = Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId))
/** The times of the status requests, without the one that opened the session. */
const asked = Effect.map(requestsOf("GetSession"), (requests) =>
  requests.slice(1).map(({ at }) => at)
)
const timesOf = (action: AgentBayTest.Action) =>
  Effect.map(requestsOf(action), (requests) => requests.map(({ at }) => at))

const changes = [
  {
    name: "pause",
    start: "PauseSessionAsync",
    before: "RUNNING",
    underWay: "PAUSING",
    goal: "PAUSED"
  },
  {
    name: "resume",
    start: "ResumeSessionAsync",
    before: "PAUSED",
    underWay: "RESUMING",
    goal: "RUNNING"
  }
] as const

for (const { before, goal, name, start, underWay } of changes) {
  const change = (options?: { readonly pollPolicy?: PollPolicy.PollPolicy }) =>
    Effect.flatMap(session, (live) => live[name](options))

  describe(`Session.${name}`, () => {
    it.effect(`asks once and waits until the session is ${goal}`, () =>
      Effect.gen(function* () {
        yield* inTime(change())
        const [request] = yield* requestsOf(start)
        assert.deepStrictEqual(request?.parameters, { SessionId: sessionId })
        assert.deepStrictEqual(yield* actions, [
          "GetSession",
          start,
          "GetSession",
          "GetSession",
          "GetSession"
        ])
        assert.deepStrictEqual(yield* asked, [0, 1500, 3000])
      }).pipe(Effect.provide(service([state(underWay), state(underWay), state(goal), gone])))
    )

    it.effect(`takes the state of before (${before}) neither for an end nor for a failure`, () =>
      Effect.gen(function* () {
        yield* inTime(change())
        assert.deepStrictEqual(yield* asked, [0, 1500, 3000, 4500, 6000, 7500])
      }).pipe(
        Effect.provide(
          service([
            state(before),
            state(before),
            state(before),
            state(before),
            state(underWay),
            state(goal)
          ])
        )
      )
    )

    for (const [what, word] of [
      ["stays as it was", before],
      ["shows a word that is unknown", "HIBERNATING"]
    ] as const) {
      it.effect(`fails with the state when the session ${what}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inTime(change()))
          assert.deepInclude(error, {
            _tag: "ApiError",
            reason: "UnexpectedState",
            operation: start,
            sessionId,
            requestId: "TEST-REQUEST"
          })
          assert.include(error.message, word)
          assert.include(error.message, goal)
          // The first answer, and four more.
          assert.deepStrictEqual(yield* asked, [0, 1500, 3000, 4500, 6000])
        }).pipe(Effect.provide(service([state(word)])))
      )
    }

    it.effect("gives a session that tells no state the same grace, and says so", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(change()))
        assert.deepInclude(error, { _tag: "ApiError", reason: "UnexpectedState" })
        assert.include(error.message, "in no state that was told")
        assert.strictEqual((yield* asked).length, 5)
      }).pipe(Effect.provide(service([state()])))
    )

    for (const word of ["DELETING", "DELETED", "FINISH"]) {
      it.effect(`fails at once when the session is ${word}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inTime(change()))
          assert.deepInclude(error, { _tag: "ApiError", reason: "UnexpectedState", sessionId })
          assert.include(error.message, word)
          assert.deepStrictEqual(yield* asked, [0, 1500])
        }).pipe(Effect.provide(service([state(underWay), state(word), state(goal)])))
      )
    }

    for (const [how, refusal] of [
      ["by an HTTP error", gone],
      ["softly", AgentBayTest.refuseSoftly({ code: "InvalidMcpSession.NotFound" })]
    ] as const) {
      it.effect(`fails at once when the service does not know the session, ${how}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inTime(change()))
          assert.deepInclude(error, {
            _tag: "ApiError",
            reason: "SessionNotFound",
            operation: "GetSession"
          })
          assert.deepStrictEqual(yield* asked, [0, 1500])
        }).pipe(Effect.provide(service([state(underWay), refusal, state(goal)])))
      )
    }

    const passing: ReadonlyArray<readonly [string, AgentBayTest.Reply]> = [
      ["a broken connection", AgentBayTest.fault("ECONNRESET")],
      ["HTTP 500", AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 })],
      ["throttling", AgentBayTest.refuseSoftly({ code: "Throttling.User" })],
      ["a proxy's page", AgentBayTest.raw(404, "<html>session not found</html>")]
    ]
    for (const [what, reply] of passing) {
      it.effect(`lives through ${what}`, () =>
        Effect.gen(function* () {
          yield* inTime(change())
          assert.deepStrictEqual(yield* asked, [0, 1500, 3000])
        }).pipe(Effect.provide(service([reply, reply, state(goal)])))
      )
    }

    it.effect("fails with a fault that does not pass", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(change()))
        assert.deepInclude(error, { _tag: "TransportError", code: "ECONNRESET" })
        assert.strictEqual((yield* asked).length, 11)
      }).pipe(Effect.provide(service([AgentBayTest.fault("ECONNRESET")])))
    )

    it.effect("gives up when its policy does, and names the last state", () =>
      Effect.gen(function* () {
        const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 2 })
        const error = yield* Effect.flip(inTime(change({ pollPolicy })))
        assert.deepInclude(error, {
          _tag: "SyncTimeout",
          operation: name,
          sessionId,
          requestId: "TEST-REQUEST",
          state: underWay,
          polls: 3
        })
        assert.include(error.message, `its last state was ${underWay}`)
        assert.deepStrictEqual(yield* asked, [0, 1000, 2000])
      }).pipe(Effect.provide(service([state(underWay)])))
    )

    it.effect("gives up without a state when there was never an answer", () =>
      Effect.gen(function* () {
        const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 0 })
        const error = yield* Effect.flip(inTime(change({ pollPolicy })))
        assert.deepInclude(error, { _tag: "SyncTimeout", state: undefined, polls: 1 })
        assert.include(error.message, "ECONNRESET")
        assert.notInclude(error.message, "last state")
      }).pipe(Effect.provide(service([AgentBayTest.fault("ECONNRESET")])))
    )

    it.effect("refuses a policy that is none before anything is sent", () =>
      Effect.gen(function* () {
        const pollPolicy = PollPolicy.spaced({ maxRetries: -1 })
        const error = yield* Effect.flip(change({ pollPolicy }))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "maxRetries" })
        assert.deepStrictEqual(yield* actions, ["GetSession"])
      }).pipe(Effect.provide(service([])))
    )

    it.effect("is sent once when its answer is lost", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(change()))
        assert.deepInclude(error, { _tag: "TransportError", operation: start })
        assert.deepStrictEqual(yield* timesOf(start), [0])
        assert.deepStrictEqual(yield* asked, [])
      }).pipe(Effect.provide(service([state(goal)], { [start]: AgentBayTest.fault("ECONNRESET") })))
    )

    for (const [what, proof] of [
      ["no connection was made", AgentBayTest.fault("ECONNREFUSED")],
      ["the service throttled it", AgentBayTest.refuse({ code: "Throttling", httpStatus: 429 })]
    ] as const) {
      it.effect(`is sent again when ${what}`, () =>
        Effect.gen(function* () {
          yield* inTime(change())
          assert.strictEqual((yield* timesOf(start)).length, 2)
          assert.strictEqual((yield* asked).length, 1)
        }).pipe(Effect.provide(service([state(goal)], { [start]: [proof, AgentBayTest.ok()] })))
      )
    }

    it.effect("gives the service's refusal as it is", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(change()))
        assert.deepInclude(error, { _tag: "ApiError", operation: start, description: "not now" })
        assert.deepStrictEqual(yield* asked, [])
      }).pipe(
        Effect.provide(
          service([], { [start]: AgentBayTest.refuseSoftly({ code: "Foo", message: "not now" }) })
        )
      )
    )

    it.effect("interrupted while waiting, asks no more", () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(change())
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* asked, [0, 1500])
      }).pipe(Effect.provide(service([state(underWay)])))
    )

    it.effect("waits by the layer's policy unless told otherwise", () =>
      Effect.gen(function* () {
        yield* inTime(change())
        assert.deepStrictEqual(yield* asked, [0, 250])
      }).pipe(
        Effect.provide(
          wired({
            pollPolicy: PollPolicy.spaced({ interval: Duration.millis(250) }),
            script: {
              GetSession: [state("RUNNING"), state(underWay), state(goal)],
              [start]: AgentBayTest.ok()
            }
          })
        )
      )
    )
  })
}

describe("Session.keepAlive", () => {
  const keepAlive = Effect.flatMap(session, (live) => live.keepAlive)

  it.effect("tells the service that the session is in use", () =>
    Effect.gen(function* () {
      yield* keepAlive
      const [request] = yield* requestsOf("RefreshSessionIdleTime")
      assert.deepStrictEqual(request?.parameters, { SessionId: sessionId })
    }).pipe(Effect.provide(service([])))
  )

  it.effect("does not mind what data comes with the yes", () =>
    keepAlive.pipe(
      Effect.provide(
        service([], { RefreshSessionIdleTime: AgentBayTest.ok({ anything: [1, "x"] }) })
      )
    )
  )

  it.effect("is repeated after a lost answer: to say it twice is to say it once", () =>
    Effect.gen(function* () {
      yield* inTime(keepAlive)
      assert.strictEqual((yield* timesOf("RefreshSessionIdleTime")).length, 2)
    }).pipe(
      Effect.provide(
        service([], {
          RefreshSessionIdleTime: [AgentBayTest.fault("ECONNRESET"), AgentBayTest.ok()]
        })
      )
    )
  )

  it.effect("of a session that is gone is a typed error", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(keepAlive)
      assert.deepInclude(error, { _tag: "ApiError", reason: "SessionNotFound", sessionId })
    }).pipe(Effect.provide(service([], { RefreshSessionIdleTime: gone })))
  )
})
