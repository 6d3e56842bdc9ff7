import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import {
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

const running = lists(upload("Running"))
const done = lists(upload("Success"))
const fault = AgentBayTest.fault("ECONNRESET")
const times = (count: number, reply: AgentBayTest.Reply) =>
  Array.from({ length: count }, () => reply)
const throttled = { code: "Throttling.User", message: "slow down" }

const passing: ReadonlyArray<readonly [string, AgentBayTest.Reply]> = [
  ["a connection reset", fault],
  ["a connection refused", AgentBayTest.fault("ECONNREFUSED")],
  ["HTTP 500 with JSON", AgentBayTest.refuse({ code: "Whatever", httpStatus: 500 })],
  ["HTTP 503 with JSON without a code", AgentBayTest.raw(503, "{}")],
  ["HTTP 502 with a page", AgentBayTest.raw(502, html)],
  ["HTTP 500 without a body", AgentBayTest.raw(500, "")],
  ["HTTP 429 with JSON", AgentBayTest.refuse({ code: "TooMany", httpStatus: 429 })],
  ["HTTP 429 with a page", AgentBayTest.raw(429, html)],
  ["throttling at HTTP 400", AgentBayTest.refuse(throttled)],
  ["throttling inside HTTP 200", AgentBayTest.refuseSoftly(throttled)],
  ["HTTP 408 with a page", AgentBayTest.raw(408, html)],
  ["a page at HTTP 200", AgentBayTest.raw(200, html)],
  ["a page at HTTP 404", AgentBayTest.raw(404, html)],
  ["a page at HTTP 403", AgentBayTest.raw(403, html)],
  ["an empty body", AgentBayTest.raw(200, "")],
  ["JSON cut short", AgentBayTest.raw(200, '{"Success":true,"Data":{"ContextSt')]
]

const ending: ReadonlyArray<readonly [string, AgentBayTest.Reply, string]> = [
  ["session gone, HTTP 400", AgentBayTest.refuse(sessionGone), "ApiError SessionNotFound"],
  ["session gone, HTTP 200", AgentBayTest.refuseSoftly(sessionGone), "ApiError SessionNotFound"],
  [
    "session gone, HTTP 500",
    AgentBayTest.refuse({ ...sessionGone, httpStatus: 500 }),
    "ApiError SessionNotFound"
  ],
  ["not logged in", AgentBayTest.refuse({ code: "NOT_LOGIN" }), "ApiError NotLoggedIn"],
  ["a soft error without a code", AgentBayTest.refuseSoftly({}), "ApiError Other"],
  ["an unknown refusal", AgentBayTest.refuse({ code: "Odd", httpStatus: 403 }), "ApiError Other"],
  ["JSON at HTTP 404", AgentBayTest.raw(404, '{"error":"no such page"}'), "ApiError Other"],
  ["an envelope that says nothing", AgentBayTest.raw(200, "{}"), "TransportError Decode"],
  [
    "an unreadable status text, outer",
    AgentBayTest.ok({ ContextStatus: "[{" }),
    "TransportError Decode"
  ],
  [
    "an unreadable status text, inner",
    AgentBayTest.ok({ ContextStatus: JSON.stringify([{ type: "data", data: "oops" }]) }),
    "TransportError Decode"
  ],
  [
    "a status text that is unreadable half-way",
    AgentBayTest.ok({
      ContextStatus: JSON.stringify([
        { type: "data", data: JSON.stringify([upload("Success")]) },
        { type: "data", data: "[1" }
      ])
    }),
    "TransportError Decode"
  ],
  [
    "an item of the wrong shape among good ones",
    AgentBayTest.ok({
      ContextStatus: JSON.stringify([
        { type: "data", data: JSON.stringify([upload("Success"), { status: 1 }]) }
      ])
    }),
    "TransportError Decode"
  ],
  ["Data that is a text", AgentBayTest.ok("[]"), "TransportError Decode"],
  ["Data that is a list", AgentBayTest.ok([]), "TransportError Decode"],
  [
    "a status that is no text",
    AgentBayTest.ok({ ContextStatus: [upload("Success")] }),
    "TransportError Decode"
  ]
]

describe("faults that pass while polling", () => {
  for (const [name, reply] of passing) {
    it.effect(`${name}: counts as a poll and is lived through`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), { polls: [running, reply, reply, done] })
        assert.strictEqual(outcomeOf(seen), "Completed")
        assert.strictEqual(succeeded(seen).polls, 4)
        assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000, 4500])
      })
    )
  }

  it.effect("10 in a row are lived through", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [...times(10, fault), done] })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).polls, 11)
    })
  )

  it.effect("the 11th in a row ends the sync with that error", () =>
    Effect.gen(function* () {
      const last = AgentBayTest.fault("EPIPE")
      const seen = yield* observe(sync(work), { polls: [...times(10, fault), last, done] })
      assert.strictEqual(failedWith(seen, "TransportError").code, "EPIPE")
      assert.strictEqual(seen.statusTimes.at(-1), 15_000)
    })
  )

  it.effect("a good answer starts the count anew", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [...times(10, fault), running, ...times(10, fault), done]
      })
      assert.strictEqual(succeeded(seen).polls, 22)
    })
  )

  it.effect("maxConsecutiveErrors: 0 ends at the first", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, maxConsecutiveErrors: 0 }), {
        polls: [running, fault, done]
      })
      assert.strictEqual(failedWith(seen, "TransportError").operation, "GetContextInfo")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
    })
  )

  it.effect("maxConsecutiveErrors: 2 ends at the third", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, maxConsecutiveErrors: 2 }), { polls: [fault] })
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000])
    })
  )

  it.effect("a budget used up by faults is a SyncTimeout that holds the last of them", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, maxRetries: 2 }), {
        polls: [fault, fault, AgentBayTest.refuse(throttled)]
      })
      const error = failedWith(seen, "SyncTimeout")
      assert.strictEqual(error.polls, 3)
      assert.strictEqual(
        error.lastError?._tag === "ApiError" && error.lastError.reason,
        "Throttled"
      )
    })
  )
})

