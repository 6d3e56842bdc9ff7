import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { CallError } from "../AgentBayError.js"
import type { PollPolicy } from "../PollPolicy.js"
import { pauseAfter } from "./cadence.js"
import { lastLook, makeDeadlines } from "./pollDeadlines.js"
import { makePacing, type Tick } from "./pollPacing.js"
import * as Wait from "./wait.js"

/**
 * One who waits at a loop. Its fiber sleeps until its end; what happens in between happens in
 * the loop, which steps the decisions of all its members at each tick. That is what makes
 * waiting cheap.
 */
export interface Member<Reading> {
  /** The number of the tick that had begun last when it joined: that one may show the past. */
  readonly joinedAt: number
  /** When its first poll is due at the latest, should no tick begin early for it. */
  readonly dueBy: number
  readonly deadline: number
  /** When its last look is over, also without an answer. It has one if it comes too late. */
  readonly endsBy: number
  /** Where it was called from: its span becomes the parent of the requests made for it. */
  readonly context: Context.Context<never>
  readonly standing: Wait.Standing<unknown>
  /** The milliseconds between ticks since its last poll that counted. */
  waited: number
  /** How many milliseconds lie between its last poll that counted and the next. */
  readonly pause: () => number
  /** Takes in an answer; true when that was its end. */
  readonly observe: (observation: Wait.Observation<Reading>, at: Wait.Moment) => boolean
  readonly giveUp: (now: number) => void
  /** Ends it because the loop has ended. */
  readonly dismiss: (exit: Exit.Exit<never>) => void
}

/**
 * A loop of status requests that serves everyone who waits at it with one request per tick. It
 * runs while it has members.
 *
 * A member takes no notice of a request that began before it joined. Its first poll is due at
 * once, and so are those of all who join while a request is under way: the next one is theirs.
 */
export interface PollLoop<Reading> {
  /**
   * Waits for an end. Coming and going do not touch the others; the last one out stops the
   * loop and aborts its request. `onStep` is told each poll that counts, and the last.
   */
  readonly join: <State, Result, Failure>(
    wait: Wait.Wait<State, Reading, Result, Failure>,
    onStep?: (step: Wait.Step<State, Result>) => void
  ) => Effect.Effect<Result, Failure | CallError>
  /** Stops the loop for good; who still waits is interrupted, and so is who comes after. */
  readonly close: Effect.Effect<void>
}

const inContext = <A, E>(effect: Effect.Effect<A, E>, context: Context.Context<never>) =>
  Effect.mapInputContext<A, E, never, never>(effect, () => context)

/** The running of a loop from its first member to its last. */
interface Life {
  fiber?: Fiber.RuntimeFiber<void>
}

/**
 * Makes a loop. `read` makes one status request; `policy` says when, and has its cadence in
 * common with the policies of all who may join.
 */
