/**
 * The persistent contexts that this server knows. Their files lie beside the state file;
 * this is the list of them.
 *
 * @since 0.1.0
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Identifier from "./Identifier.js"
import { State } from "./State.js"

/**
 * A context as it is kept. Times are Unix milliseconds.
 *
 * @since 0.1.0
 */
export const StoredContext = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  state: Schema.String,
  createdAt: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("created_at")),
  lastUsedAt: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("last_used_at"))
})

/**
 * @since 0.1.0
 */
export type StoredContext = typeof StoredContext.Type

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
export class ContextStore extends Context.Tag("@effect-agentbay/node/local/ContextStore")<
  ContextStore,
  Service
>() {}

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, never, State> = Effect.gen(function* () {
  const { sql } = yield* State

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
        : Effect.map(findNames(ids), (rows) => new Map(rows.map((row) => [row.id, row.name])))
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<ContextStore, never, State> = Layer.effect(ContextStore, make)
