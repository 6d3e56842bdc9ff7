/**
 * What has to survive a restart: one SQLite file.
 *
 * @since 0.1.0
 */
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import type { Statement } from "@effect/sql/Statement"
import * as Libsql from "@libsql/client"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { pathToFileURL } from "node:url"
import { DataDirectory } from "./DataDirectory.js"
import { type LocalAgentBayError, ofState } from "./LocalAgentBayError.js"
import * as StateCheck from "./StateCheck.js"
import * as StateLog from "./StateLog.js"

/**
 * The open state file.
 *
 * @since 0.1.0
 */
export interface Service {
  readonly sql: SqlClient.SqlClient
  /** Runs statements as one transaction: all of them take effect, or none. */
  readonly atomically: (
    statements: ReadonlyArray<Statement<unknown>>
  ) => Effect.Effect<void, SqlError>
}

/**
 * The state of this server.
 *
 * @since 0.1.0
 */
export class State extends Context.Tag("@effect-agentbay/node/local/State")<State, Service>() {}

/**
 * The schema, step by step. A state file says in `user_version` how many steps it has
 * taken. Steps are never changed once released, only added.
 *
 * Times of tasks are Unix seconds as on the wire, all others milliseconds. `seen` and
 * `store_versions` belong to `StoreVersions.ts`, `recycling` to `Recycling.ts`.
 */
const steps: ReadonlyArray<ReadonlyArray<string>> = [
  [
    `CREATE TABLE contexts (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER NOT NULL
    ) STRICT`,
    `CREATE TABLE sessions (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      status TEXT NOT NULL,
      image_id TEXT NOT NULL,
      region_id TEXT NOT NULL,
      labels TEXT NOT NULL,
      app_instance_id TEXT NOT NULL,
      resource_id TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      end_reason TEXT NOT NULL,
      ended_at INTEGER,
      folder_kept INTEGER NOT NULL
    ) STRICT`,
    "CREATE INDEX sessions_by_status ON sessions (status)",
    `CREATE TABLE bindings (
      session_id TEXT NOT NULL,
      context_id TEXT NOT NULL,
      path TEXT NOT NULL,
      mount TEXT NOT NULL,
      policy TEXT NOT NULL,
      bound_at INTEGER NOT NULL,
      seen INTEGER,
      PRIMARY KEY (session_id, mount)
    ) STRICT`,
    `CREATE TABLE tasks (
      id TEXT PRIMARY KEY,
      session_id TEXT NOT NULL,
      context_id TEXT NOT NULL,
      path TEXT NOT NULL,
      mount TEXT NOT NULL,
      type TEXT NOT NULL,
      status TEXT NOT NULL,
      error_message TEXT NOT NULL,
      started INTEGER NOT NULL,
      finished INTEGER NOT NULL,
      bytes_done INTEGER NOT NULL,
      bytes_total INTEGER NOT NULL,
      files_done INTEGER NOT NULL,
      files_total INTEGER NOT NULL,
      UNIQUE (session_id, context_id, path, type)
    ) STRICT`,
    `CREATE TABLE store_versions (
      context_id TEXT NOT NULL,
      path TEXT NOT NULL,
      version INTEGER NOT NULL,
      PRIMARY KEY (context_id, path)
    ) STRICT`
  ],
  [
    "ALTER TABLE sessions ADD COLUMN idle_seconds INTEGER NOT NULL DEFAULT 300",
    "ALTER TABLE sessions ADD COLUMN policy_id TEXT NOT NULL DEFAULT ''"
  ],
  // Contexts: those that are deleted but whose files may still be there, and those that the
  // server keeps for sessions. A session that is created while its context is deleted must
  // not come to be.
  [
    "CREATE TABLE removed_contexts (context_id TEXT PRIMARY KEY) STRICT",
    `CREATE TABLE internal_contexts (
      context_id TEXT PRIMARY KEY,
      session_id TEXT NOT NULL,
      type TEXT NOT NULL,
      UNIQUE (session_id, type)
    ) STRICT`,
    "CREATE INDEX bindings_by_context ON bindings (context_id)",
    `CREATE TRIGGER bindings_need_a_context BEFORE INSERT ON bindings
      WHEN NOT EXISTS (SELECT 1 FROM contexts WHERE id = NEW.context_id)
      BEGIN SELECT RAISE(ABORT, 'the context of a binding is gone'); END`
  ],
  [
    `CREATE TABLE recycling (
      context_id TEXT NOT NULL,
      path TEXT NOT NULL,
      lifetime INTEGER NOT NULL,
      paths TEXT NOT NULL,
      PRIMARY KEY (context_id, path)
    ) STRICT`
  ]
]

