/**
 * The persistent contexts of the account.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CallError, InvalidArgument } from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import * as Arguments from "./internal/arguments.js"
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
export interface Service {
  /** The context of that name; `ApiError` (`ContextNotFound`) when there is none. */
  readonly get: (name: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
  /** The context of that id; `ApiError` (`ContextNotFound`) when there is none. */
  readonly getById: (id: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
  /** The context of that name, created when there is none. */
  readonly getOrCreate: (name: string) => Effect.Effect<ContextDetails, CallError | InvalidArgument>
}

const dateOf = (text: string | undefined): Option.Option<DateTime.Utc> =>
  Option.map(
    Option.flatMap(Option.fromNullable(text), (value) => DateTime.make(value)),
    DateTime.toUtc
  )

/** @internal */
export const fromHttp = (http: HttpService): Service => {
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
    })
  }
}
