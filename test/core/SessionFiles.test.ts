import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const path = "/home/wuying/work/a.txt"
const binaryTools = JSON.stringify([
  { name: "shell", server: "s" },
  {
    name: "write_file",
    server: "s",
    inputSchema: { properties: { format: { enum: ["text", "binary"] } } }
  }
])

const Args = Schema.parseJson(
  Schema.Struct({
    path: Schema.String,
    content: Schema.optional(Schema.String),
    mode: Schema.optional(Schema.String),
    format: Schema.optional(Schema.String),
    offset: Schema.optional(Schema.Number),
    length: Schema.optional(Schema.Number)
  })
)
const argsOf = (request: AgentBayTest.RecordedRequest) =>
  Schema.decodeSync(Args)(request.parameters["Args"] ?? "")

const text = (content: string, isError = false) =>
  AgentBayTest.ok({ content: [{ type: "text", text: content }], isError })

/** A session whose tools serve one file of these bytes, at most 60 KiB at a time. */
const holding =
  (bytes: Uint8Array, size = bytes.length) =>
  (request: AgentBayTest.RecordedRequest) => {
    const args = argsOf(request)
    if (request.parameters["Name"] === "get_file_info")
      return text(`name: a\nsize: ${size}\nmode: x`)
    const { length = 0, offset = 0 } = args
    assert.isAtMost(length, 61_440)
    return text(Buffer.from(bytes.subarray(offset, offset + length)).toString("base64"))
  }

const service = (CallMcpTool: AgentBayTest.Replies, ToolList = "") =>
  wired({
    script: { GetSession: AgentBayTest.ok({ SessionId: sessionId, ToolList }), CallMcpTool }
  })
const files = Effect.map(
  Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId)),
  (session) => session.files
)
const written = Effect.map(requestsOf("CallMcpTool"), (requests) => requests.map(argsOf))

// Characters of one to four bytes, so that some border always falls inside of one.
const mixed = "aä日😀".repeat(20_000)

describe("SessionFiles.read", () => {
  for (const [name, content] of [
    ["a short text", "hello"],
    ["exactly one piece", "x".repeat(61_440)],
    ["one byte more than a piece", "x".repeat(61_441)],
    ["characters on every border (S13)", mixed],
    ["a text behind a byte order mark", "\uFEFFa"]
  ] as const) {
    it.effect(`gives back ${name}`, () =>
      Effect.gen(function* () {
        const tools = yield* files
        const bytes = new TextEncoder().encode(content)
        assert.strictEqual(yield* tools.readString(path), content)
        assert.deepStrictEqual([...(yield* tools.read(path))], [...bytes])
        const reads = (yield* requestsOf("CallMcpTool")).filter(
          ({ parameters }) => parameters["Name"] === "read_file"
        )
        assert.strictEqual(reads.length, 2 * Math.ceil(bytes.length / 61_440))
        assert.deepStrictEqual(argsOf(reads[0]!), {
          path,
          offset: 0,
          length: 61_440,
          format: "binary"
        })
      }).pipe(Effect.provide(service(holding(new TextEncoder().encode(content)))))
    )
  }

  it.effect("gives back bytes that are no text", () =>
    Effect.gen(function* () {
      const bytes = yield* (yield* files).read(path)
      assert.deepStrictEqual([...bytes], [0, 255, 254, 128])
    }).pipe(Effect.provide(service(holding(Uint8Array.of(0, 255, 254, 128)))))
  )

  it.effect("of an empty file asks for its size only", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* (yield* files).readString(path), "")
      assert.strictEqual((yield* requestsOf("CallMcpTool")).length, 1)
    }).pipe(Effect.provide(service(holding(new Uint8Array()))))
  )

  it.effect("ends where a file has become shorter meanwhile", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* (yield* files).readString(path), "abc")
    }).pipe(
      Effect.provide(
        service((request, index) => {
          const bytes = new TextEncoder().encode("abc")
          return holding(bytes, index === 0 ? 200_000 : bytes.length)(request)
        })
      )
    )
  )

  it.effect("fails when the tool gives less than there is, and is no short success", () =>
    Effect.gen(function* () {
      const tools = yield* files
      for (const read of [Effect.asVoid(tools.read(path)), Effect.asVoid(tools.readString(path))]) {
        const error = yield* Effect.flip(read)
        assert.deepInclude(error, { _tag: "ToolError", tool: "read_file", sessionId })
        assert.include(error.message, "from byte 3 on")
      }
    }).pipe(Effect.provide(service(holding(new TextEncoder().encode("abc"), 200_000))))
  )

  it.effect("takes no number from elsewhere for the size", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* files).read(path))
      assert.deepInclude(error, { _tag: "ToolError", tool: "get_file_info", sessionId })
    }).pipe(Effect.provide(service(text("name: size: 5\noldsize: 7"))))
  )

  it.effect("fails when the content is not base64", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* files).read(path))
      assert.deepInclude(error, { _tag: "ToolError", tool: "read_file", sessionId })
    }).pipe(Effect.provide(service([text("size: 5"), text("not base64!")])))
  )
})

