/**
 * The contexts that the server itself keeps for sessions: each session gets one through which
 * single files travel. Nobody mounts them and no list shows them. They end with their session.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { ContextCleaning } from "./ContextCleaning.js"
import type { StateFailure } from "./ContextStore.js"
import * as Beneath from "../Beneath.js"
import { DataDirectory } from "../DataDirectory.js"
import * as Identifier from "../Identifier.js"
import * as MountPath from "../MountPath.js"
import type { Session } from "../sessions/Session.js"
import { State } from "../State.js"

/**
 * The type of the context through which single files travel, the only one there is.
 *
 * @since 0.1.0
 */
export const fileTransfer = "file_transfer"

/**
 * The folder of a session that is meant for files on their way. Files travel to and from any
 * other path just as well.
 *
 * @since 0.1.0
 */
export const fileTransferPath = "/tmp/file_transfer"

/**
 * @since 0.1.0
 */
export interface Service {
  /**
   * The id of the context through which files of this session travel, made at the first call.
   * Its folder exists in the session afterwards.
   */
  readonly load: (session: Session) => Effect.Effect<string, StateFailure | PlatformError>
}

/**
 * @since 0.1.0
 */
export class InternalContexts extends Context.Tag(
  "@effect-agentbay/node/local/contexts/InternalContexts"
)<InternalContexts, Service>() {}

type Needs = State | DataDirectory | ContextCleaning

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, Needs> = Effect.gen(function* () {
  const { atomically, sql } = yield* State
  const directory = yield* DataDirectory
  const cleaning = yield* ContextCleaning

  const findOrCreate = SqlSchema.single({
    Request: Schema.Struct({ id: Schema.String, sessionId: Schema.String }),
    Result: Schema.Struct({ id: Schema.String }),
    // The update makes the statement answer with the row of whoever came first.
    execute: ({ id, sessionId }) => sql`
      INSERT INTO internal_contexts (context_id, session_id, type)
      VALUES (${id}, ${sessionId}, ${fileTransfer})
      ON CONFLICT (session_id, type) DO UPDATE SET type = excluded.type
      RETURNING context_id AS id`
  })

  /** Sessions end elsewhere; their contexts are found again by that. */
  const sweep = Effect.zipRight(
    Effect.suspend(() =>
      atomically([
        sql`
          INSERT OR IGNORE INTO removed_contexts (context_id)
          SELECT context_id FROM internal_contexts WHERE session_id IN
            (SELECT id FROM sessions WHERE status = 'FINISH')`,
        sql`
          DELETE FROM internal_contexts
          WHERE context_id IN (SELECT context_id FROM removed_contexts)`
      ])
    ),
    cleaning.removeNoted
  )
  yield* sweep

  return {
    load: Effect.fn("InternalContexts.load")(function* (session) {
      yield* sweep
      const { id } = yield* findOrCreate({
        id: Identifier.contextId(),
        sessionId: session.id
      }).pipe(Effect.catchTag("NoSuchElementException", Effect.die))
      // What the session has there is its own affair; the folder is only an offer.
      yield* MountPath.place(directory.sessionRoot(session.id), fileTransferPath).pipe(
        Effect.flatMap(Beneath.makeDirectory),
        Effect.ignore
      )
      return id
    })
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<InternalContexts, StateFailure, Needs> = Layer.effect(
  InternalContexts,
  make
)
