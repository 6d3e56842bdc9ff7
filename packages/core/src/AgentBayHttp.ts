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
import * as Schedule from "effect/Schedule"
import { AgentBayConfig } from "./AgentBayConfig.js"
import { type CallError, type InvalidArgument, isRetryable, retryAfter } from "./AgentBayError.js"
import * as HttpTransport from "./HttpTransport.js"
import { makeExchange } from "./internal/exchange.js"
import { type FileTransfer, makeFileTransfer } from "./internal/fileTransfer.js"
import * as PollPolicy from "./PollPolicy.js"
import type { Operation, Parameters } from "./Protocol.js"

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
export interface Service {
  /**
   * Calls an operation. A read is repeated by the retry policy when the error is
   * retryable; a write is sent once.
   */
  readonly call: <Action extends string, Payload, Encoded extends Parameters, Reply, ReplyEncoded>(
    operation: Operation<Action, Payload, Encoded, Reply, ReplyEncoded>,
    payload: Payload
  ) => Effect.Effect<Answered<Reply>, CallError>
  /** Calls an operation once, whatever it is: for waits, which count every request. */
  readonly callOnce: Service["call"]
  /** Carries the bytes of files to presigned URLs and back, for `ContextFiles`. */
  readonly fileTransfer: FileTransfer
  /** How waits poll unless a call says otherwise. */
  readonly pollPolicy: PollPolicy.PollPolicy
  /** The retry policy, with the service's advice obeyed. */
  readonly retryPolicy: RetryPolicy
  /** Where sessions and contexts are created, when the configuration says it. */
  readonly regionId: string | undefined
  /** Cleans a text of the service of the API key, and cuts it to a length fit for errors. */
  readonly redact: (text: string) => string
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
 * Builds the service over a transport.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, InvalidArgument, AgentBayConfig | HttpTransport.HttpTransport> =>
  Effect.gen(function* () {
    const config = yield* AgentBayConfig
    const transport = yield* HttpTransport.HttpTransport
    const { exchange, redact } = makeExchange(config, transport)
    const fileTransfer = makeFileTransfer({ timeout: config.timeout, transport })
    const pollPolicy = yield* PollPolicy.validate(options.pollPolicy ?? PollPolicy.standard)
    const retryPolicy = obeyingAdvice(options.retryPolicy ?? defaultRetryPolicy)

    const callOnce: Service["call"] = (operation, payload) =>
      Effect.useSpan(
        `AgentBayHttp.${operation.action}`,
        {
          kind: "client",
          captureStackTrace: false,
          attributes: {
            "agentbay.action": operation.action,
            "server.address": config.origin,
            ...(Predicate.hasProperty(payload, "sessionId")
              ? { "agentbay.session_id": payload.sessionId }
              : {})
          }
        },
        (span) =>
          Effect.map(exchange(operation, payload), ({ answered, status }) => {
            span.attribute("http.response.status_code", status)
            span.attribute("agentbay.request_id", answered.requestId)
            return answered
          })
      )

    // Most calls succeed at once, so the schedule is set up only for those that do not:
    // its first "attempt" is the failure that is already there.
    const call: Service["call"] = (operation, payload) => {
      const once = callOnce(operation, payload)
      if (operation.kind === "write") return once
      return Effect.catchAll(once, (error) => {
        const attempts = [Effect.fail(error)]
        return Effect.retry(
          Effect.suspend(() => attempts.pop() ?? once),
          { schedule: retryPolicy, while: isRetryable }
        )
      })
    }

    return {
      call,
      callOnce,
      fileTransfer,
      pollPolicy,
      retryPolicy,
      regionId: config.regionId,
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
  Layer.effect(AgentBayHttp, make(options))

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
  const { transformClient = (client) => client } = options
  const transport = Layer.effect(
    HttpTransport.HttpTransport,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpTransport.fromHttpClient(transformClient(client))
    )
  )
  return Layer.provide(layerTransport(options), transport)
}
