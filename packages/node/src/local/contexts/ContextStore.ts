/**
 * The persistent contexts that this server knows. Their files lie beside the state file;
 * this is the list of them.
 *
 * @since 0.1.0
 */
import type { SqlError } from "@effect/sql/SqlError"
import type { Statement } from "@effect/sql/Statement"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Identifier from "../Identifier.js"
import type { Cut } from "../actions/Paging.js"
import { State } from "../State.js"

/**
 * A context as it is kept. Times are Unix milliseconds. `sequence` grows with every context;
 * newer ones have larger numbers.
 *
 * @since 0.1.0
 */
export const StoredContext = Schema.Struct({
  sequence: Schema.Number,
  id: Schema.String,
  name: Schema.String,
  state: Schema.Literal("available", "clearing"),
  createdAt: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("created_at")),
  lastUsedAt: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("last_used_at"))
})

/**
 * @since 0.1.0
 */
export type StoredContext = typeof StoredContext.Type

/**
 * How an attempt to change a context ended: it is `done`; there is no such context; the name
 * belongs to another one; or a session that was not released yet has it mounted.
 *
 * @since 0.1.0
 */
export type Outcome = "done" | "absent" | "taken" | "mounted"

/**
 * @since 0.1.0
 */
export interface Service {
  readonly findById: (id: string) => Effect.Effect<Option.Option<StoredContext>, StateFailure>
  readonly findByName: (name: string) => Effect.Effect<Option.Option<StoredContext>, StateFailure>
  /** The context of this name, created when there is none. */
  readonly getOrCreate: (name: string) => Effect.Effect<StoredContext, StateFailure>
  /** The names of those of the given contexts that exist, by id. */
  readonly names: (
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, string>, StateFailure>
  /**
   * Whether files can be stored in the context: it exists, or the server keeps it for a session
   * (`InternalContexts`).
   */
  readonly holdsFiles: (id: string) => Effect.Effect<boolean, StateFailure>
  /**
   * Newest first, and one more than the page holds when there is one more; of all contexts, or
   * of those named. `total` counts all of them.
   */
  readonly list: (
    cut: Cut,
    only?: ReadonlyArray<string>
  ) => Effect.Effect<
    { readonly contexts: ReadonlyArray<StoredContext>; readonly total: number },
    StateFailure
  >
  /** `done`, `absent` or `taken`. */
  readonly rename: (id: string, name: string) => Effect.Effect<Outcome, StateFailure>
  /**
   * Forgets the context, and remembers that its files are to be removed. `done`, `absent` or
   * `mounted`.
   */
  readonly remove: (id: string) => Effect.Effect<Outcome, StateFailure>
  /** `done` or `absent`. */
  readonly setState: (
    id: string,
    state: StoredContext["state"]
  ) => Effect.Effect<Outcome, StateFailure>
  /** The contexts that are being cleared. */
  readonly clearing: Effect.Effect<ReadonlyArray<string>, StateFailure>
  /** The contexts that are forgotten, but whose files may still be there. */
  readonly removed: Effect.Effect<ReadonlyArray<string>, StateFailure>
  /** All contexts that may have files. */
  readonly known: Effect.Effect<ReadonlyArray<string>, StateFailure>
  /** The files of such a context are gone. */
  readonly cleaned: (id: string) => Statement<unknown>
}

/**
 * The state file could not be read or written, or holds what it should not.
 *
 * @since 0.1.0
 */
export type StateFailure = SqlError | ParseError

/**
 * @since 0.1.0
 */
export class ContextStore extends Context.Tag("@effect-agentbay/node/local/contexts/ContextStore")<
  ContextStore,
  Service
>() {}

const Id = Schema.Struct({ id: Schema.String })

/**
 * Fails where a context is in a state that is none: a byte of the file was changed. Otherwise every
 * list with that context would fail.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, State> = Effect.gen(function* () {
  const { atomically, sql } = yield* State

  yield* SqlSchema.findAll({
    Request: Schema.Void,
    Result: Schema.Struct({ state: StoredContext.fields.state }),
    execute: () => sql`SELECT DISTINCT state FROM contexts`
  })(undefined)

  const findById = SqlSchema.findOne({
    Request: Schema.String,
    Result: StoredContext,
    execute: (id) => sql`SELECT * FROM contexts WHERE id = ${id}`
  })
  const findByName = SqlSchema.findOne({
    Request: Schema.String,
    Result: StoredContext,
    execute: (name) => sql`SELECT * FROM contexts WHERE name = ${name}`
  })
  const findNames = SqlSchema.findAll({
    Request: Schema.Array(Schema.String),
    Result: Schema.Struct({ id: Schema.String, name: Schema.String }),
    execute: (ids) => sql`SELECT id, name FROM contexts WHERE ${sql.in("id", ids)}`
  })
  const create = SqlSchema.single({
    Request: Schema.Struct({ id: Schema.String, name: Schema.String, now: Schema.Number }),
    Result: StoredContext,
    // The update makes the statement answer with the row of whoever came first.
    execute: ({ id, name, now }) => sql`
      INSERT INTO contexts (id, name, state, created_at, last_used_at)
      VALUES (${id}, ${name}, 'available', ${now}, ${now})
      ON CONFLICT (name) DO UPDATE SET name = excluded.name
      RETURNING *`
  })
  const findHolder = SqlSchema.findOne({
    Request: Schema.String,
    Result: Id,
    execute: (id) => sql`
      SELECT id FROM contexts WHERE id = ${id}
      UNION SELECT context_id AS id FROM internal_contexts WHERE context_id = ${id}`
  })
  const Listing = Schema.Struct({
    before: Schema.Number,
    limit: Schema.Number,
    only: Schema.UndefinedOr(Schema.Array(Schema.String))
  })
  const among = (only: ReadonlyArray<string> | undefined) =>
    only === undefined ? sql`TRUE` : sql.in("id", only)
  const listed = SqlSchema.findAll({
    Request: Listing,
    Result: StoredContext,
    execute: ({ before, limit, only }) => sql`
      SELECT * FROM contexts WHERE sequence < ${before} AND ${among(only)}
      ORDER BY sequence DESC LIMIT ${limit}`
  })
  const count = SqlSchema.findAll({
    Request: Listing.fields.only,
    Result: Schema.Struct({ total: Schema.Number }),
    execute: (only) => sql`SELECT count(*) AS total FROM contexts WHERE ${among(only)}`
  })
  const rename = SqlSchema.findOne({
    Request: Schema.Struct({ id: Schema.String, name: Schema.String }),
    Result: Id,
    execute: ({ id, name }) => sql`
      UPDATE contexts SET name = ${name}
      WHERE id = ${id} AND NOT EXISTS (SELECT 1 FROM contexts WHERE name = ${name} AND id <> ${id})
      RETURNING id`
  })
  const setState = SqlSchema.findOne({
    Request: Schema.Struct({ id: Schema.String, state: StoredContext.fields.state }),
    Result: Id,
    execute: ({ id, state }) => sql`
      UPDATE contexts SET state = ${state} WHERE id = ${id} RETURNING id`
  })
  const idsWhere = (execute: () => Statement<unknown>) =>
    Effect.map(
      SqlSchema.findAll({ Request: Schema.Void, Result: Id, execute })(undefined),
      (rows) => rows.map((row) => row.id)
    )

  /** A statement that changed no row: the context is not there, or something else forbids it. */
  const otherwise = (id: string, reason: Outcome) =>
    Effect.map(findById(id), (found): Outcome => (Option.isSome(found) ? reason : "absent"))

