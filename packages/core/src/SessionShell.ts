/**
 * Commands inside a session, run by its shell.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { InvalidArgument } from "./AgentBayError.js"
import * as Arguments from "./internal/arguments.js"
import type { ToolCalls } from "./internal/toolCall.js"
import type { ToolCallError } from "./SessionTools.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface ShellOptions {
  /** Where the command runs. Default: the home of the session's user. */
  readonly cwd?: string | undefined
  /** Environment variables besides those of the session. A name has no `=` in it. */
  readonly env?: { readonly [name: string]: string } | undefined
  /**
   * How long the command may run, in whole milliseconds. Default: 50 seconds. The request
   * waits somewhat longer than that, whatever the client's own timeout is.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * What a command left behind. Whatever its exit code is, this is not an error.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShellResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command. Any exit code is a result; the effect fails with a `ToolError` when the
 * shell itself could not run the command. The command is sent once: after a lost answer it
 * may or may not have run. Whoever leaves stops waiting, and the command goes on until its
 * end or its timeout.
 *
 * @example
 * ```ts
 * import { type Session } from "@effect-agentbay/core"
 * import { Effect } from "effect"
 *
 * const countLines = (session: Session.Session, path: string) =>
 *   Effect.map(session.shell('wc -l < "$FILE"', { env: { FILE: path } }), ({ exitCode, stdout }) =>
 *     exitCode === 0 ? Number(stdout) : undefined
 *   )
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Shell = (
  command: string,
  options?: ShellOptions
) => Effect.Effect<ShellResult, ToolCallError>

const defaultTimeout = Duration.seconds(50)

/** How much longer than the command its answer may take. */
const answerMargin = Duration.seconds(10)

const nullableText = Schema.optionalWith(Schema.String, { nullable: true })
const nullableCode = Schema.optionalWith(Schema.Int, { nullable: true })

const Report = Schema.Struct({
  stdout: nullableText,
  stderr: nullableText,
  exit_code: nullableCode,
  errorCode: nullableCode
})

const parseJson = Schema.decodeUnknownOption(Schema.parseJson())
const decodeReport = Schema.decodeUnknownOption(Report)

/**
 * Whether a JSON value is the shell's report on a command. Where the shell answers with the
 * bare output, that may be JSON too.
 */
const isReport = (json: unknown): boolean =>
  Arguments.isPlainObject(json) &&
  ("exit_code" in json || "errorCode" in json || ("stdout" in json && "stderr" in json))

type Reading =
  | { readonly _tag: "Report"; readonly report: typeof Report.Type }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Unreadable" }

const readAnswer = (text: string | undefined): Reading => {
  if (text === undefined) return { _tag: "Unreadable" }
  const json = Option.getOrUndefined(parseJson(text))
  if (!isReport(json)) return { _tag: "Text", text }
  return Option.match(decodeReport(json), {
    onNone: () => ({ _tag: "Unreadable" }),
    onSome: (report) => ({ _tag: "Report", report })
  })
}

const withoutNul = (argument: string, text: string): Effect.Effect<void, InvalidArgument> =>
  text.includes("\0") ? Arguments.refuse(argument, "must hold no NUL character") : Effect.void

const checkEnv = (env: ShellOptions["env"]): Effect.Effect<void, InvalidArgument> => {
  if (env === undefined) return Effect.void
  if (!Arguments.isPlainObject(env)) {
    return Arguments.refuse("env", "must be an object of texts")
  }
  return Effect.forEach(
    Object.entries(env),
    ([name, value]) => {
      if (name === "" || /[=\0]/.test(name)) {
        return Arguments.refuse("env", "names must not be empty and hold neither = nor NUL")
      }
      return typeof value === "string"
        ? withoutNul(`env.${name}`, value)
        : Arguments.refuse(`env.${name}`, "must be a text")
    },
    { discard: true }
  )
}

/** @internal */
export const fromCalls = (calls: ToolCalls): Shell =>
  Effect.fn("Session.shell")(function* (command: string, options: ShellOptions = {}) {
    yield* Effect.annotateCurrentSpan("agentbay.session_id", calls.sessionId)
    yield* Arguments.notBlank("command", command)
    yield* Arguments.options(options)
    const { cwd, env } = options
    yield* withoutNul("command", command)
    yield* Arguments.optionalNotBlank("cwd", cwd)
    yield* checkEnv(env)
    const timeout = yield* Arguments.positiveTime("timeout", options.timeout ?? defaultTimeout)
    const { isError, requestId, text } = yield* calls.ask(
      "shell",
      {
        command,
        timeout_ms: Math.ceil(Duration.toMillis(timeout)),
        ...(cwd === undefined ? {} : { cwd }),
        ...(env === undefined || Object.keys(env).length === 0 ? {} : { envs: env })
      },
      { atLeast: Duration.sum(timeout, answerMargin) }
    )
    const reading = readAnswer(text)
    if (reading._tag !== "Report") {
      if (isError) return yield* calls.toError("shell", text ?? "", requestId)
      // Its exit code would be a guess.
      if (reading._tag === "Unreadable") {
        const problem = `its answer cannot be read: ${text ?? "it is empty"}`
        return yield* calls.toError("shell", problem, requestId)
      }
      return { exitCode: 0, stdout: reading.text, stderr: "" }
    }
    const { errorCode, exit_code: exitCode = errorCode, stderr = "", stdout = "" } = reading.report
    if (exitCode === undefined && isError) {
      return yield* calls.toError("shell", stderr === "" ? stdout : stderr, requestId)
    }
    return { exitCode: exitCode ?? 0, stdout, stderr }
  })
