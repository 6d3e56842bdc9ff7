import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as SessionTools from "@effect-agentbay/core/SessionTools"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { responses } from "./captures.js"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"

const service = (script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      GetSession: AgentBayTest.ok({ SessionId: sessionId }),
      CreateMcpSession: AgentBayTest.ok({ SessionId: sessionId, Success: true }),
      GetSessionDetail: AgentBayTest.ok({ Status: "RUNNING", ImageId: "linux_latest" }),
      ...script
    }
  })
const tools = Effect.map(
  Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId)),
  (session) => session.tools
)
const call = (...given: Parameters<SessionTools.SessionTools["call"]>) =>
  Effect.flatMap(tools, (of) => of.call(...given))
const answering = (reply: AgentBayTest.Replies) => service({ CallMcpTool: reply })
const text = (content: string, isError = false) =>
  AgentBayTest.ok({ content: [{ type: "text", text: content }], isError })

const listed = JSON.stringify([
  {
    name: "shell",
    description: "run a command",
    inputSchema: { type: "object" },
    server: "wuying_shell",
    tool: "shell"
  },
  { Name: "read_file", serverName: "wuying_filesystem" },
  { name: "other", Server: "s", description: null }
])

describe("tools.list", () => {
  const list = Effect.flatMap(tools, (of) => of.list)

  it.effect("gives every tool with its description", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* list, [
        {
          name: "shell",
          server: "wuying_shell",
          description: "run a command",
          inputSchema: { type: "object" },
          tool: "shell"
        },
        { name: "read_file", server: "wuying_filesystem" },
        { name: "other", server: "s" }
      ])
    }).pipe(Effect.provide(service({ ListMcpTools: AgentBayTest.ok(listed) })))
  )

  it.effect("reads the sample of the service", () =>
    Effect.gen(function* () {
      const [tool] = yield* list
      assert.deepInclude(tool, { name: "shell", description: "run a command" })
    }).pipe(
      Effect.provide(
        service({
          ListMcpTools: AgentBayTest.raw(
            200,
            JSON.stringify(responses.find(({ action }) => action === "ListMcpTools")?.body)
          )
        })
      )
    )
  )

  const images: ReadonlyArray<readonly [string, AgentBayTest.Reply, string]> = [
    [
      "that the service tells",
      AgentBayTest.ok({ Status: "RUNNING", ImageId: "code_latest" }),
      "code_latest"
    ],
    ["by default where it tells none", AgentBayTest.ok({ Status: "RUNNING" }), "linux_latest"],
    [
      "by default where it tells a blank one",
      AgentBayTest.ok({ Status: "RUNNING", ImageId: "" }),
      "linux_latest"
    ]
  ]
  for (const [name, detail, image] of images) {
    it.effect(`of a session that was found asks with the image ${name}`, () =>
      Effect.gen(function* () {
        yield* list
        const [request] = yield* requestsOf("ListMcpTools")
        assert.deepStrictEqual(request?.parameters, { ImageId: image })
      }).pipe(
        Effect.provide(service({ ListMcpTools: AgentBayTest.ok("[]"), GetSessionDetail: detail }))
      )
    )
  }

  it.effect("of a session that was created asks with its image at once", () =>
    Effect.gen(function* () {
      const front = yield* AgentBay.AgentBay
      const session = yield* front.create({ imageId: "browser_latest" })
      assert.deepStrictEqual(yield* session.tools.list, [])
      const [request] = yield* requestsOf("ListMcpTools")
      assert.deepStrictEqual(request?.parameters, { ImageId: "browser_latest" })
      assert.deepStrictEqual(yield* actions, ["CreateMcpSession", "ListMcpTools"])
    }).pipe(Effect.provide(service({ ListMcpTools: AgentBayTest.ok("[]") })))
  )

  for (const data of [
    "no json",
    "",
    "{}",
    "null",
    '["shell"]',
    '[{"server":"s"}]',
    '[{"name":1}]'
  ]) {
    it.effect(`fails where the list is ${JSON.stringify(data)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(list)
        assert.deepInclude(error, {
          _tag: "TransportError",
          reason: "Decode",
          operation: "ListMcpTools"
        })
      }).pipe(Effect.provide(service({ ListMcpTools: AgentBayTest.ok(data) })))
    )
  }

  it.effect("fails where there is no list", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* Effect.flip(list), { _tag: "TransportError", reason: "Decode" })
    }).pipe(Effect.provide(service({ ListMcpTools: AgentBayTest.ok() })))
  )

  it.effect("fails where the image of a session that is gone is asked for", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* Effect.flip(list), { reason: "SessionNotFound", sessionId })
    }).pipe(
      Effect.provide(
        service({
          GetSessionDetail: AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" }),
          ListMcpTools: AgentBayTest.ok("[]")
        })
      )
    )
  )

  it.effect("a list that came with the session and cannot be read loses no session", () =>
    Effect.gen(function* () {
      const front = yield* AgentBay.AgentBay
      assert.strictEqual((yield* front.create()).sessionId, sessionId)
    }).pipe(
      Effect.provide(
        service({
          CreateMcpSession: AgentBayTest.ok({
            SessionId: sessionId,
            ToolList: "[{]",
            Success: true
          })
        })
      )
    )
  )
})

describe("tools.call", () => {
  it.effect("sends the arguments as the official client does", () =>
    Effect.gen(function* () {
      const answer = yield* call("shell", { command: "echo hi", timeout_ms: 1000 })
      assert.deepStrictEqual(answer, {
        text: "hi",
        content: [{ type: "text", text: "hi" }],
        requestId: "TEST-REQUEST"
      })
      const [request] = yield* requestsOf("CallMcpTool")
      assert.deepStrictEqual(request?.parameters, {
        Args: '{"command":"echo hi","timeout_ms":1000}',
        AutoGenSession: "false",
        Name: "shell",
        Server: "",
        SessionId: sessionId
      })
    }).pipe(Effect.provide(answering(text("hi"))))
  )

  it.effect("sends an empty object where no arguments are given", () =>
    Effect.gen(function* () {
      yield* call("get_metrics")
      const [request] = yield* requestsOf("CallMcpTool")
      assert.strictEqual(request?.parameters["Args"], "{}")
    }).pipe(Effect.provide(answering(text("{}"))))
  )

  const readings: ReadonlyArray<readonly [string, unknown, string]> = [
    ["the text", { content: [{ type: "text", text: "a", blob: "b", data: "c" }] }, "a"],
    ["an empty text", { content: [{ type: "text", text: "", blob: "b" }] }, ""],
    ["the blob where there is no text", { content: [{ blob: "b", data: "c" }] }, "b"],
    ["the data where there is nothing else", { content: [{ text: null, data: "c" }] }, "c"],
    ["nothing where the content is empty", { content: [] }, ""],
    ["nothing where there is no content", { isError: false }, ""],
    ["the first of several", { content: [{ text: "a" }, { text: "b" }] }, "a"],
    ["a JSON text of all that", '{"content":[{"type":"text","text":"a"}],"isError":false}', "a"],
    [
      "what looks like an error and is none",
      { content: [{ text: "tool not found: x" }] },
      "tool not found: x"
    ]
  ]
  for (const [name, data, wanted] of readings) {
    it.effect(`gives ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* call("any")).text, wanted)
      }).pipe(Effect.provide(answering(AgentBayTest.ok(data))))
    )
  }

  it.effect("an unknown tool is a ToolError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(call("no_such_tool"))
      assert.deepInclude(error, {
        _tag: "ToolError",
        tool: "no_such_tool",
        description: "tool not found: no_such_tool",
        sessionId,
        requestId: "TEST-REQUEST"
      })
    }).pipe(Effect.provide(answering(text("tool not found: no_such_tool", true))))
  )

  const refusals: ReadonlyArray<readonly [string, AgentBayTest.Reply, object]> = [
    [
      "a soft refusal without Data",
      AgentBayTest.refuseSoftly({ code: "NoTool.Allowed", message: "not here" }),
      { _tag: "ApiError", code: "NoTool.Allowed", description: "not here" }
    ],
    [
      "a code beside Success: false and Data: null",
      AgentBayTest.raw(200, '{"Success":false,"Code":"Foo","Message":"why","Data":null}'),
      { _tag: "ApiError", code: "Foo", description: "why" }
    ],
    [
      "a code without Success and Data",
      AgentBayTest.raw(200, '{"Code":"Foo","Message":"why"}'),
      { _tag: "ApiError", code: "Foo", description: "why" }
    ],
    [
      "an HTTP error without Data",
      AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" }),
      { _tag: "ApiError", reason: "SessionNotFound" }
    ],
    ["a yes without Data", AgentBayTest.ok(), { _tag: "TransportError", reason: "Decode" }],
    [
      "a yes with a text that is no JSON",
      AgentBayTest.ok("x"),
      { _tag: "TransportError", reason: "Decode" }
    ]
  ]
  for (const [name, reply, wanted] of refusals) {
    it.effect(`tells ${name} as what it is (S10)`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* Effect.flip(call("any")), { ...wanted, sessionId })
      }).pipe(Effect.provide(answering(reply)))
    )
  }

  it.effect("refuses a blank name before anything is sent", () =>
    Effect.gen(function* () {
      for (const blank of ["", " \t"]) {
        const error = yield* Effect.flip(call(blank))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "name" })
      }
      assert.deepStrictEqual(yield* requestsOf("CallMcpTool"), [])
    }).pipe(Effect.provide(answering(text(""))))
  )

  const circular: Record<string, unknown> = {}
  circular["self"] = circular
  const wrongArgs: ReadonlyArray<readonly [string, unknown]> = [
    ["a circle", circular],
    ["a big integer", { a: 1n }],
    ["an array", ["a"]],
    ["a Map", new Map()],
    ["a text", "{}"],
    ["null", null],
    ["what writes itself as nothing", { toJSON: () => undefined }],
    ["what writes itself as a list", { toJSON: () => [] }],
    [
      "what cannot be written",
      {
        toJSON: () => {
          throw new Error("no")
        }
      }
    ]
  ]
  for (const [name, args] of wrongArgs) {
    it.effect(`refuses ${name} as arguments before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(call("any", args as { readonly [name: string]: unknown }))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "args" })
        assert.deepStrictEqual(yield* requestsOf("CallMcpTool"), [])
      }).pipe(Effect.provide(answering(text(""))))
    )
  }

  for (const timeout of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    it.effect(`refuses ${timeout} as a timeout before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(call("any", {}, { timeout }))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "timeout" })
        assert.deepStrictEqual(yield* requestsOf("CallMcpTool"), [])
      }).pipe(Effect.provide(answering(text(""))))
    )
  }

  for (const [name, options, limit] of [
    ["the client's timeout", {}, 60_000],
    ["a shorter one of its own", { timeout: "5 seconds" }, 5000],
    ["a longer one of its own", { timeout: "10 minutes" }, 600_000]
  ] as const) {
    it.effect(`waits for ${name}`, () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.flip(call("any", {}, options)))
        yield* TestClock.adjust(limit - 1)
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* Fiber.join(fiber), {
          _tag: "TransportError",
          reason: "Timeout",
          operation: "CallMcpTool"
        })
      }).pipe(Effect.provide(answering(AgentBayTest.never)))
    )
  }

  const repeated = [
    "read_file",
    "read_multiple_files",
    "get_file_info",
    "list_directory",
    "search_files"
  ]
  for (const name of repeated) {
    it.effect(`repeats ${name} after a lost answer: it only reads`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* inTime(call(name))).text, "ok")
        assert.strictEqual((yield* requestsOf("CallMcpTool")).length, 2)
      }).pipe(Effect.provide(answering([AgentBayTest.fault("ECONNRESET"), text("ok")])))
    )
  }

  const once = [
    "shell",
    "write_file",
    "edit_file",
    "move_file",
    "delete_file",
    "create_directory",
    "get_file_change",
    "get_metrics",
    "mine"
  ]
  for (const name of once) {
    for (const fault of ["ECONNRESET", "ECONNREFUSED"]) {
      it.effect(`sends ${name} once, whatever it was (${fault})`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inTime(call(name)))
          assert.deepInclude(error, { _tag: "TransportError", code: fault })
          assert.strictEqual((yield* requestsOf("CallMcpTool")).length, 1)
        }).pipe(Effect.provide(answering([AgentBayTest.fault(fault), text("ok")])))
      )
    }
  }
})

