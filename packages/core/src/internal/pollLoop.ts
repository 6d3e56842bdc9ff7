import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { CallError } from "../AgentBayError.js"
import * as Metrics from "../AgentBayMetrics.js"
import type { PollPolicy } from "../PollPolicy.js"
import { clockOf, steadyMillis } from "./fiberClock.js"
import { callersTags } from "./metricTags.js"
import { oneOrBoth } from "./oneOrBoth.js"
import { makeDeadlines } from "./pollDeadlines.js"
import { makeMember, type Member, pauseOf } from "./pollMember.js"
import { makePacing, type Tick } from "./pollPacing.js"
import { makeBelonging, tellPolls } from "./pollSpans.js"
import type * as Wait from "./wait.js"
import { withExit } from "./withExit.js"

/** A place at a loop, for one who waits. */
export interface Place<Result, Failure> {
  /** Starts what has to run for it and does not run yet. It is to be done at once. */
  readonly start: Effect.Effect<void> | undefined
  readonly asleep: Effect.Effect<Result, Failure>
  /** Gives up the place, and stops what then runs for nobody. */
  readonly leave: () => Effect.Effect<void> | undefined
}

/**
 * A loop of status requests that serves everyone who waits at it with one request per tick. It
 * runs while it has members.
 *
 * A member takes no notice of a request that began before it joined. Its first poll is due at
 * once, and so are those of all who join while a request is under way: the next one is theirs.
 */
export interface PollLoop<Reading> {
  readonly enter: <State, Result, Failure>(
    wait: Wait.Wait<State, Reading, Result, Failure>,
    onStep: ((step: Wait.Step<State, Result>) => void) | undefined,
    from: { readonly parent: Tracer.AnySpan | undefined; readonly now: number }
  ) => Place<Result, Failure | CallError>
  /** Stops the loop for good; who still waits is interrupted, and so is who comes after. */
  readonly close: Effect.Effect<void>
}

const closedPlace: Place<never, never> = {
  start: undefined,
  asleep: Effect.interrupt,
  leave: () => undefined
}

/** A loop at which nobody can wait any more. */
export const closed: PollLoop<never> = { enter: () => closedPlace, close: Effect.void }

/** How somebody waits at a loop. */
interface Waiting<Reading, State, Result, Failure> {
  /** The loop, which is asked for when it is entered. */
  readonly loop: () => PollLoop<Reading>
  readonly wait: Wait.Wait<State, Reading, Result, Failure>
  /** Is told each poll that counts, and the last. */
  readonly onStep?: ((step: Wait.Step<State, Result>) => void) | undefined
  /** The span that the requests made for it belong to. */
  readonly parent: Tracer.AnySpan | undefined
}

/**
 * Waits for an end at a loop. Coming and going do not touch the others; the last one out stops
 * the loop and aborts its request.
 *
 * It is for use where nothing can be interrupted; `restore` makes the sleep interruptible. What
 * is told `onEnd` could as well be done by the caller, at the price of what each sleeping fiber
 * keeps on its stack for that.
 */
export const joinWith = <Reading, State, Result, Failure>(
  restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>,
  { loop, onStep, parent, wait }: Waiting<Reading, State, Result, Failure>,
  onEnd?: Wait.OnEnd<Result, Failure | CallError>
): Effect.Effect<Result, Failure | CallError> =>
  Effect.withFiberRuntime((fiber) => {
    const clock = clockOf(fiber)
    const now = steadyMillis(clock)
    const { asleep, leave, start } = loop().enter(wait, onStep, { parent, now })
    Metrics.waiters.unsafeModify(1, callersTags(fiber))
    // Not by `withExit`: there may be thousands, and that would keep a function more for each.
    const sleep = Effect.matchCauseEffect(restore(asleep), {
      onFailure: (cause) => finish(Exit.failCause(cause), leave, clock, onEnd),
      onSuccess: (result) => finish(Exit.succeed(result), leave, clock, onEnd)
    })
    return start === undefined ? sleep : Effect.zipRight(start, sleep)
  })

