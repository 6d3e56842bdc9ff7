/**
 * What a command can end with, and how it is told: one line, and an exit code.
 *
 * @since 0.1.0
 */
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as HelpDoc from "@effect/cli/HelpDoc"
import type { ValidationError } from "@effect/cli/ValidationError"
import type { PlatformError } from "@effect/platform/Error"
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import type { LocalAgentBayError } from "../LocalAgentBay.js"
import * as ExitCode from "./ExitCode.js"
import * as Text from "./Text.js"

/**
 * The command line asks for something that cannot be.
 *
 * @since 0.1.0
 */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/**
 * The command did what it was asked to do, and the outcome is bad.
 *
 * @since 0.1.0
 */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly message: string
  /** Default: 1. */
  readonly exitCode?: number
}> {}

/**
 * What the command ran has ended with this exit code, which becomes its own. There is nothing
 * more to tell.
 *
 * @since 0.1.0
 */
export class CommandEnded extends Data.TaggedError("CommandEnded")<{
  readonly exitCode: number
}> {}

/**
 * @since 0.1.0
 */
export type CommandError =
  | AgentBayError
  | LocalAgentBayError
  | ConfigError.ConfigError
  | PlatformError
  | UsageError
  | CommandFailed
  | CommandEnded

/**
 * How a command ended badly.
 *
 * @since 0.1.0
 */
export interface Failure {
  readonly exitCode: number
  readonly message: string
  /** Whether the help of the command says how it is meant. */
  readonly seeHelp: boolean
}

/** Several faults of one command line are paragraphs of one document. */
const plainText = (doc: HelpDoc.HelpDoc): string =>
  stripVTControlCharacters(HelpDoc.toAnsiText(doc))
    .split(/\n\s*\n/)
    .map(Text.oneLine)
    .filter((text) => text !== "")
    .join("; ")

const configMessage = (error: ConfigError.ConfigError): string =>
  `The environment is wrong: ${String(error)}`

const failure = (exitCode: number, message: string, seeHelp = false): Failure => ({
  exitCode,
  message: Text.oneLine(message),
  seeHelp
})

/**
 * How an expected error is told.
 *
 * @since 0.1.0
 */
export const ofError = (error: CommandError | ValidationError): Failure => {
  if (ConfigError.isConfigError(error)) return failure(ExitCode.wrongUsage, configMessage(error))
  switch (error._tag) {
    case "UsageError":
      return failure(ExitCode.wrongUsage, error.message, true)
    case "InvalidArgument":
      // Both the library and the parser of the command line have an error of this name.
      return "error" in error
        ? failure(ExitCode.wrongUsage, plainText(error.error), true)
        : failure(ExitCode.wrongUsage, error.message, true)
    case "SyncTimeout":
      return failure(ExitCode.timedOut, error.message)
    case "TransportError":
      return failure(
        error.reason === "Timeout" ? ExitCode.timedOut : ExitCode.failed,
        error.message
      )
    case "CommandEnded":
      return failure(error.exitCode, "")
    case "CommandFailed":
      return failure(error.exitCode ?? ExitCode.failed, error.message)
    case "ApiError":
    case "SyncFailed":
    case "ToolError":
    case "LocalAgentBayError":
    case "BadArgument":
    case "SystemError":
      return failure(ExitCode.failed, error.message)
    default:
      return failure(ExitCode.wrongUsage, plainText(error.error), true)
  }
}

const defectMessage = (defect: unknown): string =>
  defect instanceof Error ? `${defect.name}: ${defect.message}` : String(defect)

/**
 * How any other end than success is told; none for a plain interruption.
 *
 * @since 0.1.0
 */
export const ofCause = (
  cause: Cause.Cause<CommandError | ValidationError>
): Option.Option<Failure> =>
  Option.map(Cause.failureOption(cause), ofError).pipe(
    Option.orElse(() =>
      Option.map(Cause.dieOption(cause), (defect) =>
        failure(ExitCode.failed, `internal error, please report: ${defectMessage(defect)}`)
      )
    )
  )
