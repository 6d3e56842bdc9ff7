import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const binding = { contextId: "SdkCtx-1", path: "/work" }
const door = AgentBay.AgentBay
const throttled = AgentBayTest.refuse({ code: "Throttling.User", httpStatus: 429 })
const sessionGone = AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })
const service = (script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      CreateMcpSession: AgentBayTest.ok({ SessionId: sessionId, Success: true }),
      DeleteSessionAsync: AgentBayTest.ok(),
      GetSessionDetail: AgentBayTest.ok({ Status: "FINISH" }),
      ...script
    }
  })
const scoped = <A, E>(use: Effect.Effect<A, E>, options?: AgentBay.CreateOptions) =>
  Effect.scoped(
    Effect.zipRight(
      Effect.flatMap(door, (front) => front.session(options)),
      use
    )
  )
const deletions = Effect.map(requestsOf("DeleteSessionAsync"), (requests) =>
  requests.map(({ parameters }) => parameters["SessionId"])
)
/** The messages logged while an effect runs. */
const warnings = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    yield* effect.pipe(
      Effect.provide(
        Logger.replace(
          Logger.defaultLogger,
          Logger.make((entry) => lines.push(Logger.logfmtLogger.log(entry)))
        )
      )
    )
    return lines
  })

describe("AgentBay.session", () => {
  it.effect("is deleted once after success", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* inTime(scoped(Effect.succeed(7))), 7)
      assert.deepStrictEqual(yield* deletions, [sessionId])
    }).pipe(Effect.provide(service()))
  )

  it.effect("lives as long as its scope", () =>
    Effect.gen(function* () {
      const inside = yield* inTime(scoped(Effect.succeed("used")))
      assert.strictEqual(inside, "used")
      assert.deepStrictEqual(yield* actions, [
        "CreateMcpSession",
        "DeleteSessionAsync",
        "GetSessionDetail"
      ])
    }).pipe(Effect.provide(service()))
  )

  it.effect("is deleted once after a failure, which stays what it was", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(inTime(scoped(Effect.fail("mine")))), "mine")
      assert.deepStrictEqual(yield* deletions, [sessionId])
    }).pipe(Effect.provide(service()))
  )

  it.effect("is deleted once after an interruption", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(scoped(Effect.never))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* deletions, [])
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      assert.deepStrictEqual(yield* deletions, [sessionId])
    }).pipe(Effect.provide(service()))
  )

  it.effect("is deleted when its initial download fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(scoped(Effect.void, { contexts: [binding] })))
      assert.strictEqual(error._tag, "SyncFailed")
      assert.deepStrictEqual(yield* deletions, [sessionId])
    }).pipe(
      Effect.provide(
        service({
          GetContextInfo: AgentBayTest.status([
            { ...binding, taskType: "download", status: "Failed" }
          ])
        })
      )
    )
  )

  it.effect("interrupted during the request, is deleted when its answer is there", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(scoped(Effect.void))
      yield* TestClock.adjust("1 second")
      const left = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(left)))
      assert.deepStrictEqual(yield* deletions, [sessionId])
    }).pipe(
      Effect.provide(
        service({
          CreateMcpSession: AgentBayTest.delayed(
            "5 seconds",
            AgentBayTest.ok({ SessionId: sessionId, Success: true })
          )
        })
      )
    )
  )

  it.effect("that is gone already is as good as deleted", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* warnings(inTime(scoped(Effect.void))), [])
      assert.deepStrictEqual(yield* deletions, [sessionId])
    }).pipe(Effect.provide(service({ DeleteSessionAsync: sessionGone })))
  )

  it.effect("whose release is throttled is deleted all the same", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* warnings(inTime(scoped(Effect.void))), [])
      assert.deepStrictEqual(yield* deletions, [sessionId, sessionId, sessionId])
      assert.deepStrictEqual((yield* actions).at(-1), "GetSessionDetail")
    }).pipe(
      Effect.provide(service({ DeleteSessionAsync: [throttled, throttled, AgentBayTest.ok()] }))
    )
  )

  it.effect("whose release is throttled for ever does not keep its scope open", () =>
    Effect.gen(function* () {
      const lines = yield* warnings(inTime(scoped(Effect.void)))
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0], "could not be deleted")
      assert.strictEqual((yield* deletions).length, 4)
    }).pipe(
      Effect.provide(
        wired({
          retryPolicy: Schedule.spaced("1 second"),
          script: {
            CreateMcpSession: AgentBayTest.ok({ SessionId: sessionId, Success: true }),
            DeleteSessionAsync: throttled
          }
        })
      )
    )
  )

  it.effect("that cannot be deleted is a logged warning", () =>
    Effect.gen(function* () {
      const lines = yield* warnings(inTime(scoped(Effect.void)))
      assert.strictEqual(lines.length, 1)
      for (const part of ["level=WARN", "could not be deleted", sessionId, "NotAllowed"]) {
        assert.include(lines[0], part)
      }
    }).pipe(
      Effect.provide(service({ DeleteSessionAsync: AgentBayTest.refuse({ code: "NotAllowed" }) }))
    )
  )
})

