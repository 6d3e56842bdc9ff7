/**
 * The HTTP service: one typed call per operation. It carries the policies that say how
 * waits poll and how reads are retried, so that a layer decides them for a whole program.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { AgentBayConfig } from "./AgentBayConfig.js"
import {
  type CallError,
  type InvalidArgument,
  isRetryable,
  retryAfter,
  type TransportError
} from "./AgentBayError.js"
import * as HttpTransport from "./HttpTransport.js"
import * as Arguments from "./internal/arguments.js"
import { makeExchange } from "./internal/exchange.js"
import { type FileTransfer, makeFileTransfer } from "./internal/fileTransfer.js"
import {
  type LinkCall,
  makeLinkExchange,
  operation as linkOperation
} from "./internal/linkExchange.js"
import { makePollHub, type PollHub } from "./internal/pollHub.js"
import { inRequestSpan } from "./internal/requestSpan.js"
import { defaultMaxConsecutiveErrors } from "./internal/wait.js"
import * as PollPolicy from "./PollPolicy.js"
import type { Operation, Parameters, ToolResult } from "./Protocol.js"

export type { LinkCall } from "./internal/linkExchange.js"

/**
 * When a failed read is repeated. Its input is the error; the time the service asks us to
 * stay away is obeyed on top of its delays.
 *
 * @since 0.1.0
 * @category models
 */
export type RetryPolicy = Schedule.Schedule<unknown, CallError>

/**
 * At most 3 retries, after about 200, 400 and 800 ms (jittered).
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultRetryPolicy: RetryPolicy = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(3))
)

/**
 * An accepted answer: the request id of its envelope, and the decoded reply.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered<Reply> {
  readonly requestId: string
  readonly reply: Reply
}

/**
 * @since 0.1.0
 * @category models
 */
export interface CallSettings {
  /** How long one exchange may take. Default: {@link Service.timeout}. */
  readonly timeout?: Duration.Duration | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Calls an operation. A read is repeated by the retry policy when the error is
   * retryable; a write is sent once.
   */
  readonly call: <Action extends string, Payload, Encoded extends Parameters, Reply, ReplyEncoded>(
    operation: Operation<Action, Payload, Encoded, Reply, ReplyEncoded>,
    payload: Payload,
    settings?: CallSettings
  ) => Effect.Effect<Answered<Reply>, CallError>
  /** Calls an operation once, whatever it is: for waits, which count every request. */
  readonly callOnce: Service["call"]
  /**
   * Calls a tool through the direct link of its session, once. The request id is the
   * client's own. The link's token goes to the link and nowhere else.
   */
  readonly callLink: (call: LinkCall) => Effect.Effect<Answered<ToolResult>, TransportError>
  /** Carries the bytes of files to presigned URLs and back, for `ContextFiles`. */
  readonly fileTransfer: FileTransfer
  /** How waits poll unless a call says otherwise. */
  readonly pollPolicy: PollPolicy.PollPolicy
  /** How many passing faults in a row a wait lives through unless a call says otherwise. */
  readonly maxConsecutiveErrors: number
  /** The poll loops, which all who wait for the same session with the same spacing share. */
  readonly pollHub: PollHub
  /** The retry policy, with the service's advice obeyed. */
  readonly retryPolicy: RetryPolicy
  /** Where sessions and contexts are created, when the configuration says it. */
  readonly regionId: string | undefined
  /** How long one exchange with the service may take. */
  readonly timeout: Duration.Duration
  /**
   * Cleans a text of the service of the API key and of other secrets, and cuts it to a
   * length fit for errors.
   */
  readonly redact: (text: string, secret?: Redacted.Redacted<string>) => string
}

/**
 * @since 0.1.0
 * @category tags
 */
export class AgentBayHttp extends Context.Tag("@effect-agentbay/core/AgentBayHttp")<
  AgentBayHttp,
  Service