const prepare = async (client: Libsql.Client, directory: DataDirectory["Type"]): Promise<void> => {
  const taken = await StateCheck.inspect(client, directory, steps.length)
  // With a write-ahead log, `NORMAL` keeps every commit through the death of this process.
  await client.execute("PRAGMA journal_mode = WAL")
  await client.execute("PRAGMA synchronous = NORMAL")
  for (const [index, statements] of steps.entries()) {
    if (index < taken) continue
    await client.batch([...statements, `PRAGMA user_version = ${index + 1}`], "write")
  }
  await StateLog.noteOpened(directory.stateFile)
  await StateCheck.noteMade(directory)
}

interface Writing {
  readonly statements: ReadonlyArray<Libsql.InStatement>
  readonly done: (result: Effect.Effect<void, SqlError>) => void
}

/**
 * Whatever is to be written in one turn of the event loop becomes one transaction: a commit
 * costs more than the statements in it. If that fails, each is tried for itself, so that none
 * fails by the fault of another.
 *
 * The client's own transactions open a connection each and never close it; a batch is a
 * transaction on the connection at hand.
 */
const writer = (client: Libsql.Client): Service["atomically"] => {
  let waiting: Array<Writing> = []
  const write = (group: ReadonlyArray<Writing>): void => {
    const succeed = () => {
      for (const { done } of group) done(Effect.void)
    }
    const fail = (cause: unknown) => {
      if (group.length > 1) {
        for (const writing of group) write([writing])
        return
      }
      const error = new SqlError({ cause, message: "Failed to execute transaction" })
      for (const { done } of group) done(Effect.fail(error))
    }
    client
      .batch(
        group.flatMap(({ statements }) => statements),
        "write"
      )
      .then(succeed, fail)
  }
  const writeAll = () => {
    const group = waiting
    waiting = []
    write(group)
  }
  return (statements) =>
    statements.length === 0
      ? Effect.void
      : Effect.async<void, SqlError>((done) => {
          if (waiting.length === 0) setImmediate(writeAll)
          waiting.push({
            statements: statements.map((statement) => {
              const [sql, args] = statement.compile()
              // Every value that the tables' modules bind is a text, a number or null.
              return { sql, args: args as Array<Libsql.InValue> }
            }),
            done
          })
        })
}

/**
 * Opens the state file and brings its schema up to date.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, LocalAgentBayError, DataDirectory | Scope.Scope> =
  Effect.gen(function* () {
    const directory = yield* DataDirectory
    const failure = ofState(directory.root)
    yield* Effect.tryPromise({ try: () => StateCheck.refuseLost(directory), catch: failure })
    const client = yield* Effect.acquireRelease(
      Effect.try({
        try: () => Libsql.createClient({ url: pathToFileURL(directory.stateFile).href }),
        catch: failure
      }),
      (client) => Effect.sync(() => client.close())
    )
    yield* Effect.tryPromise({ try: () => prepare(client, directory), catch: failure })
    const context = yield* Layer.build(LibsqlClient.layer({ liveClient: client }))
    return {
      sql: Context.get(context, SqlClient.SqlClient),
      atomically: writer(client)
    }
  })

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<State, LocalAgentBayError, DataDirectory> = Layer.scoped(
  State,
  make
)
