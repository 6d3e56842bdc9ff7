/**
 * Transfer tasks as a table and as JSON, and the bar of a running sync.
 *
 * @since 0.1.0
 */
import type { CallError, InvalidArgument } from "@effect-agentbay/core/AgentBayError"
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import {
  type ContextStatusData,
  type ContextSyncResult,
  hasEnded,
  hasSucceeded,
  sumCounts,
  type SyncProgress
} from "@effect-agentbay/core/ContextStatus"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
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

/** What a newer task of the same kind takes the place of. */
const placeOf = ({ contextId, path, taskType }: ContextStatusData): string =>
  JSON.stringify([contextId, path, taskType])

/** Where there are counts, the words are worth their room only when they tell something else. */
const countsOf = ({
  contextStatusData,
  transferred
}: Pick<SyncProgress, "contextStatusData" | "transferred">): Counts => {
  if (contextStatusData.length === 0) return { state: "waiting" }
  return {
    ...Option.getOrElse(transferred, () => ({})),
    state:
      Option.isSome(transferred) && contextStatusData.every(isOrdinary)
        ? undefined
        : stateOf(contextStatusData)
  }
}

/** How much was done at the first step of a sync that others began. */
const bytesAtFirst = () => {
  let first: number | undefined
  return ({ transferred }: SyncProgress): number => {
    const done = Option.match(transferred, {
      onNone: () => 0,
      onSome: (counts) => counts.bytesDone
    })
    return (first ??= done)
  }
}

const ofThisCommand = () => 0

/**
 * Waits under a progress bar for the end of a sync that tells its steps. One that is `underWay`
 * has not done all of it in the time of the bar.
 *
 * @since 0.1.0
 */
export const waitWithBar = <E>(
  label: string,
  steps: Stream.Stream<SyncProgress, E>,
  underWay = false
): Effect.Effect<ContextSyncResult, E | CommandFailed, Screen> =>
  ProgressBar.during(label, (update) => {
    const bytesBefore = underWay ? bytesAtFirst() : ofThisCommand
    return steps.pipe(
      Stream.tap((step) => update({ ...countsOf(step), bytesBefore: bytesBefore(step) })),
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
  })

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
  waitWithBar(label, manager.progress(options))

/**
 * Waits under a progress bar until no transfer of the session runs any more, however each
 * ends. The bar is about those that run at the beginning.
 *
 * @since 0.1.0
 */
export const untilNoneRuns = (
  label: string,
  manager: ContextManager.Service,
  options: {
    readonly interval: Duration.DurationInput
    /** What is done first, if there is something to wait for. */
    readonly before: Effect.Effect<void>
  }
): Effect.Effect<void, CallError | InvalidArgument, Screen> =>
  Effect.flatMap(manager.info(), ({ contextStatusData }) => {
    const open = contextStatusData.filter((task) => !hasEnded(task))
    if (open.length === 0) return Effect.void
    const watched = new Set(open.map(placeOf))
    const waiting = ProgressBar.during(label, (update) =>
      manager.info().pipe(
        Effect.tap(({ contextStatusData }) => {
          const tasks = contextStatusData.filter((task) => watched.has(placeOf(task)))
          return update(countsOf({ contextStatusData: tasks, transferred: sumCounts(tasks) }))
        }),
        Effect.repeat({
          schedule: Schedule.spaced(options.interval),
          until: ({ contextStatusData }) => contextStatusData.every(hasEnded)
        }),
        Effect.asVoid
      )
    )
    return Effect.zipRight(options.before, waiting)
  })
