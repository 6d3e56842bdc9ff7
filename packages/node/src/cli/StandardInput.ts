/**
 * What is typed or piped into a command.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeConsumers from "node:stream/consumers"
import { CommandFailed } from "./Failure.js"

/**
 * All of it, up to its end.
 *
 * @since 0.1.0
 */
export const read: Effect.Effect<Uint8Array, CommandFailed> = Effect.tryPromise({
  try: () => NodeConsumers.buffer(process.stdin),
  catch: (cause) => new CommandFailed({ message: `stdin cannot be read: ${String(cause)}` })
}).pipe(
  // A terminal that nobody types into must not keep the process.
  Effect.onInterrupt(() => Effect.sync(() => process.stdin.destroy()))
)
