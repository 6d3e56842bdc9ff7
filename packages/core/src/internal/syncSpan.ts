import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ContextSyncResult, SyncMode } from "../ContextStatus.js"
import type { ManyResult } from "../SyncMany.js"
import type { SyncError, SyncTarget, TriggerOptions } from "../SyncOptions.js"
import { failureWord } from "./exitWords.js"

/** What a span says from the start about what is to be synced. */
export const spanAttributes = (
  sessionId: string,
  target: SyncTarget | null | undefined,
  options: { readonly mode?: SyncMode | undefined } | null
) => ({
  "agentbay.session_id": sessionId,
  "agentbay.context_id": target?.contextId ?? "all",
  "agentbay.path": target?.path ?? "all",
  "agentbay.mode": options?.mode ?? "upload"
})

/** How many polls a wait has used up. Who waits at a loop has it counted there. */
export const pollsAttribute = "agentbay.polls"

/** The options of a span of a wait. */
export const waitSpan = (...about: Parameters<typeof spanAttributes>) => ({
  attributes: { ...spanAttributes(...about), [pollsAttribute]: 0 },
  captureStackTrace: false
})

/** Says in the span at hand how its effect ended, and what there is to say of a success. */
export const sayingHow =
  <A>(
    attributesOf: (value: A) => {
      readonly "agentbay.outcome": string
      readonly [key: string]: unknown
    }
  ) =>
  <E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.onExit(effect, (exit) =>
      Effect.annotateCurrentSpan(
        Exit.isSuccess(exit)
          ? attributesOf(exit.value)
          : { "agentbay.outcome": failureWord(exit.cause, ({ _tag }) => _tag) }
      )
    )

/** The same for the end of a sync. */
export const sayingOutcome = sayingHow(({ outcome }: ContextSyncResult) => ({
  "agentbay.outcome": outcome
}))

/** The same for many syncs. */
export const sayingMany = <Target, E extends { readonly _tag: string }>(
  syncs: Effect.Effect<ManyResult<Target>, E>
): Effect.Effect<ManyResult<Target>, E> =>
  sayingHow(({ failed, succeeded }: ManyResult<Target>) => ({
    "agentbay.outcome": failed.length === 0 ? "AllSucceeded" : "SomeFailed",
    "agentbay.succeeded": succeeded.length,
    "agentbay.failed": failed.length
  }))(syncs)

/** The span of a whole sync, which says at its end how that was. */
export const withSyncSpan =
  (sessionId: string, target: SyncTarget, options: TriggerOptions) =>
  <E extends SyncError>(
    sync: Effect.Effect<ContextSyncResult, E>
  ): Effect.Effect<ContextSyncResult, E> =>
    Effect.withSpan(
      sayingOutcome(sync),
      "ContextManager.sync",
      waitSpan(sessionId, target, options)
    )
