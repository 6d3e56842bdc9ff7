import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const service = (CallMcpTool: AgentBayTest.Replies, ToolList = "") =>
  wired({
    script: { GetSession: AgentBayTest.ok({ SessionId: sessionId, ToolList }), CallMcpTool }
  })
const files = Effect.map(
  Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId)),
  (session) => session.files
)
const text = (content: string, isError = false) =>
  AgentBayTest.ok({ content: [{ type: "text", text: content }], isError })

const Args = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
const calls = Effect.map(requestsOf("CallMcpTool"), (requests) =>
  requests.map(({ parameters }) => [
    parameters["Name"],
    Schema.decodeSync(Args)(parameters["Args"] ?? "")
  ])
)

// Characters of one to four bytes, so that some border always falls inside of one.
const mixed = "aä日😀".repeat(20_000)

describe("SessionFiles.append", () => {
  it.effect("adds a short text in one call", () =>
    Effect.gen(function* () {
      yield* (yield* files).append("/a", "häl\nlo")
      assert.deepStrictEqual(yield* calls, [
        ["write_file", { path: "/a", content: "häl\nlo", mode: "append" }]
      ])
    }).pipe(Effect.provide(service(text("true"))))
  )

  it.effect("creates a file even for nothing", () =>
    Effect.gen(function* () {
      yield* (yield* files).append("/a", new Uint8Array())
      assert.deepStrictEqual(yield* calls, [
        ["write_file", { path: "/a", content: "", mode: "append" }]
      ])
    }).pipe(Effect.provide(service(text("true"))))
  )

  for (const [name, content] of [
    ["a long text", mixed],
    ["long bytes that are a text", new TextEncoder().encode(mixed)],
    ["pairs of units across every border", `a${"😀".repeat(100_000)}`]
  ] as const) {
    it.effect(`adds ${name} in pieces that cut no character (S13)`, () =>
      Effect.gen(function* () {
        yield* (yield* files).append("/a", content)
        const sent = (yield* requestsOf("CallMcpTool")).map(({ parameters }) =>
          Schema.decodeSync(
            Schema.parseJson(Schema.Struct({ content: Schema.String, mode: Schema.String }))
          )(parameters["Args"] ?? "")
        )
        assert.isAbove(sent.length, 1)
        for (const { content: piece, mode } of sent) {
          assert.strictEqual(mode, "append")
          assert.isAtMost(piece.length, 61_440)
          assert.strictEqual(Buffer.from(piece, "utf8").toString("utf8"), piece)
        }
        assert.strictEqual(
          sent.map((one) => one.content).join(""),
          typeof content === "string" ? content : mixed
        )
      }).pipe(Effect.provide(service(text("true"))))
    )
  }

  it.effect("adds bytes that are no text as base64, where that is announced", () =>
    Effect.gen(function* () {
      yield* (yield* files).append("/a", Uint8Array.of(0, 255))
      assert.deepStrictEqual(yield* calls, [
        ["write_file", { path: "/a", content: "AP8=", mode: "append", format: "binary" }]
      ])
    }).pipe(
      Effect.provide(
        service(
          text("true"),
          '[{"name":"write_file","inputSchema":{"properties":{"format":{"enum":["binary"]}}}}]'
        )
      )
    )
  )

  it.effect("refuses such bytes elsewhere before anything is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* files).append("/a", Uint8Array.of(0, 255)))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "content" })
      assert.deepStrictEqual(yield* calls, [])
    }).pipe(Effect.provide(service(text("true"))))
  )

  it.effect("stops at the first piece that fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* files).append("/a", "x".repeat(200_000)))
      assert.deepInclude(error, { _tag: "ToolError", description: "disk full" })
      assert.strictEqual((yield* calls).length, 2)
    }).pipe(Effect.provide(service([text("true"), text("disk full", true), text("true")])))
  )
})

const utc = (iso: string) => Option.some(DateTime.unsafeMake(iso))

