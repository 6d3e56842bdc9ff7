import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
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

type End = Exit.Exit<ContextSyncResult, SyncError>

const annotateEnd = (span: Tracer.Span, end: End): void => {
  if (Exit.isSuccess(end)) {
    span.attribute("agentbay.polls", end.value.polls)
    span.attribute("agentbay.outcome", end.value.outcome)
    return
  }
  const failure = Cause.failureOption(end.cause)
  if (Option.isNone(failure)) return
  span.attribute("agentbay.outcome", failure.value._tag)
  if (failure.value._tag === "SyncTimeout") {
    span.attribute("agentbay.polls", failure.value.polls)
  }
}

/** The span of a sync that is under way. */
export interface SyncSpan {
  readonly span: Tracer.Span
  /** Ends the span, which then says how the sync ended. */
  readonly end: (end: End, clock: Clock.Clock) => void
}

/**
 * Begins the span of a sync. It is ended by hand, because an effect around a whole sync would
 * leave more on the stack of each fiber that sleeps than all the rest of the sync.
 */
export const beginSyncSpan = (
  sessionId: string,
  target: SyncTarget,
  options: TriggerOptions
): Effect.Effect<SyncSpan> =>
  Effect.map(
    Effect.makeSpan("ContextManager.sync", {
      attributes: spanAttributes(sessionId, target, options),
      captureStackTrace: false
    }),
    (span) => {
      // V8 keeps the ids as ropes of single characters until somebody looks at one of these:
      // that is 0.7 KiB of the 6 that a sync may cost while it waits.
      void span.spanId.charCodeAt(0)
      void span.traceId.charCodeAt(0)
      return {
        span,
        end: (end, clock) => {
          annotateEnd(span, end)
          span.end(clock.unsafeCurrentTimeNanos(), end)
        }
      }
    }
  )
