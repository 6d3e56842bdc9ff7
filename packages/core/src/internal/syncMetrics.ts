import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ContextSyncResult, SyncMode } from "../ContextStatus.js"
import * as Metrics from "../AgentBayMetrics.js"
import type { WaitError } from "../SyncHandle.js"
import { outcomeOf } from "./exitWords.js"
import { steadyMillis } from "./fiberClock.js"
import { callersTags, makeTags, type Tags } from "./metricTags.js"

const startTags = makeTags("mode")
const endTags = makeTags("mode", "outcome")

/** Without a mode the service uploads. */
export const modeOf = ({ mode }: { readonly mode?: SyncMode | undefined }): SyncMode =>
  mode ?? "upload"

type Moded = Parameters<typeof modeOf>[0]

/** Counts a sync that begins with an effect. */
export const started =
  (sync: Moded) =>
  <A, E>(begin: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.withFiberRuntime((fiber) => {
      Metrics.syncsStarted.unsafeUpdate(1, startTags(callersTags(fiber), modeOf(sync)))
      return begin
    })

/** Counts the end of a sync that lasts since a time of the clock. */
export const countEnd = (
  tags: Tags,
  sync: Moded,
  millis: number,
  end: Exit.Exit<ContextSyncResult, { readonly _tag: string }>
): void => {
  const all = endTags(tags, modeOf(sync), outcomeOf(end))
  Metrics.syncsEnded.unsafeUpdate(1, all)
  // Another process may have started it, by another clock.
  Metrics.syncDuration.unsafeUpdate(Math.max(0, millis) / 1000, all)
}

/** The same for the fiber that runs it. */
export const ended = (
  sync: Moded,
  since: number,
  exit: Exit.Exit<ContextSyncResult, WaitError>
): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) =>
    Effect.clockWith((clock) => {
      countEnd(callersTags(fiber), sync, steadyMillis(clock) - since, exit)
      return Effect.void
    })
  )

/** Counts a poll that was made by itself. */
export const polled: Effect.Effect<void> = Effect.withFiberRuntime((fiber) => {
  Metrics.polls.unsafeUpdate(1, callersTags(fiber))
  return Effect.void
})

/** Counts the end of a wait, whatever that is. */
export const waited =
  (sync: Moded, since: number) =>
  <E extends WaitError>(
    wait: Effect.Effect<ContextSyncResult, E>
  ): Effect.Effect<ContextSyncResult, E> =>
    Effect.onExit(wait, (exit) => ended(sync, since, exit))

/** Counts the beginning of a sync, and its end when it could not be begun. */
export const begun =
  (sync: Moded) =>
  <A, E extends WaitError>(begin: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.clockWith((clock) => {
      const since = steadyMillis(clock)
      return Effect.onExit(started(sync)(begin), (exit) =>
        Exit.isSuccess(exit) ? Effect.void : ended(sync, since, Exit.failCause(exit.cause))
      )
    })

/** Counts both ends of a sync. */
export const whole =
  (sync: Moded) =>
  <E extends WaitError>(
    beginAndWait: Effect.Effect<ContextSyncResult, E>
  ): Effect.Effect<ContextSyncResult, E> =>
    Effect.clockWith((clock) => waited(sync, steadyMillis(clock))(started(sync)(beginAndWait)))