describe("tools.callJson", () => {
  const Metrics = Schema.Struct({
    cpu: Schema.NumberFromString,
    at: Schema.optional(Schema.String)
  })
  const metrics = Effect.flatMap(tools, (of) => of.callJson(Metrics, "get_metrics", { a: 1 }))

  it.effect("gives the answer as the schema reads it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* metrics, { cpu: 1.5 })
      const [request] = yield* requestsOf("CallMcpTool")
      assert.deepInclude(request?.parameters, { Name: "get_metrics", Args: '{"a":1}' })
    }).pipe(Effect.provide(answering(text('{"cpu":"1.5","more":true}'))))
  )

  for (const [name, answer, issue] of [
    ["no JSON", "plain text", "JSON"],
    ["an empty text", "", "JSON"],
    ["of another shape", '{"cpu":{}}', "cpu"],
    ["without a key", "{}", "cpu"]
  ] as const) {
    it.effect(`names the tool and the issue when the answer is ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(metrics)
        assert.deepInclude(error, {
          _tag: "ToolError",
          tool: "get_metrics",
          requestId: "TEST-REQUEST",
          sessionId
        })
        assert.include(error.message, "its answer cannot be read")
        assert.include(error.message, issue)
        assert.strictEqual((yield* requestsOf("CallMcpTool")).length, 1)
      }).pipe(Effect.provide(answering(text(answer))))
    )
  }

  it.effect("an error of the tool stays one, whatever its text is", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(metrics)
      assert.deepInclude(error, { _tag: "ToolError", description: '{"cpu":"1"}' })
    }).pipe(Effect.provide(answering(text('{"cpu":"1"}', true))))
  )
})
