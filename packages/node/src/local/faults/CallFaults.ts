/**
 * Carries out what a rule says about a call: late, not at all, or with an answer that is none.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import type * as NodeHttp from "node:http"
import * as Answer from "../http/Answer.js"
import type { CallEffect } from "./FaultPlan.js"

/**
 * The call that a rule is about.
 *
 * @since 0.1.0
 */
export interface Call {
  readonly response: NodeHttp.ServerResponse
  readonly requestId: string
  readonly hostId: string
  /** Carries the call out. It does not fail: a refusal is an answer. */
  readonly perform: Effect.Effect<Answer.Answer>
}

/**
 * What came of it, for the log of calls.
 *
 * @since 0.1.0
 */
export interface Outcome {
  /** 0 when the connection was cut. */
  readonly httpStatus: number
  readonly code: string
}

const cut: Outcome = { httpStatus: 0, code: "" }

const hangUp = (response: NodeHttp.ServerResponse): Outcome => {
  response.destroy()
  return cut
}

/** Sends half of the answer that was announced, then hangs up. */
const breakOff = (response: NodeHttp.ServerResponse, answer: Answer.Answer): Outcome => {
  const text = JSON.stringify(answer.body)
  response.writeHead(answer.httpStatus, {
    "content-type": Answer.json,
    "content-length": Buffer.byteLength(text)
  })
  // Hanging up before the system has taken the half would make it none.
  response.write(half(text), () => response.destroy())
  return { httpStatus: answer.httpStatus, code: answer.code }
}

const half = (text: string): string => text.slice(0, Math.floor(text.length / 2))

/** HTTP counts in whole seconds, the gateway's own header in milliseconds. */
const retryHeaders = (time: Duration.Duration | undefined): NodeHttp.OutgoingHttpHeaders =>
  time === undefined
    ? {}
    : {
        "retry-after": String(Math.ceil(Duration.toSeconds(time))),
        "x-acs-retry-after": String(Math.ceil(Duration.toMillis(time)))
      }

const refusal = (
  {
    code,
    httpStatus = 400,
    message = "Refused on purpose",
    retryAfter,
    soft = false
  }: NonNullable<CallEffect["error"]>,
  { hostId, requestId }: Call
): Answer.Answer => {
  const channel = soft ? "soft" : "hard"
  const answer = Answer.refuse(
    { channel, code: code ?? "", description: message, httpStatus },
    requestId,
    hostId
  )
  const { Code: _, ...withoutCode } = { Code: "", ...answer.body }
  return {
    ...answer,
    body: code === undefined ? withoutCode : answer.body,
    headers: retryHeaders(retryAfter)
  }
}

const page = "<html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"

const withStatus = (body: object, status: string): object => ({
  ...body,
  Data: { ContextStatus: status }
})

const unreadable = (
  kind: NonNullable<CallEffect["malformed"]>,
  body: object
): { readonly text: string; readonly contentType?: string; readonly httpStatus?: number } => {
  if (typeof kind === "object") return kind
  switch (kind) {
    case "html":
      return { text: page, contentType: "text/html" }
    case "empty":
      return { text: "" }
    case "cut":
      return { text: half(JSON.stringify(body)) }
    case "noData":
      return { text: JSON.stringify({ ...body, Data: undefined }) }
    case "status":
      return { text: JSON.stringify(withStatus(body, "[{")) }
    case "items":
      return { text: JSON.stringify(withStatus(body, '[{"type":"data","data":"[{"}]')) }
  }
}

const after = (effect: CallEffect, call: Call, answer: Answer.Answer): Outcome => {
  const { response } = call
  if (effect.drop === "after") return hangUp(response)
  if (effect.drop === "midway") return breakOff(response, answer)
  if (effect.malformed === undefined) {
    Answer.write(response, answer)
    return answer
  }
  const { contentType, httpStatus, text } = unreadable(effect.malformed, answer.body)
  Answer.writeText(response, httpStatus ?? 200, text, {
    "content-type": contentType ?? Answer.json
  })
  return { httpStatus: httpStatus ?? 200, code: answer.code }
}

/**
 * Answers the call as the rule says. Who hangs up during the latency has not made the call.
 *
 * @since 0.1.0
 */
export const carryOut = (effect: CallEffect, call: Call): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    if (effect.latency !== undefined) {
      yield* Effect.sleep(effect.latency)
      if (call.response.destroyed) return cut
    }
    if (effect.drop === "before") return hangUp(call.response)
    if (effect.error !== undefined) {
      const answer = refusal(effect.error, call)
      Answer.write(call.response, answer)
      return answer
    }
    return after(effect, call, yield* call.perform)
  })