describe("SessionFiles.stat", () => {
  const info = (lines: { readonly [key: string]: string }) =>
    Object.entries(lines)
      .map(([key, value]) => `${key}: ${value}`)
      .join("\n")
  const told = {
    name: "a.txt",
    path: "/tmp/a.txt",
    size: "11",
    isDirectory: "false",
    modTime: "2025-12-29T12:00:00Z",
    mode: "rw-r--r--",
    owner: "wuying",
    group: "staff"
  }
  const wanted = {
    name: "a.txt",
    path: "/tmp/a.txt",
    kind: "file",
    size: 11,
    modifiedAt: utc("2025-12-29T12:00:00Z"),
    mode: "rw-r--r--",
    owner: "wuying",
    group: "staff"
  }
  const bare = { mode: undefined, owner: undefined, group: undefined, modifiedAt: Option.none() }

  const answers: ReadonlyArray<readonly [string, string, string, object]> = [
    ["a file", "/tmp/a.txt", info(told), wanted],
    ["lines with carriage returns", "/tmp/a.txt", info(told).replaceAll("\n", "\r\n"), wanted],
    [
      "a folder",
      "/tmp/a.txt",
      info({ ...told, isDirectory: "true" }),
      { ...wanted, kind: "directory" }
    ],
    [
      "a folder without a size",
      "/d",
      "isDirectory: true",
      { name: "d", path: "/d", kind: "directory", size: 0, ...bare }
    ],
    [
      "the least there can be",
      "/x/a b/",
      "size: 0\nisDirectory: False",
      { name: "a b", path: "/x/a b/", kind: "file", size: 0, ...bare }
    ],
    [
      "the root",
      "/",
      "size: 4096\nisDirectory: true",
      { name: "/", path: "/", kind: "directory", size: 4096, ...bare }
    ],
    [
      "another order and blank values",
      "/f",
      "isDirectory: false\nowner: \ngroup:\nmode:   x  \nsize:7",
      { name: "f", path: "/f", kind: "file", size: 7, ...bare, mode: "x" }
    ],
    [
      "a name with a colon and blanks",
      "/w/size: 5  b.txt",
      info({ ...told, name: "size: 5  b.txt", path: "/w/size: 5  b.txt" }),
      { ...wanted, name: "size: 5  b.txt", path: "/w/size: 5  b.txt" }
    ],
    [
      "a name with blanks at its ends",
      "/w/ a ",
      info({ ...told, name: " a ", path: "/w/ a " }),
      { ...wanted, name: " a ", path: "/w/ a " }
    ],
    [
      "a path that the session wrote out",
      "~/a.txt",
      info({ ...told, path: "/home/wuying/a.txt" }),
      { ...wanted, path: "/home/wuying/a.txt" }
    ],
    [
      "a name with line breaks that look like lines of the tool",
      "/w/a\nsize: 5\nisDirectory: true\nowner: root",
      info({
        ...told,
        name: "a\nsize: 5\nisDirectory: true\nowner: root",
        path: "/w/a\nsize: 5\nisDirectory: true\nowner: root"
      }),
      {
        ...wanted,
        name: "a\nsize: 5\nisDirectory: true\nowner: root",
        path: "/w/a\nsize: 5\nisDirectory: true\nowner: root"
      }
    ],
    [
      "a time with an offset",
      "/tmp/a.txt",
      info({ ...told, modTime: "2025-12-29T12:00:00+02:00" }),
      { ...wanted, modifiedAt: utc("2025-12-29T10:00:00Z") }
    ],
    ...["2025-12-29T12:00:00", "yesterday", "", "2025-13-40T00:00:00Z", "1767009600"].map(
      (modTime) =>
        [
          `the time ${JSON.stringify(modTime)}, which says nothing for certain`,
          "/tmp/a.txt",
          info({ ...told, modTime }),
          { ...wanted, modifiedAt: Option.none() }
        ] as const
    )
  ]
  for (const [name, path, answer, stat] of answers) {
    it.effect(`reads ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(yield* (yield* files).stat(path), stat)
        assert.deepStrictEqual(yield* calls, [["get_file_info", { path }]])
      }).pipe(Effect.provide(service(text(answer))))
    )
  }

  for (const answer of [
    "",
    "fine",
    "size: 5",
    "isDirectory: false",
    "size: x\nisDirectory: false",
    "size: -1\nisDirectory: false",
    "size: 1.5\nisDirectory: false",
    "size: 5\nisDirectory: perhaps",
    "oldsize: 5\nnotisDirectory: false"
  ]) {
    it.effect(`fails for ${JSON.stringify(answer)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* files).stat("/a"))
        assert.deepInclude(error, { _tag: "ToolError", tool: "get_file_info", sessionId })
      }).pipe(Effect.provide(service(text(answer))))
    )
  }

  it.effect("of what does not exist is a ToolError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* files).stat("/a"))
      assert.deepInclude(error, { _tag: "ToolError", description: "file not found: /a" })
    }).pipe(Effect.provide(service(text("file not found: /a", true))))
  )
})

