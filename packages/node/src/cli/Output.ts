/**
 * Writing to the outputs of this process, and what becomes of a command whose output is lost.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { format } from "node:util"
import * as ExitCode from "./ExitCode.js"
import * as Text from "./Text.js"
import { systemCode } from "../local/SystemCode.js"

const codeOf = (error: Error): string => systemCode(error) ?? error.name

/** Whoever read has gone: that is no fault, and nothing to tell anybody about. */
const isUnread = (error: Error): boolean => ["EPIPE", "ECONNRESET"].includes(codeOf(error))

type OnLost = (error: Error) => void

/** Writes a line. Some kinds of output throw what others tell later. */
const writeLine = (
  stream: NodeJS.WriteStream,
  texts: ReadonlyArray<unknown>,
  onLost: OnLost,
  onWritten: () => void
) => {
  const ended = (error?: unknown) => {
    if (error instanceof Error) onLost(error)
    onWritten()
  }
  try {
    stream.write(`${format(...texts)}\n`, ended)
  } catch (error) {
    ended(error)
  }
}

type Lost = { readonly result: OnLost; readonly note: OnLost }

/**
 * A result is waited for, so that a command does not end well before it is known to be
 * written. A note is not: nobody has to read it.
 */
const consoleOf = (inner: Console.Console, lost: Lost): Console.Console => {
  const note = (texts: ReadonlyArray<unknown>) =>
    writeLine(process.stderr, texts, lost.note, () => undefined)
  return {
    ...inner,
    log: (...texts) =>
      Effect.async<void>((resume) =>
        writeLine(process.stdout, texts, lost.result, () => resume(Effect.void))
      ),
    error: (...texts) => Effect.sync(() => note(texts)),
    unsafe: { ...inner.unsafe, error: (...texts) => note(texts) }
  }
}

const tell = Effect.fnUntraced(function* (error: Error) {
  if (isUnread(error)) return ExitCode.unread
  yield* Console.error(
    `agentbay: The output cannot be written: ${Text.oneLine(error.message || codeOf(error))}`
  )
  return ExitCode.failed
})

/**
 * Runs the work of this process as long as its output can be written. When nobody reads
 * stdout or stderr any longer, or stdout cannot be written, the work is interrupted, and the
 * exit code is told when all that it had open is closed.
 *
 * @since 0.1.0
 */
export const whileWritable = <R>(
  work: Effect.Effect<number, never, R>
): Effect.Effect<number, never, R> =>
  Effect.gen(function* () {
    const loss = yield* Deferred.make<Error>()
    const lost: Lost = {
      result: (error) => Deferred.unsafeDone(loss, Exit.succeed(error)),
      // Notes that cannot be written for another reason are no reason to give up the work.
      note: (error) => {
        if (isUnread(error)) Deferred.unsafeDone(loss, Exit.succeed(error))
      }
    }
    // For the rest of the process: a late error without a listener would end it with a stack.
    process.stdout.on("error", lost.result)
    process.stderr.on("error", lost.note)
    const inner = yield* Console.consoleWith(Effect.succeed)
    const ended = yield* Effect.raceFirst(
      work,
      Effect.as(Deferred.await(loss), ExitCode.failed)
    ).pipe(Effect.withConsole(consoleOf(inner, lost)))
    // Also when the work ended at the same moment.
    return (yield* Deferred.isDone(loss))
      ? yield* Effect.flatMap(Deferred.await(loss), tell)
      : ended
  })
