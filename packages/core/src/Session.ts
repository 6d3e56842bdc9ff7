/**
 * One live session.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { type CallError, type InvalidArgument, SyncTimeout } from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import * as ContextManager from "./ContextManager.js"
import * as Arguments from "./internal/arguments.js"
import * as DirectLink from "./internal/directLink.js"
import { changeState } from "./internal/sessionState.js"
import { shielded } from "./internal/shielded.js"
import { startOnce } from "./internal/startOnce.js"
import * as PollLoop from "./internal/pollLoop.js"
import * as ToolCall from "./internal/toolCall.js"
import * as Wait from "./internal/wait.js"
import * as PollPolicy from "./PollPolicy.js"
import {
  DeleteSessionAsync,
  GetLabel,
  GetSessionDetail,
  RefreshSessionIdleTime,
  SetLabel,
  type ToolDescription
} from "./Protocol.js"
import * as SessionFiles from "./SessionFiles.js"
import * as SessionShell from "./SessionShell.js"
import * as SessionTools from "./SessionTools.js"

/**
 * What `delete` does before the session is released.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeleteOptions {
  /**
   * Syncs before the release: `true` for every binding, or the options of that sync.
   * Default: no sync; the service still uploads on release where the policy says so.
   */
  readonly sync?: boolean | ContextManager.SyncOptions | undefined
  /** Deletes the session even when that sync fails. Default: the session is kept. */
  readonly force?: boolean | undefined
  /** How the end of the session is waited for. Default: `AgentBayHttp`'s poll policy. */
  readonly pollPolicy?: PollPolicy.PollPolicy | undefined
}

/**
 * How a change of state is waited for.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateOptions {
  /** Default: `AgentBayHttp`'s poll policy. */
  readonly pollPolicy?: PollPolicy.PollPolicy | undefined
}

/**
 * Labels: a flat map of texts. Names and values are not blank.
 *
 * @since 0.1.0
 * @category models
 */
export type Labels = { readonly [name: string]: string }

/**
 * @since 0.1.0
 * @category models
 */
