/**
 * `agentbay sync --detach` and `--resume`: a sync whose start and whose end are two commands.
 *
 * @since 0.1.0
 */
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as Effect from "effect/Effect"
import { ServerInside } from "./Environment.js"
import { UsageError } from "./Failure.js"
import { Screen } from "./Screen.js"
import * as StandardInput from "./StandardInput.js"
import * as Tasks from "./Tasks.js"

const lookInterval = "200 millis"

/** A server in this process would take its transfers with it. */
const stayWithServer = Effect.fnUntraced(function* (manager: ContextManager.Service) {
  const screen = yield* Screen
  yield* Tasks.untilNoneRuns("Transferring", manager, {
    interval: lookInterval,
    before: screen.note(
      "Local AgentBay runs in this command, so it stays until the transfer has ended."
    )
  })
})

/**
 * Triggers, and writes the token to stdout. Where the server is in this process, it stays
 * until nothing is transferred any more; how that ended is for who resumes.
 *
 * @since 0.1.0
 */
export const detach = Effect.fnUntraced(function* (
  sessionId: string,
  options: ContextManager.SyncOptions,
  json: boolean
) {
  const screen = yield* Screen
  const manager = yield* ContextManager.make({ sessionId })
  const { requestId, token } = yield* manager.start(options)
  yield* screen.print(json ? JSON.stringify({ sessionId, requestId, token }) : token)
  const { isTerminal } = yield* screen.stderr
  if (isTerminal && !json) {
    yield* screen.note(`Wait for it: agentbay sync --session ${sessionId} --resume TOKEN`)
  }
  if (yield* ServerInside) yield* stayWithServer(manager)
})

const fromStandardInput = Effect.map(StandardInput.read, (bytes) => new TextDecoder().decode(bytes))

/**
 * The token that is given; `-` means that it is on stdin.
 *
 * @since 0.1.0
 */
export const readToken = Effect.fnUntraced(function* (given: string) {
  const token = given === "-" ? yield* fromStandardInput : given
  // Of a variable that is not set, or of a command that failed.
  return token.trim() === ""
    ? yield* new UsageError({ message: "--resume must be a token of --detach, but is blank" })
    : token
})

/**
 * Waits for the end of a sync from its token.
 *
 * @since 0.1.0
 */
export const resume = Effect.fnUntraced(function* (
  sessionId: string,
  token: string,
  options: ContextManager.WaitOptions
) {
  const manager = yield* ContextManager.make({ sessionId })
  const handle = yield* Effect.mapError(manager.resume(token, options), (error) =>
    error.argument === "token"
      ? new UsageError({ message: `--resume: the token ${error.issue}` })
      : error
  )
  return yield* Tasks.waitWithBar("Syncing", handle.progress, true)
})
