import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"
import { http, put, urlFor } from "./files.js"
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
    method: Schema.String,
    action: Schema.NullOr(Schema.String),
    query: Schema.optional(Schema.NullishOr(Texts)),
    form: Schema.optional(Schema.NullishOr(Texts)),
    rawBody: Schema.optional(Schema.NullishOr(Schema.String))
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

/** The paths of all keys in a value; elements of lists share theirs. */
const keysOf = (value: unknown, prefix = ""): ReadonlyArray<string> => {
  if (Array.isArray(value)) return value.flatMap((element) => keysOf(element, `${prefix}[]`))
  if (typeof value !== "object" || value === null) return [prefix]
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, `${prefix}.${key}`))
}

/** What the samples say outright; all else differs from server to server. */
const fixed = ["Code", "Message", "Success", "HttpStatusCode"]

/** The answer has status, keys and kinds of values of the sample, and says the same. */
const assertLike = (answer: Wire.Answer, action: string, name: string) => {
  const sample = responses.find((one) => one.action === action && one.case === name)
  if (sample === undefined) throw new Error(`no sample ${action}: ${name}`)
  const what = `${action}: ${name}`
  assert.strictEqual(answer.status, sample.httpStatus, what)
  const given = new Set(keysOf(answer.body))
  const missing = keysOf(sample.body).filter((key) => !given.has(key))
  assert.deepStrictEqual(missing, [], what)
  for (const key of fixed) {
    assert.strictEqual(Wire.at(answer.body, key), Wire.at(sample.body, key), `${what}: ${key}`)
  }
}

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("samples of the protocol, contexts and their files", () => {
  it.scopedLive("replies are like the samples", () =>
    Effect.gen(function* () {
      assertLike(yield* Wire.request("ListContexts"), "ListContexts", "empty")
      const contextId = yield* Wire.createContext("my-project")
      assertLike(yield* Wire.request("ListContexts"), "ListContexts", "last page")
      yield* Wire.createContext("shared-libs")
      yield* Wire.createContext("third")
      const page = yield* Wire.request("ListContexts", { MaxResults: 2 })
      assertLike(page, "ListContexts", "first page")
      assert.strictEqual(Wire.at(page.body, "MaxResults"), 2)
      assert.strictEqual(Wire.at(page.body, "TotalCount"), 3)

      const folder = { ContextId: contextId, ParentFolderPath: "/tmp" }
      const file = { ContextId: contextId, FilePath: "/tmp/a.txt" }
      assertLike(
        yield* Wire.request("DescribeContextFiles", folder),
        "DescribeContextFiles",
        "empty"
      )
      assertLike(
        yield* Wire.request("GetContextFileUploadUrl", file),
        "GetContextFileUploadUrl",
        "ok"
      )
      yield* put(contextId, "/tmp/a.txt", "hello world")
      yield* put(contextId, "/tmp/logs/b", "b")
      const files = yield* Wire.request("DescribeContextFiles", folder)
      assertLike(files, "DescribeContextFiles", "two entries")
      const entry = (index: number) =>
        ["FileName", "FilePath", "FileType", "Size", "Status"].map((key) =>
          Wire.at(files.body, "Data", index, key)
        )
      assert.deepStrictEqual(entry(0), ["a.txt", "/tmp/a.txt", "FILE", 11, "available"])
      assert.deepStrictEqual(entry(1), ["logs", "/tmp/logs", "FOLDER", 0, "available"])
      assert.strictEqual(Wire.at(files.body, "Count"), 2)
      assertLike(
        yield* Wire.request("GetContextFileDownloadUrl", file),
        "GetContextFileDownloadUrl",
        "ok"
      )
      assertLike(yield* Wire.request("DeleteContextFile", file), "DeleteContextFile", "ok")
      assertLike(yield* Wire.request("DeleteContextFile", file), "DeleteContextFile", "refused")
      assertLike(
        yield* Wire.request("GetContextFileDownloadUrl", file),
        "GetContextFileDownloadUrl",
        "file absent"
      )

      const internal = yield* Wire.request("GetAndLoadInternalContext", {
        SessionId: yield* Wire.createSession(),
        "ContextTypes.1": "file_transfer"
      })
      assertLike(internal, "GetAndLoadInternalContext", "ok")

      const one = { Id: contextId }
      assertLike(yield* Wire.request("ModifyContext", { ...one, Name: "x" }), "ModifyContext", "ok")
      assertLike(yield* Wire.request("ClearContext", one), "ClearContext", "ok")
      assertLike(yield* Wire.request("DeleteContext", one), "DeleteContext", "ok")
      for (const action of ["ModifyContext", "ClearContext", "DeleteContext"]) {
        assertLike(yield* Wire.request(action, { ...one, Name: "y" }), action, "absent")
      }
    }).pipe(provided)
  )

  it.scopedLive("every captured request of these actions is understood", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const wanted = new Set([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 37, 71, 72, 77, 81, 83])
      const captured = requests.filter((request) => wanted.has(request.n))
      assert.strictEqual(captured.length, wanted.size)
      const authorization = `Bearer ${Redacted.value(server.apiKey)}`
      const withKey = (texts: { readonly [name: string]: string }) =>
        "Authorization" in texts ? { ...texts, Authorization: authorization } : texts
      // Ids of another server are refused for what they say, never as unreadable.
      const expected = new Set(["ok", "InvalidMcpSession.NotFound", "Context.NotFound"])
      for (const request of captured) {
        const url = `${server.url}/?${Wire.encode(withKey(request.query ?? {}))}`
        const answer = yield* Wire.send(url, {
          method: request.method,
          ...(request.method === "GET"
            ? {}
            : {
                headers: { "content-type": "application/x-www-form-urlencoded" },
                body: Wire.encode(withKey(request.form ?? {}))
              })
        })
        if (request.form?.["NextToken"] === "tok==") {
          assert.include(Wire.textAt(answer.body, "Message"), "NextToken")
        } else {
          const code = Wire.textAt(answer.body, "Code")
          assert.isTrue(expected.has(code), `request ${request.n}: ${JSON.stringify(answer.body)}`)
        }
      }
    }).pipe(provided)
  )

  it.scopedLive("the captured PUT and GET of a file work with the URLs of this server", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const captured = (n: number) => requests.find((request) => request.n === n)
      const upload = yield* urlFor("Upload", contextId, "/tmp/ft/up.txt")
      const sent = yield* http(upload, {
        method: captured(73)?.method ?? "",
        body: captured(73)?.rawBody ?? ""
      })
      assert.strictEqual(sent.status, 200)
      const download = yield* urlFor("Download", contextId, "/tmp/ft/up.txt")
      const got = yield* http(download, { method: captured(82)?.method ?? "" })
      assert.strictEqual(got.text, "DATA")
    }).pipe(provided)
  )
})