export interface SessionLabels {
  /** The labels of the session; an empty map when it has none. */
  readonly get: Effect.Effect<Labels, CallError>
  /**
   * Replaces all labels. What is no map of texts, an empty map, and a blank name or value
   * are refused before anything is sent.
   */
  readonly set: (labels: Labels) => Effect.Effect<void, CallError | InvalidArgument>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Session {
  readonly sessionId: string
  /** Where the session's desktop can be looked at, when the service offers it. */
  readonly resourceUrl: string | undefined
  /** Transfers between this session and its contexts. */
  readonly contextManager: ContextManager.Service
  /** The files inside the session. */
  readonly files: SessionFiles.SessionFiles
  /**
   * The state word of the session, such as `RUNNING` or `DELETING`; for some time after
   * the end also `DELETED` or `FINISH`.
   */
  readonly status: Effect.Effect<string, CallError>
  /** Tells the service that the session is in use, so that it is not released as idle. */
  readonly keepAlive: Effect.Effect<void, CallError>
  readonly labels: SessionLabels
  /**
   * Pauses the session and waits until it is `PAUSED`. Until it is resumed it accepts
   * nothing else, not even `delete`.
   *
   * The state of before may be seen for some answers; if it stays, or the session ends
   * instead, that is an `ApiError` with the reason `UnexpectedState`. A wait whose budget is
   * used up is a `SyncTimeout`. Interruption stops the waiting; what was asked for goes on.
   */
  readonly pause: (
    options?: StateOptions
  ) => Effect.Effect<void, CallError | InvalidArgument | SyncTimeout>
  /** Wakes a paused session and waits until it is `RUNNING`, in the same way. */
  readonly resume: (
    options?: StateOptions
  ) => Effect.Effect<void, CallError | InvalidArgument | SyncTimeout>
  /** The tools inside the session: any of them by name. */
  readonly tools: SessionTools.SessionTools
  /** Runs a command in the session. */
  readonly shell: SessionShell.Shell
  /**
   * Releases the session and waits until it is gone. With `sync`, a failed final sync keeps
   * the session and fails with that error, unless `force` is set. A wait whose budget is
   * used up is a `SyncTimeout`. The release is asked for once; again, by the retry policy and
   * at most 3 times, only when the answer proves that nothing was started. Interruption stops
   * the waiting; a release that was asked for goes on.
   */
  readonly delete: (options?: DeleteOptions) => Effect.Effect<void, ContextManager.SyncError>
}

const maxRepeatedReleases = 3

const isGone = (status: string) => status === "DELETED" || status === "FINISH"

/**
 * Waits until a session is gone. Only the service's own word counts: a state that is an
 * end, or its "no such session"; not some other error that mentions "not found".
 */
const untilGone = (
  http: HttpService,
  sessionId: string,
  requestId: string,
  policy: PollPolicy.PollPolicy
) =>
  PollLoop.runAlone<string | undefined, string, void, SyncTimeout>({
    initial: undefined,
    policy,
    maxConsecutiveErrors: http.maxConsecutiveErrors,
    read: http.callOnce(GetSessionDetail, { sessionId }).pipe(
      Effect.map(({ reply }) => reply.data.status),
      Effect.catchTag("ApiError", (error) =>
        error.reason === "SessionNotFound" ? Effect.succeed("DELETED") : Effect.fail(error)
      )
    ),
    decide: (_, status) => (isGone(status) ? Wait.end(status, Either.void) : Wait.proceed(status)),
    exhausted: (state, spent) =>
      new SyncTimeout({
        operation: "delete",
        sessionId,
        requestId,
        state,
        polls: spent.polls,
        elapsed: spent.elapsed,
        tasks: [],
        missing: [],
        lastError: spent.lastError
      })
  })

/**
 * Asks for the release of a session, without waiting for its end. It is asked again when the
 * service turned it away unread, since nobody else may know of the session; not for ever, as
 * that may be at the end of a scope, which nothing can interrupt.
 *
 * @internal
 */
export const requestRelease = (http: HttpService, sessionId: string) =>
  startOnce(
    http,
    shielded(http.callOnce(DeleteSessionAsync, { sessionId })),
    Schedule.intersect(http.retryPolicy, Schedule.recurs(maxRepeatedReleases))
  )

/**
 * Releases a session and waits for its end.
 *
 * @internal
 */
export const release = (
  http: HttpService,
  sessionId: string,
  policy: PollPolicy.PollPolicy = http.pollPolicy
) =>
  Effect.flatMap(requestRelease(http, sessionId), ({ requestId }) =>
    untilGone(http, sessionId, requestId, policy)
  )

const syncOptionsOf = (
  sync: NonNullable<DeleteOptions["sync"]>
): ContextManager.SyncOptions | undefined =>
  sync === true ? {} : sync === false ? undefined : sync

const labelsOf = (http: HttpService, sessionId: string): SessionLabels => {
  const attributes = { "agentbay.session_id": sessionId }
  return {
    get: http.call(GetLabel, { sessionId }).pipe(
      Effect.map(({ reply }) => reply.data?.labels ?? {}),
      Effect.withSpan("Session.labels.get", { attributes, captureStackTrace: false })
    ),
    set: Effect.fn("Session.labels.set")(function* (labels: Labels) {
      yield* Effect.annotateCurrentSpan(attributes)
      yield* Arguments.labels("labels", labels)
      if (Object.keys(labels).length === 0) {
        return yield* Arguments.refuse("labels", "must hold at least one label")
      }
      yield* http.call(SetLabel, { labels, sessionId })
    })
  }
}

/**
 * What is known of a session by the answer that brought it.
 *
 * @internal
 */
export interface Opened {
  readonly sessionId: string
  readonly resourceUrl?: string | undefined
  readonly imageId?: string | undefined
  readonly tools: ReadonlyArray<ToolDescription>
  readonly linkUrl?: string | undefined
  readonly token?: Redacted.Redacted<string> | undefined
}

/** @internal */
export const fromHttp = (http: HttpService, opened: Opened): Session => {
  const { imageId, resourceUrl, sessionId, tools } = opened
  const contextManager = ContextManager.fromHttp(http, sessionId)
  const attributes = { "agentbay.session_id": sessionId }
  const link = DirectLink.make(opened.linkUrl, opened.token)
  const calls = ToolCall.make(http, { sessionId, tools, link })

  const change = (kind: "pause" | "resume") =>
    Effect.fn(`Session.${kind}`)(function* (options: StateOptions = {}) {
      yield* Effect.annotateCurrentSpan(attributes)
      yield* Arguments.options(options)
      const policy = yield* PollPolicy.validate(options.pollPolicy ?? http.pollPolicy)
      yield* changeState(http, kind, sessionId, policy)
    })

  return {
    sessionId,
    resourceUrl: resourceUrl === "" ? undefined : resourceUrl,
    contextManager,
    files: SessionFiles.fromCalls(calls),
    tools: SessionTools.fromHttp(http, calls, imageId),
    shell: SessionShell.fromCalls(calls),
    labels: labelsOf(http, sessionId),
    status: http.call(GetSessionDetail, { sessionId }).pipe(
      Effect.map(({ reply }) => reply.data.status),
      Effect.withSpan("Session.status", { attributes, captureStackTrace: false })
    ),
    keepAlive: http
      .call(RefreshSessionIdleTime, { sessionId })
      .pipe(
        Effect.asVoid,
        Effect.withSpan("Session.keepAlive", { attributes, captureStackTrace: false })
      ),
    pause: change("pause"),
    resume: change("resume"),
    delete: Effect.fn("Session.delete")(function* (deleteOptions: DeleteOptions = {}) {
      yield* Effect.annotateCurrentSpan(attributes)
      yield* Arguments.options(deleteOptions)
      yield* Arguments.optionalBoolean("force", deleteOptions.force)
      const { sync: asked = false } = deleteOptions
      if (typeof asked !== "boolean") yield* Arguments.options(asked, "sync")
      const policy = yield* PollPolicy.validate(deleteOptions.pollPolicy ?? http.pollPolicy)
      const sync = syncOptionsOf(asked)
      if (sync !== undefined) {
        const lastSync = contextManager.sync(sync)
        yield* deleteOptions.force === true ? forced(lastSync, sessionId) : lastSync
      }
      yield* release(http, sessionId, policy)
    })
  }
}

// Wrong arguments are the caller's fault and worth stopping for, even when forced.
const forced = <A>(
  lastSync: Effect.Effect<A, ContextManager.SyncError>,
  sessionId: string
): Effect.Effect<A | void, InvalidArgument> =>
  Effect.catchAll(lastSync, (error) =>
    error._tag === "InvalidArgument"
      ? Effect.fail(error)
      : Effect.logWarning("The final sync failed; the session is deleted all the same").pipe(
          Effect.annotateLogs({
            package: "@effect-agentbay/core",
            module: "Session",
            sessionId,
            error: error.message
          })
        )
  )
