import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Predicate from "effect/Predicate"
import { TransportError } from "../AgentBayError.js"

const maxDepth = 5

/** The chain of causes of a fault, outermost first. */
const causes = (fault: unknown, depth = 0): ReadonlyArray<unknown> => {
  if (fault === undefined || fault === null || depth === maxDepth) return []
  if (Predicate.hasProperty(fault, "errors") && Array.isArray(fault.errors)) {
    return [fault, ...causes(fault.errors[0], depth + 1)]
  }
  return Predicate.hasProperty(fault, "cause")
    ? [fault, ...causes(fault.cause, depth + 1)]
    : [fault]
}

const stringOf = (fault: unknown, key: "code" | "message" | "name"): string | undefined =>
  Predicate.hasProperty(fault, key) && typeof fault[key] === "string" && fault[key] !== ""
    ? fault[key]
    : undefined

const first = (faults: ReadonlyArray<unknown>, key: "code" | "message") =>
  faults.map((fault) => stringOf(fault, key)).find((text) => text !== undefined)

const last = (faults: ReadonlyArray<unknown>, key: "message") =>
  faults.map((fault) => stringOf(fault, key)).findLast((text) => text !== undefined)

/**
 * The platform's error holds the request, and with it the key, in its URL and body. Only
 * the words of its cause are kept, cleaned, in an error of their own.
 */
export const fromHttpClientError =
  (operation: string, sessionId: string | undefined, redact: (text: string) => string) =>
  (error: HttpClientError.HttpClientError): TransportError => {
    const chain = causes(error.cause)
    const code = first(chain, "code")
    const message = redact(last(chain, "message") ?? error.reason)
    const cause = new Error(message)
    delete cause.stack
    return new TransportError({
      operation,
      reason: error.reason === "Encode" || error.reason === "InvalidUrl" ? "Encode" : "Transport",
      description: code === undefined || message.includes(code) ? message : `${code}: ${message}`,
      code,
      sessionId,
      status: error._tag === "ResponseError" ? error.response.status : undefined,
      cause
    })
  }
