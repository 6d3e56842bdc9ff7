/**
 * Sessions, bindings and tasks in the state file.
 *
 * @since 0.1.0
 */
import { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import { SyncMode } from "@effect-agentbay/core/ContextStatus"
import type { Statement } from "@effect/sql/Statement"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StateFailure } from "../contexts/ContextStore.js"
import { type Binding, type Lasting, LiveStatus, type Task } from "./Session.js"
import type * as State from "../State.js"

const from = <A, I>(column: string, schema: Schema.Schema<A, I>) =>
  Schema.propertySignature(schema).pipe(Schema.fromKey(column))

const Labels = Schema.Record({ key: Schema.String, value: Schema.String })

const LabelsText = Schema.parseJson(Labels)
const PolicyText = Schema.parseJson(SyncPolicy)
const encodeLabels = Schema.encodeSync(LabelsText)
const encodePolicy = Schema.encodeSync(PolicyText)

/**
 * A session as it is kept, also after its end (`FINISH`).
 *
 * @since 0.1.0
 */
export const SessionRow = Schema.Struct({
  sequence: Schema.Number,
  id: Schema.String,
  status: Schema.Union(LiveStatus, Schema.Literal("FINISH")),
  imageId: from("image_id", Schema.String),
  regionId: from("region_id", Schema.String),
  policyId: from("policy_id", Schema.String),
  labels: LabelsText,
  appInstanceId: from("app_instance_id", Schema.String),
  resourceId: from("resource_id", Schema.String),
  createdAt: from("created_at", Schema.Number),
  idleSeconds: from("idle_seconds", Schema.Number),
  endReason: from("end_reason", Schema.String)
})

/**
 * @since 0.1.0
 */
export type SessionRow = typeof SessionRow.Type

const BindingRow = Schema.Struct({
  sessionId: from("session_id", Schema.String),
  contextId: from("context_id", Schema.String),
  path: Schema.String,
  mount: Schema.String,
  policy: PolicyText,
  boundAt: from("bound_at", Schema.Number),
  seen: Schema.NullOr(Schema.Number)
})

const TaskRow = Schema.Struct({
  id: Schema.String,
  sessionId: from("session_id", Schema.String),
  contextId: from("context_id", Schema.String),
  path: Schema.String,
  mount: Schema.String,
  type: SyncMode,
  status: Schema.Literal("Running", "Success", "Failed"),
  errorMessage: from("error_message", Schema.String),
  started: Schema.Number,
  finished: Schema.Number,
  bytesDone: from("bytes_done", Schema.Number),
  bytesTotal: from("bytes_total", Schema.Number),
  filesDone: from("files_done", Schema.Number),
  filesTotal: from("files_total", Schema.Number)
})

/**
 * - `needed`: the session lives, or its folder was kept because not all of it could be
 *   uploaded.
 * - `over`: the session ended, and everything is in the store.
 * - `unknown`: no session of this state file.
 *
 * @since 0.1.0
 */
export type FolderUse = "needed" | "over" | "unknown"

/**
 * Reads and writes of the sessions' tables. Members that answer with a statement are for
 * `State.atomically`.
 *
 * @since 0.1.0
 */
export interface SessionTable {
  readonly insert: (session: Lasting) => ReadonlyArray<Statement<unknown>>
  /** Adds bindings to a session. */
  readonly bind: (
    sessionId: string,
    bindings: ReadonlyArray<Binding>
  ) => ReadonlyArray<Statement<unknown>>
  readonly sequenceOf: (id: string) => Effect.Effect<number, StateFailure>
  readonly find: (id: string) => Effect.Effect<Option.Option<SessionRow>, StateFailure>
  /** Sessions that have not ended, oldest first. */
  readonly live: Effect.Effect<ReadonlyArray<SessionRow>, StateFailure>
  /** Bindings of the sessions that have not ended. */
  readonly liveBindings: Effect.Effect<ReadonlyArray<typeof BindingRow.Type>, StateFailure>
  readonly tasks: Effect.Effect<ReadonlyArray<typeof TaskRow.Type>, StateFailure>
  /** What a folder that is named like a session is to this state file. */
  readonly folderUse: (id: string) => Effect.Effect<FolderUse, StateFailure>
  readonly setStatus: (id: string, status: LiveStatus) => Statement<unknown>
  readonly setLabels: (id: string, labels: Lasting["labels"]) => Statement<unknown>
  readonly beginDeletion: (id: string, reason: string) => Statement<unknown>
  /** Ends a session: its tasks are forgotten, the rest stays. */
  readonly finish: (
    id: string,
    end: { readonly at: number; readonly reason: string; readonly folderKept: boolean }
  ) => ReadonlyArray<Statement<unknown>>
  /** Writes a task in place of the one that is listed under its key. */
  readonly putTask: (task: Task) => Statement<unknown>
  readonly endTask: (task: Task) => Statement<unknown>
  /** Ends all tasks that a server left running when it died. */
  readonly failRunningTasks: (message: string, finished: number) => Statement<unknown>
}

