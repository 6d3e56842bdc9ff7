/**
 * One entry of the server's table of actions.
 *
 * @since 0.1.0
 */
import { issuesOf, type Operation, type Parameters } from "@effect-agentbay/core/Protocol"
import type { PlatformError } from "@effect/platform/Error"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { StateFailure } from "../contexts/ContextStore.js"
import * as Refusal from "./Refusal.js"

/**
 * Why an action has no reply: it was refused, or the server is at fault.
 *
 * @since 0.1.0
 */
export type Failure = Refusal.Refusal | StateFailure | PlatformError

/**
 * Where the server is reached, as the replies say it.
 *
 * @since 0.1.0
 */
export interface Origin {
  readonly url: string
}

/**
 * An action that the server knows: from the flat parameters of a request to the keys that
 * stand beside the envelope in the reply.
 *
 * @since 0.1.0
 */
export interface Entry {
  readonly action: string
  readonly answer: (parameters: Parameters, origin: Origin) => Effect.Effect<object, Failure>
  /** The same for an action that waits for nothing: much cheaper, for what clients poll. */
  readonly now?: (parameters: Parameters) => Either.Either<object, Refusal.Refusal>
  /** Whether it is given up when the client leaves. Other actions are done all the same. */
  readonly endsWithCaller: boolean
}

const longestIssue = 300

/** Names the parameter that could not be read. */
const malformed = (error: ParseResult.ParseError): Refusal.Refusal => {
  const [issue] = issuesOf(error.issue)
  const [parameter, ...inside] = issue?.path ?? []
  const where = inside.length === 0 ? "" : ` at ${inside.map(String).join(".")}`
  return Refusal.invalidParameter(
    String(parameter ?? "body"),
    `is not valid${where}: ${(issue?.message ?? "unreadable").slice(0, longestIssue)}`
  )
}

/**
 * Joins the description of an operation with what the server does for it.
 *
 * @since 0.1.0
 */
export const handle = <
  Action extends string,
  Payload,
  PayloadEncoded extends Parameters,
  Reply extends object,
  ReplyEncoded extends object
>(
  operation: Operation<Action, Payload, PayloadEncoded, Reply, ReplyEncoded>,
  handler: (payload: Payload, origin: Origin) => Effect.Effect<Reply, Failure>,
  { endsWithCaller = false }: { readonly endsWithCaller?: boolean } = {}
): Entry => {
  const decode = Schema.decodeUnknownEither(operation.payload)
  const encode = Schema.encode(operation.reply)
  return {
    action: operation.action,
    endsWithCaller,
    answer: (parameters, origin) =>
      Either.match(decode(parameters), {
        onLeft: (error) => Effect.fail(malformed(error)),
        onRight: (payload) => Effect.flatMap(handler(payload, origin), encode)
      })
  }
}

/**
 * The same for an action that waits for nothing; its handler gives the keys of the reply as
 * they travel.
 *
 * @since 0.1.0
 */
export const handleNow = <
  Action extends string,
  Payload,
  PayloadEncoded extends Parameters,
  Reply extends object,
  ReplyEncoded extends object
>(
  operation: Operation<Action, Payload, PayloadEncoded, Reply, ReplyEncoded>,
  handler: (payload: Payload) => Either.Either<NoInfer<ReplyEncoded>, Refusal.Refusal>
): Entry => {
  const decode = Schema.decodeUnknownEither(operation.payload)
  const now = (parameters: Parameters): Either.Either<object, Refusal.Refusal> =>
    Either.flatMap(Either.mapLeft(decode(parameters), malformed), handler)
  return {
    action: operation.action,
    endsWithCaller: false,
    now,
    answer: (parameters) => Effect.suspend(() => now(parameters))
  }
}

/**
 * A moment as the protocol writes it: ISO 8601 in UTC, whole seconds.
 *
 * @since 0.1.0
 */
export const isoSeconds = (millis: number): string =>
  DateTime.formatIso(DateTime.unsafeMake(millis - (millis % 1000))).replace(".000Z", "Z")
