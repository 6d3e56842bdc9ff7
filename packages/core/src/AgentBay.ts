/**
 * The front door: sessions and contexts of an account.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AgentBayConfig } from "./AgentBayConfig.js"
import {
  type CallError,
  type InvalidArgument,
  type SyncFailed,
  type SyncTimeout,
  TransportError
} from "./AgentBayError.js"
import * as AgentBayHttp from "./AgentBayHttp.js"
import * as Contexts from "./Contexts.js"
import * as ContextSync from "./ContextSync.js"
import * as Arguments from "./internal/arguments.js"
import { sdkStats } from "./internal/sdkStats.js"
import { shielded } from "./internal/shielded.js"
import * as SyncWait from "./internal/syncWait.js"
import * as Wait from "./internal/wait.js"
import type { Page } from "./Page.js"
import * as PollPolicy from "./PollPolicy.js"
import { CreateMcpSession, GetSession, ListSession } from "./Protocol.js"
import * as Session from "./Session.js"

/**
 * What a new session is made of. Everything is optional.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateOptions {
  /** The image to start, such as `linux_latest`. Default: the service's. */
  readonly imageId?: string | undefined
  /** Labels to find the session by. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /** The contexts to mount, each at a path of its own. */
  readonly contexts?: ReadonlyArray<ContextSync.ContextSync> | undefined
  /** How long the session may idle before it is released, in whole seconds. */
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
  /** Only sessions in this state. */
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
  /** One page of them, counted from 1. A page that cannot be reached is an `InvalidArgument`. */
  readonly listPage: (
    options?: ListOptions & { readonly page?: number | undefined }
  ) => Effect.Effect<Page<SessionSummary>, CallError | InvalidArgument>
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

// Nothing can interrupt the end of a scope, so its wait has to end by itself.
const closingPolicy = (http: AgentBayHttp.Service): PollPolicy.PollPolicy =>
  http.pollPolicy._tag === "Spaced" ? http.pollPolicy : PollPolicy.standard

type Created = { readonly session: Session.Session; readonly requestId: string }

const idleSeconds = (options: CreateOptions) =>
  options.idleTimeout === undefined
    ? Effect.succeed(undefined)
    : Effect.flatMap(Arguments.positiveTime("idleTimeout", options.idleTimeout), (time) =>
        Arguments.wholeNumber("idleTimeout", Math.ceil(Duration.toSeconds(time)), 1)
      )

const open = (http: AgentBayHttp.Service, options: CreateOptions) =>
  Effect.gen(function* () {
    const bindings = options.contexts ?? []
    yield* ContextSync.validateAll(bindings)
    yield* PollPolicy.validate(options.pollPolicy ?? http.pollPolicy)
    const timeout = yield* idleSeconds(options)
    const { reply, requestId } = yield* shielded(
      http.call(CreateMcpSession, {
        imageId: options.imageId,
        labels: options.labels,
        loginRegionId: http.regionId,
        persistenceDataList: bindings.length === 0 ? undefined : bindings,
        sdkStats,
        timeout
      })
    )
    const { linkUrl, resourceUrl, sessionId, token, toolList } = reply.data
    if (sessionId === undefined || sessionId === "") {
      return yield* new TransportError({
        operation: CreateMcpSession.action,
        reason: "Decode",
        description: "the answer names no session",
        requestId
      })
    }
    const session = Session.fromHttp(http, {
      sessionId,
      resourceUrl,
      imageId: options.imageId,
      tools: toolList ?? [],
      linkUrl,
      token
    })
    const created: Created = { session, requestId }
    return created
  })

const awaitDownloads = (
  http: AgentBayHttp.Service,
  { requestId, session }: Created,
  options: CreateOptions
): Effect.Effect<Session.Session, CreateError> => {
  const bindings = options.contexts ?? []
  if (bindings.length === 0) return Effect.succeed(session)
  return Wait.run(
    SyncWait.initialDownloads(http, {
      sessionId: session.sessionId,
      requestId,
      bindings,
      policy: options.pollPolicy ?? http.pollPolicy
    })
  ).pipe(Effect.as(session))
}

// The end of a scope cannot fail with a typed error; a session that is gone already is as
// good as deleted.
const quietly = (
  { session }: Created,
  deletion: Effect.Effect<unknown, CallError | SyncTimeout>
): Effect.Effect<unknown> =>
  deletion.pipe(
    Effect.catchAll((error) =>
      error._tag === "ApiError" && error.reason === "SessionNotFound"
        ? Effect.void
        : Effect.logWarning("A session could not be deleted").pipe(
            Effect.annotateLogs({
              package: "@effect-agentbay/core",
              module: "AgentBay",
              sessionId: session.sessionId,
              error: error.message
            })
          )
    )
  )

const defaultPageSize = 10

const listPages = (
  http: AgentBayHttp.Service,
  options: ListOptions & { readonly pageSize: number }
) =>
  Stream.paginateChunkEffect<string | undefined, SessionSummary, CallError, never>(
    undefined,
    (nextToken) =>
      Effect.map(
        http.call(ListSession, {
          labels: options.labels ?? {},
          maxResults: options.pageSize,
          nextToken,
          status: options.status
        }),
        ({ reply }) => [
          Chunk.fromIterable(
            (reply.data ?? []).map((item) => ({
              sessionId: item.sessionId,
              status: item.sessionStatus ?? ""
            }))
          ),
          Option.filter(
            Option.fromNullable(reply.nextToken),
            (token) => token !== "" && token !== nextToken
          )
        ]
      )
  )

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
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(open(http, options), (created) =>
          restore(awaitDownloads(http, created, options)).pipe(
            Effect.onInterrupt(() =>
              quietly(created, Session.requestRelease(http, created.session.sessionId))
            )
          )
        )
      )
    }),
    session: Effect.fn("AgentBay.session")(function* (options: CreateOptions = {}) {
      const created = yield* Effect.acquireRelease(open(http, options), (opened) =>
        quietly(opened, Session.release(http, opened.session.sessionId, closingPolicy(http)))
      )
      return yield* awaitDownloads(http, created, options)
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
      Stream.unwrap(
        Effect.map(
          Arguments.wholeNumber("pageSize", options.pageSize ?? defaultPageSize, 1),
          (pageSize) => listPages(http, { ...options, pageSize })
        )
      ).pipe(Stream.withSpan("AgentBay.list", { captureStackTrace: false })),
    listPage: (() => Effect.dieMessage("not built")) as any,
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
