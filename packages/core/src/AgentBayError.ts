/**
 * Everything that can go wrong, as values with a `_tag`.
 *
 * No error ever holds the API key: texts that come from outside are cleaned of it before
 * they are stored.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { ContextStatusData } from "./ContextStatus.js"
import * as Messages from "./internal/errorMessages.js"

/**
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@effect-agentbay/core/AgentBayError")

/**
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * No usable answer came back, or the request could not be written.
 *
 * - `Transport`: no connection, a broken one, or an answer that is not JSON at all;
 * - `Timeout`: no answer within the configured time;
 * - `Status`: an HTTP error without a JSON body, usually from something in between;
 * - `Decode`: a JSON answer that does not have the shape the operation promises;
 * - `Encode`: the request could not be encoded.
 *
 * `code` is the system's word for the fault (`ECONNREFUSED`) where there is one,
 * `sessionId` the session the call was about. Retryable: `Transport`, `Timeout`, and the
 * statuses 408, 429 and 5xx.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Schema.TaggedError<TransportError>(
  "@effect-agentbay/core/TransportError"
)("TransportError", {
  operation: Schema.String,
  reason: Schema.Literal("Transport", "Timeout", "Status", "Decode", "Encode"),
  description: Schema.String,
  code: Schema.optional(Schema.String),
  status: Schema.optional(Schema.Number),
  retryAfter: Schema.optional(Schema.Duration),
  requestId: Schema.optional(Schema.String),
  sessionId: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.Defect)
}) {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return Messages.transport(this)
  }
}

/**
 * Why the service said no. `Other` is every code this version does not know; the code
 * itself is in the error.
 *
 * @since 0.1.0
 * @category models
 */
export const ApiErrorReason = Schema.Literal(
  "SessionNotFound",
  "ContextNotFound",
  "NotLoggedIn",
  "Throttled",
  "FileNotFound",
  "PathAlreadyBound",
  "ActionNotFound",
  "InvalidParameter",
  "UnexpectedState",
  "ServerFault",
  "Other"
)

/**
 * @since 0.1.0
 * @category models
 */
export type ApiErrorReason = typeof ApiErrorReason.Type

/**
 * The service answered and said no, by an HTTP error or inside an answer that was HTTP
 * 200 (source: the three failure channels of the protocol).
 *
 * `reason` classifies, `code` and `description` are the service's own words. Retryable:
 * `Throttled` and `ServerFault`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiError extends Schema.TaggedError<ApiError>("@effect-agentbay/core/ApiError")(
  "ApiError",
  {
    operation: Schema.String,
    reason: ApiErrorReason,
    code: Schema.String,
    description: Schema.String,
    httpStatus: Schema.Number,
    requestId: Schema.String,
    sessionId: Schema.optional(Schema.String),
    retryAfter: Schema.optional(Schema.Duration)
  }
) {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return Messages.api(this)
  }
}

/**
 * Refused by this library: `argument` names what is wrong, `issue` says what is allowed.
 * Nothing was sent, unless there is a `requestId`: then it took the answer to a read to
 * find out, for example that a list has fewer pages. Never retryable.
 *
 * One argument can only be judged on the way: a stream that gives more or fewer bytes than
 * were promised. Then `brokenOff` is true: the transfer had begun and was broken off before
 * its end, so that nothing was stored.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidArgument extends Schema.TaggedError<InvalidArgument>(
  "@effect-agentbay/core/InvalidArgument"
)("InvalidArgument", {
  argument: Schema.String,
  issue: Schema.String,
  requestId: Schema.optional(Schema.String),
  brokenOff: Schema.optional(Schema.Boolean)
}) {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return Messages.invalidArgument(this)
  }
}

/**
 * All counted tasks have ended and at least one not with `Success`. `tasks` are the ones
 * that failed, with their status words and messages. After `create` it means that an
 * initial download failed; the session exists and `sessionId` names it.
 *
 * @since 0.1.0
 * @category errors
 */
