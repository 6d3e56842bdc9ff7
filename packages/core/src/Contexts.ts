/**
 * The persistent contexts of the account.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { CallError, InvalidArgument, SyncTimeout } from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import type * as ContextFiles from "./ContextFiles.js"
import * as Arguments from "./internal/arguments.js"
import type { Page } from "./Page.js"
import type { PollPolicy } from "./PollPolicy.js"
import { GetContext } from "./Protocol.js"

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
  readonly pollPolicy?: PollPolicy | undefined
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
  /** All contexts of the account, newest first, page by page as they are read. */
  readonly list: (
    options?: ListOptions
  ) => Stream.Stream<ContextDetails, CallError | InvalidArgument>
  /** One page of them. */
  readonly listPage: (
    options?: ListOptions & { readonly nextToken?: string | undefined }
  ) => Effect.Effect<Page<ContextDetails>, CallError | InvalidArgument>
  /** Gives a context another name. The new one leads to it from then on, the old one does not. */
  readonly rename: (id: string, name: string) => Effect.Effect<void, CallError | InvalidArgument>
  /** Deletes a context with everything that is stored in it. */
  readonly remove: (id: string) => Effect.Effect<void, CallError | InvalidArgument>
  /**
   * Deletes everything that is stored in a context and waits for the end; the context stays.
   */
  readonly clear: (
    id: string,
    options?: ClearOptions
  ) => Effect.Effect<void, CallError | InvalidArgument | SyncTimeout>
  /** Only starts a clear. */
  readonly clearStarted: (id: string) => Effect.Effect<void, CallError | InvalidArgument>
  /** The state word of a context: `clearing` as long as a clear goes on, `available` after it. */
  readonly clearStatus: (id: string) => Effect.Effect<string, CallError | InvalidArgument>
  /** The files that are stored in contexts. */
  readonly files: ContextFiles.Service
}

const dateOf = (text: string | undefined): Option.Option<DateTime.Utc> =>
  Option.map(
    Option.flatMap(Option.fromNullable(text), (value) => DateTime.make(value)),
    DateTime.toUtc
  )

/** @internal */
export const fromHttp = (http: HttpService): Service => {
  const missing: any = () => Effect.dieMessage("not built")
  const getContext = (payload: typeof GetContext.payload.Type) =>
    Effect.map(http.call(GetContext, payload), ({ reply: { data } }): ContextDetails => ({
      id: data.id,
      name: data.name ?? payload.name ?? "",
      state: data.state,
      createdAt: dateOf(data.createTime),
      lastUsedAt: dateOf(data.lastUsedTime)
    }))
  return {
    get: Effect.fn("Contexts.get")(function* (name: string) {
      yield* Arguments.notBlank("name", name)
      return yield* getContext({ allowCreate: false, name })
    }),
    getById: Effect.fn("Contexts.getById")(function* (id: string) {
      yield* Arguments.notBlank("id", id)
      return yield* getContext({ allowCreate: false, contextId: id })
    }),
    getOrCreate: Effect.fn("Contexts.getOrCreate")(function* (name: string) {
      yield* Arguments.notBlank("name", name)
      return yield* getContext({ allowCreate: true, name, loginRegionId: http.regionId })
    }),
    create: missing,
    list: missing,
    listPage: missing,
    rename: missing,
    remove: missing,
    clear: missing,
    clearStarted: missing,
    clearStatus: missing,
    files: missing
  }
}
