import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assertSame, assertShape, requestOf, sampleOf } from "./samples.js"
import * as Wire from "./wire.js"

// Without isolation the shell works wherever there is one; what is compared is its answer.
const provided = Effect.provide(LocalAgentBay.layerTestWith({ shell: "unsafe", directLink: true }))

describe("samples of the tools", () => {
  it.scopedLive("answers by the API are like the samples", () =>
    Effect.gen(function* () {
      const created = yield* Wire.request("CreateMcpSession")
      assertShape(created, "CreateMcpSession", "ok with direct link and tool list")
      const SessionId = Wire.textAt(created.body, "Data", "SessionId")
      const call = (Name: string, Args: unknown) =>
        Wire.request("CallMcpTool", { SessionId, Name, Args })
      assertSame(yield* call("shell", { command: "echo hi" }), "CallMcpTool", "shell ok")
      assertSame(yield* call("shell", { command: "cat /nope" }), "CallMcpTool", "shell exit 1")
      yield* call("write_file", { path: "/tmp/list/a.txt", content: "hello world" })
      yield* call("create_directory", { path: "/tmp/list/logs" })
      const listed = yield* call("list_directory", { path: "/tmp/list" })
      assertSame(listed, "CallMcpTool", "list_directory")
      const lines = (body: unknown) => Wire.textAt(body, "Data", "content", 0, "text").split("\n")
      assert.sameMembers(
        lines(listed.body),
        lines(sampleOf("CallMcpTool", "list_directory").body),
        "the same two entries"
      )
      const told = yield* call("get_file_info", { path: "/tmp/list/a.txt" })
      assertSame(told, "CallMcpTool", "get_file_info")
      const keys = (body: unknown) => lines(body).map((line) => line.split(":")[0])
      assert.deepStrictEqual(
        keys(told.body),
        keys(sampleOf("CallMcpTool", "get_file_info").body),
        "the same lines in the same order"
      )
      assertSame(yield* Wire.request("ListMcpTools"), "ListMcpTools", "ok")
    }).pipe(provided)
  )

  it.scopedLive("answers by the direct link are like the samples", () =>
    Effect.gen(function* () {
      const created = yield* Wire.call("CreateMcpSession")
      const token = Wire.textAt(created, "Data", "Token")
      const call = (n: number, args: object) =>
        Wire.send(`${Wire.textAt(created, "Data", "LinkUrl")}/callTool`, {
          headers: { "content-type": "application/json", "x-access-token": token },
          body: JSON.stringify({ ...JSON.parse(requestOf(n).rawBody ?? ""), token, args })
        })
      assertShape(
        yield* call(67, { path: "/tmp/a.txt", content: "abc" }),
        "(link) callTool",
        "ok, data as object"
      )
      assertShape(yield* call(68, { path: "/tmp/none" }), "(link) callTool", "tool error")
    }).pipe(provided)
  )
})

describe("samples that the server answers with when it is told to", () => {
  const cases: ReadonlyArray<readonly [action: string, name: string, then: object]> = [
    [
      "CreateMcpSession",
      "throttled",
      {
        error: { code: "Throttling.User", message: "Request was denied due to user flow control." }
      }
    ],
    [
      "SyncContext",
      "server fault",
      {
        error: {
          httpStatus: 500,
          code: "InternalError",
          message: "The request processing has failed due to some unknown error."
        }
      }
    ],
    [
      "GetContextInfo",
      "session gone, envelope",
      {
        error: {
          soft: true,
          code: "InvalidMcpSession.NotFound",
          message: "Resource [McpSession] is not found."
        }
      }
    ],
    ["GetContextInfo", "unreadable ContextStatus", { malformed: "status" }]
  ]
  for (const [action, name, then] of cases) {
    it.scopedLive(`${action}: ${name}`, () =>
      Effect.gen(function* () {
        const { faults } = yield* LocalAgentBay.LocalAgentBay
        const session = { SessionId: yield* Wire.createSession() }
        yield* faults.set([{ when: { action }, then }])
        assertSame(yield* Wire.request(action, session), action, name)
      }).pipe(Effect.provide(LocalAgentBay.layerTest))
    )
  }
})
