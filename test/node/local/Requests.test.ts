import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

/** Sends a form body to an action, with the right key. */
const post = (
  query: string,
  body: RequestInit["body"],
  init: RequestInit & { readonly duplex?: "half" } = {}
) =>
  Effect.flatMap(LocalAgentBay.LocalAgentBay, (server) =>
    Wire.send(`${server.url}/?${query}`, { ...init, body: body ?? null })
  )

const authorization = Effect.map(
  LocalAgentBay.LocalAgentBay,
  (server) => `Authorization=Bearer%20${encodeURIComponent(Redacted.value(server.apiKey))}`
)

const hardError = (answer: Wire.Answer) => ({
  status: answer.status,
  code: Wire.at(answer.body, "Code")
})

const assertErrorBody = (answer: Wire.Answer) => {
  assert.strictEqual(answer.contentType, "application/json;charset=utf-8")
  assert.deepStrictEqual(Object.keys(Object(answer.body)).toSorted(), [
    "Code",
    "HostId",
    "Message",
    "RequestId"
  ])
  assert.match(Wire.textAt(answer.body, "RequestId"), /^[0-9A-F-]{36}$/)
}

describe("requests", () => {
  it.scopedLive("a success carries the whole envelope", () =>
    Effect.gen(function* () {
      const answer = yield* Wire.request("GetContext", { Name: "n", AllowCreate: "true" })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.contentType, "application/json;charset=utf-8")
      const { Data: _, RequestId, ...rest } = Object(answer.body)
      assert.deepStrictEqual(rest, { Code: "ok", HttpStatusCode: 200, Message: "", Success: true })
      assert.match(RequestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
    }).pipe(provided)
  )

  it.scopedLive("an unknown action, or none, or another path is not found", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const key = yield* authorization
      const answers = [
        yield* Wire.request("NoSuchAction"),
        yield* Wire.request("constructor"),
        yield* post("Format=json", key),
        yield* Wire.send(`${server.url}/other?Action=GetContext`, { body: key }),
        yield* Wire.send(`${server.url}/?Action=GetContext`, { method: "PUT", body: key })
      ]
      for (const answer of answers) {
        assert.deepStrictEqual(hardError(answer), { status: 404, code: "InvalidAction.NotFound" })
        assertErrorBody(answer)
      }
    }).pipe(provided)
  )

  it.scopedLive("a wrong, missing or unprefixed key is not logged in", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const right = Redacted.value(server.apiKey)
      for (const key of [
        "Authorization=Bearer%20wrong",
        `Authorization=Bearer%20${right.slice(0, -1)}${right.endsWith("x") ? "y" : "x"}`,
        `Authorization=${right}`,
        `Authorization=Bearer%20${right}x`,
        ""
      ]) {
        const answer = yield* post("Action=GetContext", `${key}&Name=n&AllowCreate=true`)
        assert.deepStrictEqual(hardError(answer), { status: 400, code: "NOT_LOGIN" })
        assertErrorBody(answer)
        assert.strictEqual(
          Wire.at(answer.body, "Message"),
          "You are not logged in or your login token has expired"
        )
      }
    }).pipe(provided)
  )

  it.scopedLive("the key and every parameter may travel in query or body, also with GET", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const key = yield* authorization
      const inQuery = yield* post(`Action=GetContext&${key}&Name=q&AllowCreate=true`, "")
      const inBody = yield* post("", `Action=GetContext&${key}&Name=q`)
      const get = yield* Wire.send(`${server.url}/?Action=GetContext&${key}&Name=q`, {
        method: "GET"
      })
      const ids = [inQuery, inBody, get].map((answer) => Wire.textAt(answer.body, "Data", "Id"))
      assert.strictEqual(new Set(ids).size, 1)
    }).pipe(provided)
  )

  it.scopedLive("forms: plus and %20 are spaces, the rest is UTF-8, bad escapes do no harm", () =>
    Effect.gen(function* () {
      const key = yield* authorization
      const name = (form: string) =>
        Effect.map(post("Action=GetContext", `${key}&AllowCreate=true&Name=${form}`), (answer) =>
          Wire.textAt(answer.body, "Data", "Name")
        )
      assert.strictEqual(yield* name("my%20ctx%2B%C3%BC%26%3D%25"), "my ctx+ü&=%")
      assert.strictEqual(yield* name("my+ctx"), "my ctx")
      assert.strictEqual(yield* name("50%"), "50%")
      assert.strictEqual(yield* name("%zz%C3"), "%zz\uFFFD")
    }).pipe(provided)
  )

  it.scopedLive("truth values are read in any case", () =>
    Effect.gen(function* () {
      const absent = yield* Wire.request("GetContext", { Name: "t", AllowCreate: "False" })
      assert.strictEqual(absent.status, 400)
      yield* Wire.call("GetContext", { Name: "t", AllowCreate: "True" })
      const wrong = yield* Wire.request("GetContext", { Name: "t", AllowCreate: "yes" })
      assert.deepStrictEqual(hardError(wrong), { status: 400, code: "InvalidParameter" })
      assert.include(Wire.textAt(wrong.body, "Message"), "AllowCreate")
    }).pipe(provided)
  )

  it.scopedLive("a chunked body is read like one with a length", () =>
    Effect.gen(function* () {
      const key = yield* authorization
      const whole = new TextEncoder().encode(`${key}&AllowCreate=true&Name=%C3%BC`)
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let index = 0; index < whole.length; index += 7) {
            controller.enqueue(whole.subarray(index, index + 7))
          }
          controller.close()
        }
      })
      const answer = yield* post("Action=GetContext", body, { duplex: "half" })
      assert.strictEqual(Wire.at(answer.body, "Data", "Name"), "ü")
    }).pipe(provided)
  )

  it.scopedLive("a body above the limit is refused as JSON, one at the limit is not", () =>
    Effect.gen(function* () {
      const limit = 16 * 1024 * 1024
      const key = yield* authorization
      const start = `${key}&Name=n&AllowCreate=true&Rest=`
      const fits = yield* post("Action=GetContext", start.padEnd(limit, "x"))
      assert.strictEqual(fits.status, 200)
      const large = yield* post("Action=GetContext", start.padEnd(limit + 1, "x"))
      assert.strictEqual(large.status, 413)
      assertErrorBody(large)
    }).pipe(provided)
  )

  it.scopedLive("malformed parameters are named", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const bindings = (value: unknown) => ({ PersistenceDataList: value })
      const cases: ReadonlyArray<readonly [string, Wire.Form, string]> = [
        ["GetContext", {}, "Name"],
        ["GetContext", { Name: "  " }, "Name"],
        ["GetContextInfo", {}, "SessionId"],
        ["GetSessionDetail", {}, "SessionId"],
        ["DeleteSessionAsync", {}, "SessionId"],
        ["CreateMcpSession", { Labels: "{" }, "Labels"],
        ["CreateMcpSession", { Labels: { a: 1 } }, "Labels"],
        ["CreateMcpSession", { Timeout: "soon" }, "Timeout"],
        ["CreateMcpSession", bindings("nonsense"), "PersistenceDataList"],
        ["CreateMcpSession", bindings({}), "PersistenceDataList"],
        ["CreateMcpSession", bindings([{ Path: "/a" }]), "PersistenceDataList"],
        [
          "CreateMcpSession",
          bindings([{ ContextId: contextId, Path: "/a", Policy: "[" }]),
          "PersistenceDataList"
        ],
        ...[
          ["/a/b", "/a"],
          ["/a", "/x/../a/b/"]
        ].map(
          (paths) =>
            [
              "CreateMcpSession",
              bindings(paths.map((Path) => ({ ContextId: contextId, Path }))),
              paths[0] === "/a" ? "the paths /a and /a/b," : "the paths /a/b and /a,"
            ] as const
        ),
        ["ListSession", { Labels: "{}", MaxResults: "0" }, "MaxResults"],
        ["ListSession", { Labels: "{}", MaxResults: "ten" }, "MaxResults"],
        ["ListSession", { Labels: "{}", NextToken: "tok==" }, "NextToken"],
        ["CallMcpTool", { SessionId: "s", Args: "{}" }, "Name"]
      ]
      for (const [action, form, parameter] of cases) {
        const answer = yield* Wire.request(action, form)
        assert.deepStrictEqual(
          hardError(answer),
          { status: 400, code: "InvalidParameter" },
          `${action} ${JSON.stringify(form)}`
        )
        assert.include(Wire.textAt(answer.body, "Message"), parameter)
      }
    }).pipe(provided)
  )

  it.scopedLive("a fault of the server is a 500, logged without key, query or parameters", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const logger = Logger.make(({ annotations, cause, message }) => {
        seen.push(JSON.stringify([message, [...annotations]]) + Cause.pretty(cause))
      })
      const key = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        yield* Wire.request("SyncContext", { SessionId: "unknown" })
        yield* Wire.request("NoSuchAction", { Name: "secret-name" })
        NodeFs.rmdirSync(`${server.dataDirectory}/sessions`)
        NodeFs.writeFileSync(`${server.dataDirectory}/sessions`, "")
        const broken = yield* Wire.request("CreateMcpSession", { Labels: { a: "secret-name" } })
        assert.deepStrictEqual(hardError(broken), { status: 500, code: "InternalError" })
        assertErrorBody(broken)
        return Redacted.value(server.apiKey)
      }).pipe(
        Effect.provide(LocalAgentBay.layerTest),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.All)
      )
      const text = seen.join("\n")
      assert.include(text, "A request failed")
      assert.include(text, "CreateMcpSession")
      assert.notInclude(text, key)
      assert.notInclude(text, "secret-name")
      assert.notInclude(text, "Action=")
    })
  )
})
