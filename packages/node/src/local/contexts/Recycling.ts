/**
 * Which stored files expire, and when somebody has to look for them.
 *
 * The policy of the binding that uploaded last decides, also after its session has ended: it
 * is kept in the state file by context and store path.
 *
 * @since 0.1.0
 */
import type { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import type { Statement } from "@effect/sql/Statement"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type { StateFailure } from "./ContextStore.js"
import * as Policy from "../sync/Policy.js"
import { State } from "../State.js"

/**
 * What expires at one place of the store.
 *
 * @since 0.1.0
 */
export interface Rule extends Policy.Expiry {
  readonly contextId: string
  /** The place in the store, in normal form. */
  readonly path: string
}

/**
 * @since 0.1.0
 */
export interface Service {
  readonly rules: () => ReadonlyArray<Rule>
  /**
   * From now on this policy decides about what is stored at the path. The statements bring
   * the state file up to what is in memory already.
   */
  readonly put: (
    contextId: string,
    path: string,
    policy: SyncPolicy
  ) => ReadonlyArray<Statement<unknown>>
  /** Nothing is stored at the path any more, so there is nothing to decide about. */
  readonly forget: (contextId: string, path: string) => ReadonlyArray<Statement<unknown>>
  /** Something may expire at this time, in Unix milliseconds. */
  readonly expect: (at: number) => Effect.Effect<void>
  /** The earliest time at which something may expire. */
  readonly due: () => number
  /** Forgets it: who calls this looks at everything now. */
  readonly startOver: () => void
  /** Waits until something was expected since the last wait. */
  readonly expected: Effect.Effect<void>
}

/**
 * @since 0.1.0
 */
export class Recycling extends Context.Tag("@effect-agentbay/node/local/contexts/Recycling")<
  Recycling,
  Service
>() {}

const Row = Schema.Struct({
  context_id: Schema.String,
  path: Schema.String,
  lifetime: Schema.Number,
  paths: Schema.parseJson(Schema.Array(Schema.String))
})

const keyOf = (contextId: string, path: string): string => JSON.stringify([contextId, path])

const isSame = (one: Policy.Expiry | undefined, other: Policy.Expiry | undefined): boolean =>
  one?.lifetime === other?.lifetime && JSON.stringify(one?.paths) === JSON.stringify(other?.paths)

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, State> = Effect.gen(function* () {
  const { sql } = yield* State
  const rows = yield* SqlSchema.findAll({
    Request: Schema.Void,
    Result: Row,
    execute: () => sql`SELECT * FROM recycling`
  })(undefined)
  const rules = new Map(
    rows.map(({ context_id: contextId, ...row }): [string, Rule] => [
      keyOf(contextId, row.path),
      { contextId, ...row }
    ])
  )
  const wakes = yield* Queue.sliding<void>(1)
  // What has expired while no server ran is looked for at the start.
  let due = rules.size === 0 ? Number.POSITIVE_INFINITY : 0

  const remove = (contextId: string, path: string) => sql`
    DELETE FROM recycling WHERE context_id = ${contextId} AND path = ${path}`
  const insert = (rule: Rule) => sql`
    INSERT OR REPLACE INTO recycling (context_id, path, lifetime, paths)
    VALUES (${rule.contextId}, ${rule.path}, ${rule.lifetime}, ${JSON.stringify(rule.paths)})`

  return {
    rules: () => [...rules.values()],
    put: (contextId, path, policy) => {
      const key = keyOf(contextId, path)
      const expiry = Policy.expiry(policy)
      if (isSame(rules.get(key), expiry)) return []
      if (expiry === undefined) {
        rules.delete(key)
        return [remove(contextId, path)]
      }
      const rule = { contextId, path, ...expiry }
      rules.set(key, rule)
      // Files that were there before may be older than the new rule allows.
      due = 0
      return [insert(rule)]
    },
    forget: (contextId, path) => {
      rules.delete(keyOf(contextId, path))
      return [remove(contextId, path)]
    },
    expect: (at) =>
      Effect.suspend(() => {
        due = Math.min(due, at)
        return Effect.asVoid(Queue.offer(wakes, undefined))
      }),
    due: () => due,
    startOver: () => {
      due = Number.POSITIVE_INFINITY
    },
    expected: Queue.take(wakes)
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Recycling, StateFailure, State> = Layer.effect(Recycling, make)
