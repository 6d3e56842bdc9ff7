import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  download,
  everySecond,
  failedWith,
  html,
  info,
  lists,
  observe,
  sessionId,
  succeeded,
  upload,
  work
} from "./fixture.js"

const retryPolicy = everySecond(3)

describe("info sends", () => {
  const { contextId, path } = work
  for (const [name, filter, sent] of [
    ["no filter", undefined, {}],
    ["a context", { contextId }, { ContextId: contextId }],
    ["a path", { path }, { Path: path }],
    ["a task type", { taskType: "download" }, { TaskType: "download" }],
    [
      "all of them",
      { contextId, path, taskType: "upload" },
      { ContextId: contextId, Path: path, TaskType: "upload" }
    ]
  ] as const) {
    it.effect(`exactly what is asked: ${name}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(info(filter))
        assert.deepStrictEqual(
          seen.requests.map(({ action, parameters }) => [action, parameters]),
          [["GetContextInfo", { SessionId: sessionId, ...sent }]]
        )
      })
    )
  }
})

describe("info answers", () => {
  it.effect("every task with its times, and the request id", () =>
    Effect.gen(function* () {
      const seen = yield* observe(info(), {
        before: [
          lists(
            upload("Failed", { errorMessage: "no", startTime: 1_600_000_000, finishTime: 0 }),
            download("Success", { taskId: "task-1", bytesDone: 3, bytesTotal: 4 })
          )
        ]
      })
      const { contextStatusData, requestId } = succeeded(seen)
      assert.strictEqual(requestId, "TEST-REQUEST")
      // chai takes a Some for a None: the times are compared as numbers.
      const millis = Option.match({ onNone: () => null, onSome: DateTime.toEpochMillis })
      assert.deepStrictEqual(
        contextStatusData.map(({ finishTime, startTime, ...rest }) => ({
          ...rest,
          startTime: millis(startTime),
          finishTime: millis(finishTime)
        })),
        [
          {
            ...work,
            taskType: "upload",
            status: "Failed",
            errorMessage: "no",
            startTime: 1_600_000_000_000,
            finishTime: null
          },
          {
            ...work,
            taskType: "download",
            status: "Success",
            errorMessage: "",
            startTime: null,
            finishTime: null,
            taskId: "task-1",
            bytesDone: 3,
            bytesTotal: 4
          }
        ]
      )
    })
  )

  it.effect("tasks from all elements of type data, and skips other elements", () =>
    Effect.gen(function* () {
      const elements = [
        { type: "log", data: "free text, {not json" },
        { type: "data", data: JSON.stringify([upload("Success")]) },
        { type: "data", data: "" },
        { type: "data", data: JSON.stringify([{}, download("Running")]) }
      ]
      const seen = yield* observe(info(), {
        before: [AgentBayTest.ok({ ContextStatus: JSON.stringify(elements) })]
      })
      assert.deepStrictEqual(
        succeeded(seen).contextStatusData.map(({ status, taskType }) => [taskType, status]),
        [
          ["upload", "Success"],
          ["", ""],
          ["download", "Running"]
        ]
      )
    })
  )

  for (const [name, reply] of [
    ["an empty text", AgentBayTest.ok({ ContextStatus: "" })],
    ["an empty list", AgentBayTest.ok({ ContextStatus: "[]" })],
    ["an empty inner list", lists()],
    ["a status of null", AgentBayTest.ok({ ContextStatus: null })],
    ["no status", AgentBayTest.ok({})],
    ["Data of null", AgentBayTest.ok(null)],
    ["no Data", AgentBayTest.ok()]
  ] as const) {
    it.effect(`no task on ${name}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(info(), { before: [reply] })
        assert.deepStrictEqual(succeeded(seen).contextStatusData, [])
      })
    )
  }
})

describe("info tries again", () => {
  for (const [name, reply] of [
    ["a fault", AgentBayTest.fault("ECONNRESET")],
    ["HTTP 500", AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 })],
    ["HTTP 503 with a page", AgentBayTest.raw(503, html)],
    ["throttling", AgentBayTest.refuse({ code: "Throttling" })]
  ] as const) {
    it.effect(`after ${name}, as often as its policy says`, () =>
      Effect.gen(function* () {
        const saved = yield* observe(info(), {
          before: [reply, reply, lists(upload("Success"))],
          retryPolicy
        })
        assert.deepStrictEqual(saved.statusTimes, [0, 1000, 2000])
        assert.strictEqual(succeeded(saved).contextStatusData.length, 1)
        const lost = yield* observe(info(), { before: [reply], polls: [reply], retryPolicy })
        assert.deepStrictEqual(lost.statusTimes, [0, 1000, 2000, 3000])
        assert.strictEqual(lost.exit._tag, "Failure")
      })
    )
  }

  it.effect("when no answer comes within the time of a request", () =>
    Effect.gen(function* () {
      const seen = yield* observe(
        info(),
        { before: [AgentBayTest.never, lists()], retryPolicy },
        "2 minutes"
      )
      assert.deepStrictEqual(seen.statusTimes, [0, 61_000])
    })
  )

  it.effect("no earlier than the service asks", () =>
    Effect.gen(function* () {
      const reply = AgentBayTest.raw(503, html, { "retry-after": "4" })
      const seen = yield* observe(info(), { before: [reply, reply, lists()], retryPolicy })
      assert.deepStrictEqual(seen.statusTimes, [0, 4000, 8000])
    })
  )

  for (const [name, reply] of [
    ["HTTP 400", AgentBayTest.refuse({ code: "InvalidParameter" })],
    ["a soft refusal", AgentBayTest.refuseSoftly({ code: "Odd" })],
    ["an unreadable status", AgentBayTest.ok({ ContextStatus: "{" })],
    ["a page at HTTP 404", AgentBayTest.raw(404, html)]
  ] as const) {
    it.effect(`but not after ${name}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(info(), { before: [reply], retryPolicy })
        assert.deepStrictEqual(seen.statusTimes, [0])
        assert.strictEqual(seen.exit._tag, "Failure")
      })
    )
  }

  it.effect("and tells the last error", () =>
    Effect.gen(function* () {
      const seen = yield* observe(info(), {
        before: [AgentBayTest.fault("ECONNRESET")],
        polls: [AgentBayTest.refuse({ code: "NOT_LOGIN" })],
        retryPolicy
      })
      assert.strictEqual(failedWith(seen, "ApiError").reason, "NotLoggedIn")
      assert.deepStrictEqual(seen.statusTimes, [0, 1000])
    })
  )
})
