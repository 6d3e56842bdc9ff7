/**
 * Commands inside a session, run by its shell.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ToolCallError } from "./SessionTools.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface ShellOptions {
  /** Where the command runs. Default: the home of the session's user. */
  readonly cwd?: string | undefined
  /** Environment variables besides those of the session. */
  readonly env?: { readonly [name: string]: string } | undefined
  /** How long the command may run. Default: 50 seconds. */
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
 * Runs a command. Fails with a `ToolError` when the shell itself could not run it.
 *
 * @since 0.1.0
 * @category models
 */
export type Shell = (
  command: string,
  options?: ShellOptions
) => Effect.Effect<ShellResult, ToolCallError>
