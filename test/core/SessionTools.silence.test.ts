/** An answer of a tool in which nothing is said is no success. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as Session from "@effect-agentbay/core/Session"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { linked, linkJson, session as linkedSession } from "./linked.js"
import { wired } from "./wired.js"

const sessionId = "session-1"
const path = "/home/wuying/a"

const session = Effect.flatMap(AgentBay.AgentBay, (front) => front.get(sessionId))

const answering = (...replies: ReadonlyArray<AgentBayTest.Reply>) =>
  wired({
    script: { GetSession: AgentBayTest.ok({ SessionId: sessionId }), CallMcpTool: replies }
  })

const text = (content: string) => AgentBayTest.ok({ content: [{ type: "text", text: content }] })

const calls = {
  shell: ({ shell }: Session.Session) => Effect.asVoid(shell("false")),
  read: ({ files }: Session.Session) => Effect.asVoid(files.read(path)),
  stat: ({ files }: Session.Session) => Effect.asVoid(files.stat(path)),
  list: ({ files }: Session.Session) => Effect.asVoid(files.list(path)),
  write: ({ files }: Session.Session) => files.write(path, "a"),
  remove: ({ files }: Session.Session) => files.remove(path),
  call: ({ tools }: Session.Session) => Effect.asVoid(tools.call("any"))
} as const

const silent: ReadonlyArray<readonly [string, object]> = [
  ["an empty object", {}],
  ["a content that is null", { content: null }],
  ["nothing but nulls", { content: null, isError: null }]
]

describe("a tool's answer that says nothing", () => {
  for (const [what, data] of silent) {
    for (const [name, call] of Object.entries(calls)) {
      it.effect(`is unreadable to ${name}: ${what}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(call(yield* session))
          assert.deepInclude(error, { _tag: "TransportError", reason: "Decode", sessionId })
        }).pipe(Effect.provide(answering(AgentBayTest.ok(data))))
      )
    }
    it.effect(`is unreadable by the direct link: ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* linkedSession).tools.call("shell"))
        assert.deepInclude(error, { _tag: "TransportError", reason: "Decode", sessionId })
      }).pipe(Effect.provide(linked({ link: linkJson({ data: { result: data } }) })))
    )
  }
})

const textless: ReadonlyArray<readonly [string, object]> = [
  ["an empty content", { content: [] }],
  ["no content beside a no to errors", { isError: false }],
  ["an element without a text", { content: [{ type: "resource" }], isError: false }]
]

describe("a tool's answer without a text", () => {
  for (const [what, data] of textless) {
    for (const name of ["shell", "read", "stat", "list"] as const) {
      it.effect(`is a ToolError of ${name}: ${what}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(calls[name](yield* session))
          assert.deepInclude(error, { _tag: "ToolError", sessionId })
          assert.include(error.message, "cannot be read")
        }).pipe(Effect.provide(answering(AgentBayTest.ok(data))))
      )
    }
    it.effect(`is enough where nothing is asked: ${what}`, () =>
      Effect.gen(function* () {
        const { files, tools } = yield* session
        yield* files.write(path, "a")
        assert.strictEqual((yield* tools.call("any")).text, "")
      }).pipe(Effect.provide(answering(AgentBayTest.ok(data))))
    )
  }
})

describe("a piece of a file", () => {
  it.effect("that is longer than was asked for is a ToolError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(calls.read(yield* session))
      assert.deepInclude(error, { _tag: "ToolError", tool: "read_file", sessionId })
      assert.include(error.message, "61441 bytes")
    }).pipe(
      Effect.provide(answering(text("size: 200000"), text(Buffer.alloc(61_441).toString("base64"))))
    )
  )
})
