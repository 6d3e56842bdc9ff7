/**
 * The context manager of one session: what is being transferred (`info`), and transfers
 * on demand that are waited for (`sync`, `progress`).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { CallError, InvalidArgument, SyncFailed, SyncTimeout } from "./AgentBayError.js"
import { AgentBayHttp, type Service as HttpService } from "./AgentBayHttp.js"
import {
  type ContextInfoResult,
  type ContextSyncResult,
  sumCounts,
  type SyncMode,
  type SyncProgress
} from "./ContextStatus.js"
import type { ContextSync, SyncPolicy } from "./ContextSync.js"
import { notBlank, options as checkOptions } from "./internal/arguments.js"
import { bind } from "./internal/bindWait.js"
import { readBindings, readInfo } from "./internal/statusReads.js"
import { infoFilter, syncRequest } from "./internal/syncArguments.js"
import * as SyncWait from "./internal/syncWait.js"
import * as Wait from "./internal/wait.js"
import type { PollPolicy } from "./PollPolicy.js"

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
 * @since 0.1.0
 * @category models
 */
export type SyncOptions = SyncTarget &
  SyncSpacing & {
    /** `upload` (session to store, the default) or `download` (store to session). */
    readonly mode?: SyncMode | undefined
    /** How many polls after the first may show nothing new. Default: 4. */
    readonly graceRetries?: number | undefined
    /** How many passing faults in a row are lived through while polling. Default: 10. */
    readonly maxConsecutiveErrors?: number | undefined
  }

/**
 * What `sync` can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type SyncError = CallError | InvalidArgument | SyncFailed | SyncTimeout

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
   * wire; the remote transfer goes on.
   */
  readonly sync: (options?: SyncOptions) => Effect.Effect<ContextSyncResult, SyncError>
  /**
   * The same as `sync`, step by step: one element per status request, the last with the
   * result. Each element is asked for when the reader is ready for it.
   */
  readonly progress: (options?: SyncOptions) => Stream.Stream<SyncProgress, SyncError>
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

/** @internal */
export const fromHttp = (http: HttpService, sessionId: string): Service => {
  const start = (options: SyncOptions) =>
    Effect.flatMap(syncRequest(http, options), (request) =>
      SyncWait.trigger(http, sessionId, request)
    )

  return {
    sessionId,
    bind: Effect.fn("ContextManager.bind")(function* (
      contexts: ContextSync | ReadonlyArray<ContextSync>,
      options: BindOptions = {}
    ) {
      yield* Effect.annotateCurrentSpan("agentbay.session_id", sessionId)
      return yield* bind(http, sessionId, contexts, options)
    }),
    // No span of its own: the one of its single request says all of it, and a second
    // would cost as much as the decoding.
    info: (filter = {}) =>
      Effect.zipRight(infoFilter(filter), readInfo(http, "call", { ...filter, sessionId })),
    bindings: readBindings(http, "call", sessionId).pipe(
      Effect.withSpan("ContextManager.bindings", {
        attributes: { "agentbay.session_id": sessionId },
        captureStackTrace: false
      })
    ),
    sync: Effect.fn("ContextManager.sync")(function* (options: SyncOptions = {}) {
      yield* Effect.annotateCurrentSpan(SyncWait.spanAttributes(sessionId, options))
      const result = yield* Effect.tapError(Effect.flatMap(start(options), Wait.run), (error) =>
        Effect.annotateCurrentSpan({
          "agentbay.outcome": error._tag,
          ...(error._tag === "SyncTimeout" ? { "agentbay.polls": error.polls } : {})
        })
      )
      yield* Effect.annotateCurrentSpan({
        "agentbay.polls": result.polls,
        "agentbay.outcome": result.outcome
      })
      return result
    }),
    progress: (options = {}) =>
      Stream.unwrap(
        Effect.map(Effect.flatMap(start(options), Wait.start), (next) =>
          Stream.unfoldEffect(Option.some(next), (pending) =>
            Effect.transposeMapOption(pending, (step) =>
              Effect.map(step, ({ result, spent, state }) => {
                const element: SyncProgress = {
                  polls: spent.polls,
                  elapsed: spent.elapsed,
                  contextStatusData: state.counted,
                  transferred: sumCounts(state.counted),
                  result
                }
                return [element, Option.isSome(result) ? Option.none() : pending] as const
              })
            )
          )
        )
      ).pipe(
        Stream.withSpan("ContextManager.progress", {
          attributes: SyncWait.spanAttributes(sessionId, options),
          captureStackTrace: false
        })
      )
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
