import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { TransportError } from "../AgentBayError.js"
import type { Answered, Service as HttpService } from "../AgentBayHttp.js"
import type * as HttpTransport from "../HttpTransport.js"
import { LinkToolReply, type ToolResult } from "../Protocol.js"
import type { DirectLink } from "./directLink.js"
import { parse, readRetryAfter } from "./envelope.js"
import type { Exchanged } from "./exchange.js"
import { inRequestSpan } from "./requestSpan.js"
import { describeIssue } from "./parseIssue.js"
import { cleanCause } from "./transportFault.js"

/** The name of the one operation that a direct link has. */
const operation = "callTool"

/** A call of a tool through the direct link of its session. */
export interface LinkCall {
  readonly link: DirectLink
  readonly sessionId: string
  readonly tool: string
  /** The part of the session that runs the tool, from the session's list of tools. */
  readonly server: string
  /** The arguments of the tool, as JSON text. */
  readonly args: string
  readonly timeout: Duration.Duration
}

/** `link-<milliseconds>-<9 digits>`: the caller names these requests, not the service. */
const newRequestId = (now: number) =>
  Effect.map(
    Random.nextIntBetween(0, 1_000_000_000),
    (number) => `link-${now}-${String(number).padStart(9, "0")}`
  )

// The arguments may be a whole file and are JSON already, so they are not encoded again.
const toRequest = (call: LinkCall, requestId: string): HttpTransport.Request => {
  const token = Redacted.value(call.link.token)
  const rest = JSON.stringify({ server: call.server, requestId, tool: call.tool, token })
  return {
    url: call.link.url,
    headers: { "content-type": "application/json", "x-access-token": token },
    body: `{"args":${call.args},${rest.slice(1)}`,
    timeout: call.timeout
  }
}

const decodeReply = ParseResult.decodeUnknownEither(LinkToolReply)

type Redact = (text: string) => string

const read = (
  call: LinkCall,
  requestId: string,
  { headers, status, text }: HttpTransport.Response,
  now: number,
  clean: Redact
): Either.Either<Exchanged<ToolResult>, TransportError> => {
  const refuse = (reason: "Status" | "Transport" | "Decode", description: string) =>
    new TransportError({
      operation,
      reason,
      description,
      status,
      retryAfter: Option.getOrUndefined(readRetryAfter(headers, now)),
      requestId,
      sessionId: call.sessionId
    })
  // Cleaned before it is cut: a cut through a secret would leave a part of it.
  const beginning = () => (text.trim() === "" ? "it was empty" : clean(text).slice(0, 120))
  if (status < 200 || status > 299) {
    return Either.left(refuse("Status", `the direct link answered: ${beginning()}`))
  }
  const body = parse(text)
  if (body === undefined) {
    return Either.left(refuse("Transport", `the answer is not JSON: ${beginning()}`))
  }
  return Either.mapBoth(decodeReply(body), {
    onLeft: (issue) => refuse("Decode", clean(describeIssue(issue))),
    onRight: ({ data }) => ({ status, answered: { requestId, reply: data.result } })
  })
}

const exchange = (
  { redact, transport }: HttpService,
  call: LinkCall
): Effect.Effect<Exchanged<ToolResult>, TransportError> => {
  const clean: Redact = (words) => redact(words, call.link.token)
  return Effect.clockWith((clock) =>
    Effect.flatMap(newRequestId(clock.unsafeCurrentTimeMillis()), (requestId) =>
      Effect.matchCauseEffect(transport.post(toRequest(call, requestId)), {
        onFailure: (cause) =>
          Effect.failCause(
            cleanCause(cause, {
              operation,
              sessionId: call.sessionId,
              requestId,
              timeout: call.timeout,
              redact: clean
            })
          ),
        onSuccess: (response) =>
          read(call, requestId, response, clock.unsafeCurrentTimeMillis(), clean)
      })
    )
  )
}

/**
 * Calls a tool through the direct link of its session, once. The request id is the client's
 * own. The link's token goes to the link and nowhere else.
 */
export const callLink = (
  http: HttpService,
  call: LinkCall
): Effect.Effect<Answered<ToolResult>, TransportError> =>
  inRequestSpan(
    operation,
    { "agentbay.session_id": call.sessionId, "server.address": call.link.origin },
    () => exchange(http, call)
  )
