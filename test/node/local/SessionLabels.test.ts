import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { sessionWithFiles } from "./life.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

/** Their transfer can be met while it runs. */
const files = 3_000

const create = (labels: unknown) =>
  Effect.map(Wire.call("CreateMcpSession", { Labels: labels }), (body) =>
    Wire.textAt(body, "Data", "SessionId")
  )

const setLabels = (id: string, labels: unknown) =>
  Wire.call("SetLabel", { SessionId: id, Labels: labels })

const labelsOf = (id: string) =>
  Effect.map(Wire.call("GetLabel", { SessionId: id }), (body) =>
    Wire.textAt(body, "Data", "Labels")
  )

const listed = (form: Wire.Form = {}) =>
  Effect.map(Wire.call("ListSession", { Labels: "{}", ...form }), (body) => {
    const data = Wire.at(body, "Data")
    assert.strictEqual(Wire.at(body, "TotalCount"), Array.isArray(data) ? data.length : -1)
    return Array.isArray(data) ? data.map((entry) => Wire.textAt(entry, "SessionId")) : []
  })

describe("labels", () => {
  it.scopedLive("are told as they were set, and replaced as a whole", () =>
    Effect.gen(function* () {
      const id = yield* create({ project: "demo", env: "test" })
      const told = yield* Wire.call("GetLabel", { SessionId: id, MaxResults: "7" })
      assert.deepInclude(Object(told), {
        Data: { Labels: '{"project":"demo","env":"test"}' },
        MaxResults: 7,
        NextToken: "",
        TotalCount: 2
      })
      yield* setLabels(id, { "größe &=+": '1 % "', env: "" })
      assert.deepStrictEqual(JSON.parse(yield* labelsOf(id)), { "größe &=+": '1 % "', env: "" })
      yield* setLabels(id, {})
      assert.strictEqual(yield* labelsOf(id), "{}")
      assert.strictEqual(yield* labelsOf(yield* Wire.createSession()), "{}")
    }).pipe(provided)
  )

  it.scopedLive("that are no flat map of texts are refused, and nothing changes", () =>
    Effect.gen(function* () {
      const id = yield* create({ a: "b" })
      for (const labels of ["", "[]", "null", '{"a":1}', '{"a":{"b":"c"}}', "nonsense"]) {
        const answer = yield* Wire.request("SetLabel", { SessionId: id, Labels: labels })
        assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidParameter", labels)
        assert.include(Wire.textAt(answer.body, "Message"), "Labels")
      }
      assert.strictEqual(yield* labelsOf(id), '{"a":"b"}')
    }).pipe(provided)
  )

  it.scopedLive("decide what is listed: all that are asked for have to fit", () =>
    Effect.gen(function* () {
      const one = yield* create({ a: "1", b: "2" })
      const other = yield* create({ a: "1" })
      assert.deepStrictEqual(yield* listed({ Labels: { a: "1" } }), [other, one])
      yield* setLabels(other, { a: "2", b: "2" })
      assert.deepStrictEqual(yield* listed({ Labels: { a: "1" } }), [one])
      assert.deepStrictEqual(yield* listed({ Labels: { b: "2" } }), [other, one])
      assert.deepStrictEqual(yield* listed({ Labels: { a: "2", b: "2" } }), [other])
      assert.deepStrictEqual(yield* listed({ Labels: { a: "2", b: "1" } }), [])
      assert.deepStrictEqual(yield* listed({ Labels: { toString: "1" } }), [])
    }).pipe(provided)
  )
})

describe("the list of sessions", () => {
  it.scopedLive("is filtered by states, and refuses a word that is none", () =>
    Effect.gen(function* () {
      const paused = yield* Wire.createSession()
      const running = yield* Wire.createSession()
      yield* Wire.call("PauseSessionAsync", { SessionId: paused })
      yield* Wire.eventually(listed({ Status: "PAUSED" }), (ids) => ids.length === 1)
      assert.deepStrictEqual(yield* listed({ Status: "PAUSED" }), [paused])
      assert.deepStrictEqual(yield* listed({ Status: "RUNNING" }), [running])
      assert.deepStrictEqual(yield* listed({ Status: "" }), [running, paused])
      for (const status of ["PAUSING", "RESUMING", "DELETING", "DELETED", "UNKNOWN"]) {
        assert.deepStrictEqual(yield* listed({ Status: status }), [], status)
      }
      for (const status of ["running", "FINISH", "GONE"]) {
        const answer = yield* Wire.request("ListSession", { Labels: "{}", Status: status })
        assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidParameter", status)
        assert.include(Wire.textAt(answer.body, "Message"), "Status must be one of RUNNING")
      }
    }).pipe(provided)
  )

  it.scopedLive("shows sessions that are being released to those who ask for such", () =>
    Effect.gen(function* () {
      const { id } = yield* sessionWithFiles(files)
      yield* Wire.call("DeleteSessionAsync", { SessionId: id })
      assert.deepStrictEqual(yield* listed({ Status: "DELETING" }), [id])
      assert.deepStrictEqual(yield* listed(), [])
    }).pipe(provided)
  )
})
