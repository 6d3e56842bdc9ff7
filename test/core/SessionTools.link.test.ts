import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { requests, responses } from "./captures.js"
import {
  linked,
  linkJson,
  linkOrigin,
  type LinkReply,
  linkRequests,
  linkText,
  session,
  token,
  toolList
} from "./linked.js"
import { inTime, requestsOf } from "./wired.js"

const Body = Schema.parseJson(
  Schema.Struct({
    args: Schema.Unknown,
    server: Schema.String,
    requestId: Schema.String,
    tool: Schema.String,
    token: Schema.String
  })
)
const bodies = Effect.map(linkRequests, (seen) =>
  seen.map(({ body }) => Schema.decodeSync(Body)(body))
)

const capture = (n: number) => requests.find((one) => one.n === n)!
const requestId = /"requestId":"link-\d+-\d{9}"/
const unnumbered = (body: string) => body.replace(requestId, '"requestId":"link"')

describe("requests by a direct link", () => {
  const flows = {
    66: Effect.flatMap(session, ({ shell }) =>
      shell("echo hi", { timeout: 5000, cwd: "/tmp", env: { A: "1" } })
    ),
    67: Effect.flatMap(session, ({ files }) => files.write("/tmp/a.txt", "abc")),
    68: Effect.flatMap(session, ({ files }) => files.readString("/tmp/a.txt")),
    69: Effect.flatMap(session, ({ files }) => files.read("/tmp/a.txt"))
  } as const
  for (const [n, flow] of Object.entries(flows)) {
    const captured = capture(Number(n))
    it.effect(`#${n} ${captured.call}, as the official client sends it`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_795_341_874_528)
        yield* flow
        const [sent, ...more] = yield* linkRequests
        assert.deepStrictEqual(more, [])
        assert.strictEqual(sent?.method, captured.method)
        assert.strictEqual(new URL(sent!.url).pathname, captured.path)
        assert.match(sent!.body, requestId)
        // Letter for letter, and so with the keys in the same order.
        assert.strictEqual(unnumbered(sent!.body), unnumbered(captured.rawBody))
        const wanted = captured.headers
        assert.deepInclude(sent?.headers, {
          "content-type": wanted["Content-Type"],
          "x-access-token": wanted["X-Access-Token"]
        })
        assert.notProperty(sent?.headers, "authorization")
        assert.deepStrictEqual(yield* requestsOf("CallMcpTool"), [])
      }).pipe(Effect.provide(linked({ link: linkText("YWJj"), token: "tok-1" })))
    )
  }

  it.effect("are named by the time and a number of their own", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_795_341_874_528)
      const { tools } = yield* session
      const first = yield* tools.call("shell")
      const second = yield* tools.call("shell")
      const seen = yield* bodies
      assert.deepStrictEqual(
        seen.map((body) => body.requestId),
        [first.requestId, second.requestId]
      )
      assert.match(first.requestId, /^link-1795341874528-\d{9}$/)
      assert.notStrictEqual(first.requestId, second.requestId)
    }).pipe(Effect.provide(linked({ link: linkText("") })))
  )

  it.effect("carry arguments as they are", () =>
    Effect.gen(function* () {
      const args = { z: [1, null, true], a: { ä: '"\\\n' }, none: undefined, half: "\uD800" }
      yield* (yield* session).tools.call("shell", args)
      const [body] = yield* bodies
      assert.deepStrictEqual(body?.args, { z: args.z, a: args.a, half: "\uD800" })
    }).pipe(Effect.provide(linked({ link: linkText("") })))
  )

  it.effect("go there from a session that was created, too", () =>
    Effect.gen(function* () {
      const created = yield* (yield* AgentBay.AgentBay).create()
      yield* created.tools.call("shell")
      assert.strictEqual((yield* linkRequests)[0]?.url, "http://other.test/x/callTool")
    }).pipe(
      Effect.provide(
        linked({
          link: linkText(""),
          script: {
            CreateMcpSession: AgentBayTest.ok({
              SessionId: "session-1",
              Success: true,
              LinkUrl: "http://other.test/x",
              Token: token,
              ToolList: JSON.stringify(toolList)
            })
          }
        })
      )
    )
  )

  for (const [linkUrl, url] of [
    [`${linkOrigin}/link/abc///`, `${linkOrigin}/link/abc/callTool`],
    [linkOrigin, `${linkOrigin}/callTool`],
    ["https://link.test/a%20b/", "https://link.test/a%20b/callTool"]
  ] as const) {
    it.effect(`go to ${url} when the link is ${linkUrl}`, () =>
      Effect.gen(function* () {
        yield* (yield* session).tools.call("shell")
        assert.deepStrictEqual(
          (yield* linkRequests).map((request) => request.url),
          [url]
        )
      }).pipe(Effect.provide(linked({ link: linkText(""), linkUrl })))
    )
  }
})

