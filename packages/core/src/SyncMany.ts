/**
 * Many syncs as one: a result for each target, and nothing lost when one fails.
 *
 * @since 0.1.0
 */
import type { BindingRef, ContextSyncResult } from "./ContextStatus.js"
import type { SyncError, SyncTarget, TriggerOptions } from "./SyncOptions.js"

/**
 * How many syncs are waited for at the same time when nothing is said.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultConcurrency = 16

/**
 * How to sync many targets. Everything but `concurrency` is about each sync by itself; a
 * `timeout` begins with it.
 *
 * @since 0.1.0
 * @category models
 */
export type ManyOptions = TriggerOptions & {
  /**
   * How many syncs may be under way at once: a whole number from 1 on, or `"unbounded"`. All
   * that wait in one session with the same spacing share one status request per tick, whatever
   * their number, so it is their triggers that this limits. Default: 16.
   */
  readonly concurrency?: number | "unbounded" | undefined
}

/**
 * One sync among many sessions: of one context at one path, or of all bindings. A `Session`
 * is one, too.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionTarget = { readonly sessionId: string } & SyncTarget

/**
 * What became of many syncs, each list in the order of the targets.
 *
 * @since 0.1.0
 * @category models
 */
export interface ManyResult<Target> {
  readonly succeeded: ReadonlyArray<{
    readonly target: Target
    readonly result: ContextSyncResult
  }>
  readonly failed: ReadonlyArray<{ readonly target: Target; readonly error: SyncError }>
}

/**
 * What became of the syncs of some bindings of one session.
 *
 * @since 0.1.0
 * @category models
 */
export type SyncAllResult = ManyResult<BindingRef>
