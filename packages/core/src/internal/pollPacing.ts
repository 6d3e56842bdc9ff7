import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { PollPolicy } from "../PollPolicy.js"
import { adviceIn } from "./advice.js"
import { makeAlarm } from "./alarm.js"
import { makeStepper } from "./cadence.js"
import { steadyMillis } from "./fiberClock.js"
import { earliest } from "./pollDeadlines.js"
import { type Member, pauseOf } from "./pollMember.js"
import type { Observation } from "./wait.js"

/** A tick that is due now. */
export interface Tick {
  /** The milliseconds since the last one that its members are credited with as waiting. */
  readonly waited: number
}

/**
 * After a tick that began early for who joined, so many regular ones come before there may be
 * another. Those who come in a stream cannot drive the loop then: they wait for the next
 * regular one.
 */
const regularBetween = 10

const nobody: Effect.Effect<Tick | undefined> = Effect.succeed(undefined)

interface Pause {
  /** As planned, in milliseconds. */
  readonly planned: number
  /** As it will be, varied at random where the policy says so. */
  readonly taken: number
}

/**
 * When the ticks of a loop begin.
 *
 * - A regular tick begins when the member in the greatest hurry has waited for its pause since
 *   the last answer; later, when the service has asked to be left alone for longer.
 * - One begins early for a member that has joined, unless there was one lately.
 * - One begins early at a deadline, for the last look of whoever gives up then.
 */
export const makePacing = <Reading>(
  policy: PollPolicy,
  members: Set<Member<Reading>>
): {
  /** The first tick of a loop, which is due at once. */
  readonly first: () => Tick
  /** Waits until the next tick is due; nothing when nobody is left to wait for it. */
  readonly next: (
    observation: Observation<Reading>,
    clock: Clock.Clock
  ) => Effect.Effect<Tick | undefined>
  /** Tells of a new member, for whom a pause may have to be cut short. */
  readonly joined: (member: Member<Reading>) => void
} => {
  const step = policy._tag === "Custom" ? makeStepper(policy.schedule) : undefined
  const jitter = policy._tag !== "Custom" && policy.jitter
  const alarm = makeAlarm()
  let regularSince = regularBetween
  let isLeftAlone = false

  const giveUp = (isOver: (member: Member<Reading>) => boolean, at: number) => {
    for (const member of members) {
      if (!isOver(member)) continue
      members.delete(member)
      member.tell({ _tag: "GiveUp", now: at })
    }
  }

  const shortestPause = () => {
    let shortest = Infinity
    for (const member of members) shortest = Math.min(shortest, pauseOf(member))
    return shortest
  }

  /** Plans a pause, and goes on with it; with nothing when there is to be none. */
  const planned = (
    clock: Clock.Clock,
    goOn: (pause: Pause | undefined) => Effect.Effect<Tick | undefined>
  ): Effect.Effect<Tick | undefined> => {
    if (step !== undefined) {
      return Effect.flatMap(step(clock.unsafeCurrentTimeMillis()), (pause) =>
        goOn(pause === undefined ? undefined : { planned: pause, taken: pause })
      )
    }
    const pause = shortestPause()
    return jitter
      ? Effect.flatMap(Random.nextRange(0.8, 1.2), (factor) =>
          goOn({ planned: pause, taken: Math.round(pause * factor) })
        )
      : goOn({ planned: pause, taken: pause })
  }

  /** When the first poll of someone who has joined is due at the latest. */
  const newcomerDue = () => {
    let due = Infinity
    for (const { dueBy, standing } of members) {
      if (standing.polls === 0) due = Math.min(due, dueBy)
    }
    return due
  }

  const next = (observation: Observation<Reading>, clock: Clock.Clock) => {
    const begin = steadyMillis(clock)
    const advice = adviceIn(observation)
    isLeftAlone = advice > 0
    return members.size === 0
      ? nobody
      : planned(clock, (pause) => {
          if (pause !== undefined) return pausing(begin, pause, advice, clock)
          giveUp(() => true, begin)
          return nobody
        })
  }

  const pausing = (begin: number, pause: Pause, advice: number, clock: Clock.Clock) => {
    const look = (): Effect.Effect<Tick | undefined> => {
      while (members.size > 0) {
        const at = steadyMillis(clock)
        const newcomer = isLeftAlone ? Infinity : newcomerDue()
        if (newcomer < Infinity && regularSince >= regularBetween) {
          regularSince = 0
          return Effect.succeed({ waited: at - begin })
        }
        const due = Math.max(Math.min(begin + pause.taken, newcomer), begin + advice)
        if (at >= due) {
          regularSince += 1
          // A pause that was varied at random counts as it was planned.
          const waited = at < begin + pause.taken ? at - begin : Math.max(at - begin, pause.planned)
          return Effect.succeed({ waited })
        }
        const deadline = earliest(members)
        if (at < deadline) {
          return Effect.flatMap(alarm.sleepUntil(Math.min(due, deadline), at), look)
        }
        if (!isLeftAlone) return Effect.succeed({ waited: at - begin })
        // The service wants to be left alone: no last look.
        giveUp((member) => member.deadline <= at, at)
      }
      return nobody
    }
    return look()
  }

  return {
    first: () => {
      regularSince = regularBetween
      isLeftAlone = false
      return { waited: 0 }
    },
    next,
    joined: ({ deadline, dueBy }) => {
      alarm.ring(
        (until) =>
          deadline < until || (!isLeftAlone && (regularSince >= regularBetween || dueBy < until))
      )
    }
  }
}