describe("without a usable direct link", () => {
  const unusable: ReadonlyArray<readonly [string, Partial<Parameters<typeof linked>[0]>]> = [
    ["there is no link", { linkUrl: "" }],
    ["the link is no URL", { linkUrl: "link.test/abc" }],
    ["the link is a web socket", { linkUrl: "ws://link.test/abc" }],
    ["the link is a file", { linkUrl: "file:///etc" }],
    ["the link has a query", { linkUrl: `${linkOrigin}/a?b=c` }],
    ["the link has a fragment", { linkUrl: `${linkOrigin}/a#` }],
    ["the link holds credentials", { linkUrl: "http://user:pass@link.test/a" }],
    ["the link has a blank in it", { linkUrl: "http://link.test/a b" }],
    ["there is no token", { token: "" }],
    ["the token is blank", { token: " " }],
    ["the token cannot stand in a header", { token: "tok\r\nx-evil: 1" }],
    ["there are no tools", { tools: [] }],
    ["the tool is not listed", { tools: [{ name: "other", server: "s" }] }],
    [
      "the tool has no server",
      {
        tools: [
          { name: "shell", server: "" },
          { name: "x", server: "s" }
        ]
      }
    ]
  ]
  for (const [name, options] of unusable) {
    it.effect(`calls go through the service when ${name}`, () =>
      Effect.gen(function* () {
        const answer = yield* (yield* session).tools.call("shell", { command: "x" })
        assert.strictEqual(answer.text, "by the service")
        assert.deepStrictEqual(yield* linkRequests, [])
        assert.strictEqual((yield* requestsOf("CallMcpTool"))[0]?.parameters["Server"], "")
      }).pipe(
        Effect.provide(
          linked({
            link: linkText("by the link"),
            script: {
              CallMcpTool: AgentBayTest.ok({ content: [{ text: "by the service" }] })
            },
            ...options
          })
        )
      )
    )
  }

  it.effect("each tool goes its own way", () =>
    Effect.gen(function* () {
      const { files, tools } = yield* session
      assert.deepStrictEqual(yield* files.list("/"), [{ name: "a", kind: "file" }])
      assert.strictEqual((yield* tools.call("read_file")).text, "by the link")
      assert.deepStrictEqual(
        (yield* bodies).map(({ tool }) => tool),
        ["read_file"]
      )
    }).pipe(
      Effect.provide(
        linked({
          link: linkText("by the link"),
          script: { CallMcpTool: AgentBayTest.ok({ content: [{ text: "[FILE] a" }] }) }
        })
      )
    )
  )
})