describe("errors that end a sync at once", () => {
  for (const [name, reply, ours] of ending) {
    it.effect(`${name} → ${ours}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), { polls: [running, reply, done] })
        assert.strictEqual(outcomeOf(seen), ours)
        assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
      })
    )
  }
})

describe("the service's advice when to come back", () => {
  const inSevenSeconds = new Date(7000).toUTCString()
  const advice: ReadonlyArray<readonly [string, { readonly [name: string]: string }, number]> = [
    ["Retry-After in seconds", { "retry-after": "5" }, 5000],
    ["Retry-After as a date", { "retry-after": inSevenSeconds }, 7000],
    ["Retry-After as a date gone by", { "retry-after": new Date(0).toUTCString() }, 1500],
    ["Retry-After shorter than the interval", { "retry-after": "1" }, 1500],
    ["Retry-After of a day, cut to 30 s", { "retry-after": "86400" }, 30_000],
    ["Retry-After below zero", { "retry-after": "-5" }, 1500],
    ["Retry-After that is nonsense", { "retry-after": "soon" }, 1500],
    ["Retry-After that is blank", { "retry-after": " " }, 1500],
    ["x-acs-retry-after in milliseconds", { "x-acs-retry-after": "4200" }, 4200],
    ["x-acs-retry-after, cut to 30 s", { "x-acs-retry-after": "9999999" }, 30_000],
    ["x-acs-retry-after below zero", { "x-acs-retry-after": "-1" }, 1500],
    ["x-acs-retry-after that is nonsense", { "x-acs-retry-after": "later" }, 1500],
    [
      "x-acs-retry-after, which beats Retry-After",
      { "x-acs-retry-after": "2500", "retry-after": "9" },
      2500
    ]
  ]

  for (const [name, headers, next] of advice) {
    it.effect(`${name}: next poll at ${next} ms`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), {
          polls: [AgentBayTest.refuse({ ...throttled, headers }), running, done]
        })
        assert.deepStrictEqual(seen.statusTimes, [0, 0, next, next + 1500])
      })
    )
  }

  for (const [name, reply] of [
    ["a page at HTTP 503", AgentBayTest.raw(503, html, { "retry-after": "5" })],
    ["a page at HTTP 429", AgentBayTest.raw(429, html, { "retry-after": "5" })],
    [
      "throttling inside HTTP 200",
      AgentBayTest.raw(200, '{"Success":false,"Code":"Throttling"}', { "retry-after": "5" })
    ]
  ] as const) {
    it.effect(`is obeyed on ${name}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), { polls: [reply, done] })
        assert.deepStrictEqual(seen.statusTimes, [0, 0, 5000])
      })
    )
  }

  it.effect("holds for the next poll only", () =>
    Effect.gen(function* () {
      const advised = AgentBayTest.refuse({ ...throttled, headers: { "retry-after": "5" } })
      const seen = yield* observe(sync(work), { polls: [advised, fault, running, done] })
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 5000, 6500, 8000])
    })
  )

  it.effect("lengthens a schedule of the caller's own and does not replace it", () =>
    Effect.gen(function* () {
      const advised = AgentBayTest.refuse({ ...throttled, headers: { "retry-after": "3" } })
      const seen = yield* observe(sync({ ...work, schedule: Schedule.exponential("1 second") }), {
        polls: [advised, advised, running, running, done]
      })
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 3000, 6000, 10_000, 18_000])
    })
  )

  it.effect("on a good answer is no reason to wait", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ Success: true, Data: {} })
      const seen = yield* observe(sync(work), {
        polls: [AgentBayTest.raw(200, body, { "retry-after": "20" }), done]
      })
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
    })
  )
})
