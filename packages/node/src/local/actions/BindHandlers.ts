/**
 * Contexts are bound to a session that runs.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import { type Entry, handle } from "./Operation.js"
import { Sessions } from "../sessions/Sessions.js"

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<ReadonlyArray<Entry>, never, Sessions> = Effect.map(
  Sessions,
  (sessions) => [
    handle(
      Protocol.BindContexts,
      Effect.fn("LocalAgentBay.BindContexts")((payload) =>
        Effect.as(sessions.bind(payload.sessionId, payload.persistenceDataList), {})
      )
    )
  ]
)
