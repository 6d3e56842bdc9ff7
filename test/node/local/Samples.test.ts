import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"

const read = <A, I>(name: string, schema: Schema.Schema<A, I>): ReadonlyArray<A> =>
  NodeFs.readFileSync(new URL(`../../fixtures/protocol/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Schema.decodeUnknownSync(Schema.parseJson(schema))(line))

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })

const requests = read(
  "requests.jsonl",
  Schema.Struct({
    n: Schema.Number,
    action: Schema.optional(Schema.NullishOr(Schema.String)),
    query: Schema.optional(Schema.NullishOr(Texts)),
    form: Schema.optional(Schema.NullishOr(Texts))
  })
)

const responses = read(
  "responses.jsonl",
  Schema.Struct({
    action: Schema.String,
    case: Schema.String,
    httpStatus: Schema.Number,
    body: Schema.Unknown
  })
)

const actions = [
  "CreateMcpSession",
  "GetSession",
  "GetSessionDetail",
  "ListSession",
  "DeleteSessionAsync",
  "ReleaseMcpSession",
  "GetContext",
  "GetContextInfo",
  "SyncContext",
  "DescribeSessionContexts",
  "CallMcpTool",
  "ListMcpTools"
]

/** The paths of all keys in a value; elements of lists share theirs, JSON texts are read. */
const keysOf = (value: unknown, prefix = ""): ReadonlyArray<string> => {
  if (typeof value === "string" && /^[[{]/.test(value)) {
    return [prefix, ...keysOf(JSON.parse(value), `${prefix}(json)`)]
  }
  if (Array.isArray(value)) {
    return [prefix, ...value.flatMap((element) => keysOf(element, `${prefix}[]`))]
  }
  if (typeof value !== "object" || value === null) return [prefix]
  return [
    prefix,
    ...Object.entries(value).flatMap(([key, inner]) => keysOf(inner, `${prefix}.${key}`))
  ]
}

const sampleOf = (action: string, name: string) => {
  const sample = responses.find((sample) => sample.action === action && sample.case === name)
  if (sample === undefined) throw new Error(`no sample ${action}: ${name}`)
  return sample
}

/** The answer has the status of the sample, and every key of it in the same place. */
const assertShape = (answer: Wire.Answer, action: string, name: string) => {
  const sample = sampleOf(action, name)
  assert.strictEqual(answer.status, sample.httpStatus, `${action}: ${name}`)
  const given = new Set(keysOf(answer.body))
  const missing = keysOf(sample.body).filter((key) => !given.has(key))
  assert.deepStrictEqual(missing, [], `${action}: ${name}`)
}

/** Also code, message and success are those of the sample. */
const assertSame = (answer: Wire.Answer, action: string, name: string) => {
  assertShape(answer, action, name)
  const sample = sampleOf(action, name)
  for (const key of ["Code", "Message", "Success", "HttpStatusCode"]) {
    assert.strictEqual(Wire.at(answer.body, key), Wire.at(sample.body, key), `${action}: ${name}`)
  }
}

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("samples of the protocol", () => {
  it.scopedLive("replies have every key of the samples", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("my-project")
      const path = "/home/wuying/work"
      const found = yield* Wire.request("GetContext", { Name: "my-project" })
      assertSame(found, "GetContext", "found or created")
      const created = yield* Wire.request("CreateMcpSession", {
        PersistenceDataList: [
          { ContextId: contextId, Path: path },
          {
            ContextId: contextId,
            Path: "/tmp/b",
            Policy: JSON.stringify({
              uploadPolicy: {
                autoUpload: true,
                uploadStrategy: "UploadBeforeResourceRelease",
                uploadMode: "File"
              }
            })
          }
        ]
      })
      assertShape(created, "CreateMcpSession", "ok without direct link")
      const id = Wire.textAt(created.body, "Data", "SessionId")
      const session = { SessionId: id }
      yield* Wire.settled(id)
      assertShape(yield* Wire.request("GetContextInfo", session), "GetContextInfo", "download done")
      assertSame(yield* Wire.request("SyncContext", session), "SyncContext", "accepted")
      yield* Wire.settled(id)
      assertShape(
        yield* Wire.request("GetContextInfo", session),
        "GetContextInfo",
        "upload done beside the finished first download"
      )
      assertShape(
        yield* Wire.request("DescribeSessionContexts", session),
        "DescribeSessionContexts",
        "two bindings"
      )
      assertShape(yield* Wire.request("GetSession", session), "GetSession", "running")
      assertShape(yield* Wire.request("GetSessionDetail", session), "GetSessionDetail", "running")
      assertShape(
        yield* Wire.request("ListSession", { Labels: "{}" }),
        "ListSession",
        "page with more"
      )
      const call = (Name: string, Args: unknown) =>
        Wire.request("CallMcpTool", { ...session, Name, Args })
      const written = yield* call("write_file", { path: "/tmp/a.txt", content: "hello world" })
      assert.deepStrictEqual(
        Wire.at(written.body, "Data"),
        Wire.at(sampleOf("CallMcpTool", "write_file ok").body, "Data")
      )
      const binary = yield* call("read_file", { path: "/tmp/a.txt", format: "binary" })
      assert.deepStrictEqual(
        Wire.at(binary.body, "Data"),
        Wire.at(sampleOf("CallMcpTool", "read_file binary").body, "Data")
      )
      const missing = yield* call("read_file", { path: "/tmp/none.txt" })
      assert.deepStrictEqual(
        Wire.at(missing.body, "Data"),
        Wire.at(sampleOf("CallMcpTool", "tool error").body, "Data")
      )
      assertSame(yield* Wire.request("DeleteSessionAsync", session), "DeleteSessionAsync", "ok")
      const ended = yield* Wire.eventually(
        Wire.request("GetSessionDetail", session),
        (answer) => Wire.at(answer.body, "Data", "Status") === "FINISH"
      )
      assertShape(ended, "GetSessionDetail", "finish")
      assertSame(
        yield* Wire.request("DeleteSessionAsync", session),
        "DeleteSessionAsync",
        "already released"
      )
      assertShape(yield* Wire.request("ListSession", { Labels: "{}" }), "ListSession", "empty")
      const plain = yield* Wire.createSession()
      assertSame(
        yield* Wire.request("ReleaseMcpSession", { SessionId: plain }),
        "ReleaseMcpSession",
        "ok"
      )
    }).pipe(provided)
  )

  it.scopedLive("refusals are those of the samples", () =>
    Effect.gen(function* () {
      const none = { SessionId: "session-none", Name: "read_file", Args: "{}" }
      for (const action of [
        "SyncContext",
        "GetSession",
        "GetSessionDetail",
        "DeleteSessionAsync",
        "ReleaseMcpSession",
        "CallMcpTool"
      ]) {
        assertSame(yield* Wire.request(action, none), action, "session gone")
      }
      assertSame(
        yield* Wire.request("GetContextInfo", none),
        "GetContextInfo",
        "session gone, http error"
      )
      assertSame(
        yield* Wire.request("GetContext", { Name: "none" }),
        "GetContext",
        "absent, http error"
      )
      assertSame(
        yield* Wire.request("CreateMcpSession", {
          PersistenceDataList: [{ ContextId: "SdkCtx-none", Path: "/tmp/a" }]
        }),
        "CreateMcpSession",
        "refused in the envelope"
      )
      assertSame(
        yield* Wire.request("CreateMcpSession", { Authorization: "Bearer wrong" }),
        "CreateMcpSession",
        "bad api key"
      )
      assertSame(yield* Wire.request("Nothing"), "(any)", "unknown action")
    }).pipe(provided)
  )

  it.scopedLive("every captured request of these actions is understood", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const captured = requests.filter((request) => actions.includes(request.action ?? ""))
      assert.isAbove(captured.length, 40)
      const authorization = `Bearer ${Redacted.value(server.apiKey)}`
      const withKey = (texts: { readonly [name: string]: string }) =>
        "Authorization" in texts ? { ...texts, Authorization: authorization } : texts
      // Ids of another server and blanks are refused for what they say, never as unreadable.
      const expected = new Set([
        "ok",
        "InvalidMcpSession.NotFound",
        "InvalidContext.NotFound",
        "Context.NotFound"
      ])
      for (const request of captured) {
        const answer = yield* Wire.send(
          `${server.url}/?${Wire.encode(withKey(request.query ?? {}))}`,
          {
            headers: { "content-type": "application/x-www-form-urlencoded" },
            body: Wire.encode(withKey(request.form ?? {}))
          }
        )
        const code = Wire.textAt(answer.body, "Code")
        if (request.form?.["NextToken"] === "tok==") {
          assert.include(Wire.textAt(answer.body, "Message"), "NextToken")
        } else {
          assert.isTrue(expected.has(code), `request ${request.n}: ${JSON.stringify(answer.body)}`)
        }
      }
    }).pipe(provided)
  )
})
