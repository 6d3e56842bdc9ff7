import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const opened = AgentBayTest.ok({ SessionId: sessionId, Success: true })
const gone = AgentBayTest.ok({ Status: "FINISH" })
const binding = { contextId: "SdkCtx-1", path: "/home/wuying/work" }
const other = { contextId: "SdkCtx-2", path: "/data" }
const download = (status: string, where = binding, errorMessage = "") => ({
  ...where,
  taskType: "download",
  status,
  errorMessage
})

const door = AgentBay.AgentBay
const create = (options?: AgentBay.CreateOptions) =>
  Effect.flatMap(door, (service) => service.create(options))
const timesOf = (action: AgentBayTest.Action) =>
  Effect.flatMap(AgentBayTest.AgentBayTest, (double) => double.timesOf(action))

const service = (script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      CreateMcpSession: opened,
      DeleteSessionAsync: AgentBayTest.ok(),
      GetSessionDetail: gone,
      ...script
    }
  })

describe("AgentBay.create", () => {
  it.effect("without contexts waits for nothing", () =>
    Effect.gen(function* () {
      const session = yield* create()
      assert.strictEqual(session.sessionId, sessionId)
      assert.deepStrictEqual(yield* actions, ["CreateMcpSession"])
    }).pipe(Effect.provide(service()))
  )

  it.effect("sends what it is given", () =>
    Effect.gen(function* () {
      yield* create({ imageId: "linux_latest", labels: { a: "b" }, idleTimeout: "1500 millis" })
      const [request] = yield* requestsOf("CreateMcpSession")
      assert.include(request?.parameters, {
        ImageId: "linux_latest",
        Labels: '{"a":"b"}',
        Timeout: "2"
      })
      assert.notProperty(request?.parameters, "PersistenceDataList")
    }).pipe(Effect.provide(service()))
  )

  it.effect("waits until every initial download has succeeded", () =>
    Effect.gen(function* () {
      const session = yield* inTime(create({ contexts: [binding, other] }))
      assert.strictEqual(session.sessionId, sessionId)
      assert.deepStrictEqual(yield* timesOf("GetContextInfo"), [0, 1500, 3000])
    }).pipe(
      Effect.provide(
        service({
          GetContextInfo: [
            AgentBayTest.status([]),
            AgentBayTest.status([download("Success"), download("Running", other)]),
            AgentBayTest.status([download("Success"), download("Success", other)])
          ]
        })
      )
    )
  )

  it.effect("waits by the policy it is given", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "10 seconds", maxRetries: 2 })
      const error = yield* Effect.flip(inTime(create({ contexts: [binding], pollPolicy })))
      assert.strictEqual(error._tag, "SyncTimeout")
      assert.deepInclude(error, { operation: "create", sessionId })
      assert.deepStrictEqual(yield* timesOf("GetContextInfo"), [0, 10_000, 20_000])
    }).pipe(Effect.provide(service({ GetContextInfo: AgentBayTest.status([download("Running")]) })))
  )

  it.effect("fails when a download fails, naming it and the session, which is kept (S1)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(create({ contexts: [binding, other] })))
      assert.strictEqual(error._tag, "SyncFailed")
      assert.deepInclude(error, { operation: "create", sessionId })
      assert.deepStrictEqual(
        error._tag === "SyncFailed" && error.tasks.map((task) => [task.path, task.errorMessage]),
        [["/data", "disk full"]]
      )
      assert.deepStrictEqual(yield* actions, ["CreateMcpSession", "GetContextInfo"])
    }).pipe(
      Effect.provide(
        service({
          GetContextInfo: AgentBayTest.status([
            download("Success"),
            download("Failed", other, "disk full")
          ])
        })
      )
    )
  )

  it.effect("accepts a service that lists nothing, after the grace period (S2)", () =>
    Effect.gen(function* () {
      yield* inTime(create({ contexts: [binding] }))
      assert.deepStrictEqual(yield* timesOf("GetContextInfo"), [0, 1500, 3000, 4500, 6000])
    }).pipe(Effect.provide(service({ GetContextInfo: AgentBayTest.status([]) })))
  )

  it.effect("tells two paths of one context apart (S2)", () =>
    Effect.gen(function* () {
      const second = { contextId: binding.contextId, path: "/second" }
      const error = yield* Effect.flip(inTime(create({ contexts: [binding, second] })))
      assert.strictEqual(error._tag, "SyncFailed")
      assert.deepStrictEqual(yield* timesOf("GetContextInfo"), [0, 1500])
    }).pipe(
      Effect.provide(
        service({
          GetContextInfo: [
            AgentBayTest.status([
              download("Running"),
              download("Success", { contextId: "SdkCtx-1", path: "/second" })
            ]),
            AgentBayTest.status([
              download("Failed"),
              download("Success", { contextId: "SdkCtx-1", path: "/second" })
            ])
          ]
        })
      )
    )
  )

  it.effect("names the session in a fault after it exists (S8)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(create({ contexts: [binding] })))
      assert.strictEqual(error._tag, "ApiError")
      assert.deepInclude(error, { sessionId, reason: "NotLoggedIn", operation: "GetContextInfo" })
    }).pipe(Effect.provide(service({ GetContextInfo: AgentBayTest.refuse({ code: "NOT_LOGIN" }) })))
  )

  it.effect("names the session when the rest of the answer cannot be read (S8)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(create())
      assert.deepInclude(error, { _tag: "TransportError", reason: "Decode", sessionId })
    }).pipe(
      Effect.provide(
        service({
          CreateMcpSession: AgentBayTest.ok({ SessionId: sessionId, Success: true, LinkUrl: 5 })
        })
      )
    )
  )

  const refusals: ReadonlyArray<readonly [string, AgentBayTest.Reply, object]> = [
    [
      "Data.Success false",
      AgentBayTest.ok({ Success: false, ErrMsg: "no resource" }),
      { _tag: "ApiError", description: "no resource" }
    ],
    [
      "an envelope that says no",
      AgentBayTest.refuseSoftly({ code: "InvalidContext.NotFound" }),
      { _tag: "ApiError", reason: "ContextNotFound" }
    ],
    [
      "an answer without a session",
      AgentBayTest.ok({ Success: true }),
      { _tag: "TransportError", reason: "Decode", requestId: "TEST-REQUEST" }
    ],
    [
      "an answer with an empty session id",
      AgentBayTest.ok({ Success: true, SessionId: "" }),
      { _tag: "TransportError", reason: "Decode" }
    ],
    ["a lost answer", AgentBayTest.fault("ECONNRESET"), { reason: "Transport" }],
    ["throttling", AgentBayTest.refuse({ code: "Throttling" }), { reason: "Throttled" }]
  ]
  for (const [name, reply, wanted] of refusals) {
    it.effect(`fails once and for all on ${name}`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* Effect.flip(inTime(create())), wanted)
        assert.deepStrictEqual(yield* timesOf("CreateMcpSession"), [0])
      }).pipe(Effect.provide(service({ CreateMcpSession: reply })))
    )
  }

  const bad: ReadonlyArray<readonly [string, AgentBay.CreateOptions, string]> = [
    ["a relative path", { contexts: [{ ...binding, path: "work" }] }, "contexts[0].path"],
    ["an empty path", { contexts: [{ ...binding, path: "" }] }, "contexts[0].path"],
    ["a path that climbs", { contexts: [{ ...binding, path: "/a/../b" }] }, "contexts[0].path"],
    [
      "a Windows path that climbs",
      { contexts: [{ ...binding, path: "C:\\a\\..\\b" }] },
      "contexts[0].path"
    ],
    ["the root", { contexts: [{ ...binding, path: "/" }] }, "contexts[0].path"],
    ["the root, written long", { contexts: [{ ...binding, path: "//./" }] }, "contexts[0].path"],
    ["a NUL character", { contexts: [{ ...binding, path: "/a\0" }] }, "contexts[0].path"],
    ["a blank id", { contexts: [other, { ...binding, contextId: " " }] }, "contexts[1].contextId"],
    [
      "a path twice",
      { contexts: [binding, { ...other, path: "/home/wuying/work" }] },
      "contexts[1].path"
    ],
    [
      "a path twice, with a slash",
      { contexts: [binding, { ...other, path: "/home/wuying/work//" }] },
      "contexts[1].path"
    ],
    ["no idle time", { idleTimeout: 0 }, "idleTimeout"],
    ["endless idle time", { idleTimeout: Infinity }, "idleTimeout"],
    ["a bad policy", { pollPolicy: PollPolicy.spaced({ maxRetries: -1 }) }, "maxRetries"]
  ]
  for (const [name, options, argument] of bad) {
    it.effect(`refuses ${name} before anything is sent`, () =>
      Effect.gen(function* () {
        const plain = yield* Effect.flip(create(options))
        assert.deepInclude(plain, { _tag: "InvalidArgument", argument })
        const scoped = yield* Effect.flip(
          Effect.scoped(Effect.flatMap(door, (front) => front.session(options)))
        )
        assert.deepInclude(scoped, { _tag: "InvalidArgument", argument })
        assert.deepStrictEqual(yield* actions, [])
      }).pipe(Effect.provide(service()))
    )
  }

  it.effect("interrupted during the request: the request finishes, the session is released", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(create())
      yield* TestClock.adjust("1 second")
      const left = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(left)))
      const double = yield* AgentBayTest.AgentBayTest
      assert.strictEqual(yield* double.aborted, 0)
      assert.deepStrictEqual(yield* actions, ["CreateMcpSession", "DeleteSessionAsync"])
      assert.deepStrictEqual(yield* timesOf("DeleteSessionAsync"), [5000])
    }).pipe(
      Effect.provide(service({ CreateMcpSession: AgentBayTest.delayed("5 seconds", opened) }))
    )
  )

  it.effect("interrupted during a request that never ends: the timeout still holds", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(create())
      yield* TestClock.adjust("1 second")
      const left = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("58 seconds")
      assert.isNull(left.unsafePoll())
      yield* TestClock.adjust("1 second")
      assert.isNotNull(left.unsafePoll())
    }).pipe(Effect.provide(service({ CreateMcpSession: AgentBayTest.never })))
  )

  it.effect("interrupted during the wait: the session is released", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(create({ contexts: [binding] }))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* actions, [
        "CreateMcpSession",
        "GetContextInfo",
        "GetContextInfo",
        "DeleteSessionAsync"
      ])
    }).pipe(Effect.provide(service({ GetContextInfo: AgentBayTest.status([download("Running")]) })))
  )
})
