/**
 * The tasks of a status reply as they travel: a JSON text in a JSON text. A session may list
 * thousands of tasks and is asked for all of them again and again, so it is not left to the
 * schema of the protocol, which looks at each of their properties.
 *
 * @since 0.1.0
 */
import type { Task } from "../sessions/Session.js"
import type { Shown } from "../faults/TaskLens.js"

const itemText = ({ counts, ...task }: Shown): string =>
  JSON.stringify({
    contextId: task.contextId,
    path: task.path,
    errorMessage: task.errorMessage,
    status: task.status,
    startTime: task.started,
    finishTime: task.finished,
    taskType: task.type,
    taskId: task.id,
    bytesDone: counts.bytesDone,
    bytesTotal: counts.bytesTotal,
    filesDone: counts.filesDone,
    filesTotal: counts.filesTotal,
    // Not in the message: other clients take any text there for a failure.
    ...(task.skipped === undefined || task.skipped.count === 0
      ? {}
      : { skipped: task.skipped.count, skippedPaths: task.skipped.paths })
  })

interface Written extends Pick<Shown, "status" | "counts" | "errorMessage" | "finished"> {
  readonly skipped: Shown["skipped"] | undefined
  readonly text: string
}

/**
 * Makes what writes tasks. What it wrote of a task it knows as long as the task does not change.
 *
 * @since 0.1.0
 */
export const make = (): ((tasks: ReadonlyArray<Task | Shown>) => string) => {
  const known = new WeakMap<Task | Shown, Written>()
  const textOf = (task: Task | Shown): string => {
    const written = known.get(task)
    if (
      written !== undefined &&
      written.status === task.status &&
      written.counts === task.counts &&
      written.errorMessage === task.errorMessage &&
      written.finished === task.finished &&
      written.skipped === task.skipped
    ) {
      return written.text
    }
    const text = itemText(task)
    const { counts, errorMessage, finished, skipped, status } = task
    known.set(task, { text, status, counts, errorMessage, finished, skipped })
    return text
  }
  return (tasks) => JSON.stringify([{ type: "data", data: `[${tasks.map(textOf).join(",")}]` }])
}
