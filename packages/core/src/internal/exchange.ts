import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import type { Service as Config } from "../AgentBayConfig.js"
import { type CallError, TransportError } from "../AgentBayError.js"
import type { Answered } from "../AgentBayHttp.js"
import type * as HttpTransport from "../HttpTransport.js"
import { apiVersion, type Operation, type Parameters } from "../Protocol/Operation.js"
import * as Envelope from "./envelope.js"
import { codecOf } from "./operationCodec.js"
import { describeIssue } from "./parseIssue.js"
import { redactText } from "./redaction.js"
import { cleanCause } from "./transportFault.js"
import { makeEncoder } from "./wireEncoding.js"

/** An accepted answer, and the HTTP status it came with. */
export interface Exchanged<Reply> {
  readonly status: number
  readonly answered: Answered<Reply>
}

/** What of an operation decides where its parameters go. */
type Route = { readonly action: string; readonly inQuery: ReadonlyArray<string> }

/**
 * One request and its answer: encode, send, tell yes from no, decode. Everything around
 * the sending is pure. The payload of an exchange must not change.
 */
export const makeExchange = (config: Config, transport: HttpTransport.Service) => {
  const { origin } = config
  const encodeWire = makeEncoder(origin, `Bearer ${Redacted.value(config.apiKey)}`)
  const redactKey = redactText(config.apiKey)
  const redact = (text: string, secret?: Redacted.Redacted<string>): string =>
    secret === undefined ? redactKey(text) : redactText(config.apiKey, secret)(text)

  const encode = (
    { action, inQuery }: Route,
    encoded: Either.Either<Parameters, ParseResult.ParseIssue>,
    now: number,
    timeout: Duration.Duration
  ): Either.Either<readonly [HttpTransport.Request, string | undefined], TransportError> => {
    const refuse = (description: string) =>
      Either.left(new TransportError({ operation: action, reason: "Encode", description }))
    if (Either.isLeft(encoded)) return refuse(redact(describeIssue(encoded.left)))
    try {
      const { body, url } = encodeWire(action, inQuery, encoded.right, now)
      const request: HttpTransport.Request = {
        url,
        body,
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "x-acs-action": action,
          "x-acs-version": apiVersion
        },
        timeout
      }
      return Either.right([request, encoded.right["SessionId"]])
    } catch {
      // Texts that are no well-formed Unicode cannot be written in a URL or a form.
      return refuse("an argument is not well-formed Unicode text")
    }
  }

  const decode = <Reply>(
    decodeReply: (body: unknown) => Either.Either<Reply, ParseResult.ParseIssue>,
    answer: Envelope.Answer
  ): Either.Either<Exchanged<Reply>, CallError> =>
    Either.flatMap(Envelope.read(answer), ({ body, requestId }) =>
      Either.mapBoth(decodeReply(body), {
        onLeft: (issue) => Envelope.undecodable(answer, body, describeIssue(issue)),
        onRight: (reply) => ({ status: answer.status, answered: { requestId, reply } })
      })
    )

  const exchange = <
    Action extends string,
    Payload,
    Encoded extends Parameters,
    Reply,
    ReplyEncoded
  >(
    operation: Operation<Action, Payload, Encoded, Reply, ReplyEncoded>,
    payload: Payload,
    timeout: Duration.Duration
  ): Effect.Effect<Exchanged<Reply>, CallError> => {
    const codec = codecOf(operation)
    // A poll is sent again and again.
    let parameters: ReturnType<typeof codec.encode> | undefined
    return Effect.clockWith((clock) => {
      parameters ??= codec.encode(payload)
      const encoded = encode(operation, parameters, clock.unsafeCurrentTimeMillis(), timeout)
      if (Either.isLeft(encoded)) return Effect.fail(encoded.left)
      const [request, sessionId] = encoded.right
      return Effect.matchCauseEffect(transport.post(request), {
        onFailure: (cause) =>
          Effect.failCause(
            cleanCause(cause, { operation: operation.action, sessionId, timeout, redact })
          ),
        onSuccess: ({ headers, status, text }) =>
          decode(codec.decode, {
            status,
            headers,
            text,
            operation: operation.action,
            sessionId,
            now: clock.unsafeCurrentTimeMillis(),
            redact
          })
      })
    })
  }
  return { exchange, redact }
}
