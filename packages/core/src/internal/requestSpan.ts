import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import type * as Tracer from "effect/Tracer"
import type { CallError } from "../AgentBayError.js"
import type { Answered } from "../AgentBayHttp.js"
import * as Metrics from "../AgentBayMetrics.js"
import type { Exchanged } from "./exchange.js"
import { failureWord } from "./exitWords.js"
import { clockOf, steadyMillis } from "./fiberClock.js"
import { callersTags, makeTags } from "./metricTags.js"
import { withExit } from "./withExit.js"

const requestTags = makeTags("action", "result")
const durationTags = makeTags("action")

/** Says in the span how its request ended; gives the same in one word. */
const sayEnd = <Reply, E extends CallError>(
  span: Tracer.Span,
  exit: Exit.Exit<Exchanged<Reply>, E>
): string => {
  const say = (status: number | undefined, requestId: string | undefined) => {
    if (status !== undefined) span.attribute("http.response.status_code", status)
    if (requestId !== undefined) span.attribute("agentbay.request_id", requestId)
  }
  if (Exit.isSuccess(exit)) {
    say(exit.value.status, exit.value.answered.requestId)
    return "ok"
  }
  const result = failureWord(exit.cause, (error: CallError) => {
    say(error._tag === "ApiError" ? error.httpStatus : error.status, error.requestId)
    return error.reason
  })
  span.attribute("error.type", result)
  return result
}

/**
 * Makes one request in a span of its own, with these attributes from the start, and counts and
 * measures it. `Effect.useSpan` would do for the span, but what runs at the end of an effect is the
 * dearest part of both, and this way there is one such end.
 */
export const inRequestSpan = <Reply, E extends CallError>(
  action: string,
  attributes: { readonly [name: string]: unknown },
  exchange: (span: Tracer.Span) => Effect.Effect<Exchanged<Reply>, E>
): Effect.Effect<Answered<Reply>, E> =>
  Effect.flatMap(
    Effect.makeSpan(`AgentBayHttp.${action}`, {
      kind: "client",
      captureStackTrace: false,
      attributes: { "agentbay.action": action, ...attributes }
    }),
    (span) =>
      Effect.withFiberRuntime<Answered<Reply>, E>((fiber) => {
        const clock = clockOf(fiber)
        const begun = steadyMillis(clock)
        const end = (exit: Exit.Exit<Exchanged<Reply>, E>) => {
          const result = sayEnd(span, exit)
          const timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
          span.end(timed ? clock.unsafeCurrentTimeNanos() : 0n, exit)
          const tags = callersTags(fiber)
          Metrics.requests.unsafeUpdate(1, requestTags(tags, action, result))
          Metrics.requestDuration.unsafeUpdate(
            (steadyMillis(clock) - begun) / 1000,
            durationTags(tags, action)
          )
        }
        return Effect.uninterruptibleMask((restore) =>
          withExit(restore(exchange(span)), (exit) => {
            end(exit)
            return Exit.map(exit, ({ answered }) => answered)
          })
        )
      })
  )