export const make = <Reading>(options: {
  readonly read: Effect.Effect<Reading, CallError>
  readonly policy: PollPolicy
  readonly onStart?: (() => void) | undefined
  readonly onStop?: (() => void) | undefined
}): PollLoop<Reading> => {
  const members = new Set<Member<Reading>>()
  const pacing = makePacing(options.policy, members)
  let life: Life | undefined
  let isClosed = false
  let ticks = 0

  const stop = (own: Life) => {
    if (life !== own) return
    life = undefined
    options.onStop?.()
  }

  const dismiss = (exit: Exit.Exit<never>) => {
    const left = [...members]
    members.clear()
    for (const member of left) member.dismiss(exit)
  }

  // Looks and stops in one step: who joins before it finds the loop running, who joins after
  // it begins another life, which is none of the old one's business.
  const stopIfEmpty: Effect.Effect<void> = Effect.suspend(() => {
    if (members.size > 0 || life === undefined) return Effect.void
    const { fiber } = life
    stop(life)
    deadlines.left()
    return fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(fiber))
  })

  const close = Effect.suspend(() => {
    isClosed = true
    dismiss(Exit.interrupt(FiberId.none))
    return stopIfEmpty
  })

  const deadlines = makeDeadlines(members, stopIfEmpty)

  // The request is a child of the call that has waited longest, and says how many share it.
  const read = Effect.suspend(() => {
    const [oldest] = members
    const shared =
      members.size === 1
        ? options.read
        : Effect.annotateSpans(options.read, "agentbay.waiters", members.size)
    return oldest === undefined ? shared : inContext(shared, oldest.context)
  })

  const tick = (due: Tick) =>
    Effect.gen(function* () {
      const number = ++ticks
      const observation = yield* Effect.exit(read)
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      for (const member of members) {
        if (member.joinedAt >= number) continue
        member.waited += due.waited
        const counts = member.standing.polls === 0 || member.waited >= member.pause()
        if (member.observe(observation, { now, counts })) members.delete(member)
        else if (counts) member.waited = 0
      }
      return observation
    })

  const run = (own: Life) =>
    Effect.gen(function* () {
      let due: Tick = pacing.first()
      for (;;) {
        const next: Tick | undefined = yield* pacing.next(yield* tick(due))
        // Nobody can join between this look and the end.
        if (next === undefined && members.size === 0) break
        due = next ?? pacing.first()
      }
      stop(own)
    }).pipe(
      // A wait may begin where nothing can be interrupted, such as at the end of a scope.
      Effect.interruptible,
      Effect.onExit((exit) =>
        Effect.sync(() => {
          // It has broken, and was not stopped: who waits has to learn of it.
          if (life === own && Exit.isFailure(exit)) dismiss(Exit.failCause(exit.cause))
          stop(own)
          deadlines.left()
        })
      )
    )

  const start = Effect.suspend(() => {
    if (life !== undefined) return Effect.void
    const own: Life = {}
    life = own
    options.onStart?.()
    return Effect.map(Effect.forkDaemon(run(own)), (fiber) => {
      own.fiber = fiber
      // It was closed while it was started.
      if (life !== own) fiber.unsafeInterruptAsFork(FiberId.none)
    })
  })

  const join: PollLoop<Reading>["join"] = <State, Result, Failure>(
    wait: Wait.Wait<State, Reading, Result, Failure>,
    onStep?: (step: Wait.Step<State, Result>) => void
  ): Effect.Effect<Result, Failure | CallError> => {
    type End = Exit.Exit<Result, Failure | CallError>

    const enter = (context: Context.Context<never>, now: number) => {
      const standing = Wait.begin(wait, wait.since ?? now)
      let end: End | undefined
      let wake: ((end: End) => void) | undefined
      const settle = (exit: End) => {
        end = exit
        wake?.(exit)
      }
      const deadline = wait.deadline ?? Infinity
      const pause = () =>
        wait.policy._tag === "Custom" ? 0 : pauseAfter(wait.policy, standing.polls)
      const member: Member<Reading> = {
        joinedAt: ticks,
        dueBy: now + pause(),
        deadline,
        endsBy: Math.max(deadline, now) + lastLook,
        context,
        standing,
        waited: 0,
        pause,
        observe: (observation, at) => {
          const answer = Wait.observe(wait, standing, observation, at)
          if (answer === undefined ? at.counts : Exit.isSuccess(answer)) {
            onStep?.(Wait.step(standing, at.now, answer))
          }
          const exit = answer ?? Wait.exhaust(wait, standing, at.now)
          if (exit !== undefined) settle(exit)
          return exit !== undefined
        },
        giveUp: (at) => settle(Wait.giveUp(wait, standing, at)),
        dismiss: settle
      }
      members.add(member)
      pacing.joined(member)
      const asleep = Effect.async<Result, Failure | CallError>((resume) => {
        if (end === undefined) wake = resume
        else resume(end)
      })
      return { asleep, member }
    }

    const leave = (member: Member<Reading>): Effect.Effect<void> =>
      members.delete(member) ? stopIfEmpty : Effect.void

    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.context<never>(), (context) =>
        Effect.clockWith((clock) => {
          if (isClosed) return Effect.interrupt
          const { asleep, member } = enter(context, clock.unsafeCurrentTimeMillis())
          return start.pipe(
            Effect.zipRight(deadlines.joined(member)),
            Effect.zipRight(Effect.exit(restore(asleep))),
            Effect.flatMap((exit) => Effect.zipRight(leave(member), exit))
          )
        })
      )
    )
  }

  return { join, close }
}

/** Something that is waited for, and how to ask for it once. */
export interface LoneWait<State, Reading, Result, Failure> extends Wait.Wait<
  State,
  Reading,
  Result,
  Failure
> {
  readonly read: Effect.Effect<Reading, CallError>
}

/** Waits at a loop of its own. */
export const runAlone = <State, Reading, Result, Failure>(
  wait: LoneWait<State, Reading, Result, Failure>
): Effect.Effect<Result, Failure | CallError> =>
  Effect.suspend(() => make({ read: wait.read, policy: wait.policy }).join(wait))
