/**
 * The HTTP service: one typed call per operation. It carries the policies that say how
 * waits poll and how reads are retried, so that a layer decides them for a whole program.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { AgentBayConfig } from "./AgentBayConfig.js"
import {
  type CallError,
  type InvalidArgument,
  isRetryable,
  retryAfter,
  TransportError
} from "./AgentBayError.js"
import * as Envelope from "./internal/envelope.js"
import { fromHttpClientError } from "./internal/httpFault.js"
import { redactText } from "./internal/redaction.js"
import { encodeForm, requestUrl } from "./internal/wireEncoding.js"
import * as PollPolicy from "./PollPolicy.js"
import { apiVersion, type Operation, type Parameters } from "./Protocol.js"

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
  /** How waits poll unless a call says otherwise. */
  readonly pollPolicy: PollPolicy.PollPolicy
  /** The retry policy, with the service's advice obeyed. */
  readonly retryPolicy: RetryPolicy
  /** Where sessions and contexts are created, when the configuration says it. */
  readonly regionId: string | undefined
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
  /** Changes the HTTP client, for example to go through a proxy. It sees the key. */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/** What of an operation decides where its parameters go. */
type Route = { readonly action: string; readonly inQuery: ReadonlyArray<string> }

const obeyingAdvice = (policy: RetryPolicy): RetryPolicy =>
  Schedule.passthrough(policy).pipe(
    Schedule.modifyDelay((error, delay) => Duration.max(delay, retryAfter(error)))
  )

/**
 * Builds the service from the configuration and the HTTP client in its environment.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, InvalidArgument, AgentBayConfig | HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const config = yield* AgentBayConfig
    const transform = options.transformClient ?? ((client) => client)
    // The platform's own spans record URLs, and one URL holds the key. Ours do not.
    const client = transform(yield* HttpClient.HttpClient).pipe(
      HttpClient.withTracerDisabledWhen(() => true)
    )
    const pollPolicy = yield* PollPolicy.validate(options.pollPolicy ?? PollPolicy.standard)
    const retryPolicy = obeyingAdvice(options.retryPolicy ?? defaultRetryPolicy)
    const authorization = `Bearer ${Redacted.value(config.apiKey)}`
    const redact = redactText(config.apiKey)

    const buildRequest = (operation: Route, parameters: Parameters, now: number) => {
      const all = { ...parameters, Authorization: authorization }
      return HttpClientRequest.post(
        requestUrl(config.origin, operation.action, operation.inQuery, all, now)
      ).pipe(
        HttpClientRequest.setHeaders({
          "x-acs-version": apiVersion,
          "x-acs-action": operation.action
        }),
        HttpClientRequest.bodyText(
          encodeForm(all, operation.inQuery),
          "application/x-www-form-urlencoded"
        )
      )
    }

    const send = (operation: Route, parameters: Parameters) =>
      Effect.suspend(() => {
        const { action } = operation
        const sessionId = parameters["SessionId"]
        const timedOut = () =>
          new TransportError({
            operation: action,
            reason: "Timeout",
            description: `no answer within ${Duration.format(config.timeout)}`,
            sessionId
          })
        return Clock.currentTimeMillis.pipe(
          Effect.flatMap((now) =>
            // Texts that are no well-formed Unicode cannot be written in a URL or a form.
            Effect.try({
              try: () => buildRequest(operation, parameters, now),
              catch: () =>
                new TransportError({
                  operation: action,
                  reason: "Encode",
                  description: "an argument is not well-formed Unicode text",
                  sessionId
                })
            })
          ),
          Effect.flatMap((request) =>
            client.execute(request).pipe(
              Effect.flatMap((response) =>
                Effect.map(response.text, (text): Omit<Envelope.Answer, "now"> => ({
                  operation: action,
                  sessionId,
                  status: response.status,
                  headers: response.headers,
                  text,
                  redact
                }))
              ),
              Effect.mapError(fromHttpClientError(action, sessionId, redact))
            )
          ),
          Effect.timeoutFail({ duration: config.timeout, onTimeout: timedOut })
        )
      })

    const callOnce: Service["call"] = (operation, payload) =>
      Schema.encode(operation.payload)(payload).pipe(
        Effect.mapError(
          (error) =>
            new TransportError({
              operation: operation.action,
              reason: "Encode",
              description: redact(ParseResult.TreeFormatter.formatErrorSync(error))
            })
        ),
        Effect.flatMap((parameters) => send(operation, parameters)),
        Effect.flatMap((partial) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => {
            const answer: Envelope.Answer = { ...partial, now }
            return Effect.flatMap(Envelope.read(answer), ({ body, requestId }) =>
              Schema.decodeUnknown(operation.reply)(body).pipe(
                Effect.map((reply) => ({ requestId, reply })),
                Effect.mapError((error) =>
                  Envelope.undecodable(
                    answer,
                    body,
                    ParseResult.TreeFormatter.formatErrorSync(error)
                  )
                ),
                Effect.tap(() =>
                  Effect.annotateCurrentSpan({
                    "http.response.status_code": answer.status,
                    "agentbay.request_id": requestId
                  })
                )
              )
            )
          })
        ),
        Effect.withSpan(`AgentBayHttp.${operation.action}`, {
          kind: "client",
          captureStackTrace: false,
          attributes: { "agentbay.action": operation.action, "server.address": config.origin }
        })
      )

    const call: Service["call"] = (operation, payload) =>
      operation.kind === "write"
        ? callOnce(operation, payload)
        : Effect.retry(callOnce(operation, payload), { schedule: retryPolicy, while: isRetryable })

    return { call, callOnce, pollPolicy, retryPolicy, regionId: config.regionId }
  })

/**
 * The service as a layer.
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
  options?: Options
): Layer.Layer<AgentBayHttp, InvalidArgument, AgentBayConfig | HttpClient.HttpClient> =>
  Layer.effect(AgentBayHttp, make(options))
