/**
 * The context manager of one session: what is being transferred (`info`), and transfers
 * on demand that are waited for (`sync`, `progress`).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { CallError, InvalidArgument, SyncTimeout } from "./AgentBayError.js"
import { AgentBayHttp, type Service as HttpService } from "./AgentBayHttp.js"
import type {
  BindingRef,
  ContextInfoResult,
  ContextSyncResult,
  SyncMode,
  SyncProgress
} from "./ContextStatus.js"
import type { ContextSync, SyncPolicy } from "./ContextSync.js"
import { notBlank, options as checkOptions } from "./internal/arguments.js"
import { bind } from "./internal/bindWait.js"
import { readBindings, readInfo } from "./internal/statusReads.js"
import { infoFilter, syncRequest } from "./internal/syncArguments.js"
import { makeSyncing } from "./internal/syncing.js"
import { syncMany } from "./internal/syncMany.js"
import { sayingHow, spanAttributes, waitSpan } from "./internal/syncSpan.js"
import type { PollPolicy } from "./PollPolicy.js"
import type { SyncHandle } from "./SyncHandle.js"
import type { ManyOptions, SyncAllResult } from "./SyncMany.js"
import type { SyncError, SyncOptions, WaitOptions } from "./SyncOptions.js"

export type { SyncHandle } from "./SyncHandle.js"
export type { SyncError, SyncOptions, SyncSpacing, SyncTarget, WaitOptions } from "./SyncOptions.js"

/**
 * Narrows what `info` answers. Each part filters exactly; any of them may stand alone.
 *
 * @since 0.1.0
 * @category models
 */
export interface InfoFilter {
  readonly contextId?: string | undefined
  readonly path?: string | undefined
  readonly taskType?: SyncMode | undefined
}

/**
 * A context bound to the session.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionBinding {
  readonly contextId: string
  readonly path: string
  readonly contextName: string | undefined
  readonly policy: SyncPolicy | undefined
}

/**
 * How a bind is waited for.
 *
 * @since 0.1.0
 * @category models
 */
export interface BindOptions {
  /**
   * Also waits until what is stored has been downloaded to each path. Default: `false`, the
   * wait ends when every path is bound. Not waited for are bindings whose `waitForDownload`
   * or `autoDownload` is `false`.
   */
  readonly awaitDownload?: boolean | undefined
  /**
   * How the end is waited for. Default: `AgentBayHttp`'s poll policy. The wait for the
   * bindings and that for the downloads have this budget each.
   */
  readonly pollPolicy?: PollPolicy | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The session this manager belongs to. */
  readonly sessionId: string
  /**
   * The transfer tasks the service lists, old and new, in no particular order. A status
   * that cannot be read is a `TransportError` with reason `Decode`, never an empty list.
   */
  readonly info: (
    filter?: InfoFilter
  ) => Effect.Effect<ContextInfoResult, CallError | InvalidArgument>
  /** The contexts bound to the session. */
  readonly bindings: Effect.Effect<ReadonlyArray<SessionBinding>, CallError>
  /**
   * Binds further contexts to the session and waits until the service tells each path as
   * bound to its context. Gives these bindings as the service tells them, in the order asked.
   *
   * A path that is taken is an `ApiError` (`PathAlreadyBound`): by the service's refusal, or
   * because the path turns out to be bound to another context. A path that is bound to the
   * same context already is the service's to judge. Not bound in time is a `SyncTimeout`
   * that names what is `missing`.
   *
   * With `awaitDownload` the download to each path must then end well, too. A failed one is
   * `SyncFailed`; the paths stay bound. A service that shows no download at all for a path
   * has not said that the files are there: that is a `SyncTimeout` when the budget is used up.
   *
   * The request is sent once; it is repeated only when the answer proves that nothing was
   * started. Interruption stops the waiting and aborts the request on the wire; a bind that
   * was accepted goes on.
   */
  readonly bind: (
    contexts: ContextSync | ReadonlyArray<ContextSync>,
    options?: BindOptions
  ) => Effect.Effect<ReadonlyArray<SessionBinding>, SyncError>
  /**
   * Starts a transfer and waits for its end.
   *
   * Success means that this transfer succeeded (`Completed`) or that the service showed no
   * task for it (`NothingToSync`). A failed task is `SyncFailed`, a budget used up
   * `SyncTimeout`. The trigger is sent once; it is repeated only when the answer proves
   * that nothing was started. Interruption stops the waiting and aborts the request on the
   * wire, unless others wait for its answer; the remote transfer goes on.
   *
   * All who wait in one session with the same spacing share one status request per tick. Each
   * has its own budget.
   */
  readonly sync: (options?: SyncOptions) => Effect.Effect<ContextSyncResult, SyncError>
  /**
   * The same as `sync`, step by step: one element per poll, the last with the result. Polls
   * do not wait for the reader: a slow one gets the latest step each time, and its budget is
   * that of `sync`.
   */
  readonly progress: (options?: SyncOptions) => Stream.Stream<SyncProgress, SyncError>
  /**
   * Starts a transfer, as `sync` does, and gives a handle to wait for its end with: now, later,
   * or in another process.
   */
  readonly start: (
    options?: SyncOptions
  ) => Effect.Effect<SyncHandle, CallError | InvalidArgument | SyncTimeout>
  /**
   * Goes on with a sync that was started, from the token of its handle; nothing is sent yet.
   * What the options say replaces what the token says; `timeout` counts from now. A token that
   * is damaged, of another version or of another session is an `InvalidArgument`. One whose
   * deadline is over is good for one last look.
   */
  readonly resume: (
    token: string,
    options?: WaitOptions
  ) => Effect.Effect<SyncHandle, InvalidArgument>
  /**
   * Syncs many targets and tells what became of each. All are checked before anything is sent;
   * a failure of one does not touch the others.
   */
  readonly syncAll: (
    targets: ReadonlyArray<BindingRef>,
    options?: ManyOptions
  ) => Effect.Effect<SyncAllResult, InvalidArgument>
}