describe("AgentBay.get", () => {
  it.effect("gives a session that exists", () =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(door, (front) => front.get(sessionId))
      assert.strictEqual(session.sessionId, sessionId)
      assert.strictEqual(session.contextManager.sessionId, sessionId)
      assert.strictEqual(session.resourceUrl, "https://look.test/")
    }).pipe(
      Effect.provide(
        service({ GetSession: AgentBayTest.ok({ ResourceUrl: "https://look.test/" }) })
      )
    )
  )

  for (const [name, reply] of [
    ["hard", sessionGone],
    ["soft", AgentBayTest.refuseSoftly({ code: "InvalidMcpSession.NotFound" })]
  ] as const) {
    it.effect(`of an unknown session is a typed error (${name} refusal)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.flatMap(door, (front) => front.get("nobody")))
        assert.deepInclude(error, {
          _tag: "ApiError",
          reason: "SessionNotFound",
          operation: "GetSession",
          sessionId: "nobody"
        })
      }).pipe(Effect.provide(service({ GetSession: reply })))
    )
  }

  it.effect("of a blank id is refused before anything is sent", () =>
    Effect.gen(function* () {
      for (const id of ["", "  "]) {
        const error = yield* Effect.flip(Effect.flatMap(door, (front) => front.get(id)))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "sessionId" })
      }
      assert.deepStrictEqual(yield* actions, [])
    }).pipe(Effect.provide(service()))
  )
})

describe("AgentBay.list", () => {
  const page = (ids: ReadonlyArray<string>, NextToken?: string | null) =>
    AgentBayTest.ok(
      ids.map((SessionId) => ({ SessionId, SessionStatus: "RUNNING" })),
      NextToken === undefined ? {} : { NextToken }
    )
  const list = (options?: AgentBay.ListOptions) =>
    Effect.flatMap(door, (front) => Stream.runCollect(Stream.take(front.list(options), 10))).pipe(
      Effect.map((sessions) => [...sessions].map((session) => session.sessionId))
    )

  it.effect("follows the tokens to the last page", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* list(), ["a", "b", "c"])
      const requests = yield* requestsOf("ListSession")
      assert.deepStrictEqual(
        requests.map(({ parameters }) => parameters["NextToken"]),
        [undefined, "t1", "t2"]
      )
    }).pipe(
      Effect.provide(
        service({ ListSession: [page(["a"], "t1"), page(["b", "c"], "t2"), page([], "")] })
      )
    )
  )

  for (const [name, last] of [
    ["empty", page(["b"], "")],
    ["absent", page(["b"])],
    ["null", page(["b"], null)],
    ["repeated", page(["b"], "t1")]
  ] as const) {
    it.effect(`stops when the token is ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* list(), ["a", "b"])
        assert.strictEqual((yield* requestsOf("ListSession")).length, 2)
      }).pipe(Effect.provide(service({ ListSession: [page(["a"], "t1"), last] })))
    )
  }

  it.effect("asks for a page only when it is read", () =>
    Effect.gen(function* () {
      const first = yield* Effect.flatMap(door, (front) =>
        Stream.runHead(front.list().pipe(Stream.map((session) => session.sessionId)))
      )
      assert.deepStrictEqual(first, yield* Effect.succeedSome("a"))
      assert.strictEqual((yield* requestsOf("ListSession")).length, 1)
    }).pipe(Effect.provide(service({ ListSession: [page(["a"], "t1"), page(["b"])] })))
  )

  it.effect("sends its filters with every page", () =>
    Effect.gen(function* () {
      yield* list({ labels: { a: "b" }, pageSize: 3, status: "PAUSED" })
      for (const { parameters } of yield* requestsOf("ListSession")) {
        assert.include(parameters, { Labels: '{"a":"b"}', MaxResults: "3", Status: "PAUSED" })
      }
    }).pipe(Effect.provide(service({ ListSession: [page(["a"], "t1"), page(["b"])] })))
  )

  it.effect("refuses a page size that is none, before anything is sent", () =>
    Effect.gen(function* () {
      for (const pageSize of [0, -1, 1.5, Number.NaN, Infinity]) {
        const error = yield* Effect.flip(list({ pageSize }))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "pageSize" })
      }
      assert.deepStrictEqual(yield* actions, [])
    }).pipe(Effect.provide(service()))
  )

  it.effect("fails with the error of a page", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* Effect.flip(list()), { _tag: "ApiError", reason: "NotLoggedIn" })
    }).pipe(
      Effect.provide(
        service({ ListSession: [page(["a"], "t1"), AgentBayTest.refuse({ code: "NOT_LOGIN" })] })
      )
    )
  )
})