describe("SessionFiles.write", () => {
  it.effect("sends a short text as it is", () =>
    Effect.gen(function* () {
      yield* (yield* files).write(path, "häl\nlo")
      assert.deepStrictEqual(yield* written, [{ path, content: "häl\nlo", mode: "overwrite" }])
    }).pipe(Effect.provide(service(text("true"))))
  )

  it.effect("writes an empty file", () =>
    Effect.gen(function* () {
      const tools = yield* files
      yield* tools.write(path, "")
      yield* tools.write(path, new Uint8Array())
      assert.deepStrictEqual(yield* written, [
        { path, content: "", mode: "overwrite" },
        { path, content: "", mode: "overwrite" }
      ])
    }).pipe(Effect.provide(service(text("true"))))
  )

  for (const [name, content] of [
    ["a long text", "x".repeat(150_000)],
    ["pairs of units across every border (S13)", `a${"😀".repeat(100_000)}`],
    ["long bytes that are a text", new TextEncoder().encode(mixed)]
  ] as const) {
    it.effect(`cuts ${name} into pieces that stand alone`, () =>
      Effect.gen(function* () {
        yield* (yield* files).write(path, content)
        const pieces = yield* written
        assert.isAbove(pieces.length, 1)
        assert.deepStrictEqual(
          pieces.map(({ mode }) => mode),
          pieces.map((_, index) => (index === 0 ? "overwrite" : "append"))
        )
        for (const { content: piece = "" } of pieces) {
          assert.isAtMost(piece.length, 61_440)
          // A piece with half a character in it would come back changed.
          assert.strictEqual(Buffer.from(piece, "utf8").toString("utf8"), piece)
        }
        assert.strictEqual(
          pieces.map((piece) => piece.content).join(""),
          typeof content === "string" ? content : mixed
        )
      }).pipe(Effect.provide(service(text("true"))))
    )
  }

  it.effect("sends bytes that are no text as base64, where that is announced", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(100_000).fill(0xff)
      yield* (yield* files).write(path, bytes)
      const pieces = yield* written
      assert.deepStrictEqual(
        pieces.map(({ format, mode }) => [format, mode]),
        [
          ["binary", "overwrite"],
          ["binary", "append"]
        ]
      )
      const back = Buffer.concat(pieces.map((piece) => Buffer.from(piece.content ?? "", "base64")))
      assert.isTrue(back.equals(bytes))
    }).pipe(Effect.provide(service(text("true"), binaryTools)))
  )

  for (const tools of [
    "",
    "no json",
    '[{"name":"write_file","server":"s"}]',
    '[{"name":"other","inputSchema":{"properties":{"format":{"enum":["binary"]}}}}]',
    '[{"name":"write_file","inputSchema":{"properties":{"format":{"enum":["text"]}}}}]'
  ]) {
    it.effect(`refuses such bytes where the tools are ${JSON.stringify(tools)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* files).write(path, Uint8Array.of(0xff)))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "content" })
        assert.deepStrictEqual(yield* written, [])
      }).pipe(Effect.provide(service(text("true"), tools)))
    )
  }

  it.effect("stops at the first piece that fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* files).write(path, "x".repeat(200_000)))
      assert.deepInclude(error, { _tag: "ToolError", description: "disk full" })
      assert.strictEqual((yield* written).length, 2)
    }).pipe(Effect.provide(service([text("true"), text("disk full", true), text("true")])))
  )
})

describe("SessionFiles.list", () => {
  const lists: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, string]>]> = [
    ["", []],
    [
      "[DIR] logs\n[FILE] a.txt",
      [
        ["logs", "directory"],
        ["a.txt", "file"]
      ]
    ],
    [
      "[FILE] a b  c\n\n[FILE] [DIR] x\n",
      [
        ["a b  c", "file"],
        ["[DIR] x", "file"]
      ]
    ],
    ["some heading\n[LINK] l\n[FILE] ä😀", [["ä😀", "file"]]],
    [
      "[DIR] logs\r\n[FILE] a.txt\r\n",
      [
        ["logs", "directory"],
        ["a.txt", "file"]
      ]
    ]
  ]
  for (const [answer, entries] of lists) {
    it.effect(`reads ${JSON.stringify(answer)}`, () =>
      Effect.gen(function* () {
        const found = yield* (yield* files).list("/home/wuying/work")
        assert.deepStrictEqual(
          found.map(({ kind, name }) => [name, kind] as const),
          entries
        )
      }).pipe(Effect.provide(service(text(answer))))
    )
  }
})

describe("a tool that fails", () => {
  const calls = {
    read: Effect.flatMap(files, (tools) => tools.read(path)),
    readString: Effect.flatMap(files, (tools) => tools.readString(path)),
    write: Effect.flatMap(files, (tools) => tools.write(path, "x")),
    list: Effect.flatMap(files, (tools) => tools.list("/home/wuying/work"))
  }
  const answers: ReadonlyArray<readonly [string, AgentBayTest.Reply, object]> = [
    [
      "with a message",
      text("no such file", true),
      { _tag: "ToolError", description: "no such file", sessionId, requestId: "TEST-REQUEST" }
    ],
    [
      "without a message",
      AgentBayTest.ok({ isError: true }),
      { _tag: "ToolError", description: "no message given" }
    ],
    [
      "in a JSON text",
      AgentBayTest.ok('{"content":[{"type":"text","text":"boom"}],"isError":true}'),
      { _tag: "ToolError", description: "boom" }
    ],
    [
      "softly, without Data (S10)",
      AgentBayTest.refuseSoftly({ code: "InvalidMcpSession.NotFound", message: "gone" }),
      { _tag: "ApiError", reason: "SessionNotFound", description: "gone" }
    ],
    ["with a yes, without Data", AgentBayTest.ok(), { _tag: "TransportError", reason: "Decode" }]
  ]
  for (const [call, effect] of Object.entries(calls)) {
    for (const [name, reply, wanted] of answers) {
      it.effect(`${call}: ${name}`, () =>
        Effect.gen(function* () {
          assert.deepInclude(yield* Effect.flip(effect), wanted)
          assert.strictEqual((yield* requestsOf("CallMcpTool")).length, 1)
        }).pipe(Effect.provide(service(reply)))
      )
    }
  }

  it.effect("a blank path is refused before anything is sent", () =>
    Effect.gen(function* () {
      const tools = yield* files
      for (const blank of ["", " "]) {
        for (const effect of [
          tools.read(blank),
          tools.readString(blank),
          tools.write(blank, "x"),
          tools.list(blank)
        ]) {
          assert.deepInclude(yield* Effect.flip(effect), {
            _tag: "InvalidArgument",
            argument: "path"
          })
        }
      }
      assert.deepStrictEqual(yield* requestsOf("CallMcpTool"), [])
    }).pipe(Effect.provide(service(text(""))))
  )
})
