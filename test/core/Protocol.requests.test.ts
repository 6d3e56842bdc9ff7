import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { decodedPairs, queryOf, rawPairs, requests, without } from "./captures.js"
import { wired } from "./wired.js"

const operations: { readonly [action: string]: Protocol.Any } = Protocol.operations

const apiRequests = requests.flatMap((capture) => {
  const operation = capture.action === null ? undefined : operations[capture.action]
  return operation === undefined ? [] : [{ capture, operation }]
})

// Only the server needs it: file transfers by the service's own context are not offered.
const answeredOnly = "GetAndLoadInternalContext"

const ours = apiRequests.filter(({ operation }) => operation.action !== answeredOnly)

/** Policies of the captures that mean nothing: our models do not carry unknown keys. */
const meaningless: ReadonlyMap<number, readonly [string, string]> = new Map([
  [7, [encodeURIComponent('\\"a\\":1'), ""]]
])

const wantedBody = (capture: (typeof ours)[number]["capture"]): string => {
  const [text = "", instead = ""] = meaningless.get(capture.n) ?? []
  return text === "" ? capture.rawBody : capture.rawBody.replace(text, instead)
}

const varying = ["Timestamp", "SignatureNonce"]
const fixed = ["Action", "Format", "Version", ...varying, "Authorization"]

// The answer does not matter here: what was sent is there either way.
const answered = Object.fromEntries(
  Object.keys(operations).map((action) => [action, AgentBayTest.ok()])
)

const headers = ["x-acs-version", "x-acs-action", "content-type"]

const sendOne = ({ capture, operation }: (typeof ours)[number]) =>
  Effect.gen(function* () {
    const http = yield* AgentBayHttp.AgentBayHttp
    const double = yield* AgentBayTest.AgentBayTest
    const parameters = without(
      { ...decodedPairs(rawPairs(queryOf(capture.requestLine))), ...capture.form },
      ...fixed
    )
    const payload: unknown = yield* Schema.decodeUnknown(operation.payload, {
      propertyOrder: "original"
    })(parameters)
    yield* Effect.exit(http.callOnce(operation, payload))
    const sent = (yield* double.requests)[0]
    assert.isDefined(sent)
    return sent!
  }).pipe(Effect.provide(wired({ script: answered })))

describe("requests of the official client, sent by ours", () => {
  it("leaves none of our operations without a capture, and no captured action out", () => {
    assert.deepStrictEqual(
      [...new Set(apiRequests.map(({ operation }) => operation.action))].toSorted(),
      Object.keys(operations)
    )
    const actions = requests.filter(({ action }) => action !== null)
    assert.deepStrictEqual(actions.length, apiRequests.length)
    assert.strictEqual(ours.length, 75)
  })

  for (const one of ours) {
    const { capture } = one
    it.effect(`#${capture.n} ${capture.action}: ${capture.call} (${capture.variant})`, () =>
      Effect.gen(function* () {
        const sent = yield* sendOne(one)
        const wanted = rawPairs(queryOf(capture.requestLine))
        const query = rawPairs(queryOf(sent.url))
        assert.strictEqual(sent.method, capture.method)
        assert.strictEqual(new URL(sent.url).pathname, capture.path)
        // The same names in the same place, with values encoded letter for letter.
        assert.deepStrictEqual(without(query, ...varying), without(wanted, ...varying))
        assert.deepStrictEqual(Object.keys(query).toSorted(), Object.keys(wanted).toSorted())
        const body = decodedPairs(rawPairs(sent.body))
        assert.deepStrictEqual(rawPairs(sent.body), rawPairs(wantedBody(capture)))
        assert.deepStrictEqual(body, decodedPairs(rawPairs(wantedBody(capture))))
        assert.deepStrictEqual(
          headers.map((name) => sent.headers[name]),
          headers.map((name) => capture.headers[name])
        )
      })
    )
  }

  it.effect("name the time of the request, and a number of their own", () =>
    Effect.gen(function* () {
      const queries = yield* Effect.forEach(ours, (one) =>
        Effect.map(sendOne(one), (sent) => decodedPairs(rawPairs(queryOf(sent.url))))
      )
      for (const query of queries) {
        assert.strictEqual(query["Timestamp"], "1970-01-01T00:00:00Z")
        assert.match(query["SignatureNonce"] ?? "", /^[0-9a-f]{64}$/)
      }
      assert.strictEqual(
        new Set(queries.map((query) => query["SignatureNonce"])).size,
        queries.length
      )
    })
  )

  it.effect("keep the key out of the query, except where the protocol wants it there", () =>
    Effect.gen(function* () {
      const places = yield* Effect.forEach(ours, (one) =>
        Effect.map(sendOne(one), (sent) => [
          sent.action,
          "Authorization" in rawPairs(queryOf(sent.url)) ? "query" : "",
          "Authorization" in rawPairs(sent.body) ? "body" : "",
          "authorization" in sent.headers ? "header" : ""
        ])
      )
      for (const [action, ...where] of places) {
        assert.deepStrictEqual(
          where,
          action === "SyncContext" ? ["query", "", ""] : ["", "body", ""]
        )
      }
    })
  )
})
