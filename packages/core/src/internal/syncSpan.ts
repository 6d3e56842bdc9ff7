import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { ContextSyncResult, SyncMode } from "../ContextStatus.js"
import type { ManyResult } from "../SyncMany.js"
import type { SyncError, SyncTarget, TriggerOptions } from "../SyncOptions.js"
import { steadyMillis } from "./fiberClock.js"
import { failureWord, outcomeOf } from "./exitWords.js"
import { countEnd } from "./syncMetrics.js"
import type { OnEnd } from "./wait.js"

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

/** How many polls a wait has used up. It is counted where the wait is. */
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

/** The span of a sync that is under way. */
export interface SyncSpan {
  readonly span: Tracer.Span
  /** Ends the span, which then says how the sync ended, and counts that end. */
  readonly end: OnEnd<ContextSyncResult, SyncError>
}

/**
 * Begins the span of a sync. It is ended by hand, because an effect around a whole sync would
 * leave more on the stack of each fiber that sleeps than all the rest of the sync. What
 * `retain` gives is called with that end.
 */
export const beginSyncSpan = (
  sessionId: string,
  target: SyncTarget,
  options: TriggerOptions,
  retain: () => () => void
): Effect.Effect<SyncSpan> =>
  Effect.flatMap(
    Effect.makeSpan("ContextManager.sync", waitSpan(sessionId, target, options)),
    (span) =>
      Effect.clockWith((clock) => {
        const since = steadyMillis(clock)
        // V8 keeps the ids as ropes of single characters until somebody looks at one of these:
        // that is 0.7 KiB of the 6 that a sync may cost while it waits.
        void span.spanId.charCodeAt(0)
        void span.traceId.charCodeAt(0)
        const release = retain()
        return Effect.succeed({
          span,
          end: (end, ended, tags) => {
            release()
            const outcome = outcomeOf(end)
            span.attribute("agentbay.outcome", outcome)
            span.end(ended.unsafeCurrentTimeNanos(), end)
            // What was refused for its arguments never began.
            if (outcome === "InvalidArgument") return
            countEnd(tags, options, steadyMillis(ended) - since, end)
          }
        })
      })
  )
