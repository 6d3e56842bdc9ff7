import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import type * as Session from "@effect-agentbay/core/Session"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import { actions, inTime, wired } from "./wired.js"

const sessionId = "session-1"
const binding = { contextId: "SdkCtx-1", path: "/work" } as const
const state = (Status: string) => AgentBayTest.ok({ Status })
const upload = (status: string) =>
  AgentBayTest.status([{ ...binding, taskType: "upload", status, errorMessage: "why" }])
const sessionGone = AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })

const service = (script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      GetSession: AgentBayTest.ok({ SessionId: sessionId }),
      DeleteSessionAsync: AgentBayTest.ok(),
      GetSessionDetail: state("FINISH"),
      SyncContext: AgentBayTest.ok(),
      DescribeSessionContexts: AgentBayTest.ok([{ ContextId: "SdkCtx-1", Path: "/work" }]),
      ...script
    }
  })
const session = Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId))
const remove = (options?: Session.DeleteOptions) =>
  Effect.flatMap(session, (live) => live.delete(options))
const timesOf = (action: AgentBayTest.Action) =>
  Effect.flatMap(AgentBayTest.AgentBayTest, (double) => double.timesOf(action))

describe("Session.delete", () => {
  for (const [name, last] of [
    ["DELETED", state("DELETED")],
    ["FINISH", state("FINISH")],
    ["the service does not know the session", sessionGone],
    [
      "the service does not know the session, softly",
      AgentBayTest.refuseSoftly({ code: "InvalidMcpSession.NotFound" })
    ]
  ] as const) {
    it.effect(`asks by the poll policy until ${name} (S5)`, () =>
      Effect.gen(function* () {
        yield* inTime(remove())
        assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [0])
        assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1500, 3000])
      }).pipe(
        Effect.provide(
          service({ GetSessionDetail: [state("RUNNING"), state("DELETING"), last, sessionGone] })
        )
      )
    )
  }

  const notTheEnd: ReadonlyArray<readonly [string, AgentBayTest.Reply]> = [
    ["a proxy's page with HTTP 404", AgentBayTest.raw(404, "<html>session not found</html>")],
    ["a fault", AgentBayTest.fault("ECONNRESET")],
    ["HTTP 500", AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 })],
    ["an unknown state", state("deleted")]
  ]
  for (const [name, reply] of notTheEnd) {
    it.effect(`does not take ${name} for the end (S5)`, () =>
      Effect.gen(function* () {
        yield* inTime(remove())
        assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1500, 3000])
      }).pipe(Effect.provide(service({ GetSessionDetail: [reply, reply, state("FINISH")] })))
    )
  }

  for (const [code, reason] of [
    ["InvalidAction.NotFound", "ActionNotFound"],
    ["Foo.NotFound", "Other"],
    ["NOT_LOGIN", "NotLoggedIn"]
  ] as const) {
    it.effect(`fails with ${code} instead of taking it for the end (S5)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(remove()))
        assert.deepInclude(error, { _tag: "ApiError", reason, operation: "GetSessionDetail" })
      }).pipe(
        Effect.provide(
          service({
            GetSessionDetail: [state("DELETING"), AgentBayTest.refuse({ code }), state("FINISH")]
          })
        )
      )
    )
  }

  it.effect("waits by a policy of its own", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 2 })
      const error = yield* Effect.flip(inTime(remove({ pollPolicy })))
      assert.deepInclude(error, { _tag: "SyncTimeout", polls: 3 })
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1000, 2000])
    }).pipe(Effect.provide(service({ GetSessionDetail: state("DELETING") })))
  )

  it.effect("refuses a policy that is none before anything is sent", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ maxRetries: -1 })
      const error = yield* Effect.flip(remove({ pollPolicy }))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "maxRetries" })
      assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [])
    }).pipe(Effect.provide(service({})))
  )

  it.effect("gives up when the policy does", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.either(remove()))
      yield* TestClock.adjust("224999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = yield* Effect.map(Fiber.join(fiber), Either.merge)
      assert.deepInclude(error, { _tag: "SyncTimeout", operation: "delete", sessionId, polls: 151 })
      assert.include(error?.message, "its last state was DELETING")
      assert.strictEqual((yield* timesOf("GetSessionDetail")).at(-1), 225_000)
    }).pipe(Effect.provide(service({ GetSessionDetail: state("DELETING") })))
  )

  it.effect("of an unknown session is a typed error", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(remove())
      assert.deepInclude(error, {
        _tag: "ApiError",
        reason: "SessionNotFound",
        operation: "DeleteSessionAsync",
        sessionId
      })
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [])
    }).pipe(Effect.provide(service({ DeleteSessionAsync: sessionGone })))
  )

  it.effect("is sent once, even when its answer is lost", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(remove()))
      assert.deepInclude(error, { _tag: "TransportError", reason: "Transport" })
      assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [0])
    }).pipe(Effect.provide(service({ DeleteSessionAsync: AgentBayTest.fault("ECONNRESET") })))
  )

  it.effect("interrupted while waiting, asks no more", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(remove())
      yield* TestClock.adjust("3500 millis")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* timesOf("GetSessionDetail"), [0, 1500, 3000])
    }).pipe(Effect.provide(service({ GetSessionDetail: state("DELETING") })))
  )

  it.effect("with sync, syncs everything first and waits for its end (S4)", () =>
    Effect.gen(function* () {
      yield* inTime(remove({ sync: true }))
      const seen = yield* actions
      assert.isBelow(seen.lastIndexOf("GetContextInfo"), seen.indexOf("DeleteSessionAsync"))
      const double = yield* AgentBayTest.AgentBayTest
      const trigger = (yield* double.requests).find(({ action }) => action === "SyncContext")
      assert.deepStrictEqual(trigger?.parameters, { SessionId: sessionId })
      assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [1500])
    }).pipe(
      Effect.provide(
        service({ GetContextInfo: [AgentBayTest.status([]), upload("Running"), upload("Success")] })
      )
    )
  )

  it.effect("with the options of a sync, syncs that", () =>
    Effect.gen(function* () {
      yield* inTime(remove({ sync: { ...binding, mode: "upload" } }))
      const double = yield* AgentBayTest.AgentBayTest
      const trigger = (yield* double.requests).find(({ action }) => action === "SyncContext")
      assert.deepStrictEqual(trigger?.parameters, {
        SessionId: sessionId,
        ContextId: "SdkCtx-1",
        Path: "/work",
        Mode: "upload"
      })
    }).pipe(
      Effect.provide(service({ GetContextInfo: [AgentBayTest.status([]), upload("Success")] }))
    )
  )

  it.effect("with `sync: false` syncs nothing", () =>
    Effect.gen(function* () {
      yield* inTime(remove({ sync: false }))
      assert.deepStrictEqual(yield* actions, [
        "GetSession",
        "DeleteSessionAsync",
        "GetSessionDetail"
      ])
    }).pipe(Effect.provide(service()))
  )

  const failing: ReadonlyArray<readonly [string, AgentBayTest.Script, object]> = [
    [
      "fails",
      { GetContextInfo: [AgentBayTest.status([]), upload("Failed")] },
      { _tag: "SyncFailed", sessionId }
    ],
    [
      "times out",
      { GetContextInfo: [AgentBayTest.status([]), upload("Running")] },
      { _tag: "SyncTimeout", sessionId }
    ],
    [
      "is refused",
      {
        GetContextInfo: AgentBayTest.status([]),
        SyncContext: AgentBayTest.refuse({ code: "Foo" })
      },
      { _tag: "ApiError", operation: "SyncContext" }
    ]
  ]
  for (const [name, script, wanted] of failing) {
    it.effect(`keeps the session when the last sync ${name} (S3)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(remove({ sync: true })))
        assert.deepInclude(error, wanted)
        assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [])
      }).pipe(Effect.provide(service(script)))
    )

    it.effect(`by force deletes it although the last sync ${name}, with a warning`, () =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const logger = Logger.make((entry) => lines.push(Logger.logfmtLogger.log(entry)))
        yield* inTime(remove({ sync: true, force: true })).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
        assert.strictEqual((yield* timesOf("DeleteSessionAsync")).length, 1)
        assert.strictEqual(lines.length, 1)
        assert.include(lines[0], "level=WARN")
        assert.include(lines[0], sessionId)
      }).pipe(Effect.provide(service(script)))
    )
  }

  it.effect("does not delete for wrong arguments of the sync, even by force", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(remove({ sync: { maxRetries: -1 }, force: true }))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "maxRetries" })
      assert.deepStrictEqual(yield* actions, ["GetSession"])
    }).pipe(Effect.provide(service()))
  )
})

describe("Session.status", () => {
  it.effect("is the service's word, asked anew each time", () =>
    Effect.gen(function* () {
      const live = yield* session
      assert.strictEqual(yield* live.status, "RUNNING")
      assert.strictEqual(yield* live.status, "DELETING")
    }).pipe(Effect.provide(service({ GetSessionDetail: [state("RUNNING"), state("DELETING")] })))
  )

  it.effect("of a session that is gone is a typed error", () =>
    Effect.gen(function* () {
      const live = yield* session
      assert.deepInclude(yield* Effect.flip(live.status), { reason: "SessionNotFound", sessionId })
    }).pipe(Effect.provide(service({ GetSessionDetail: sessionGone })))
  )
})