const finish = <Result, Failure>(
  end: Exit.Exit<Result, Failure>,
  leave: () => Effect.Effect<void> | undefined,
  clock: Clock.Clock,
  onEnd: Wait.OnEnd<Result, Failure> | undefined
) =>
  Effect.withFiberRuntime<Result, Failure>((fiber) => {
    const tags = callersTags(fiber)
    Metrics.waiters.unsafeModify(-1, tags)
    const left = leave()
    onEnd?.(end, clock, tags)
    return left === undefined ? end : Effect.zipRight(left, end)
  })

/** The same, anywhere. */
export const join = <Reading, State, Result, Failure>(
  waiting: Omit<Waiting<Reading, State, Result, Failure>, "parent">
): Effect.Effect<Result, Failure | CallError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.context<never>(), (context) =>
      joinWith(restore, { ...waiting, parent: parentIn(context) })
    )
  )

const parentIn = (context: Context.Context<never>) =>
  Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))

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

  const dismiss = (end: Exit.Exit<never>) => {
    const left = [...members]
    members.clear()
    for (const member of left) member.tell({ _tag: "Closed", end })
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

  const deadlines = makeDeadlines(members, stopIfEmpty)

  const takeIn = (
    number: number,
    { waited }: Tick,
    observation: Wait.Observation<Reading>,
    now: number
  ) => {
    let polls = 0
    for (const member of members) {
      if (member.joinedAt >= number) continue
      member.waited += waited
      const counts = member.standing.polls === 0 || member.waited >= pauseOf(member)
      if (counts) polls += 1
      if (member.tell({ _tag: "Answer", observation, now, counts })) members.delete(member)
      else if (counts) member.waited = 0
    }
    return polls
  }

  // One turn: a request, what its answer means to everyone, and the pause until the next.
  // Nothing comes out when nobody is left, in one step with that look.
  const turn = (due: Tick, belong: ReturnType<typeof makeBelonging>) =>
    Effect.withFiberRuntime<Tick | undefined>((fiber) => {
      const [oldest] = members
      if (oldest === undefined) return Effect.succeed(undefined)
      const number = ++ticks
      const tags = callersTags(fiber)
      const clock = clockOf(fiber)
      Metrics.loopWaiters.unsafeUpdate(members.size, tags)
      const belonging = belong(oldest, members.size)
      const rest = withExit(options.read, (observation) => {
        const now = steadyMillis(clock)
        Metrics.polls.unsafeUpdate(takeIn(number, due, observation, now), tags)
        return pacing.next(observation, clock)
      })
      return belonging === undefined ? rest : Effect.zipRight(belonging, rest)
    })

  const run = (own: Life) =>
    Effect.suspend(() => {
      let due: Tick | undefined = pacing.first()
      const belong = makeBelonging()
      return Effect.whileLoop({
        // Nobody can join between this look and the end.
        while: () => {
          if (members.size > 0) return true
          stop(own)
          return false
        },
        body: () => turn(due ?? pacing.first(), belong),
        step: (next) => {
          due = next
        }
      })
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
    // Somebody else may have started it since this one has entered.
    if (life !== undefined) return Effect.void
    const own: Life = {}
    life = own
    options.onStart?.()
    return Effect.map(Effect.forkDaemon(run(own)), (fiber) => {
      own.fiber = fiber
      // It was stopped while it was started.
      if (life !== own) fiber.unsafeInterruptAsFork(FiberId.none)
    })
  })

  const enter: PollLoop<Reading>["enter"] = <State, Result, Failure>(
    wait: Wait.Wait<State, Reading, Result, Failure>,
    onStep: ((step: Wait.Step<State, Result>) => void) | undefined,
    from: { readonly parent: Tracer.AnySpan | undefined; readonly now: number }
  ) => {
    if (isClosed) return closedPlace
    const { asleep, member } = makeMember(wait, onStep, { ...from, joinedAt: ticks })
    members.add(member)
    pacing.joined(member)
    return {
      start: oneOrBoth(life === undefined ? start : undefined, deadlines.joined(member)),
      asleep,
      leave: () => {
        tellPolls(member)
        return members.delete(member) && members.size === 0 ? stopIfEmpty : undefined
      }
    }
  }

  return {
    enter,
    close: Effect.suspend(() => {
      isClosed = true
      dismiss(Exit.interrupt(FiberId.none))
      return stopIfEmpty
    })
  }
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
): Effect.Effect<Result, Failure | CallError> => join({ loop: () => make(wait), wait })
