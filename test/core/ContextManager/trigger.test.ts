import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  actions,
  everySecond,
  failedWith,
  html,
  lists,
  observe,
  outcomeOf,
  sessionGone,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const throttled = AgentBayTest.refuse({ code: "Throttling.Api" })
const retryPolicy = everySecond(3)

// Each of these may hide an accepted request, or is a definite no.
const once: ReadonlyArray<readonly [string, AgentBayTest.Reply, string]> = [
  ["a lost answer (ECONNRESET)", AgentBayTest.fault("ECONNRESET"), "TransportError Transport"],
  ["a broken pipe", AgentBayTest.fault("EPIPE"), "TransportError Transport"],
  ["no answer in time", AgentBayTest.never, "TransportError Timeout"],
  [
    "HTTP 500",
    AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 }),
    "ApiError ServerFault"
  ],
  ["HTTP 503 with a page", AgentBayTest.raw(503, html), "TransportError Status"],
  ["HTTP 408 with a page", AgentBayTest.raw(408, html), "TransportError Status"],
  ["a page at HTTP 200", AgentBayTest.raw(200, html), "TransportError Transport"],
  ["session gone", AgentBayTest.refuse(sessionGone), "ApiError SessionNotFound"],
  ["session gone, softly", AgentBayTest.refuseSoftly(sessionGone), "ApiError SessionNotFound"],
  ["a soft error without a code", AgentBayTest.refuseSoftly({}), "ApiError Other"],
  ["an envelope that says nothing", AgentBayTest.raw(200, "{}"), "TransportError Decode"]
]

const repeated: ReadonlyArray<readonly [string, AgentBayTest.Reply, string]> = [
  ["throttling at HTTP 400", throttled, "ApiError Throttled"],
  [
    "throttling inside HTTP 200",
    AgentBayTest.refuseSoftly({ code: "Throttling.User" }),
    "ApiError Throttled"
  ],
  [
    "HTTP 429 with JSON",
    AgentBayTest.refuse({ code: "Busy", httpStatus: 429 }),
    "ApiError Throttled"
  ],
  ["HTTP 429 with a page", AgentBayTest.raw(429, html), "TransportError Status"],
  ["a connection refused", AgentBayTest.fault("ECONNREFUSED"), "TransportError Transport"]
]

describe("the trigger", () => {
  it.effect("is sent once when it is accepted", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [lists(upload("Running")), lists(upload("Running")), lists(upload("Success"))]
      })
      assert.deepStrictEqual(seen.triggerTimes, [0])
      assert.strictEqual(succeeded(seen).requestId, "TEST-REQUEST")
    })
  )

  for (const [name, trigger, ours] of once) {
    it.effect(`is sent once on ${name}, and nothing is polled`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), { trigger, retryPolicy }, "2 minutes")
        assert.strictEqual(outcomeOf(seen), ours)
        assert.deepStrictEqual(actions(seen), ["GetContextInfo", "SyncContext"])
      })
    )
  }

  for (const [name, trigger, ours] of repeated) {
    it.effect(`is repeated on ${name}, 3 times at most, and nothing is polled`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), { trigger, retryPolicy })
        assert.strictEqual(outcomeOf(seen), ours)
        assert.deepStrictEqual(seen.triggerTimes, [0, 1000, 2000, 3000])
        assert.deepStrictEqual(seen.statusTimes, [0])
      })
    )

    it.effect(`is polled for from its acceptance on after ${name}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), {
          trigger: [trigger, trigger, AgentBayTest.ok()],
          polls: [lists(upload("Running")), lists(upload("Success"))],
          retryPolicy
        })
        assert.strictEqual(succeeded(seen).outcome, "Completed")
        assert.deepStrictEqual(seen.triggerTimes, [0, 1000, 2000])
        assert.deepStrictEqual(seen.statusTimes, [0, 2000, 3500])
      })
    )
  }

  it.effect("is given up when a repetition loses its answer", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        trigger: [throttled, AgentBayTest.fault("ECONNRESET"), AgentBayTest.ok()],
        retryPolicy
      })
      assert.strictEqual(failedWith(seen, "TransportError").code, "ECONNRESET")
      assert.deepStrictEqual(seen.triggerTimes, [0, 1000])
    })
  )

  it.effect("waits as long as the service asks", () =>
    Effect.gen(function* () {
      const headers = { "x-acs-retry-after": "7000" }
      const seen = yield* observe(sync(work), {
        trigger: [AgentBayTest.refuse({ code: "Throttling", headers }), AgentBayTest.ok()],
        retryPolicy
      })
      assert.deepStrictEqual(seen.triggerTimes, [0, 7000])
    })
  )

  it.effect("by default is repeated after about 200, 400 and 800 ms", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { trigger: throttled })
      const pauses = seen.triggerTimes.slice(1).map((time, i) => time - (seen.triggerTimes[i] ?? 0))
      assert.strictEqual(pauses.length, 3)
      for (const [i, about] of [200, 400, 800].entries()) {
        assert.isAtLeast(pauses[i] ?? 0, about * 0.8 - 1)
        assert.isAtMost(pauses[i] ?? Infinity, about * 1.2 + 1)
      }
    })
  )
})
