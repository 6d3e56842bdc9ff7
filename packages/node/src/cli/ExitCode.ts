/**
 * What the process says at its end.
 *
 * @since 0.1.0
 */
import type { Teardown } from "@effect/platform/Runtime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

/**
 * Done.
 *
 * @since 0.1.0
 */
export const done = 0

/**
 * The service, the transfer or the machine failed.
 *
 * @since 0.1.0
 */
export const failed = 1

/**
 * The command line is wrong.
 *
 * @since 0.1.0
 */
export const wrongUsage = 2

/**
 * The time or the number of status requests was used up.
 *
 * @since 0.1.0
 */
export const timedOut = 3

/**
 * Interrupted from the keyboard (128 and the number of SIGINT).
 *
 * @since 0.1.0
 */
export const interrupted = 130

/**
 * Whoever read the output has gone (128 and the number of SIGPIPE).
 *
 * @since 0.1.0
 */
export const unread = 141

/**
 * Told to end by another process (128 and the number of SIGTERM).
 *
 * @since 0.1.0
 */
export const terminated = 143

/**
 * Remembers in the process's exit code that SIGTERM came. (The runtime turns both signals
 * into an interruption, which no longer says which one it was.)
 *
 * @since 0.1.0
 */
export const noticeTermination: Effect.Effect<void, never, Scope.Scope> = Effect.asVoid(
  Effect.acquireRelease(
    Effect.sync(() => {
      const listener = () => {
        process.exitCode = terminated
      }
      process.once("SIGTERM", listener)
      return listener
    }),
    (listener) => Effect.sync(() => process.removeListener("SIGTERM", listener))
  )
)

/**
 * Ends the process with the number that the program succeeded with.
 *
 * @since 0.1.0
 */
export const teardown: Teardown = (exit, onExit) => {
  if (Exit.isSuccess(exit)) {
    const code: unknown = exit.value
    return onExit(typeof code === "number" ? code : done)
  }
  if (!Cause.isInterrupted(exit.cause)) return onExit(failed)
  onExit(process.exitCode === terminated ? terminated : interrupted)
}