describe("reading", () => {
  it.effect("takes the size of a file whose name looks like one", () =>
    Effect.gen(function* () {
      const name = "/w/a\nsize: 1"
      assert.strictEqual(yield* (yield* files).readString(name), "abc")
    }).pipe(
      Effect.provide(
        service((request) =>
          request.parameters["Name"] === "get_file_info"
            ? text("name: a\nsize: 1\npath: /w/a\nsize: 1\nsize: 3\nisDirectory: false")
            : text("YWJj")
        )
      )
    )
  )
})

const changes = [
  {
    name: "move",
    ask: Effect.flatMap(files, (of) => of.move("/a b", "/c")),
    call: ["move_file", { source: "/a b", destination: "/c" }]
  },
  {
    name: "remove",
    ask: Effect.flatMap(files, (of) => of.remove("/a b")),
    call: ["delete_file", { path: "/a b" }]
  },
  {
    name: "makeDirectory",
    ask: Effect.flatMap(files, (of) => of.makeDirectory("/a b")),
    call: ["create_directory", { path: "/a b" }]
  },
  {
    name: "append",
    ask: Effect.flatMap(files, (of) => of.append("/a b", "x")),
    call: ["write_file", { path: "/a b", content: "x", mode: "append" }]
  }
] as const

for (const { ask, call, name } of changes) {
  describe(`SessionFiles.${name}`, () => {
    it.effect("calls its tool", () =>
      Effect.gen(function* () {
        yield* ask
        assert.deepStrictEqual<unknown>(yield* calls, [call])
      }).pipe(Effect.provide(service(text("whatever the tool says"))))
    )

    for (const [what, fault] of [
      ["its answer is lost", AgentBayTest.fault("ECONNRESET")],
      ["the service has a fault", AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 })],
      ["it is throttled", AgentBayTest.refuse({ code: "Throttling", httpStatus: 429 })]
    ] as const) {
      it.effect(`is sent once when ${what}`, () =>
        Effect.gen(function* () {
          assert.include(["TransportError", "ApiError"], (yield* Effect.flip(inTime(ask)))._tag)
          assert.strictEqual((yield* calls).length, 1)
        }).pipe(Effect.provide(service([fault, text("true")])))
      )
    }

    it.effect("fails with the tool's words", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(ask)
        assert.deepInclude(error, {
          _tag: "ToolError",
          tool: call[0],
          description: "permission denied",
          sessionId
        })
      }).pipe(Effect.provide(service(text("permission denied", true))))
    )

    it.effect("fails with the service's refusal (S10)", () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* Effect.flip(ask), { _tag: "ApiError", reason: "SessionNotFound" })
      }).pipe(
        Effect.provide(service(AgentBayTest.refuseSoftly({ code: "InvalidMcpSession.NotFound" })))
      )
    )
  })
}

describe("text with half a character in it", () => {
  it.effect("is refused before anything is sent, since it would come back changed (S13)", () =>
    Effect.gen(function* () {
      const of = yield* files
      for (const half of ["\uD83D", "a\uDE00b", `${"x".repeat(61_439)}\uD83D\uD83D\uDE00`]) {
        for (const refusal of [of.write("/a", half), of.append("/a", half)]) {
          const error = yield* Effect.flip(refusal)
          assert.deepInclude(error, { _tag: "InvalidArgument", argument: "content" })
        }
      }
      assert.deepStrictEqual(yield* calls, [])
    }).pipe(Effect.provide(service(text("true"))))
  )
})

describe("a blank path", () => {
  it.effect("is refused before anything is sent, by its name", () =>
    Effect.gen(function* () {
      const of = yield* files
      for (const blank of ["", " \n"]) {
        const refusals = [
          ["path", of.append(blank, "x")],
          ["path", of.stat(blank)],
          ["path", of.remove(blank)],
          ["path", of.makeDirectory(blank)],
          ["source", of.move(blank, "/a")],
          ["destination", of.move("/a", blank)]
        ] as const
        for (const [argument, refusal] of refusals) {
          const error = yield* Effect.flip(refusal)
          assert.deepInclude(error, { _tag: "InvalidArgument", argument })
        }
      }
      assert.deepStrictEqual(yield* calls, [])
    }).pipe(Effect.provide(service(text(""))))
  )
})
