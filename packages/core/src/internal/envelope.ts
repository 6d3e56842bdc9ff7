import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Response } from "../HttpTransport.js"
import { ApiError, type ApiErrorReason, type CallError, TransportError } from "../AgentBayError.js"

/** What one answer consists of before anything is known about it. */
export interface Answer {
  readonly operation: string
  readonly sessionId: string | undefined
  readonly status: number
  readonly headers: Response["headers"]
  readonly text: string
  /** The time of the answer, to read a `Retry-After` that is a date. */
  readonly now: number
  readonly redact: (text: string) => string
}

type Json = { readonly [key: string]: unknown }

/** An answer of the service that says yes. */
export interface Accepted {
  readonly requestId: string
  readonly body: Json
}

const maxRetryAfter = Duration.seconds(30)

const clampRetryAfter = (millis: number) =>
  millis > 0 ? Option.some(Duration.min(Duration.millis(millis), maxRetryAfter)) : Option.none()

/**
 * How long the service asks to stay away: `x-acs-retry-after` in milliseconds, or
 * `Retry-After` in seconds or as a date. Nonsense is ignored; 30 seconds are the most.
 */
export const readRetryAfter = (
  headers: Response["headers"],
  now: number
): Option.Option<Duration.Duration> => {
  const own = String(headers["x-acs-retry-after"] ?? "")
  const standard = String(headers["retry-after"] ?? "")
  const seconds = Number(standard)
  return Option.orElse(clampRetryAfter(Number(own)), () =>
    clampRetryAfter(Number.isNaN(seconds) ? Date.parse(standard) - now : seconds * 1000)
  )
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const textOf = (body: Json, ...keys: ReadonlyArray<string>): string => {
  for (const key of keys) {
    const value = body[key]
    if (typeof value === "string") return value
    if (typeof value === "number") return String(value)
  }
  return ""
}

const requestIdOf = (answer: Answer, body: Json) =>
  answer.redact(textOf(body, "RequestId", "requestId"))

// A session that was created must not be lost over the rest of its answer.
const sessionIdOf = (answer: Answer, body: Json): string | undefined => {
  const data = body["Data"]
  const named = isObject(data) ? answer.redact(textOf(data, "SessionId")) : ""
  return answer.sessionId ?? (named === "" ? undefined : named)
}

const reasonsByCode: ReadonlyMap<string, ApiErrorReason> = new Map([
  ["InvalidMcpSession.NotFound", "SessionNotFound"],
  ["InvalidSession.NotFound", "SessionNotFound"],
  ["InvalidSession", "SessionNotFound"],
  ["SessionNotFound", "SessionNotFound"],
  ["Context.NotFound", "ContextNotFound"],
  ["ContextNotFound", "ContextNotFound"],
  ["InvalidContext", "ContextNotFound"],
  ["InvalidContext.NotFound", "ContextNotFound"],
  ["NOT_LOGIN", "NotLoggedIn"],
  ["PathAlreadyBound", "PathAlreadyBound"],
  ["InvalidAction.NotFound", "ActionNotFound"],
  ["InvalidParameter", "InvalidParameter"],
  // Local AgentBay's word for it; that of the service is unknown.
  ["InvalidMcpSession.Status", "UnexpectedState"],
  ["InternalError", "ServerFault"],
  ["ServiceUnavailable", "ServerFault"]
])

// Codes are matched whole: a text that merely contains "NotFound" is no proof that the
// session is gone.
const classify = (code: string, message: string, status: number): ApiErrorReason => {
  if (code.includes("Throttling") || status === 429) return "Throttled"
  const known = reasonsByCode.get(code)
  if (known !== undefined) return known
  if (/file not exist/i.test(message)) return "FileNotFound"
  if (/no alive session|no need to release/i.test(message)) return "SessionNotFound"
  if (status === 401) return "NotLoggedIn"
  return status >= 500 ? "ServerFault" : "Other"
}

const refusal = (answer: Answer, body: Json, description: string, code: string): ApiError => {
  const advised = readRetryAfter(answer.headers, answer.now)
  return new ApiError({
    operation: answer.operation,
    reason: classify(code, description, answer.status),
    code: answer.redact(code),
    description: answer.redact(description),
    httpStatus: answer.status,
    requestId: requestIdOf(answer, body),
    sessionId: sessionIdOf(answer, body),
    retryAfter: Option.getOrUndefined(advised)
  })
}

// Of JSON that broke off nothing is shown: it may hold a token, or a URL that opens a file.
// The rest is cleaned before it is cut: a cut through the key would leave a part of it.
const beginning = (answer: Answer) =>
  /^[\uFEFF\s]*[{["]/.test(answer.text)
    ? `one that breaks off or is damaged, ${answer.text.length} characters long`
    : answer.redact(answer.text).slice(0, 120)

const isFine = ({ status }: Answer) => status >= 200 && status <= 299

const notOurs = (answer: Answer, problem: string): TransportError =>
  new TransportError({
    operation: answer.operation,
    reason: isFine(answer) ? "Transport" : "Status",
    description: `the answer (HTTP ${answer.status}) ${problem}`,
    status: answer.status,
    sessionId: answer.sessionId,
    retryAfter: Option.getOrUndefined(readRetryAfter(answer.headers, answer.now))
  })

const notJson = (answer: Answer): TransportError =>
  notOurs(
    answer,
    answer.text.trim() === "" ? "was empty" : `is not a JSON object: ${beginning(answer)}`
  )

/** What a JSON text says; nothing for any other text, since JSON has no `undefined`. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text)
  } catch {
    return undefined
  }
}

const saysYes = (code: string) => /^(ok|success|200)$/i.test(code)

/**
 * Tells a yes from a no in every channel the service has for it: the HTTP status, the
 * `Success` flag of the envelope (with or without a code), and the one inside `Data`.
 */
export const read = (answer: Answer): Either.Either<Accepted, CallError> => {
  const body = parse(answer.text)
  if (!isObject(body)) {
    return Either.left(
      body === undefined || !isFine(answer)
        ? notJson(answer)
        : undecodable(answer, {}, "it is no JSON object")
    )
  }
  const code = textOf(body, "Code", "code")
  const message = textOf(body, "Message", "message")
  const success = body["Success"]
  if (answer.status >= 400 || success === false) {
    return Either.left(refusal(answer, body, message, code))
  }
  // Whoever sends elsewhere has done nothing of what was asked, whatever else it says.
  if (!isFine(answer)) return Either.left(notOurs(answer, "is none of the service"))
  if (success !== undefined && success !== null && success !== true) {
    return Either.left(undecodable(answer, body, "its `Success` is neither true nor false"))
  }
  if (success !== true && !saysYes(code)) {
    return Either.left(
      code === ""
        ? undecodable(answer, body, "it does not say whether it is a success")
        : refusal(answer, body, message, code)
    )
  }
  const data = body["Data"]
  if (isObject(data) && data["Success"] === false) {
    return Either.left(refusal(answer, body, textOf(data, "ErrMsg", "errMsg") || message, ""))
  }
  return Either.right({ requestId: requestIdOf(answer, body), body })
}

/** A JSON answer that cannot be what the operation promises. */
export const undecodable = (answer: Answer, body: Json, issue: string): TransportError => {
  return new TransportError({
    operation: answer.operation,
    reason: "Decode",
    description: answer.redact(issue),
    status: answer.status,
    requestId: requestIdOf(answer, body),
    sessionId: sessionIdOf(answer, body)
  })
}
