import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { actions, failedWith, info, manager, observe, sync, work } from "./fixture.js"

// The types forbid most of these; callers without types can still pass them.
const untyped = (options: { readonly [key: string]: unknown }) =>
  options as ContextManager.SyncOptions

const { contextId, path } = work

const refused: ReadonlyArray<readonly [string, ContextManager.SyncOptions, string]> = [
  ["a context without a path", untyped({ contextId }), "path"],
  ["a path without a context", untyped({ path }), "contextId"],
  ["an empty context", { contextId: "", path }, "contextId"],
  ["a blank path", { contextId, path: " \t" }, "path"],
  ["two empty texts", { contextId: "", path: "" }, "contextId"],
  ["a context that is null", untyped({ contextId: null, path }), "contextId"],
  ["a path that is no text", untyped({ contextId, path: 1 }), "path"],
  ["an unknown mode", untyped({ ...work, mode: "both" }), "mode"],
  ["a mode in upper case", untyped({ ...work, mode: "UPLOAD" }), "mode"],
  ["an empty mode", untyped({ ...work, mode: "" }), "mode"],
  ["maxRetries below zero", { ...work, maxRetries: -1 }, "maxRetries"],
  ["a fraction of maxRetries", { ...work, maxRetries: 1.5 }, "maxRetries"],
  ["maxRetries NaN", { ...work, maxRetries: Number.NaN }, "maxRetries"],
  ["endless maxRetries", { ...work, maxRetries: Infinity }, "maxRetries"],
  ["maxRetries as a text", untyped({ ...work, maxRetries: "3" }), "maxRetries"],
  ["an interval of zero", { ...work, retryInterval: 0 }, "retryInterval"],
  ["an interval below zero", { ...work, retryInterval: -1500 }, "retryInterval"],
  ["an interval NaN", { ...work, retryInterval: Number.NaN }, "retryInterval"],
  ["an endless interval", { ...work, retryInterval: Duration.infinity }, "retryInterval"],
  ["an interval of two days", { ...work, retryInterval: "2 days" }, "retryInterval"],
  ["an interval below 1 ms", { ...work, retryInterval: "10 micros" }, "retryInterval"],
  ["an interval that is no time", untyped({ ...work, retryInterval: "soon" }), "retryInterval"],
  [
    "a schedule and maxRetries",
    untyped({ ...work, schedule: Schedule.recurs(1), maxRetries: 1 }),
    "schedule"
  ],
  [
    "a schedule and an interval",
    untyped({ ...work, schedule: Schedule.recurs(1), retryInterval: 100 }),
    "schedule"
  ],
  ["graceRetries below zero", { ...work, graceRetries: -1 }, "graceRetries"],
  ["a fraction of graceRetries", { ...work, graceRetries: 0.5 }, "graceRetries"],
  ["graceRetries NaN", { ...work, graceRetries: Number.NaN }, "graceRetries"],
  ["maxConsecutiveErrors below zero", { ...work, maxConsecutiveErrors: -1 }, "maxConsecutiveErrors"]
]

describe("arguments of sync and progress that are refused before anything is sent", () => {
  for (const [name, options, argument] of refused) {
    it.effect(`${name}: ${argument}`, () =>
      Effect.gen(function* () {
        const synced = yield* observe(sync(options))
        const streamed = yield* observe(
          Effect.flatMap(manager, (contexts) => Stream.runDrain(contexts.progress(options)))
        )
        assert.strictEqual(failedWith(synced, "InvalidArgument").argument, argument)
        assert.strictEqual(failedWith(streamed, "InvalidArgument").argument, argument)
        assert.deepStrictEqual([...synced.requests, ...streamed.requests], [])
      })
    )
  }

  it.effect("the limits themselves are accepted", () =>
    Effect.gen(function* () {
      for (const options of [
        { ...work, maxRetries: 0 },
        { ...work, retryInterval: 1 },
        { ...work, retryInterval: "1 day" },
        { ...work, graceRetries: 0, maxConsecutiveErrors: 0 },
        { contextId: undefined, path: undefined, mode: undefined }
      ] as const) {
        const seen = yield* observe(sync(options))
        assert.include(actions(seen), "SyncContext")
      }
    })
  )
})

describe("other arguments that are refused before anything is sent", () => {
  const filters: ReadonlyArray<readonly [string, ContextManager.InfoFilter, string]> = [
    ["an empty context", { contextId: "" }, "contextId"],
    ["a blank context", { contextId: "  " }, "contextId"],
    ["a blank path", { path: "\n" }, "path"],
    // As above: only a caller without types can pass it.
    ["an unknown task type", { taskType: "custom" as "upload" }, "taskType"]
  ]
  for (const [name, filter, argument] of filters) {
    it.effect(`info with ${name}: ${argument}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(info(filter))
        assert.strictEqual(failedWith(seen, "InvalidArgument").argument, argument)
        assert.deepStrictEqual(seen.requests, [])
      })
    )
  }

  it.effect("a context manager of a blank session", () =>
    Effect.gen(function* () {
      const built = ContextManager.make({ sessionId: " " })
      const error = failedWith(yield* observe(built), "InvalidArgument")
      assert.strictEqual(error.argument, "sessionId")
    })
  )

  for (const [argument, pollPolicy] of [
    ["maxRetries", PollPolicy.spaced({ maxRetries: -1 })],
    ["interval", PollPolicy.spaced({ interval: 0 })]
  ] as const) {
    it.effect(`a layer whose poll policy has a wrong ${argument}`, () =>
      Effect.gen(function* () {
        const built = Effect.provide(AgentBayTest.AgentBayTest, AgentBayTest.layer({ pollPolicy }))
        assert.strictEqual((yield* Effect.flip(built)).argument, argument)
      })
    )
  }
})
