import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { assertSame, assertShape, requests, responses, sampleOf, sendCaptured } from "./samples.js"
import * as Wire from "./wire.js"

/** Samples that this server never answers with, and why. */
const notAnswered: { readonly [sample: string]: string } = {
  "CreateMcpSession: refused at data level": "what is refused is refused in the envelope",
  "GetContextInfo: nothing yet": "no tasks are an empty list",
  "GetContextInfo: no ContextStatus key": "no tasks are an empty list",
  "GetContextInfo: two contexts and a log element": "nothing but tasks is listed",
  "GetContextInfo: download running": "it has the shape of one that is done",
  "GetContextInfo: upload running beside the finished first download": "it has that shape too",
  "GetContextInfo: upload failed": "it has the shape of one that succeeded",
  "DescribeSessionContexts: null data": "no bindings are an empty list",
  "GetContext: being cleared": "it has the shape of one that is available",
  "GetContext: absent, envelope": "an absent context is refused by an HTTP error",
  "GetSessionDetail: deleting": "it has the shape of one that runs",
  "GetSessionDetail: deleted": "what is gone is FINISH",
  "CallMcpTool: data as JSON text": "what a tool answers is an object",
  "(link) callTool: ok, data as JSON text": "and by the direct link as well"
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
        yield* Wire.request("GetContextInfo", { SessionId: plain }),
        "GetContextInfo",
        "empty array"
      )
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

  it.scopedLive("every captured request of an action is understood", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const captured = requests.filter(({ action }) => action !== null)
      assert.strictEqual(captured.length, 77)
      // Ids of another server and blanks are refused for what they say, never as unreadable.
      const expected = new Set([
        "ok",
        "InvalidMcpSession.NotFound",
        "InvalidContext.NotFound",
        "Context.NotFound"
      ])
      for (const request of captured) {
        const answer = yield* sendCaptured(server, request)
        const code = Wire.textAt(answer.body, "Code")
        if (request.form["NextToken"] === "tok==") {
          assert.include(Wire.textAt(answer.body, "Message"), "NextToken")
        } else {
          assert.isTrue(expected.has(code), `request ${request.n}: ${JSON.stringify(answer.body)}`)
        }
      }
    }).pipe(provided)
  )

  it("every sample is compared with an answer, or says why not", () => {
    const sources = NodeFs.readdirSync(import.meta.dirname)
      .filter((name) => /^Samples.*\.test\.ts$/.test(name))
      .map((name) => NodeFs.readFileSync(`${import.meta.dirname}/${name}`, "utf8"))
      .join("\n")
    const isCompared = (action: string, name: string) =>
      new RegExp(`"${name}"`).test(sources) && sources.includes(`"${action}"`)
    assert.deepStrictEqual(
      responses
        .filter(({ action, case: name }) => !isCompared(action, name))
        .map(({ action, case: name }) => `${action}: ${name}`)
        .filter((name) => !(name in notAnswered)),
      []
    )
  })
})