/**
 * The context manager of the session a program is about.
 *
 * @since 0.1.0
 * @category tags
 */
export class ContextManager extends Context.Tag("@effect-agentbay/core/ContextManager")<
  ContextManager,
  Service
>() {}

const refusalSaid = <A>(checked: Effect.Effect<A, InvalidArgument>) =>
  Effect.tapError(checked, ({ _tag }) => Effect.annotateCurrentSpan("agentbay.outcome", _tag))

/** @internal */
export const fromHttp = (http: HttpService, sessionId: string): Service => {
  const syncing = makeSyncing(http, sessionId)
  const attributes = { "agentbay.session_id": sessionId }

  return {
    sessionId,
    bind: Effect.fn("ContextManager.bind")(function* (
      contexts: ContextSync | ReadonlyArray<ContextSync>,
      options: BindOptions = {}
    ) {
      yield* Effect.annotateCurrentSpan(attributes)
      return yield* bind(http, sessionId, contexts, options)
    }),
    // No span of its own: the one of its single request says all of it, and a second
    // would cost as much as the decoding.
    info: (filter = {}) =>
      Effect.zipRight(infoFilter(filter), readInfo(http, "call", { ...filter, sessionId })),
    bindings: readBindings(http, "call", sessionId).pipe(
      Effect.withSpan("ContextManager.bindings", { attributes, captureStackTrace: false })
    ),
    sync: (options = {}) => syncing.sync(options),
    progress: (options = {}) =>
      Stream.unwrap(
        Effect.map(refusalSaid(syncRequest(http, options, options)), syncing.progress)
      ).pipe(Stream.withSpan("ContextManager.progress", waitSpan(sessionId, options, options))),
    start: Effect.fn("ContextManager.start")(function* (options: SyncOptions = {}) {
      yield* Effect.annotateCurrentSpan(spanAttributes(sessionId, options, options))
      return yield* Effect.flatMap(syncRequest(http, options, options), syncing.start).pipe(
        sayingHow(({ requestId }) => ({
          "agentbay.outcome": "Started",
          "agentbay.request_id": requestId
        }))
      )
    }),
    resume: Effect.fn("ContextManager.resume")(function* (
      token: string,
      options: WaitOptions = {}
    ) {
      yield* Effect.annotateCurrentSpan(attributes)
      return yield* Effect.zipRight(checkOptions(options), syncing.resume(token, options)).pipe(
        sayingHow(() => ({ "agentbay.outcome": "Resumed" }))
      )
    }),
    syncAll: Effect.fn("ContextManager.syncAll")(function* (
      targets: ReadonlyArray<BindingRef>,
      options: ManyOptions = {}
    ) {
      yield* Effect.annotateCurrentSpan(attributes)
      return yield* syncMany(targets, options, syncRequest(http, {}, options), (target) =>
        // Without a context it would be a sync of everything, which nobody has listed.
        Effect.zipRight(notBlank("contextId", target.contextId), syncing.prepare(target, options))
      )
    })
  }
}

/**
 * Builds the context manager of a session that exists.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly sessionId: string
}): Effect.Effect<Service, InvalidArgument, AgentBayHttp> =>
  Effect.gen(function* () {
    const http = yield* AgentBayHttp
    yield* checkOptions(options)
    yield* notBlank("sessionId", options.sessionId)
    return fromHttp(http, options.sessionId)
  })

/**
 * The context manager of a session that exists, as a layer.
 *
 * @example
 * ```ts
 * import { ContextManager } from "@effect-agentbay/core"
 * import { Effect } from "effect"
 *
 * const saveWork = Effect.gen(function* () {
 *   const contexts = yield* ContextManager.ContextManager
 *   return yield* contexts.sync({ contextId: "SdkCtx-1", path: "/home/wuying/work" })
 * })
 *
 * const program = saveWork.pipe(
 *   Effect.provide(ContextManager.layer({ sessionId: "session-1" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: {
  readonly sessionId: string
}): Layer.Layer<ContextManager, InvalidArgument, AgentBayHttp> =>
  Layer.effect(ContextManager, make(options))
