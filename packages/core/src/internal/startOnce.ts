import * as Effect from "effect/Effect"
import { type CallError, isProofOfNoStart } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"

/**
 * Sends what starts something. It is repeated, by the retry policy, only when the answer
 * proves that nothing was started: a lost answer may hide that it was.
 */
export const startOnce = <A, E extends CallError>(
  { retryPolicy: schedule }: Pick<HttpService, "retryPolicy">,
  send: Effect.Effect<A, E>
): Effect.Effect<A, E> => Effect.retry(send, { schedule, while: isProofOfNoStart })
