/**
 * Transfer tasks as a table and as JSON, and the bar of a running sync.
 *
 * @since 0.1.0
 */
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import {
  type ContextStatusData,
  type ContextSyncResult,
  hasEnded,
  hasSucceeded,
  type SyncProgress
} from "@effect-agentbay/core/ContextStatus"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CommandFailed } from "./Failure.js"
import * as ProgressBar from "./ProgressBar.js"
import type { Counts } from "./ProgressLine.js"
import * as Quantity from "./Quantity.js"
import type { Screen, Surface } from "./Screen.js"
import * as Style from "./Style.js"
import * as Table from "./Table.js"

const filesOf = ({ filesDone, filesTotal }: ContextStatusData): string => {
  if (filesTotal === undefined) return ""
  return filesDone === filesTotal ? String(filesTotal) : `${filesDone ?? 0}/${filesTotal}`
}

const sizeOf = ({ bytesDone, bytesTotal }: ContextStatusData): string => {
  if (bytesTotal === undefined) return ""
  return bytesDone === bytesTotal
    ? Quantity.bytes(bytesTotal)
    : `${Quantity.bytes(bytesDone ?? 0)}/${Quantity.bytes(bytesTotal)}`
}

const paintStatus = (task: ContextStatusData, style: Style.Style) =>
  hasSucceeded(task) ? style.good : hasEnded(task) ? style.bad : style.busy

const columns = (
  now: DateTime.Utc,
  zone: DateTime.TimeZone
): ReadonlyArray<Table.Column<ContextStatusData>> => {
  const time = (moment: Option.Option<DateTime.Utc>) =>
    Option.match(moment, { onNone: () => "", onSome: (at) => Quantity.moment(at, now, zone) })
  return [
    { heading: "CONTEXT", text: ({ contextId }) => contextId },
    { heading: "PATH", text: ({ path }) => path, cut: "middle" },
    { heading: "TASK", text: ({ taskType }) => taskType },
    { heading: "STATUS", text: ({ status }) => status, paint: paintStatus },
    { heading: "FILES", text: filesOf, align: "right" },
    { heading: "SIZE", text: sizeOf, align: "right" },
    { heading: "STARTED", text: ({ startTime }) => time(startTime), spare: true },
    { heading: "FINISHED", text: ({ finishTime }) => time(finishTime), spare: true },
    { heading: "MESSAGE", text: ({ errorMessage }) => errorMessage, cut: "end" }
  ]
}

const startOf = ({ startTime }: ContextStatusData): number =>
  Option.match(startTime, { onNone: () => 0, onSome: DateTime.toEpochMillis })

/**
 * A table of tasks, the oldest first.
 *
 * @since 0.1.0
 */
export const table = (
  tasks: ReadonlyArray<ContextStatusData>,
  surface: Surface
): Effect.Effect<string> =>
  Effect.map(DateTime.now, (now) =>
    Table.render(
      columns(now, DateTime.zoneMakeLocal()),
      tasks.toSorted((a, b) => startOf(a) - startOf(b)),
      { columns: surface.columns, style: Style.of(surface) }
    ).join("\n")
  )

/**
 * A task as JSON: times as ISO 8601 texts in UTC, unknown ones as null.
 *
 * @since 0.1.0
 */
export const toJson = (task: ContextStatusData): unknown => ({
  ...task,
  startTime: Option.getOrNull(Option.map(task.startTime, DateTime.formatIso)),
  finishTime: Option.getOrNull(Option.map(task.finishTime, DateTime.formatIso))
})

/**
 * The result of a sync as JSON.
 *
 * @since 0.1.0
 */
export const resultToJson = (
  sessionId: string,
  { elapsed, ...result }: ContextSyncResult
): { readonly [name: string]: unknown } => ({
  sessionId,
  ...result,
  elapsedMillis: Duration.toMillis(elapsed),
  contextStatusData: result.contextStatusData.map(toJson)
})

/** The words of the service, each once, with how many tasks share it when there are several. */
const stateOf = (tasks: ReadonlyArray<ContextStatusData>): string => {
  const counts = new Map<string, number>()
  for (const { status } of tasks) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts]
    .map(([status, count]) => (tasks.length === 1 ? status : `${count} ${status}`))
    .join(", ")
}

const isOrdinary = ({ status }: ContextStatusData) => status === "Running" || status === "Success"

/** Where there are counts, the words are worth their room only when they tell something else. */
const countsOf = ({ contextStatusData, transferred }: SyncProgress): Counts => {
  if (contextStatusData.length === 0) return { state: "waiting" }
  return {
    ...Option.getOrElse(transferred, () => ({})),
    state:
      Option.isSome(transferred) && contextStatusData.every(isOrdinary)
        ? undefined
        : stateOf(contextStatusData)
  }
}

/**
 * Syncs under a progress bar.
 *
 * @since 0.1.0
 */
export const syncWithBar = (
  label: string,
  manager: ContextManager.Service,
  options: ContextManager.SyncOptions
): Effect.Effect<ContextSyncResult, ContextManager.SyncError | CommandFailed, Screen> =>
  ProgressBar.during(label, (update) =>
    manager.progress(options).pipe(
      Stream.tap((step) => update(countsOf(step))),
      Stream.runLast,
      Effect.map(Option.flatMap(({ result }) => result)),
      Effect.flatMap(
        Option.match({
          // The stream's last element carries the result; without one it was cut off.
          onNone: () =>
            Effect.fail(new CommandFailed({ message: "The sync ended without a result." })),
          onSome: Effect.succeed
        })
      )
    )
  )
