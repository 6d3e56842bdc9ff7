/** A poll loop by itself, with reads that a test says and waits for a word. */
import type { CallError } from "@effect-agentbay/core/AgentBayError"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as PollLoop from "../../../packages/core/src/internal/pollLoop.js"
import * as Wait from "../../../packages/core/src/internal/wait.js"

export const everySecond = PollPolicy.spaced({ interval: "1 second", maxRetries: 100 })

export type Reads = (index: number) => Effect.Effect<string, CallError>

/** A loop whose reads are numbered from 0, and the times at which they began. */
export const makeLoop = (reads: Reads, policy: PollPolicy.PollPolicy = everySecond) => {
  const times: Array<number> = []
  const read = Effect.flatMap(Clock.currentTimeMillis, (at) => reads(times.push(at) - 1))
  const loop = PollLoop.make({ read, policy })
  const join = (wait: Wait.Wait<undefined, string, string, number>) =>
    PollLoop.join({ loop: () => loop, wait })
  return { close: loop.close, enter: loop.enter, join, times }
}

/** Waits for "done"; gives up with the number of polls that counted. */
export const untilDone = (
  more: Partial<Wait.Wait<undefined, string, string, number>> = {}
): Wait.Wait<undefined, string, string, number> => ({
  initial: undefined,
  policy: everySecond,
  maxConsecutiveErrors: 10,
  decide: (state, reading) =>
    reading === "done" ? Wait.end(state, Either.right(reading)) : Wait.proceed(state),
  exhausted: (_, { polls }) => polls,
  ...more
})

/** So many turns of the scheduler later. */
export const turns = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow(), { discard: true })
