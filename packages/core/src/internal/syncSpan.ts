import * as Effect from "effect/Effect"
import type { ContextSyncResult } from "../ContextStatus.js"
import type { SyncError, SyncTarget, TriggerOptions } from "../SyncOptions.js"

/** What a span says from the start about what is to be synced. */
export const spanAttributes = (
  sessionId: string,
  target: SyncTarget | null,
  options: TriggerOptions | null
) => ({
  "agentbay.session_id": sessionId,
  "agentbay.context_id": target?.contextId ?? "all",
  "agentbay.path": target?.path ?? "all",
  "agentbay.mode": options?.mode ?? "upload"
})

const failureAttributes = (error: SyncError) => ({
  "agentbay.outcome": error._tag,
  ...(error._tag === "SyncTimeout" ? { "agentbay.polls": error.polls } : {})
})

/** The span of a whole sync, which says at its end how that was. */
export const withSyncSpan =
  (sessionId: string, target: SyncTarget, options: TriggerOptions) =>
  <E extends SyncError>(
    sync: Effect.Effect<ContextSyncResult, E>
  ): Effect.Effect<ContextSyncResult, E> =>
    sync.pipe(
      Effect.tapBoth({
        onFailure: (error) => Effect.annotateCurrentSpan(failureAttributes(error)),
        onSuccess: ({ outcome, polls }) =>
          Effect.annotateCurrentSpan({ "agentbay.polls": polls, "agentbay.outcome": outcome })
      }),
      Effect.withSpan("ContextManager.sync", {
        attributes: spanAttributes(sessionId, target, options),
        captureStackTrace: false
      })
    )
