import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as SessionShell from "@effect-agentbay/core/SessionShell"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { responses } from "./captures.js"
import { linked, linkRequests, session } from "./linked.js"
import { inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const answering = (reply: AgentBayTest.Replies) =>
  wired({
    script: { GetSession: AgentBayTest.ok({ SessionId: sessionId }), CallMcpTool: reply }
  })
const text = (content: string, isError = false) =>
  AgentBayTest.ok({ content: [{ type: "text", text: content }], isError })
const run = (command: string, options?: SessionShell.ShellOptions) =>
  Effect.flatMap(AgentBay.AgentBay, (front) =>
    Effect.flatMap(front.get(sessionId), ({ shell }) => shell(command, options))
  )
const sentArgs = Effect.map(requestsOf("CallMcpTool"), (requests) =>
  requests.map(({ parameters }) => parameters["Args"])
)
const ok = text('{"stdout":"","stderr":"","exit_code":0}')

describe("what shell sends", () => {
  it.effect("is the command with 50 seconds to run, unless told otherwise (S11)", () =>
    Effect.gen(function* () {
      yield* run("echo hi")
      const [request] = yield* requestsOf("CallMcpTool")
      assert.deepInclude(request?.parameters, {
        Name: "shell",
        Args: '{"command":"echo hi","timeout_ms":50000}'
      })
    }).pipe(Effect.provide(answering(ok)))
  )

  it.effect("has folder and environment where they are given, in the official order", () =>
    Effect.gen(function* () {
      yield* run("echo hi", { env: { A: "1", B: "" }, cwd: "/tmp", timeout: "5 seconds" })
      assert.deepStrictEqual(yield* sentArgs, [
        '{"command":"echo hi","timeout_ms":5000,"cwd":"/tmp","envs":{"A":"1","B":""}}'
      ])
    }).pipe(Effect.provide(answering(ok)))
  )

  it.effect("has no environment where that is empty", () =>
    Effect.gen(function* () {
      yield* run("x", { env: {}, cwd: undefined, timeout: undefined })
      assert.deepStrictEqual(yield* sentArgs, ['{"command":"x","timeout_ms":50000}'])
    }).pipe(Effect.provide(answering(ok)))
  )

  it.effect("counts a part of a millisecond as a whole one", () =>
    Effect.gen(function* () {
      yield* run("x", { timeout: Duration.micros(1n) })
      assert.deepStrictEqual(yield* sentArgs, ['{"command":"x","timeout_ms":1}'])
    }).pipe(Effect.provide(answering(ok)))
  )

  it.effect("keeps the command as it is", () =>
    Effect.gen(function* () {
      const command = " printf '%s\\n' \"ä日😀\" |\n  cat # done "
      yield* run(command)
      assert.deepStrictEqual(yield* sentArgs, [JSON.stringify({ command, timeout_ms: 50_000 })])
    }).pipe(Effect.provide(answering(ok)))
  )

  /** Options as a program without types could pass them. */
  const untyped = (options: unknown) => options as SessionShell.ShellOptions
  const refused: ReadonlyArray<readonly [string, string, unknown, string]> = [
    ["an empty command", "", {}, "command"],
    ["a blank command", " \n", {}, "command"],
    ["a command with NUL in it", "echo \0", {}, "command"],
    ["an empty folder", "x", { cwd: "" }, "cwd"],
    ["a blank folder", "x", { cwd: " " }, "cwd"],
    ["no time", "x", { timeout: 0 }, "timeout"],
    ["negative time", "x", { timeout: -1 }, "timeout"],
    ["endless time", "x", { timeout: Duration.infinity }, "timeout"],
    ["a time that is none", "x", { timeout: Number.NaN }, "timeout"],
    ["an empty name", "x", { env: { "": "a" } }, "env"],
    ["a name with =", "x", { env: { "A=B": "a" } }, "env"],
    ["a name with NUL", "x", { env: { "A\0": "a" } }, "env"],
    ["a value with NUL", "x", { env: { A: "a\0" } }, "env.A"],
    ["a value that is no text", "x", { env: { A: 1 } }, "env.A"],
    ["an environment that is a list", "x", { env: ["A=1"] }, "env"],
    ["an environment that is a Map", "x", { env: new Map([["A", "1"]]) }, "env"]
  ]
  for (const [name, command, options, argument] of refused) {
    it.effect(`never is ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(run(command, untyped(options)))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument })
        assert.deepStrictEqual(yield* sentArgs, [])
      }).pipe(Effect.provide(answering(ok)))
    )
  }

  it.effect("is sent once, even when its answer is lost", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(run("x")))
      assert.deepInclude(error, { _tag: "TransportError", code: "ECONNRESET" })
      assert.strictEqual((yield* sentArgs).length, 1)
    }).pipe(Effect.provide(answering([AgentBayTest.fault("ECONNRESET"), ok])))
  )
})

describe("what shell gives", () => {
  const sample = (name: string) =>
    AgentBayTest.raw(
      200,
      JSON.stringify(
        responses.find((one) => one.action === "CallMcpTool" && one.case === name)?.body
      )
    )
  const reports: ReadonlyArray<readonly [string, AgentBayTest.Reply, SessionShell.ShellResult]> = [
    ["the sample of a success", sample("shell ok"), { exitCode: 0, stdout: "hi\n", stderr: "" }],
    [
      "the sample of a failure, which is called an error",
      sample("shell exit 1"),
      { exitCode: 1, stdout: "", stderr: "cat: /nope: No such file or directory\n" }
    ],
    [
      "the same failure, not called an error",
      text('{"stdout":"out","stderr":"err","exit_code":1,"traceId":"t"}'),
      { exitCode: 1, stdout: "out", stderr: "err" }
    ],
    [
      "errorCode for the exit code",
      text('{"stdout":"","stderr":"x","errorCode":127}', true),
      { exitCode: 127, stdout: "", stderr: "x" }
    ],
    [
      "exit_code before errorCode",
      text('{"stdout":"","stderr":"","exit_code":2,"errorCode":3}'),
      { exitCode: 2, stdout: "", stderr: "" }
    ],
    [
      "errorCode where exit_code is null",
      text('{"stdout":null,"stderr":null,"exit_code":null,"errorCode":3}'),
      { exitCode: 3, stdout: "", stderr: "" }
    ],
    ["an exit code alone", text('{"exit_code":-9}'), { exitCode: -9, stdout: "", stderr: "" }],
    [
      "no exit code beside both outputs",
      text('{"stdout":"a","stderr":"b"}'),
      { exitCode: 0, stdout: "a", stderr: "b" }
    ],
    ["plain text", text("hi\n"), { exitCode: 0, stdout: "hi\n", stderr: "" }],
    ["no text", text(""), { exitCode: 0, stdout: "", stderr: "" }],
    ["a number", text("5"), { exitCode: 0, stdout: "5", stderr: "" }],
    ["null", text("null"), { exitCode: 0, stdout: "null", stderr: "" }],
    ["JSON that is no report", text('{"a":1}'), { exitCode: 0, stdout: '{"a":1}', stderr: "" }],
    [
      "JSON that has one word of a report",
      text('{"stdout":"a"}'),
      { exitCode: 0, stdout: '{"stdout":"a"}', stderr: "" }
    ],
    ["a list", text('["exit_code"]'), { exitCode: 0, stdout: '["exit_code"]', stderr: "" }]
  ]
  for (const [name, reply, wanted] of reports) {
    it.effect(`for ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* run("x"), wanted)
      }).pipe(Effect.provide(answering(reply)))
    )
  }

  const errors: ReadonlyArray<readonly [string, AgentBayTest.Reply, string]> = [
    ["plain text that is called an error", text("no shell here", true), "no shell here"],
    ["an error without words", text("", true), "no message given"],
    ["an error without an exit code", text('{"stdout":"o","stderr":"e"}', true), "e"],
    ["the same without stderr", text('{"stdout":"o","stderr":""}', true), "o"],
    ["an exit code that is a text", text('{"exit_code":"1","stderr":"e"}'), "cannot be read"],
    ["an exit code that is no whole number", text('{"exit_code":1.5}'), "cannot be read"],
    ["an error with an unreadable code", text('{"errorCode":"E1","stderr":"e"}', true), "E1"],
    ["an unknown tool", text("tool not found: shell", true), "tool not found"]
  ]
  for (const [name, reply, words] of errors) {
    it.effect(`is a ToolError for ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(run("x"))
        assert.deepInclude(error, {
          _tag: "ToolError",
          tool: "shell",
          requestId: "TEST-REQUEST",
          sessionId
        })
        assert.include(error.message, words)
      }).pipe(Effect.provide(answering(reply)))
    )
  }

  it.effect("is the service's refusal where there is one (S10)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run("x"))
      assert.deepInclude(error, { _tag: "ApiError", reason: "SessionNotFound", sessionId })
    }).pipe(
      Effect.provide(answering(AgentBayTest.refuseSoftly({ code: "InvalidMcpSession.NotFound" })))
    )
  )
})

describe("the request of shell waits", () => {
  for (const [name, timeout, limit] of [
    ["as long as the client does", "10 seconds", 60_000],
    ["as long by default", undefined, 60_000],
    ["longer than the client, when the command may run longer", "5 minutes", 310_000]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.flip(run("x", { timeout })))
        yield* TestClock.adjust(limit - 1)
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* Fiber.join(fiber), {
          _tag: "TransportError",
          reason: "Timeout"
        })
      }).pipe(Effect.provide(answering(AgentBayTest.never)))
    )
  }

  for (const [name, timeout, limit] of [
    ["15 minutes by a direct link", undefined, 900_000],
    ["longer, when the command may run longer", "1 hour", 3_610_000]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const waiting = Effect.flatMap(session, ({ shell }) => shell("x", { timeout }))
        const fiber = yield* Effect.fork(Effect.flip(waiting))
        yield* TestClock.adjust(limit - 1)
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* Fiber.join(fiber), { reason: "Timeout", operation: "callTool" })
        assert.strictEqual((yield* linkRequests).length, 1)
      }).pipe(Effect.provide(linked({ link: "never" })))
    )
  }

  it.effect("no longer than the caller does", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(run("sleep 100"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* (yield* AgentBayTest.AgentBayTest).aborted, 1)
    }).pipe(Effect.provide(answering(AgentBayTest.never)))
  )
})
