/**
 * The front door: sessions and contexts of an account.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AgentBayConfig } from "./AgentBayConfig.js"
import type { CallError, InvalidArgument, SyncFailed, SyncTimeout } from "./AgentBayError.js"
import * as AgentBayHttp from "./AgentBayHttp.js"
import * as Contexts from "./Contexts.js"
import type * as ContextSync from "./ContextSync.js"
import * as Arguments from "./internal/arguments.js"
import { awaitDownloads, closingPolicy, open, quietly } from "./internal/createdSession.js"
import { createRequest } from "./internal/createRequest.js"
import { listSessions, sessionPage } from "./internal/sessionList.js"
import { syncRequest } from "./internal/syncArguments.js"
import { makeSyncing } from "./internal/syncing.js"
import { syncMany } from "./internal/syncMany.js"
import type { Page } from "./Page.js"
import type * as PollPolicy from "./PollPolicy.js"
import { GetSession } from "./Protocol.js"
import * as Session from "./Session.js"
import type { ManyOptions, ManyResult, SessionTarget } from "./SyncMany.js"

/**
 * What a new session is made of. Everything is optional.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateOptions {
  /** The image to start, such as `linux_latest`. Default: the service's. */
  readonly imageId?: string | undefined
  /** Labels to find the session by; neither names nor labels are blank. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /**
   * The contexts to mount, each at a path of its own. The initial download of one whose
   * `waitForDownload` is `false` is neither waited for nor reported.
   */
  readonly contexts?: ReadonlyArray<ContextSync.ContextSync> | undefined
  /**
   * How long the session may idle before it is released. A number is milliseconds; it is sent
   * in whole seconds, rounded up. Default: the service's, 300 seconds.
   */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** The policy the session stands under. */
  readonly policyId?: string | undefined
  /** The network the session is in. */
  readonly networkId?: string | undefined
  /** Whether what happens in the session's browser is recorded. Default: the service's. */
  readonly enableBrowserReplay?: boolean | undefined
  /** Settings of images beyond the common ones, sent as JSON; for example those of mobile images. */
  readonly extraConfigs?: { readonly [name: string]: unknown } | undefined
  /** Loads skills into the session: those of `skillNames`, or the service's choice. */
  readonly loadSkills?: boolean | undefined
  /** Only together with `loadSkills: true`. */
  readonly skillNames?: ReadonlyArray<string> | undefined
  /** What the service is told that this client is embedded in. Default: `effect`. */
  readonly framework?: string | undefined
  /** How the initial downloads are waited for. Default: `AgentBayHttp`'s poll policy. */
  readonly pollPolicy?: PollPolicy.PollPolicy | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ListOptions {
  /** Only sessions that carry all of these labels. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /** Only sessions in this state. No other words are taken. */
  readonly status?: SessionState | undefined
  /** How many sessions one page holds. Default: 10. */
  readonly pageSize?: number | undefined
}

/**
 * The states a list can be filtered by.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionState = "RUNNING" | "PAUSING" | "PAUSED" | "RESUMING" | "DELETING" | "DELETED"

/**
 * A session as a list shows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionSummary {
  readonly sessionId: string
  readonly status: string
}

/**
 * What `create` and `session` can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type CreateError = CallError | InvalidArgument | SyncFailed | SyncTimeout

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Creates a session and waits for the initial downloads of its bindings. When one fails,
   * or the wait does, the error carries the id of the session, which goes on existing.
   *
   * The request itself is not interruptible, so that no session is created unseen. An
   * interruption during the wait asks for the release of the session, whose id nobody has,
   * and does not wait for its end.
   */
  readonly create: (options?: CreateOptions) => Effect.Effect<Session.Session, CreateError>
  /**
   * The same, tied to a scope: the session is deleted when the scope closes, after
   * success, failure and interruption alike. Closing waits until it is gone, as long as
   * `AgentBayHttp`'s poll policy allows (the standard one, if that is a schedule of your
   * own). A deletion that fails then is logged as a warning.
   */
  readonly session: (
    options?: CreateOptions
  ) => Effect.Effect<Session.Session, CreateError, Scope.Scope>
  /** A session that exists. */
  readonly get: (sessionId: string) => Effect.Effect<Session.Session, CallError | InvalidArgument>
  /** The live sessions of the account, page by page as they are read. */
  readonly list: (
    options?: ListOptions
  ) => Stream.Stream<SessionSummary, CallError | InvalidArgument>
  /**
   * One page of them, counted from 1. The service knows only tokens, so page *n* takes *n*
   * requests, and its `nextToken` only tells whether there is another. A page that cannot be
   * reached is an `InvalidArgument` with the `requestId` of the answer that said so.
   */
  readonly listPage: (
    options?: ListOptions & { readonly page?: number | undefined }
  ) => Effect.Effect<Page<SessionSummary>, CallError | InvalidArgument>
  /**
   * Syncs in many sessions and tells what became of each sync. Sessions themselves will do as
   * targets: all their bindings are synced. All targets are checked before anything is sent; a
   * failure of one does not touch the others.
   */
  readonly syncSessions: <Target extends SessionTarget>(
    targets: ReadonlyArray<Target>,
    options?: ManyOptions
  ) => Effect.Effect<ManyResult<Target>, InvalidArgument>
  /** The persistent contexts of the account. */
  readonly contexts: Contexts.Service
}

