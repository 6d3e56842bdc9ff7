import type * as Effect from "effect/Effect"
import { type CallError, isProofOfNoStart } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"

/**
 * Sends what starts something. It is repeated, by the retry policy and within the budget of
 * retries, only when the answer proves that nothing was started: a lost answer may hide that
 * it was.
 */
export const startOnce = <A, E extends CallError>(
  http: Pick<HttpService, "retry" | "retryPolicy">,
  send: Effect.Effect<A, E>,
  policy = http.retryPolicy
): Effect.Effect<A, E> => http.retry(send, policy, isProofOfNoStart)
