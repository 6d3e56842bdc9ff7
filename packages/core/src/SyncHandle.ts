/**
 * A sync that was triggered and can be waited for later, also by another process.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CallError, SyncFailed, SyncTimeout } from "./AgentBayError.js"
import type { ContextSyncResult, SyncProgress } from "./ContextStatus.js"

/**
 * What waiting for a sync can fail with that was triggered already.
 *
 * @since 0.1.0
 * @category models
 */
export type WaitError = CallError | SyncFailed | SyncTimeout

/**
 * A sync that was triggered. Everything about it is in `token`; the rest are ways to wait for
 * it with the service at hand. Nothing goes on in a handle that nobody waits with: it holds
 * no fiber, and need not be closed.
 *
 * @example
 * ```ts
 * import { ContextManager } from "@effect-agentbay/core"
 * import { Effect } from "effect"
 *
 * const begin = Effect.gen(function* () {
 *   const contexts = yield* ContextManager.ContextManager
 *   const { token } = yield* contexts.start({ timeout: "10 minutes" })
 *   return token // a text: keep it in a file, a database, a queue
 * })
 *
 * const finish = (token: string) =>
 *   Effect.gen(function* () {
 *     const contexts = yield* ContextManager.ContextManager
 *     const handle = yield* contexts.resume(token)
 *     return yield* handle.await
 *   })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface SyncHandle {
  /**
   * All that is to be known of the sync, as a text of one line without secrets: what it is
   * about, the tasks that are older, and how patient to be. `ContextManager.resume` of the same
   * session goes on with it. A `schedule` of your own is not in it, a `timeout` is, as the
   * time of the clock it ends at.
   */
  readonly token: string
  readonly sessionId: string
  /** The request id of the trigger. */
  readonly requestId: string
  /** Waits for the end, as `sync` does. Each run has the whole budget of polls. */
  readonly await: Effect.Effect<ContextSyncResult, WaitError>
  /** The same, step by step, as `progress` does. */
  readonly progress: Stream.Stream<SyncProgress, WaitError>
  /**
   * Makes one status request and tells where the sync stands; `result` is there when it has
   * ended well. Polls of one handle build on each other: when `graceRetries` of them after the
   * first have shown nothing new, the result is `NothingToSync`. A fault is the error of the
   * poll that met it and changes nothing; a failed task is `SyncFailed`. After a `timeout` an
   * open sync is a `SyncTimeout`.
   */
  readonly poll: Effect.Effect<SyncProgress, WaitError>
}
