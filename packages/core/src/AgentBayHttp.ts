/**
 * The HTTP service: one typed call per operation. It carries the policies that say how waits
 * poll and how reads are retried, and limits how much is asked of the service, so that a layer
 * decides these for a whole program.
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
import { type CallError, type InvalidArgument, isRetryable, retryAfter } from "./AgentBayError.js"
import * as HttpTransport from "./HttpTransport.js"
import * as Arguments from "./internal/arguments.js"
import { makeExchange } from "./internal/exchange.js"
import { type LimitOptions, makeLimits } from "./internal/limits.js"
import { makePollHub, type PollHub } from "./internal/pollHub.js"
import { inRequestSpan } from "./internal/requestSpan.js"
import { retryWithin } from "./internal/retryBudget.js"
import { defaultMaxConsecutiveErrors } from "./internal/wait.js"
import * as PollPolicy from "./PollPolicy.js"
import type { Operation, Parameters } from "./Protocol.js"

export type { LimitOptions } from "./internal/limits.js"

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
   * What the requests go by, also those that are no operation: to presigned URLs and to
   * direct links.
   */
  readonly transport: HttpTransport.Service
  /** How waits poll unless a call says otherwise. */
  readonly pollPolicy: PollPolicy.PollPolicy
  /** How many passing faults in a row a wait lives through unless a call says otherwise. */
  readonly maxConsecutiveErrors: number
  /** The poll loops, which all who wait for the same session with the same spacing share. */
  readonly pollHub: PollHub
  /** The retry policy, with the service's advice obeyed. */
  readonly retryPolicy: RetryPolicy
  /**
   * Makes a call, and repeats it by a policy as long as its errors allow it and something is
   * left of the budget of retries that all calls share. {@link Service.call} does so itself.
   */
  readonly retry: <A, E extends CallError>(
    call: Effect.Effect<A, E>,
    policy: RetryPolicy,
    mayRepeat: (error: CallError) => boolean
  ) => Effect.Effect<A, E>
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
export interface Options extends LimitOptions {
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
    const { admit, retryBudget } = yield* makeLimits(options)
    const retry = retryWithin(retryBudget)

    const callOnce: Service["call"] = (operation, payload, settings) => {
      const sent = exchange(operation, payload, settings?.timeout ?? config.timeout)
      const attributes = {
        "server.address": config.origin,
        ...(Predicate.hasProperty(payload, "sessionId")
          ? { "agentbay.session_id": payload.sessionId }
          : {})
      }
      return inRequestSpan(operation.action, attributes, (span) => admit(sent, span))
    }

    const call: Service["call"] = (operation, payload, settings) => {
      const once = callOnce(operation, payload, settings)
      return operation.kind === "write" ? once : retry(once, retryPolicy, isRetryable)
    }

    const pollHub = makePollHub()
    yield* Effect.addFinalizer(() => pollHub.close)

    return {
      call,
      callOnce,
      transport,
      pollPolicy,
      maxConsecutiveErrors,
      pollHub,
      retryPolicy,
      retry,
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
 *
 * // … and this one begins at most 50 requests in 10 seconds, of which 8 are on their way at once
 * const limited = AgentBayHttp.layer({
 *   rateLimit: { limit: 50, interval: "10 seconds" },
 *   maxConcurrency: 8
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