  return {
    findById,
    findByName,
    getOrCreate: Effect.fn("ContextStore.getOrCreate")(function* (name) {
      const found = yield* findByName(name)
      if (Option.isSome(found)) return found.value
      const now = yield* Clock.currentTimeMillis
      return yield* create({ id: Identifier.contextId(), name, now }).pipe(
        Effect.catchTag("NoSuchElementException", Effect.die)
      )
    }),
    names: (ids) =>
      ids.length === 0
        ? Effect.succeed(new Map())
        : Effect.map(findNames(ids), (rows) => new Map(rows.map((row) => [row.id, row.name]))),
    holdsFiles: (id) => Effect.map(findHolder(id), Option.isSome),
    list: Effect.fn("ContextStore.list")(function* (cut, only) {
      if (only?.length === 0) return { contexts: [], total: 0 }
      const contexts = yield* listed({ before: cut.before, limit: cut.maxResults + 1, only })
      const [row] = yield* count(only)
      return { contexts, total: row?.total ?? 0 }
    }),
    rename: Effect.fn("ContextStore.rename")(function* (id, name) {
      const renamed = yield* rename({ id, name })
      return Option.isSome(renamed) ? "done" : yield* otherwise(id, "taken")
    }),
    remove: Effect.fn("ContextStore.remove")(function* (id) {
      if (Option.isNone(yield* findById(id))) return "absent"
      yield* atomically([
        sql`
          INSERT OR IGNORE INTO removed_contexts (context_id)
          SELECT id FROM contexts WHERE id = ${id} AND NOT EXISTS (
            SELECT 1 FROM bindings JOIN sessions ON sessions.id = bindings.session_id
            WHERE bindings.context_id = ${id} AND sessions.status <> 'FINISH')`,
        sql`
          DELETE FROM contexts
          WHERE id = ${id} AND id IN (SELECT context_id FROM removed_contexts)`
      ])
      return Option.isNone(yield* findById(id)) ? "done" : "mounted"
    }),
    setState: (id, state) =>
      Effect.map(setState({ id, state }), (row) => (Option.isSome(row) ? "done" : "absent")),
    clearing: idsWhere(() => sql`SELECT id FROM contexts WHERE state = 'clearing'`),
    removed: idsWhere(() => sql`SELECT context_id AS id FROM removed_contexts`),
    known: idsWhere(
      () => sql`
        SELECT id FROM contexts
        UNION SELECT context_id AS id FROM internal_contexts
        UNION SELECT context_id AS id FROM removed_contexts`
    ),
    cleaned: (id) => sql`DELETE FROM removed_contexts WHERE context_id = ${id}`
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<ContextStore, StateFailure, State> = Layer.effect(
  ContextStore,
  make
)
