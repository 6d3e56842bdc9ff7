/**
 * `agentbay sync --all`: every context of every session that runs.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import type { ContextSyncResult } from "@effect-agentbay/core/ContextStatus"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as ExitCode from "./ExitCode.js"
import * as Failure from "./Failure.js"
import * as ProgressBar from "./ProgressBar.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import * as Style from "./Style.js"
import * as Table from "./Table.js"
import * as Tasks from "./Tasks.js"

/** How the sync of one of the sessions ended. */
interface Row {
  readonly sessionId: string
  readonly ended: Either.Either<ContextSyncResult, ContextManager.SyncError>
}

const rowColumns: ReadonlyArray<Table.Column<Row>> = [
  { heading: "SESSION", text: ({ sessionId }) => sessionId, cut: "middle" },
  {
    heading: "OUTCOME",
    text: ({ ended }) => (Either.isRight(ended) ? ended.right.outcome : ended.left._tag),
    paint: ({ ended }, style) => (Either.isRight(ended) ? style.good : style.bad)
  },
  {
    heading: "TASKS",
    text: ({ ended }) =>
      Either.isRight(ended) ? String(ended.right.contextStatusData.length) : "",
    align: "right"
  },
  {
    heading: "MESSAGE",
    text: ({ ended }) => (Either.isRight(ended) ? "" : ended.left.message),
    cut: "end"
  }
]

const rowToJson = ({ ended, sessionId }: Row): unknown =>
  Either.isRight(ended)
    ? Tasks.resultToJson(sessionId, ended.right)
    : { sessionId, error: ended.left._tag, message: ended.left.message }

/** How many sessions are synced at once. */
const concurrency = 4

/** How the command ends: badly, unless all went well. */
const verdict = (rows: ReadonlyArray<Row>): Effect.Effect<void, Failure.CommandFailed> => {
  const failures = rows.flatMap(({ ended }) =>
    Either.isLeft(ended) ? [Failure.ofError(ended.left).exitCode] : []
  )
  if (failures.length === 0) return Effect.void
  const timedOut = failures.every((exitCode) => exitCode === ExitCode.timedOut)
  return new Failure.CommandFailed({
    message: `${failures.length} of ${Quantity.things(rows.length, "session")} could not be synced${
      timedOut ? " in time" : ""
    }.`,
    exitCode: timedOut ? ExitCode.timedOut : ExitCode.failed
  })
}

/**
 * Syncs everything of every session that runs. One that fails does not stop the others; it
 * fails the command when all have ended: as timed out when nothing else went wrong.
 *
 * @since 0.1.0
 */
export const syncAll = Effect.fnUntraced(function* (
  options: ContextManager.SyncOptions,
  json: boolean
) {
  const screen = yield* Screen
  const agentBay = yield* AgentBay.AgentBay
  const sessions = Chunk.toReadonlyArray(
    yield* Stream.runCollect(agentBay.list({ status: "RUNNING", pageSize: 50 }))
  )
  if (sessions.length === 0) return yield* screen.note("No sessions.")
  const rows = yield* ProgressBar.during(`Syncing (${options.mode ?? "upload"})`, (update) => {
    let done = 0
    return Effect.forEach(
      sessions,
      ({ sessionId }) =>
        ContextManager.make({ sessionId }).pipe(
          Effect.flatMap((manager) => manager.sync(options)),
          Effect.either,
          Effect.map((ended): Row => ({ sessionId, ended })),
          Effect.tap((row) => (json ? screen.print(JSON.stringify(rowToJson(row))) : Effect.void)),
          Effect.tap(() =>
            Effect.suspend(() => {
              done += 1
              return update({ state: `${done}/${Quantity.things(sessions.length, "session")}` })
            })
          )
        ),
      { concurrency }
    )
  })
  if (!json) {
    const surface = yield* screen.stdout
    const style = Style.of(surface)
    yield* screen.print(
      Table.render(rowColumns, rows, { columns: surface.columns, style }).join("\n")
    )
  }
  yield* verdict(rows)
})
