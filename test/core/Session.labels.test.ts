import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as Session from "@effect-agentbay/core/Session"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const gone = { code: "InvalidMcpSession.NotFound" } as const

const service = (script: AgentBayTest.Script = {}) =>
  wired({ script: { GetSession: AgentBayTest.ok({ SessionId: sessionId }), ...script } })
const labels = Effect.map(
  Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId)),
  (session) => session.labels
)
const get = Effect.flatMap(labels, (of) => of.get)
const set = (given: Session.Labels) => Effect.flatMap(labels, (of) => of.set(given))

/** A value as a program without types could pass it. */
const untyped = (value: unknown): Session.Labels => value as Session.Labels

describe("labels.set", () => {
  it.effect("sends all labels as one JSON text, in the order they were given", () =>
    Effect.gen(function* () {
      yield* set({ zeta: "1", alpha: 'ä "b" 日😀', "a.b": " x " })
      const [request] = yield* requestsOf("SetLabel")
      assert.deepStrictEqual(request?.parameters, {
        Labels: '{"zeta":"1","alpha":"ä \\"b\\" 日😀","a.b":" x "}',
        SessionId: sessionId
      })
    }).pipe(Effect.provide(service({ SetLabel: AgentBayTest.ok() })))
  )

  it.effect("takes an object without prototype", () =>
    Effect.gen(function* () {
      yield* set(Object.assign(Object.create(null), { a: "b" }))
      assert.strictEqual((yield* requestsOf("SetLabel")).length, 1)
    }).pipe(Effect.provide(service({ SetLabel: AgentBayTest.ok() })))
  )

  const refused: ReadonlyArray<readonly [string, unknown, string]> = [
    ["nothing", undefined, "labels"],
    ["null", null, "labels"],
    ["a text", "a=b", "labels"],
    ["an array", ["a"], "labels"],
    ["a Map", new Map([["a", "b"]]), "labels"],
    ["a Set", new Set(["a"]), "labels"],
    ["a Date", new Date(0), "labels"],
    ["an Error", new Error("a"), "labels"],
    ["a regular expression", /a/, "labels"],
    ["a Promise", Promise.resolve({ a: "b" }), "labels"],
    ["a function", () => ({ a: "b" }), "labels"],
    ["an empty map", {}, "labels"],
    ["an empty name", { a: "b", "": "c" }, "labels"],
    ["a blank name", { "\t ": "c" }, "labels"],
    ["a name that is lost on the way", JSON.parse('{"a":"b","__proto__":"c"}'), "labels"],
    ["an empty value", { a: "b", c: "" }, "labels.c"],
    ["a blank value", { c: " \n" }, "labels.c"],
    ["a number", { c: 1 }, "labels.c"],
    ["null as a value", { c: null }, "labels.c"],
    ["a blank name whose value is blank too: the name comes first", { " ": " " }, "labels"],
    ["a blank value before a blank name: each entry in turn", { a: " ", " ": "b" }, "labels.a"]
  ]
  for (const [name, given, argument] of refused) {
    it.effect(`refuses ${name} before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(set(untyped(given)))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument })
        assert.deepStrictEqual(yield* actions, ["GetSession"])
      }).pipe(Effect.provide(service({ SetLabel: AgentBayTest.ok() })))
    )
  }

  for (const [how, reply] of [
    ["by an HTTP error", AgentBayTest.refuse(gone)],
    ["softly", AgentBayTest.refuseSoftly(gone)]
  ] as const) {
    it.effect(`fails when the service refuses ${how} (S7)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(set({ a: "b" }))
        assert.deepInclude(error, {
          _tag: "ApiError",
          operation: "SetLabel",
          reason: "SessionNotFound",
          sessionId
        })
      }).pipe(Effect.provide(service({ SetLabel: reply })))
    )
  }

  it.effect("fails when the service refuses softly and gives no code (S7)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(set({ a: "b" }))
      assert.deepInclude(error, { _tag: "ApiError", reason: "Other", description: "no" })
    }).pipe(Effect.provide(service({ SetLabel: AgentBayTest.refuseSoftly({ message: "no" }) })))
  )

  it.effect("is sent once, even when its answer is lost", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(set({ a: "b" })))
      assert.deepInclude(error, { _tag: "TransportError", reason: "Transport" })
      assert.strictEqual((yield* requestsOf("SetLabel")).length, 1)
    }).pipe(Effect.provide(service({ SetLabel: AgentBayTest.fault("ECONNRESET") })))
  )
})

describe("labels.get", () => {
  const answers: ReadonlyArray<readonly [string, AgentBayTest.Reply, Session.Labels]> = [
    [
      "the labels",
      AgentBayTest.ok({ Labels: '{"project":"demo","env":"ä 😀"}' }),
      { project: "demo", env: "ä 😀" }
    ],
    ["none of an empty map", AgentBayTest.ok({ Labels: "{}" }), {}],
    ["none of an empty text", AgentBayTest.ok({ Labels: "" }), {}],
    ["none of null", AgentBayTest.ok({ Labels: null }), {}],
    ["none where Data has none", AgentBayTest.ok({}), {}],
    ["none where Data is null", AgentBayTest.ok(null), {}],
    ["none where there is no Data", AgentBayTest.ok(), {}]
  ]
  for (const [name, reply, wanted] of answers) {
    it.effect(`gives ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* get, wanted)
      }).pipe(Effect.provide(service({ GetLabel: reply })))
    )
  }

  it.effect("asks once, whatever token comes with the answer", () =>
    Effect.gen(function* () {
      yield* get
      const requests = yield* requestsOf("GetLabel")
      assert.deepStrictEqual(
        requests.map(({ parameters }) => parameters),
        [{ SessionId: sessionId }]
      )
    }).pipe(
      Effect.provide(
        service({
          GetLabel: AgentBayTest.ok({ Labels: "{}" }, { NextToken: "Mg==", TotalCount: 9 })
        })
      )
    )
  )

  for (const text of ["{", "no json", "[]", '["a"]', '"a"', "null", '{"a":1}', '{"a":{"b":"c"}}']) {
    it.effect(`fails where the text is ${text}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(get)
        assert.deepInclude(error, {
          _tag: "TransportError",
          reason: "Decode",
          operation: "GetLabel",
          sessionId
        })
      }).pipe(Effect.provide(service({ GetLabel: AgentBayTest.ok({ Labels: text }) })))
    )
  }

  for (const [how, reply] of [
    ["by an HTTP error", AgentBayTest.refuse(gone)],
    ["softly", AgentBayTest.refuseSoftly(gone)]
  ] as const) {
    it.effect(`fails when the service refuses ${how} (S7)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(get)
        assert.deepInclude(error, { _tag: "ApiError", reason: "SessionNotFound", sessionId })
      }).pipe(Effect.provide(service({ GetLabel: reply })))
    )
  }

  it.effect("fails when the service refuses softly and gives no code (S7)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(get)
      assert.deepInclude(error, { _tag: "ApiError", reason: "Other" })
    }).pipe(Effect.provide(service({ GetLabel: AgentBayTest.refuseSoftly({}) })))
  )

  it.effect("is repeated after a lost answer", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inTime(get), { a: "b" })
      assert.strictEqual((yield* requestsOf("GetLabel")).length, 2)
    }).pipe(
      Effect.provide(
        service({
          GetLabel: [AgentBayTest.fault("ECONNRESET"), AgentBayTest.ok({ Labels: '{"a":"b"}' })]
        })
      )
    )
  )
})
