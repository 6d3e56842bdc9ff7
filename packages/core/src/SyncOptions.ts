/**
 * What a sync is about, and how its end is waited for.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import type { CallError, InvalidArgument, SyncFailed, SyncTimeout } from "./AgentBayError.js"
import type { SyncMode } from "./ContextStatus.js"

/**
 * What to sync: one context at one path, or, with neither, every binding of the session.
 *
 * @since 0.1.0
 * @category models
 */
export type SyncTarget =
  | { readonly contextId: string; readonly path: string }
  | { readonly contextId?: undefined; readonly path?: undefined }

/**
 * When to ask for the status: by numbers or by a schedule of your own. What is not given
 * comes from `AgentBayHttp`'s poll policy, whose default is every 1500 ms, 150 times
 * after the first request.
 *
 * @since 0.1.0
 * @category models
 */
export type SyncSpacing =
  | {
      /** How many status requests may follow the first. `0` asks once. */
      readonly maxRetries?: number | undefined
      /** The time between two status requests. */
      readonly retryInterval?: Duration.DurationInput | undefined
      readonly schedule?: undefined
    }
  | {
      readonly schedule: Schedule.Schedule<unknown>
      readonly maxRetries?: undefined
      readonly retryInterval?: undefined
    }

/**
 * How the end of a sync is waited for.
 *
 * @since 0.1.0
 * @category models
 */
export type WaitOptions = SyncSpacing & {
  /**
   * How long the whole may take by the clock, from the call to the end: the trigger and all
   * polls, beside `maxRetries`. When the time is over there is one last look, which may take 2
   * seconds more; then it is a `SyncTimeout`. A positive, finite time. Default: no limit.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /** How many polls after the first may show nothing new. Default: 4. */
  readonly graceRetries?: number | undefined
  /**
   * How many passing faults in a row are lived through while polling. Default: what
   * `AgentBayHttp` says, which is 10 unless told otherwise.
   */
  readonly maxConsecutiveErrors?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type TriggerOptions = WaitOptions & {
  /** `upload` (session to store, the default) or `download` (store to session). */
  readonly mode?: SyncMode | undefined
  /**
   * Joins the syncs of the same target and mode that begin at the same moment and say so too:
   * one trigger serves them all. Who comes after it was sent begins another, since it may not
   * have seen the newest files. Each waits with a budget of its own. Default: `false`, all run
   * apart.
   */
  readonly join?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type SyncOptions = SyncTarget & TriggerOptions

/**
 * What `sync` can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type SyncError = CallError | InvalidArgument | SyncFailed | SyncTimeout
