import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { CallError } from "../AgentBayError.js"
import type { PollPolicy } from "../PollPolicy.js"
import { pauseAfter } from "./cadence.js"
import * as Wait from "./wait.js"

/** What a member learns from its loop. */
export type News<Reading> =
  | {
      readonly _tag: "Answer"
      readonly observation: Wait.Observation<Reading>
      readonly now: number
      /** Whether it takes from the budget of the member. */
      readonly counts: boolean
    }
  | { readonly _tag: "GiveUp"; readonly now: number }
  | { readonly _tag: "Closed"; readonly end: Exit.Exit<never> }

/**
 * One who waits at a loop. Its fiber sleeps until its end; what happens in between happens in
 * the loop, which steps the decisions of all its members at each tick. That is what makes
 * waiting cheap, and why there is little in here: there may be thousands.
 */
export interface Member<Reading> {
  /** The number of the tick that had begun last when it joined: that one may show the past. */
  readonly joinedAt: number
  /** When its first poll is due at the latest, should no tick begin early for it. */
  readonly dueBy: number
  readonly deadline: number
  readonly policy: PollPolicy
  /** The span that the requests made for it belong to. */
  readonly parent: Tracer.AnySpan | undefined
  readonly standing: Wait.Standing<unknown>
  /** The milliseconds between ticks since its last poll that counted. */
  waited: number
  /** Tells it something; true when that was its end. */
  readonly tell: (news: News<Reading>) => boolean
}

/** How many milliseconds lie between the last poll of a member that counted and the next. */
export const pauseOf = ({ policy, standing }: Pick<Member<never>, "policy" | "standing">): number =>
  policy._tag === "Custom" ? 0 : pauseAfter(policy, standing.polls)

type End<Result, Failure> = Exit.Exit<Result, Failure | CallError>

/** What news mean to a member: its end, if they are that. */
const endOf = <State, Reading, Result, Failure>(
  wait: Wait.Wait<State, Reading, Result, Failure>,
  standing: Wait.Standing<State>,
  onStep: ((step: Wait.Step<State, Result>) => void) | undefined,
  news: News<Reading>
): End<Result, Failure> | undefined => {
  switch (news._tag) {
    case "Answer": {
      const answer = Wait.observe(wait, standing, news.observation, news)
      if (answer === undefined ? news.counts : Exit.isSuccess(answer)) {
        onStep?.(Wait.step(standing, news.now, answer))
      }
      return answer ?? Wait.exhaust(wait, standing, news.now)
    }
    case "GiveUp":
      return Wait.giveUp(wait, standing, news.now)
    case "Closed":
      return news.end
  }
}

/** Makes a member, and the sleep of its fiber until its end. */
export const makeMember = <Reading, State, Result, Failure>(
  wait: Wait.Wait<State, Reading, Result, Failure>,
  onStep: ((step: Wait.Step<State, Result>) => void) | undefined,
  {
    joinedAt,
    now,
    parent
  }: {
    readonly parent: Tracer.AnySpan | undefined
    readonly now: number
    readonly joinedAt: number
  }
): {
  readonly member: Member<Reading>
  readonly asleep: Effect.Effect<Result, Failure | CallError>
} => {
  const { deadline = Infinity, policy } = wait
  const standing = Wait.begin(wait, wait.since ?? now)
  let end: End<Result, Failure> | undefined
  let wake: ((end: End<Result, Failure>) => void) | undefined

  return {
    member: {
      joinedAt,
      dueBy: now + pauseOf({ policy, standing }),
      // Also who comes after its deadline, with a token that was kept, has a last look.
      deadline: Math.max(deadline, now),
      policy,
      parent,
      standing,
      waited: 0,
      tell: (news) => {
        end = endOf(wait, standing, onStep, news)
        if (end !== undefined) wake?.(end)
        return end !== undefined
      }
    },
    asleep: Effect.async((resume) => {
      if (end === undefined) wake = resume
      else resume(end)
    })
  }
}
