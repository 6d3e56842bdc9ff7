/**
 * A transfer of a task that did not do what it should, in words for the task's message.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { TransferFailed } from "../transfer/TransferOutcome.js"

/**
 * The files could not be moved, or not all of them. `detail` goes into the task's message.
 * `arrived` counts those that are at the destination; absent when nothing was begun.
 *
 * @since 0.1.0
 */
export class MoveFailed extends Data.TaggedError("MoveFailed")<{
  readonly detail: string
  readonly arrived?: number
}> {}

/** How many of the failed files a task's message names. */
const named = 3

/**
 * Counts the files that failed and names the first of them.
 *
 * @since 0.1.0
 */
export const ofTransfer = ({ counts, files }: TransferFailed): MoveFailed => {
  const shown = files.slice(0, named).map((file) => `${file.path}: ${file.reason}`)
  const rest = files.length - shown.length
  const count = files.length === 1 ? "1 file" : `${files.length} files`
  const detail = `${count} could not be transferred: ${shown.join("; ")}`
  return new MoveFailed({
    detail: rest > 0 ? `${detail}; and ${rest} more` : detail,
    arrived: counts.filesDone
  })
}