/**
 * AgentBay as a service.
 *
 * @example
 * ```ts
 * import { AgentBay } from "@effect-agentbay/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const agentBay = yield* AgentBay.AgentBay
 *   const context = yield* agentBay.contexts.getOrCreate("notes")
 *   const session = yield* agentBay.session({
 *     contexts: [{ contextId: context.id, path: "/home/wuying/notes" }]
 *   })
 *   yield* session.files.write("/home/wuying/notes/today.md", "# Today\n")
 *   return yield* session.contextManager.sync()
 * }).pipe(Effect.scoped)
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class AgentBay extends Context.Tag("@effect-agentbay/core/AgentBay")<AgentBay, Service>() {}

/**
 * Builds the service.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, AgentBayHttp.AgentBayHttp> = Effect.map(
  AgentBayHttp.AgentBayHttp,
  (http): Service => ({
    create: Effect.fn("AgentBay.create")(function* (options: CreateOptions = {}) {
      const request = yield* createRequest(options, http)
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(open(http, request), (created) =>
          restore(awaitDownloads(http, created, request)).pipe(
            Effect.onInterrupt(() =>
              quietly(created, Session.requestRelease(http, created.session.sessionId))
            )
          )
        )
      )
    }),
    session: Effect.fn("AgentBay.session")(function* (options: CreateOptions = {}) {
      const request = yield* createRequest(options, http)
      const created = yield* Effect.acquireRelease(open(http, request), (opened) =>
        quietly(opened, Session.release(http, opened.session.sessionId, closingPolicy(http)))
      )
      return yield* awaitDownloads(http, created, request)
    }),
    get: Effect.fn("AgentBay.get")(function* (sessionId: string) {
      yield* Arguments.notBlank("sessionId", sessionId)
      const { reply } = yield* http.call(GetSession, { sessionId })
      return Session.fromHttp(http, {
        sessionId,
        resourceUrl: reply.data.resourceUrl,
        tools: reply.data.toolList ?? [],
        linkUrl: reply.data.linkUrl,
        token: reply.data.token
      })
    }),
    list: (options = {}) =>
      listSessions(http, options).pipe(
        Stream.withSpan("AgentBay.list", { captureStackTrace: false })
      ),
    listPage: Effect.fn("AgentBay.listPage")(function* (
      options: ListOptions & { readonly page?: number | undefined } = {}
    ) {
      return yield* sessionPage(http, options)
    }),
    syncSessions: Effect.fn("AgentBay.syncSessions")(function* <Target extends SessionTarget>(
      targets: ReadonlyArray<Target>,
      options: ManyOptions = {}
    ) {
      return yield* syncMany(targets, options, syncRequest(http, {}, options), (target) =>
        Effect.zipRight(
          Arguments.notBlank("sessionId", target.sessionId),
          makeSyncing(http, target.sessionId).prepare(target, options)
        )
      )
    }),
    contexts: Contexts.fromHttp(http)
  })
)

/**
 * AgentBay over an `AgentBayHttp` that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<AgentBay, never, AgentBayHttp.AgentBayHttp> = Layer.effect(
  AgentBay,
  make
)

/**
 * AgentBay with its HTTP service, over a configuration and an HTTP client. Both services
 * come out, so that `ContextManager.layer` can be built on it too.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  options?: AgentBayHttp.ClientOptions
): Layer.Layer<
  AgentBay | AgentBayHttp.AgentBayHttp,
  InvalidArgument,
  AgentBayConfig | HttpClient.HttpClient
> => Layer.provideMerge(layer, AgentBayHttp.layer(options))