>() {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How waits poll. Default: every 1500 ms, 150 times after the first request. */
  readonly pollPolicy?: PollPolicy.PollPolicy | undefined
  /**
   * How many passing faults in a row every wait lives through: faults of the transport, of the
   * server, and being throttled. Default: 10.
   */
  readonly maxConsecutiveErrors?: number | undefined
  /** When failed reads are repeated. Default: {@link defaultRetryPolicy}. */
  readonly retryPolicy?: RetryPolicy | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions extends Options {
  /** Changes the HTTP client, for example to go through a proxy. It sees the key. */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

const obeyingAdvice = (policy: RetryPolicy): RetryPolicy =>
  Schedule.passthrough(policy).pipe(
    Schedule.modifyDelay((error, delay) => Duration.max(delay, retryAfter(error)))
  )

/**
 * Builds the service over a transport. When the scope closes, its poll loops stop, and who
 * waits at one is interrupted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<
  Service,
  InvalidArgument,
  AgentBayConfig | HttpTransport.HttpTransport | Scope.Scope
> =>
  Effect.gen(function* () {
    const config = yield* AgentBayConfig
    const transport = yield* HttpTransport.HttpTransport
    const { exchange, redact } = makeExchange(config, transport)
    const exchangeByLink = makeLinkExchange(config, transport)
    const fileTransfer = makeFileTransfer({ timeout: config.timeout, transport })
    yield* Arguments.options(options)
    const pollPolicy = yield* PollPolicy.validate(options.pollPolicy ?? PollPolicy.standard)
    const maxConsecutiveErrors = yield* Arguments.wholeNumber(
      "maxConsecutiveErrors",
      options.maxConsecutiveErrors ?? defaultMaxConsecutiveErrors
    )
    const whenFailed = options.retryPolicy ?? defaultRetryPolicy
    if (!Schedule.isSchedule(whenFailed)) {
      return yield* Arguments.refuse("retryPolicy", "must be a Schedule")
    }
    const retryPolicy = obeyingAdvice(whenFailed)

    const callOnce: Service["callOnce"] = (operation, payload, settings) =>
      inRequestSpan(
        operation.action,
        {
          "agentbay.action": operation.action,
          "server.address": config.origin,
          ...(Predicate.hasProperty(payload, "sessionId")
            ? { "agentbay.session_id": payload.sessionId }
            : {})
        },
        exchange(operation, payload, settings?.timeout ?? config.timeout)
      )

    const callLink: Service["callLink"] = (call) =>
      inRequestSpan(
        linkOperation,
        {
          "agentbay.action": linkOperation,
          "agentbay.session_id": call.sessionId,
          "server.address": call.link.origin
        },
        exchangeByLink(call)
      )

    // Most calls succeed at once, so the schedule is set up only for those that do not:
    // its first "attempt" is the failure that is already there.
    const call: Service["call"] = (operation, payload, settings) => {
      const once = callOnce(operation, payload, settings)
      if (operation.kind === "write") return once
      return Effect.catchAll(once, (error) => {
        const attempts = [Effect.fail(error)]
        return Effect.retry(
          Effect.suspend(() => attempts.pop() ?? once),
          { schedule: retryPolicy, while: isRetryable }
        )
      })
    }

    const pollHub = makePollHub()
    yield* Effect.addFinalizer(() => pollHub.close)

    return {
      call,
      callOnce,
      callLink,
      fileTransfer,
      pollPolicy,
      maxConsecutiveErrors,
      pollHub,
      retryPolicy,
      regionId: config.regionId,
      timeout: config.timeout,
      redact
    }
  })

/**
 * The service over the transport in its environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTransport = (
  options?: Options
): Layer.Layer<AgentBayHttp, InvalidArgument, AgentBayConfig | HttpTransport.HttpTransport> =>
  Layer.scoped(AgentBayHttp, make(options))

/**
 * The service over the HTTP client in its environment.
 *
 * @example
 * ```ts
 * import { AgentBayHttp, PollPolicy } from "@effect-agentbay/core"
 *
 * // every sync of this program asks twice a second, for at most five minutes
 * const layer = AgentBayHttp.layer({
 *   pollPolicy: PollPolicy.spaced({ interval: "500 millis", maxRetries: 600 })
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: ClientOptions = {}
): Layer.Layer<AgentBayHttp, InvalidArgument, AgentBayConfig | HttpClient.HttpClient> => {
  // What holds no options is refused by `make`.
  const { transformClient = (client: HttpClient.HttpClient) => client }: ClientOptions =
    Arguments.isOptions(options) ? options : {}
  const transport = Layer.effect(
    HttpTransport.HttpTransport,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpTransport.fromHttpClient(transformClient(client))
    )
  )
  return Layer.provide(layerTransport(options), transport)
}