describe("answers by a direct link", () => {
  const sample = (name: string) =>
    responses.find((one) => one.action === "(link) callTool" && one.case === name)!.body

  const answers: ReadonlyArray<readonly [string, unknown, string]> = [
    [
      "ok, data as JSON text",
      sample("ok, data as JSON text"),
      '{"stdout":"hi\\n","stderr":"","exit_code":0,"traceId":""}'
    ],
    ["ok, data as object", sample("ok, data as object"), "hello"],
    ["a content that is a text itself", { data: { result: { content: ["plain", "x"] } } }, "plain"],
    ["a content that is a text, in a text", { data: '{"result":{"content":["plain"]}}' }, "plain"],
    ["a blob", { data: { result: { content: [{ blob: "YQ==" }] } } }, "YQ=="],
    ["no content", { data: { result: { isError: false } } }, ""],
    ["more than is known", { code: 200, data: { id: 1, result: { content: ["a"], x: 1 } } }, "a"]
  ]
  for (const [name, body, text] of answers) {
    it.effect(`are read: ${name}`, () =>
      Effect.gen(function* () {
        const answer = yield* (yield* session).tools.call("shell")
        assert.strictEqual(answer.text, text)
      }).pipe(Effect.provide(linked({ link: linkJson(body) })))
    )
  }

  it.effect("of the shell are a result", () =>
    Effect.gen(function* () {
      const { shell } = yield* session
      assert.deepStrictEqual(yield* shell("echo hi"), { exitCode: 0, stdout: "hi\n", stderr: "" })
    }).pipe(Effect.provide(linked({ link: linkJson(sample("ok, data as JSON text")) })))
  )

  it.effect("that the tool calls an error are a ToolError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* session).tools.call("shell"))
      assert.deepInclude(error, { _tag: "ToolError", tool: "shell", description: "boom" })
      assert.match(error._tag === "ToolError" ? error.requestId : "", /^link-0-\d{9}$/)
    }).pipe(Effect.provide(linked({ link: linkJson(sample("tool error")) })))
  )

  const faults: ReadonlyArray<readonly [string, LinkReply, object]> = [
    [
      "HTTP 403 with a page",
      { status: 403, text: "<html>no</html>" },
      { reason: "Status", status: 403 }
    ],
    [
      "HTTP 500 with JSON",
      linkJson({ data: { result: {} } }, 500),
      { reason: "Status", status: 500 }
    ],
    [
      "a redirect",
      { status: 302, text: "", headers: { location: "http://evil.test/" } },
      { reason: "Status", status: 302 }
    ],
    ["no JSON", { status: 200, text: "<html>" }, { reason: "Transport", status: 200 }],
    ["an empty answer", { status: 200, text: "" }, { reason: "Transport", status: 200 }],
    ["a JSON list", linkJson([]), { reason: "Decode" }],
    ["no data", linkJson({ code: "x" }), { reason: "Decode" }],
    ["data that is null", linkJson({ data: null }), { reason: "Decode" }],
    ["data that is a text and no JSON", linkJson({ data: "boom" }), { reason: "Decode" }],
    ["no result", linkJson({ data: {} }), { reason: "Decode" }],
    [
      "a content that is none",
      linkJson({ data: { result: { content: [1] } } }),
      { reason: "Decode" }
    ]
  ]
  for (const [name, reply, wanted] of faults) {
    it.effect(`are a TransportError: ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* session).tools.call("read_file"))
        assert.deepInclude(error, {
          _tag: "TransportError",
          operation: "callTool",
          sessionId: "session-1",
          ...wanted
        })
        // Whatever it was, the link has had the call.
        assert.strictEqual((yield* linkRequests).length, 1)
        assert.deepStrictEqual(yield* requestsOf("CallMcpTool"), [])
      }).pipe(Effect.provide(linked({ link: reply })))
    )
  }

  it.effect("say what to do when the link is not what it was", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* session).tools.call("shell"))
      assert.include(error.message, "callTool got an HTTP error: the direct link answered: gone.")
      assert.include(error.message, "get it again")
    }).pipe(Effect.provide(linked({ link: { status: 404, text: "gone" } })))
  )

  it.effect("say how long to stay away", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* session).tools.call("shell"))
      assert.include(
        JSON.stringify(error),
        '"retryAfter":{"_id":"Duration","_tag":"Millis","millis":7000}'
      )
    }).pipe(
      Effect.provide(
        linked({ link: { status: 503, text: "busy", headers: { "retry-after": "7" } } })
      )
    )
  )
})

describe("a call by a direct link", () => {
  const call = (tool: string, timeout?: string | number) =>
    Effect.flatMap(session, ({ tools }) =>
      tools.call(tool, {}, timeout === undefined ? {} : { timeout: timeout as number })
    )

  for (const fault of ["ECONNRESET", "ETIMEDOUT", "UND_ERR_SOCKET"]) {
    it.effect(`is not repeated when it may have been received (${fault})`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(call("read_file")))
        assert.deepInclude(error, { _tag: "TransportError", reason: "Transport", code: fault })
        assert.strictEqual((yield* linkRequests).length, 1)
      }).pipe(Effect.provide(linked({ link: [{ fault }, linkText("a")] })))
    )
  }

  it.effect("is repeated when it only reads and no connection was made", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* inTime(call("read_file"))).text, "a")
      assert.strictEqual((yield* linkRequests).length, 2)
    }).pipe(Effect.provide(linked({ link: [{ fault: "ECONNREFUSED" }, linkText("a")] })))
  )

  for (const tool of ["shell", "write_file"]) {
    it.effect(`of ${tool} is sent once, even when no connection was made`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* Effect.flip(inTime(call(tool))), { code: "ECONNREFUSED" })
        assert.strictEqual((yield* linkRequests).length, 1)
      }).pipe(Effect.provide(linked({ link: [{ fault: "ECONNREFUSED" }, linkText("a")] })))
    )
  }

  for (const [name, timeout, limit] of [
    ["15 minutes", undefined, 900_000],
    ["as long as it is told", "20 minutes", 1_200_000],
    ["as short as it is told", "1 second", 1000]
  ] as const) {
    it.effect(`waits ${name}`, () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.flip(call("shell", timeout)))
        yield* TestClock.adjust(limit - 1)
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* Fiber.join(fiber), {
          _tag: "TransportError",
          reason: "Timeout",
          operation: "callTool"
        })
        assert.strictEqual((yield* linkRequests).length, 1)
      }).pipe(Effect.provide(linked({ link: "never" })))
    )
  }
})

describe("files by a direct link", () => {
  const long = "aä日😀".repeat(50_000)

  it.effect("are read in one call", () =>
    Effect.gen(function* () {
      const { files } = yield* session
      assert.strictEqual(yield* files.readString("/a"), long)
      assert.deepStrictEqual(
        (yield* bodies).map(({ args, tool }) => [tool, args]),
        [["read_file", { path: "/a", offset: 0, length: 0 }]]
      )
    }).pipe(Effect.provide(linked({ link: linkText(long) })))
  )

  it.effect("are read in one call, byte for byte", () =>
    Effect.gen(function* () {
      const { files } = yield* session
      assert.deepStrictEqual([...(yield* files.read("/a"))], [0, 255, 128])
      assert.strictEqual((yield* linkRequests).length, 1)
    }).pipe(
      Effect.provide(linked({ link: linkText(Buffer.from([0, 255, 128]).toString("base64")) }))
    )
  )

  for (const mode of ["overwrite", "append"] as const) {
    it.effect(`are written in one call (${mode})`, () =>
      Effect.gen(function* () {
        const { files } = yield* session
        yield* mode === "overwrite" ? files.write("/a", long) : files.append("/a", long)
        assert.deepStrictEqual(
          (yield* bodies).map(({ args, tool }) => [tool, args]),
          [["write_file", { path: "/a", content: long, mode }]]
        )
      }).pipe(Effect.provide(linked({ link: linkText("true") })))
    )
  }

  it.effect("are written in one call as base64 where that is announced", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(100_000).fill(0xff)
      yield* (yield* session).files.write("/a", bytes)
      const seen = yield* bodies
      assert.deepStrictEqual(
        seen.map(({ args }) => args),
        [
          {
            path: "/a",
            content: Buffer.from(bytes).toString("base64"),
            mode: "overwrite",
            format: "binary"
          }
        ]
      )
    }).pipe(
      Effect.provide(
        linked({
          link: linkText("true"),
          tools: [
            {
              name: "write_file",
              server: "wuying_filesystem",
              inputSchema: { properties: { format: { enum: ["text", "binary"] } } }
            }
          ]
        })
      )
    )
  )
})
