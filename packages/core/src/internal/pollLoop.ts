import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Tracer from "effect/Tracer"
import type { CallError } from "../AgentBayError.js"
import type { PollPolicy } from "../PollPolicy.js"
import * as Metrics from "../AgentBayMetrics.js"
import { pauseAfter } from "./cadence.js"
import { callersTags, type Tags } from "./metricTags.js"
import { makeDeadlines } from "./pollDeadlines.js"
import { makePacing, type Tick } from "./pollPacing.js"
import { pollsAttribute } from "./syncSpan.js"
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
  readonly interrupt: () => void
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
  /** Stops the loop; who still waits is interrupted. */
  readonly close: Effect.Effect<void>
}

const inContext = <A, E>(effect: Effect.Effect<A, E>, context: Context.Context<never>) =>
  Effect.mapInputContext<A, E, never, never>(effect, () => context)

/** The polls that a span's waits have used up. `bind` and `delete` may wait twice. */
const tellPolls = ({ context, standing }: Member<never>) => {
  const span = Context.getOption(context, Tracer.ParentSpan)
  if (span._tag === "None" || span.value._tag !== "Span") return
  const before = span.value.attributes.get(pollsAttribute)
  span.value.attribute(pollsAttribute, standing.polls + (typeof before === "number" ? before : 0))
}

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
  let ticks = 0

  const stop = (own: Life) => {
    if (life !== own) return
    life = undefined
    options.onStop?.()
  }

  const close: Effect.Effect<void> = Effect.suspend(() => {
    if (life === undefined) return Effect.void
    const { fiber } = life
    stop(life)
    return Effect.zipRight(
      deadlines.close,
      fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(fiber))
    )
  })

  const deadlines = makeDeadlines(members, close)

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
      const tags = yield* Effect.withFiberRuntime<Tags>((fiber) =>
        Effect.succeed(callersTags(fiber))
      )
      Metrics.loopWaiters.unsafeUpdate(members.size, tags)
      let polls = 0
      const observation = yield* Effect.exit(read)
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      for (const member of members) {
        if (member.joinedAt >= number) continue
        member.waited += due.waited
        const counts = member.standing.polls === 0 || member.waited >= member.pause()
        if (counts) polls += 1
        if (member.observe(observation, { now, counts })) members.delete(member)
        else if (counts) member.waited = 0
      }
      Metrics.polls.unsafeUpdate(polls, tags)
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
      Effect.onExit((exit) => {
        stop(own)
        if (Exit.isSuccess(exit)) return deadlines.close
        const left = [...members]
        members.clear()
        for (const member of left) member.interrupt()
        return deadlines.close
      })
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
      const pause = () =>
        wait.policy._tag === "Custom" ? 0 : pauseAfter(wait.policy, standing.polls)
      const member: Member<Reading> = {
        joinedAt: ticks,
        dueBy: now + pause(),
        deadline: wait.deadline ?? Infinity,
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
        interrupt: () => settle(Exit.interrupt(FiberId.none))
      }
      members.add(member)
      pacing.joined(member)
      const asleep = Effect.async<Result, Failure | CallError>((resume) => {
        if (end === undefined) wake = resume
        else resume(end)
      })
      return { asleep, member }
    }

    const leave = (member: Member<Reading>, tags: Tags): Effect.Effect<void> => {
      Metrics.waiters.unsafeModify(-1, tags)
      tellPolls(member)
      return members.delete(member) && members.size === 0 ? close : Effect.void
    }

    return Effect.uninterruptibleMask((restore) =>
      Effect.withFiberRuntime((fiber) =>
        Effect.clockWith((clock) => {
          const tags = callersTags(fiber)
          const { asleep, member } = enter(fiber.currentContext, clock.unsafeCurrentTimeMillis())
          Metrics.waiters.unsafeModify(1, tags)
          return start.pipe(
            Effect.zipRight(deadlines.joined(member)),
            Effect.zipRight(Effect.exit(restore(asleep))),
            Effect.flatMap((exit) => Effect.zipRight(leave(member, tags), exit))
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
