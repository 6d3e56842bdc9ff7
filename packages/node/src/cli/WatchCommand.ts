/**
 * `agentbay watch`: the transfers of a session, as they go.
 *
 * @since 0.1.0
 */
import {
  type CallError,
  type InvalidArgument,
  isPassing
} from "@effect-agentbay/core/AgentBayError"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import { type ContextStatusData, hasEnded, hasSucceeded } from "@effect-agentbay/core/ContextStatus"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { CommandFailed, UsageError } from "./Failure.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import * as Style from "./Style.js"
import * as Tasks from "./Tasks.js"
import * as Text from "./Text.js"

/** How many passing faults in a row are lived through. */
const maxFaults = 10

type Listed = ReadonlyArray<ContextStatusData>

const summary = (tasks: Listed): string => {
  const running = tasks.filter((task) => !hasEnded(task)).length
  const failed = tasks.filter((task) => hasEnded(task) && !hasSucceeded(task)).length
  return [
    `${Quantity.things(tasks.length, "transfer")}: ${running} running`,
    `${tasks.length - running - failed} done`,
    ...(failed === 0 ? [] : [`${failed} failed`])
  ].join(", ")
}

const keyOf = ({ contextId, path, taskType }: ContextStatusData) =>
  JSON.stringify([contextId, path, taskType])

/** What of a task is worth a line of its own: another task, state or message. */
const stateOf = ({ errorMessage, startTime, status, taskId }: ContextStatusData) =>
  JSON.stringify([status, errorMessage, taskId, startTime])

/** The tasks whose state is not the one that was told last. */
const changesSince = (told: Map<string, string>, tasks: Listed): Listed =>
  tasks.filter((task) => {
    const changed = told.get(keyOf(task)) !== stateOf(task)
    told.set(keyOf(task), stateOf(task))
    return changed
  })

const asLine = (task: ContextStatusData): string => {
  const { bytesTotal, contextId, errorMessage, filesTotal, path, status, taskType } = task
  const facts = [
    ...(filesTotal === undefined || !hasEnded(task) ? [] : [Quantity.things(filesTotal, "file")]),
    ...(bytesTotal === undefined || !hasEnded(task) ? [] : [Quantity.bytes(bytesTotal)]),
    ...(errorMessage === "" ? [] : [errorMessage])
  ]
  const rest = facts.length === 0 ? "" : ` (${facts.join(", ")})`
  return `${taskType} ${contextId} at ${path}: ${status}${rest}`
}

/** What is above the screen cannot be drawn anew, so the rest of a long table is left out. */
const fitting = (lines: ReadonlyArray<string>, rows: number): ReadonlyArray<string> =>
  lines.length <= rows
    ? lines
    : [
        ...lines.slice(0, rows - 1),
        `… and ${Quantity.things(lines.length - rows + 1, "line")} more`
      ]

/** Shows a reading: a table drawn anew, or what has changed, a line for each. */
const makeShow = Effect.fnUntraced(function* (json: boolean) {
  const screen = yield* Screen
  const told = new Map<string, string>()
  const { redrawable } = yield* screen.stdout
  const drawTable = Effect.fnUntraced(function* (tasks: Listed) {
    const surface = yield* screen.stdout
    const table = yield* Tasks.table(tasks, surface)
    const last = Style.of(surface).dim(`${summary(tasks)}. Ctrl-C ends this.`)
    const lines = table === "" ? [] : [...fitting(table.split("\n"), surface.rows - 3), ""]
    yield* screen.redraw([...lines, last])
  })
  const line = (task: ContextStatusData) =>
    json ? JSON.stringify(Tasks.toJson(task)) : Text.oneLine(asLine(task))
  return (tasks: Listed) =>
    !json && redrawable
      ? drawTable(tasks)
      : Effect.forEach(changesSince(told, tasks), (task) => screen.print(line(task)), {
          discard: true
        })
})

/** A reading that lives through faults that pass, up to ten in a row. */
const patient = <A>(
  read: Effect.Effect<A, CallError | InvalidArgument>,
  interval: Duration.Duration
) =>
  Effect.retry(read, {
    while: (error) => error._tag !== "InvalidArgument" && isPassing(error),
    schedule: Schedule.intersect(Schedule.spaced(interval), Schedule.recurs(maxFaults))
  })

/**
 * The command.
 *
 * @since 0.1.0
 */
export const command = Command.make(
  "watch",
  {
    session: Arguments.session,
    interval: Arguments.duration("interval").pipe(
      Options.withDescription("The time between two looks, such as 500ms (default 1s)"),
      Options.withDefault(Duration.seconds(1))
    ),
    untilDone: Options.boolean("until-done").pipe(
      Options.withDescription("End when nothing runs any more; with 1 when something failed")
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, interval, json, session, untilDone }) {
    if (!Duration.greaterThan(interval, Duration.zero)) {
      return yield* new UsageError({ message: "--interval must be longer than no time at all" })
    }
    const environment = yield* Environment
    const show = yield* makeShow(json)
    const tasks = yield* ContextManager.make({ sessionId: session }).pipe(
      Effect.flatMap((manager) =>
        patient(manager.info(), interval).pipe(
          Effect.map(({ contextStatusData }) => contextStatusData),
          Effect.tap(show),
          Effect.repeat({
            schedule: Schedule.passthrough(
              Schedule.addDelay(Schedule.identity<Listed>(), () => interval)
            ),
            until: (tasks) => untilDone && tasks.every(hasEnded)
          })
        )
      ),
      Effect.provide(environment.client(data))
    )
    const failed = tasks.filter((task) => !hasSucceeded(task)).length
    if (failed > 0) {
      return yield* new CommandFailed({ message: `${Quantity.things(failed, "transfer")} failed.` })
    }
  })
).pipe(Command.withDescription("Follow the transfers of a session until Ctrl-C"))