export class SyncFailed extends Schema.TaggedError<SyncFailed>("@effect-agentbay/core/SyncFailed")(
  "SyncFailed",
  {
    operation: Schema.String,
    sessionId: Schema.String,
    requestId: Schema.String,
    tasks: Schema.NonEmptyArray(ContextStatusData)
  }
) {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return Messages.syncFailed(this)
  }
}

/**
 * The budget of status requests was used up before the end was seen. What was started may
 * still go on. `tasks` are the counted tasks with their last state, `missing` names what was
 * expected and never listed, `state` is the last state seen of a session that was to change
 * it, `lastError` the last fault while polling.
 *
 * `sessionId` names the session that was waited for; after `clear`, which is about no
 * session, `contextId` names the context.
 *
 * @since 0.1.0
 * @category errors
 */
export class SyncTimeout extends Schema.TaggedError<SyncTimeout>(
  "@effect-agentbay/core/SyncTimeout"
)("SyncTimeout", {
  operation: Schema.String,
  sessionId: Schema.optional(Schema.String),
  contextId: Schema.optional(Schema.String),
  requestId: Schema.String,
  state: Schema.optional(Schema.String),
  polls: Schema.Number,
  elapsed: Schema.Duration,
  tasks: Schema.Array(ContextStatusData),
  missing: Schema.Array(Schema.Struct({ contextId: Schema.String, path: Schema.String })),
  lastError: Schema.optional(Schema.Union(TransportError, ApiError))
}) {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return Messages.syncTimeout(this)
  }
}

/**
 * A tool inside the session answered with an error of its own.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolError extends Schema.TaggedError<ToolError>("@effect-agentbay/core/ToolError")(
  "ToolError",
  {
    tool: Schema.String,
    description: Schema.String,
    requestId: Schema.String,
    sessionId: Schema.String
  }
) {
  /** @since 0.1.0 */
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return Messages.tool(this)
  }
}

/**
 * What a single call to the service can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type CallError = TransportError | ApiError

/**
 * Every error of this library.
 *
 * @since 0.1.0
 * @category models
 */
export type AgentBayError =
  | TransportError
  | ApiError
  | InvalidArgument
  | SyncFailed
  | SyncTimeout
  | ToolError

/**
 * Whether a value is an error of this library.
 *
 * @example
 * ```ts
 * import { AgentBayError } from "@effect-agentbay/core"
 *
 * const error = new AgentBayError.InvalidArgument({ argument: "path", issue: "must be absolute" })
 * console.log(AgentBayError.isAgentBayError(error)) // true
 * ```
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAgentBayError = (u: unknown): u is AgentBayError => Predicate.hasProperty(u, TypeId)

const retryableStatus = (status: number) => status === 408 || status === 429 || status >= 500

/**
 * Whether the same call may succeed later. It says nothing about whether repeating it is
 * safe: reads may be repeated, writes only when nothing was started.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRetryable = (error: AgentBayError): boolean => {
  switch (error._tag) {
    case "TransportError":
      return (
        error.reason === "Transport" ||
        error.reason === "Timeout" ||
        (error.reason === "Status" && retryableStatus(error.status ?? 0))
      )
    case "ApiError":
      return error.reason === "Throttled" || error.reason === "ServerFault"
    default:
      return false
  }
}

/**
 * Whether the service said that it is asked too much: `Throttled`, or HTTP 429 from something
 * in between.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isThrottled = (error: CallError): boolean =>
  error._tag === "ApiError" ? error.reason === "Throttled" : error.status === 429

/**
 * Whether a wait goes on after this error: it says nothing about what is waited for. True
 * for everything retryable and for any answer that did not come from the service itself,
 * such as a proxy's page.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isPassing = (error: CallError): boolean =>
  isRetryable(error) || (error._tag === "TransportError" && error.reason === "Status")

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

/**
 * Whether an error proves that the request started nothing: the service turned it away
 * unread (throttling), or no connection was made.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isProofOfNoStart = (error: CallError): boolean =>
  isThrottled(error) ||
  (error._tag === "TransportError" && error.code !== undefined && neverSent.has(error.code))

/**
 * How long the service asked us to stay away, if it did.
 *
 * @since 0.1.0
 * @category getters
 */
export const retryAfter = (error: CallError): Duration.Duration => error.retryAfter ?? Duration.zero
