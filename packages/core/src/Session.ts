/**
 * One live session.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { type CallError, type InvalidArgument, SyncTimeout } from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import * as ContextManager from "./ContextManager.js"
import { shielded } from "./internal/shielded.js"
import * as Wait from "./internal/wait.js"
import * as PollPolicy from "./PollPolicy.js"
import { DeleteSessionAsync, GetSessionDetail, type ToolDescription } from "./Protocol.js"
import * as SessionFiles from "./SessionFiles.js"
import type * as SessionShell from "./SessionShell.js"
import type * as SessionTools from "./SessionTools.js"

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
  readonly get: Effect.Effect<Labels, CallError>
  /** Replaces all labels. An empty map is refused before anything is sent. */
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
  /** Pauses the session and waits until it is `PAUSED`. */
  readonly pause: (
    options?: StateOptions
  ) => Effect.Effect<void, CallError | InvalidArgument | SyncTimeout>
  /** Wakes a paused session and waits until it is `RUNNING`. */
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
   * used up is a `SyncTimeout`. Interruption stops the waiting; a release that was asked for
   * goes on.
   */
  readonly delete: (options?: DeleteOptions) => Effect.Effect<void, ContextManager.SyncError>
}

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
  Wait.run<string, string, void, SyncTimeout>({
    initial: "DELETING",
    policy,
    maxConsecutiveErrors: Wait.defaultMaxConsecutiveErrors,
    read: http.callOnce(GetSessionDetail, { sessionId }).pipe(
      Effect.map(({ reply }) => reply.data.status),
      Effect.catchTag("ApiError", (error) =>
        error.reason === "SessionNotFound" ? Effect.succeed("DELETED") : Effect.fail(error)
      )
    ),
    decide: (_, status) => (isGone(status) ? Wait.end(status, Either.void) : Wait.proceed(status)),
    exhausted: (_, spent) =>
      new SyncTimeout({
        operation: "delete",
        sessionId,
        requestId,
        polls: spent.polls,
        elapsed: spent.elapsed,
        tasks: [],
        missing: [],
        lastError: spent.lastError
      })
  })

/**
 * Asks for the release of a session, without waiting for its end.
 *
 * @internal
 */
export const requestRelease = (http: HttpService, sessionId: string) =>
  shielded(http.call(DeleteSessionAsync, { sessionId }))

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

const syncOptionsOf = (sync: DeleteOptions["sync"]): ContextManager.SyncOptions | undefined =>
  sync === true ? {} : sync === false ? undefined : sync

/** @internal */
export const fromHttp = (
  http: HttpService,
  options: {
    readonly sessionId: string
    readonly resourceUrl?: string | undefined
    readonly tools: ReadonlyArray<ToolDescription>
  }
): Session => {
  const { resourceUrl, sessionId, tools } = options
  const contextManager = ContextManager.fromHttp(http, sessionId)
  const attributes = { "agentbay.session_id": sessionId }
  const missing: any = () => Effect.dieMessage("not built")
  return {
    keepAlive: missing,
    labels: missing,
    pause: missing,
    resume: missing,
    tools: missing,
    shell: missing,
    sessionId,
    resourceUrl: resourceUrl === "" ? undefined : resourceUrl,
    contextManager,
    files: SessionFiles.fromHttp(http, sessionId, tools),
    status: http.call(GetSessionDetail, { sessionId }).pipe(
      Effect.map(({ reply }) => reply.data.status),
      Effect.withSpan("Session.status", { attributes, captureStackTrace: false })
    ),
    delete: Effect.fn("Session.delete")(function* (deleteOptions: DeleteOptions = {}) {
      yield* Effect.annotateCurrentSpan(attributes)
      const policy = yield* PollPolicy.validate(deleteOptions.pollPolicy ?? http.pollPolicy)
      const sync = syncOptionsOf(deleteOptions.sync)
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