/**
 * @since 0.1.0
 */
export const make = ({ sql }: State.Service): SessionTable => {
  const noRequest = { Request: Schema.Void }
  const sequenceOf = SqlSchema.single({
    Request: Schema.String,
    Result: Schema.Struct({ sequence: Schema.Number }),
    execute: (id) => sql`SELECT sequence FROM sessions WHERE id = ${id}`
  })
  const folder = SqlSchema.findOne({
    Request: Schema.String,
    Result: Schema.Struct({
      status: SessionRow.fields.status,
      folderKept: from("folder_kept", Schema.Number)
    }),
    execute: (id) => sql`SELECT status, folder_kept FROM sessions WHERE id = ${id}`
  })
  const bind: SessionTable["bind"] = (sessionId, bindings) =>
    bindings.flatMap((binding) => [
      sql`
        INSERT INTO bindings (session_id, context_id, path, mount, policy, bound_at, seen)
        VALUES (${sessionId}, ${binding.contextId}, ${binding.path}, ${binding.mount},
          ${encodePolicy(binding.policy)}, ${binding.boundAt}, NULL)`,
      sql`UPDATE contexts SET last_used_at = ${binding.boundAt} WHERE id = ${binding.contextId}`
    ])

  return {
    insert: (session) => [
      sql`
        INSERT INTO sessions (id, status, image_id, region_id, labels, app_instance_id,
          resource_id, created_at, end_reason, ended_at, folder_kept, idle_seconds, policy_id)
        VALUES (${session.id}, 'RUNNING', ${session.imageId}, ${session.regionId},
          ${encodeLabels(session.labels)}, ${session.appInstanceId}, ${session.resourceId},
          ${session.createdAt}, '', NULL, 0, ${session.idleSeconds}, ${session.policyId})`,
      ...bind(session.id, session.bindings)
    ],
    bind,
    sequenceOf: (id) =>
      sequenceOf(id).pipe(
        Effect.map((row) => row.sequence),
        Effect.catchTag("NoSuchElementException", Effect.die)
      ),
    find: SqlSchema.findOne({
      Request: Schema.String,
      Result: SessionRow,
      execute: (id) => sql`SELECT * FROM sessions WHERE id = ${id}`
    }),
    live: SqlSchema.findAll({
      ...noRequest,
      Result: SessionRow,
      execute: () => sql`SELECT * FROM sessions WHERE status <> 'FINISH' ORDER BY sequence`
    })(undefined),
    liveBindings: SqlSchema.findAll({
      ...noRequest,
      Result: BindingRow,
      execute: () => sql`
        SELECT bindings.* FROM bindings JOIN sessions ON sessions.id = bindings.session_id
        WHERE sessions.status <> 'FINISH' ORDER BY bindings.rowid`
    })(undefined),
    tasks: SqlSchema.findAll({
      ...noRequest,
      Result: TaskRow,
      execute: () => sql`SELECT * FROM tasks ORDER BY rowid`
    })(undefined),
    folderUse: (id) =>
      Effect.map(
        folder(id),
        Option.match({
          onNone: () => "unknown" as const,
          onSome: ({ folderKept, status }) =>
            status === "FINISH" && folderKept === 0 ? "over" : "needed"
        })
      ),
    setStatus: (id, status) => sql`UPDATE sessions SET status = ${status} WHERE id = ${id}`,
    setLabels: (id, labels) =>
      sql`UPDATE sessions SET labels = ${encodeLabels(labels)} WHERE id = ${id}`,
    beginDeletion: (id, reason) => sql`
      UPDATE sessions SET status = 'DELETING', end_reason = ${reason} WHERE id = ${id}`,
    finish: (id, end) => [
      sql`
        UPDATE sessions SET status = 'FINISH', ended_at = ${end.at}, end_reason = ${end.reason},
          folder_kept = ${end.folderKept ? 1 : 0}
        WHERE id = ${id}`,
      sql`DELETE FROM tasks WHERE session_id = ${id}`
    ],
    putTask: (task) => sql`
      INSERT OR REPLACE INTO tasks (id, session_id, context_id, path, mount, type, status,
        error_message, started, finished, bytes_done, bytes_total, files_done, files_total)
      VALUES (${task.id}, ${task.sessionId}, ${task.contextId}, ${task.path}, ${task.mount}, ${task.type},
        ${task.status}, ${task.errorMessage}, ${task.started}, ${task.finished}, 0, 0, 0, 0)`,
    endTask: (task) => sql`
      UPDATE tasks SET status = ${task.status}, error_message = ${task.errorMessage},
        finished = ${task.finished}, bytes_done = ${task.counts.bytesDone},
        bytes_total = ${task.counts.bytesTotal}, files_done = ${task.counts.filesDone},
        files_total = ${task.counts.filesTotal}
      WHERE id = ${task.id}`,
    failRunningTasks: (message, finished) => sql`
      UPDATE tasks SET status = 'Failed', error_message = ${message}, finished = ${finished}
      WHERE status = 'Running'`
  }
}
