import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import { TransportError } from "../AgentBayError.js"
import type { TransportFault } from "../HttpTransport.js"

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

const texts = (faults: ReadonlyArray<unknown>, key: "code" | "message"): ReadonlyArray<string> =>
  faults.flatMap((fault) =>
    Predicate.hasProperty(fault, key) && typeof fault[key] === "string" && fault[key] !== ""
      ? [fault[key]]
      : []
  )

/** The system's word for a fault, such as `ECONNREFUSED`, as far as one is told. */
export const systemCodeOf = (fault: TransportFault): string | undefined =>
  texts(causes(fault.cause), "code").at(0)

/** An error without a stack, whose text is all it tells. */
export const bare = (message: string): Error => {
  const error = new Error(message)
  delete error.stack
  return error
}

/** A defect of the transport, which may hold the request as well. */
const cleanDefect = (defect: unknown, redact: (text: string) => string): Error => {
  const words = typeof defect === "string" ? defect : texts(causes(defect), "message").join(": ")
  return bare(`The transport has a fault: ${redact(words)}`)
}

/** What a request was about, for the errors that it can end with. */
export interface About {
  readonly operation: string
  readonly sessionId: string | undefined
  readonly requestId?: string | undefined
  readonly timeout: Duration.Duration
  readonly redact: (text: string) => string
}

/**
 * What a platform says about a fault may hold the request, and with it the key. Only the
 * words of its causes are kept, cleaned, in an error of their own.
 */
const toTransportError =
  ({ operation, redact, requestId, sessionId, timeout }: About) =>
  (fault: TransportFault): TransportError => {
    const subject = { operation, requestId, sessionId }
    if (fault.reason === "Timeout") {
      const description = `no answer within ${Duration.format(timeout)}`
      return new TransportError({ ...subject, reason: "Timeout", description })
    }
    const chain = causes(fault.cause)
    const systemCode = systemCodeOf(fault)
    const code = systemCode === undefined ? undefined : redact(systemCode)
    const message = redact(texts(chain, "message").at(-1) ?? "the connection failed")
    const cause = bare(message)
    return new TransportError({
      ...subject,
      reason: fault.reason,
      description: code === undefined || message.includes(code) ? message : `${code}: ${message}`,
      code,
      cause
    })
  }

/** A cause with its faults turned into errors and its defects rewritten. */
export const rewriteCause = <E>(
  cause: Cause.Cause<TransportFault>,
  toError: (fault: TransportFault) => E,
  toDefect: (defect: unknown) => Error
): Cause.Cause<E> =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (fault) => Cause.fail(toError(fault)),
    onDie: (defect) => Cause.die(toDefect(defect)),
    onInterrupt: Cause.interrupt,
    onSequential: Cause.sequential,
    onParallel: Cause.parallel
  })

/** How a request that got no answer ended, with nothing of the request in it. */
export const cleanCause = (
  cause: Cause.Cause<TransportFault>,
  about: About
): Cause.Cause<TransportError> =>
  rewriteCause(cause, toTransportError(about), (defect) => cleanDefect(defect, about.redact))
