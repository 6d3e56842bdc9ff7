/**
 * The state of transfers: single tasks, what `info` answers and what `sync` reports.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { nullable, textOrEmpty } from "./internal/nullableField.js"
import { timeOfSeconds } from "./internal/serviceTime.js"

/**
 * The direction of a transfer: `upload` moves files from the session into the context
 * store, `download` from the store into the session.
 *
 * @since 0.1.0
 * @category models
 */
export const SyncMode = Schema.Literal("upload", "download")

/**
 * @since 0.1.0
 * @category models
 */
export type SyncMode = typeof SyncMode.Type

/** A known word or any other text, with completion for the known ones in an editor. */
type OpenText<Known extends string> = Known | (string & {})

/**
 * What kind of task a status item is about. `upload` and `download` are transfers; the
 * service may list other kinds, which no wait of this library counts.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskType = OpenText<"upload" | "download">

/**
 * The state of a task. Only `Success` and `Failed` (spelled exactly so) are ends by
 * themselves; any other word means "still running" until the task has a finish time.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskStatus = OpenText<"Success" | "Failed">

// Any word is valid; the known ones are in the type for an editor to offer.
const TaskStatusWord = Schema.String.pipe(
  Schema.filter((word): word is TaskStatus => word.length >= 0)
)
const TaskTypeWord = Schema.String.pipe(Schema.filter((word): word is TaskType => word.length >= 0))

const text = textOrEmpty(Schema.String, "")
const count = nullable(Schema.Number)

/** Unix seconds; absent, zero or less, and what is no date at all read as unknown. */
const UnixSeconds = Schema.optionalToRequired(
  Schema.NullOr(Schema.Number),
  Schema.OptionFromSelf(Schema.DateTimeUtcFromSelf),
  {
    decode: (seconds) =>
      Option.flatMap(seconds, (value) => (value === null ? Option.none() : timeOfSeconds(value))),
    encode: (time) =>
      Option.some(
        Option.match(time, {
          onNone: () => 0,
          onSome: (value) => Math.floor(DateTime.toEpochMillis(value) / 1000)
        })
      )
  }
)

/**
 * One transfer task of one context at one path, as the service lists it. The encoded
 * form is the item on the wire.
 *
 * `startTime` and `finishTime` have a resolution of one second and may be unknown.
 * `taskId` and the counts are there when the server is Local AgentBay; so are `skipped`, how
 * many links, sockets, pipes and devices a transfer left alone, and `skippedPaths`, the first
 * of them, relative to `path`. Both are absent when there were none.
 *
 * @since 0.1.0
 * @category models
 */
export const ContextStatusData = Schema.Struct({
  contextId: text,
  path: text,
  errorMessage: text,
  status: textOrEmpty(TaskStatusWord, ""),
  startTime: UnixSeconds,
  finishTime: UnixSeconds,
  taskType: textOrEmpty(TaskTypeWord, ""),
  taskId: nullable(Schema.String),
  bytesDone: count,
  bytesTotal: count,
  filesDone: count,
  filesTotal: count,
  skipped: count,
  skippedPaths: nullable(Schema.Array(Schema.String))
})

/**
 * @since 0.1.0
 * @category models
 */
export type ContextStatusData = typeof ContextStatusData.Type

/**
 * Whether a task has ended, whatever its end was.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasEnded = (task: ContextStatusData): boolean =>
  task.status === "Success" || task.status === "Failed" || Option.isSome(task.finishTime)

/**
 * Whether a task has ended well.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasSucceeded = (task: ContextStatusData): boolean => task.status === "Success"

/**
 * What `info` answers: the request id and every task the service lists.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContextInfoResult {
  readonly requestId: string
  readonly contextStatusData: ReadonlyArray<ContextStatusData>
}

/**
 * A context mounted at a path.
 *
 * @since 0.1.0
 * @category models
 */
export interface BindingRef {
  readonly contextId: string
  readonly path: string
}

/**
 * How a `sync` ended that did not fail.
 *
 * - `Completed`: every task counted for this sync ended with `Success`.
 * - `NothingToSync`: the service accepted the request and then showed no task for it
 *   within the grace period, or the session has no binding.
 *
 * `contextStatusData` holds the counted tasks, `untouched` what was to be synced (the
 * bindings, or the one target) and showed no task, `polls` the number of
 * status requests after the trigger, `elapsed` the time since then.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContextSyncResult {
  readonly requestId: string
  readonly outcome: "Completed" | "NothingToSync"
  readonly contextStatusData: ReadonlyArray<ContextStatusData>
  readonly untouched: ReadonlyArray<BindingRef>
  readonly polls: number
  readonly elapsed: Duration.Duration
}

/**
 * One step of a `sync`, as `progress` shows it: the counted tasks so far, and the sums of
 * their counts where the server gives any. The last step carries the result.
 *
 * @since 0.1.0
 * @category models
 */
export interface SyncProgress {
  readonly polls: number
  readonly elapsed: Duration.Duration
  readonly contextStatusData: ReadonlyArray<ContextStatusData>
  readonly transferred: Option.Option<TransferCounts>
  readonly result: Option.Option<ContextSyncResult>
}

/**
 * How much of a transfer is done.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransferCounts {
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly filesDone: number
  readonly filesTotal: number
}

/**
 * The sum of the counts of some tasks; none when no task carries counts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sumCounts = (
  tasks: ReadonlyArray<ContextStatusData>
): Option.Option<TransferCounts> => {
  const counted = tasks.filter((task) => task.bytesTotal !== undefined)
  if (counted.length === 0) return Option.none()
  const sum = (pick: (task: ContextStatusData) => number | undefined) =>
    counted.reduce((total, task) => total + (pick(task) ?? 0), 0)
  return Option.some({
    bytesDone: sum((task) => task.bytesDone),
    bytesTotal: sum((task) => task.bytesTotal),
    filesDone: sum((task) => task.filesDone),
    filesTotal: sum((task) => task.filesTotal)
  })
}
