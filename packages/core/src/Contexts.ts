/**
 * The persistent contexts of the account.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import {
  type CallError,
  type InvalidArgument,
  type SyncTimeout,
  TransportError
} from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import * as ContextFiles from "./ContextFiles.js"
import * as Arguments from "./internal/arguments.js"
import * as Clear from "./internal/clearDecision.js"
import { nextTokenOf, pagesOf } from "./internal/pages.js"
import { timeOf } from "./internal/serviceTime.js"
import { defaultGraceRetries } from "./internal/syncDecision.js"
import * as PollLoop from "./internal/pollLoop.js"
import type { Page } from "./Page.js"
import * as PollPolicy from "./PollPolicy.js"
import {
  ClearContext,
  type ContextData,
  DeleteContext,
  GetContext,
  ListContexts,
  ModifyContext
} from "./Protocol.js"

/**
 * A persistent context: a named store of files that sessions mount.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContextDetails {
  readonly id: string
  readonly name: string
  /** The service's word: `available`, `in-use`, `clearing`, `pre-available`, … */
  readonly state: string | undefined
  readonly createdAt: Option.Option<DateTime.Utc>
  readonly lastUsedAt: Option.Option<DateTime.Utc>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ListOptions {
  /** Only the contexts that this session mounts. */
  readonly sessionId?: string | undefined
  /** How many contexts one page holds. Default: 10. */
  readonly pageSize?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ClearOptions {
  /** How the end is waited for. Default: `AgentBayHttp`'s poll policy. */
  readonly pollPolicy?: PollPolicy.PollPolicy | undefined
  /**
   * How many further readings must say `available`, when the clear was never seen at work,
   * until that is taken for the end. Default: 4.
   */
  readonly graceRetries?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The context of that name; `ApiError` (`ContextNotFound`) when there is none. */
  readonly get: (name: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
  /** The context of that id; `ApiError` (`ContextNotFound`) when there is none. */
  readonly getById: (id: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
  /**
   * Creates a context. The service has no clash of names: one that exists already is given
   * back as it is, so this is `getOrCreate` under the name that other clients have for it.
   */
  readonly create: (name: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
  /** The context of that name, created when there is none. */
  readonly getOrCreate: (name: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
  /**
   * All contexts of the account, newest first. A page is asked for when the one before it has
   * been read. An empty token, or one that was used already, ends the list.
   */
  readonly list: (
    options?: ListOptions
  ) => Stream.Stream<ContextDetails, CallError | InvalidArgument>
  /** One page of them: the first, or the one that `nextToken` of another page leads to. */
  readonly listPage: (
    options?: ListOptions & { readonly nextToken?: string | undefined }
  ) => Effect.Effect<Page<ContextDetails>, CallError | InvalidArgument>
  /** Gives a context another name. The new one leads to it from then on, the old one does not. */
  readonly rename: (id: string, name: string) => Effect.Effect<void, CallError | InvalidArgument>
  /** Deletes a context with everything that is stored in it. */
  readonly remove: (id: string) => Effect.Effect<void, CallError | InvalidArgument>
  /**
   * Deletes everything that is stored in a context and waits for the end; the context stays,
   * with its id and name.
   *
   * The clear is asked for once. Then the state of the context is read, at once and whenever
   * the poll policy says. `available` is the end only when `clearing` was read before, or
   * after `graceRetries` further readings of the same: the first ones may still tell the
   * state of before. An answer without a state is never the end. Faults that pass are lived
   * through as in every wait.
   *
   * A budget used up is a `SyncTimeout` (`operation` is `clear`, `contextId` names the
   * context). Interruption stops the waiting; a clear that was accepted goes on.
   */
  readonly clear: (
    id: string,
    options?: ClearOptions
  ) => Effect.Effect<void, CallError | InvalidArgument | SyncTimeout>
  /** Only asks for a clear: when this succeeds, it has been accepted. */
  readonly clearStarted: (id: string) => Effect.Effect<void, CallError | InvalidArgument>
  /**
   * The state word of a context: `clearing` as long as a clear goes on, `available` after it.
   * Right after {@link clearStarted} it may still be the state of before. An answer without a
   * state is a `TransportError` (`Decode`).
   */
  readonly clearStatus: (id: string) => Effect.Effect<string, CallError | InvalidArgument>
  /** The files that are stored in contexts. */
  readonly files: ContextFiles.Service
}

const defaultPageSize = 10

type ContextReply = typeof ContextData.Type

const detailsOf = (data: ContextReply, name = ""): ContextDetails => ({
  id: data.id,
  name: data.name ?? name,
  state: data.state,
  createdAt: timeOf(data.createTime),
  lastUsedAt: timeOf(data.lastUsedTime)
})

/** @internal */
export const fromHttp = (http: HttpService): Service => {
  const getContext = (payload: typeof GetContext.payload.Type) =>
    Effect.map(http.call(GetContext, payload), ({ reply: { data } }) =>
      detailsOf(data, payload.name)
    )

  const getOrCreate = (name: string) =>
    Effect.zipRight(
      Arguments.notBlank("name", name),
      getContext({ allowCreate: true, name, loginRegionId: http.regionId })
    )

  const page = (options: ListOptions, nextToken: string | undefined) =>
    Effect.map(
      http.call(ListContexts, {
        maxResults: options.pageSize ?? defaultPageSize,
        nextToken,
        sessionId: options.sessionId
      }),
      ({ reply, requestId }): Page<ContextDetails> => ({
        items: (reply.data ?? []).map((data) => detailsOf(data)),
        nextToken: nextTokenOf(reply.nextToken, nextToken),
        totalCount: reply.totalCount,
        requestId
      })
    )

  const checkListing = (options: ListOptions) =>
    Effect.gen(function* () {
      yield* Arguments.options(options)
      yield* Arguments.optionalNotBlank("sessionId", options.sessionId)
      yield* Arguments.wholeNumber("pageSize", options.pageSize ?? defaultPageSize, 1)
    })

  const startClear = (id: string) =>
    Effect.zipRight(Arguments.notBlank("id", id), http.call(ClearContext, { id }))

  const stateOf = (id: string): Effect.Effect<string | undefined, CallError> =>
    Effect.map(
      http.callOnce(GetContext, { allowCreate: false, contextId: id }),
      ({ reply }) => reply.data.state
    )

  return {
    get: Effect.fn("Contexts.get")(function* (name: string) {
      yield* Arguments.notBlank("name", name)
      return yield* getContext({ allowCreate: false, name })
    }),
    getById: Effect.fn("Contexts.getById")(function* (id: string) {
      yield* Arguments.notBlank("id", id)
      return yield* getContext({ allowCreate: false, contextId: id })
    }),
    create: Effect.fn("Contexts.create")(getOrCreate),
    getOrCreate: Effect.fn("Contexts.getOrCreate")(getOrCreate),
    list: (options = {}) =>
      Stream.unwrap(
        Effect.as(
          checkListing(options),
          pagesOf((token) => page(options, token))
        )
      ).pipe(Stream.withSpan("Contexts.list", { captureStackTrace: false })),
    listPage: Effect.fn("Contexts.listPage")(function* (
      options: ListOptions & { readonly nextToken?: string | undefined } = {}
    ) {
      yield* checkListing(options)
      yield* Arguments.optionalNotBlank("nextToken", options.nextToken)
      return yield* page(options, options.nextToken)
    }),
    rename: Effect.fn("Contexts.rename")(function* (id: string, name: string) {
      yield* Arguments.notBlank("id", id)
      yield* Arguments.notBlank("name", name)
      yield* http.call(ModifyContext, { id, name })
    }),
    remove: Effect.fn("Contexts.remove")(function* (id: string) {
      yield* Arguments.notBlank("id", id)
      yield* http.call(DeleteContext, { id })
    }),
    clear: Effect.fn("Contexts.clear")(function* (id: string, options: ClearOptions = {}) {
      yield* Arguments.options(options)
      const policy = yield* PollPolicy.validate(options.pollPolicy ?? http.pollPolicy)
      const graceRetries = yield* Arguments.wholeNumber(
        "graceRetries",
        options.graceRetries ?? defaultGraceRetries
      )
      const { requestId } = yield* startClear(id)
      yield* PollLoop.runAlone({
        initial: Clear.initial,
        policy,
        maxConsecutiveErrors: http.maxConsecutiveErrors,
        read: stateOf(id),
        decide: Clear.decide(graceRetries),
        exhausted: Clear.exhausted(id, requestId)
      })
    }),
    clearStarted: Effect.fn("Contexts.clearStarted")(function* (id: string) {
      yield* startClear(id)
    }),
    clearStatus: Effect.fn("Contexts.clearStatus")(function* (id: string) {
      yield* Arguments.notBlank("id", id)
      const { reply, requestId } = yield* http.call(GetContext, {
        allowCreate: false,
        contextId: id
      })
      return (
        reply.data.state ??
        (yield* new TransportError({
          operation: GetContext.action,
          reason: "Decode",
          description: "the answer names no state of the context",
          requestId
        }))
      )
    }),
    files: ContextFiles.fromHttp(http)
  }
}
