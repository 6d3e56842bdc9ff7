import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { CallError } from "../AgentBayError.js"
import { adviceIn } from "./advice.js"
import type { PollPolicy } from "../PollPolicy.js"
import { cadenceOf } from "./cadence.js"
import { steadyMillis } from "./fiberClock.js"
import * as PollLoop from "./pollLoop.js"
import { type Flight, makeFlight } from "./singleFlight.js"
import { type StatusReading, statusReading } from "./statusReads.js"
import { type Aim, aimKey, makeTriggerLedger } from "./triggerLedger.js"
import type { Triggered } from "./syncWait.js"
import { withExit } from "./withExit.js"

/** How old a list of a running loop may be to serve as a baseline, in milliseconds. */
const baselineAge = 5000

/** A status request that was begun, and its number among those of the session. */
interface Begun {
  readonly number: number
  readonly at: number
}

/** How to ask for the status of a session, and how to repeat that where no loop does. */
export interface StatusReads {
  readonly once: Effect.Effect<StatusReading, CallError>
  readonly retry: <A>(read: Effect.Effect<A, CallError>) => Effect.Effect<A, CallError>
}

/** What the waits of one session have in common. */
export interface SessionPolls {
  /**
   * The tasks that are listed before a trigger: as a running loop has seen them last, or by a
   * request of its own that all share who ask meanwhile. Nothing of the same aim was triggered
   * since by this process: whatever such a trigger started has to be in the list.
   */
  readonly baseline: (aim: Aim) => Effect.Effect<StatusReading, CallError>
  /** Sends a trigger, and remembers that for the baselines of others. */
  readonly triggering: <A, E>(aim: Aim, send: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /**
   * Shares one run of an effect between all who ask for the same aim until it says that the
   * doors are closed.
   */
  readonly together: (
    aim: Aim,
    run: (closeDoors: Effect.Effect<void>) => Effect.Effect<Triggered, CallError>
  ) => Effect.Effect<Triggered, CallError>
}

const makeSession = (reads: StatusReads, onRest: () => void) => {
  const loops = new Map<string, PollLoop.PollLoop<StatusReading>>()
  const running = new Set<PollLoop.PollLoop<StatusReading>>()
  const ledger = makeTriggerLedger()
  const gatherings = new Map<string, Flight<Triggered, CallError>>()
  let begun = 0
  // Until when the service wants to be left alone, whoever of the session was told so.
  let calmUntil = 0
  let latest: (Begun & { readonly reading: StatusReading }) | undefined
  let flight: (Flight<StatusReading, CallError> & { readonly number: number }) | undefined

  const once: Effect.Effect<StatusReading, CallError> = Effect.clockWith((clock) => {
    const at = steadyMillis(clock)
    if (at < calmUntil) return Effect.zipRight(Effect.sleep(calmUntil - at), once)
    const own: Begun = { number: ++begun, at }
    return withExit(reads.once, (exit) => {
      if (Exit.isFailure(exit)) {
        const advice = adviceIn(exit)
        if (advice > 0) calmUntil = Math.max(calmUntil, steadyMillis(clock) + advice)
      } else if (latest === undefined || latest.number < own.number) {
        // Kept without the index that those who wait have made of it: a new one is soon made.
        latest = { ...own, reading: statusReading(exit.value) }
        // A baseline that is still under way began earlier, and others may ask to share it.
        ledger.forgetBefore(Math.min(own.number, flight?.number ?? Infinity))
      }
      return exit
    })
  })

  const makeLoop = (policy: PollPolicy) => {
    const made: PollLoop.PollLoop<StatusReading> = PollLoop.make({
      read: once,
      policy,
      onStart: () => {
        running.add(made)
      },
      onStop: () => {
        running.delete(made)
        onRest()
      }
    })
    return made
  }

  // A schedule of the caller's has a state of its own, so nobody else can follow it.
  const loop = (policy: PollPolicy) => {
    if (policy._tag === "Custom") return makeLoop(policy)
    const key = cadenceOf(policy)
    const made = loops.get(key) ?? makeLoop(policy)
    loops.set(key, made)
    return made
  }

  const ownBaseline = Effect.suspend(() => {
    const number = begun + 1
    const made = {
      ...makeFlight(reads.retry(once), () => {
        if (flight === made) flight = undefined
      }),
      number
    }
    flight = made
    return made.join
  })

  const polls: SessionPolls = {
    baseline: (aim) =>
      Effect.clockWith((clock) => {
        const isAtHand =
          latest !== undefined &&
          running.size > 0 &&
          steadyMillis(clock) - latest.at <= baselineAge &&
          ledger.isUntouchedSince(aim, latest.number)
        if (latest !== undefined && isAtHand) return Effect.succeed(latest.reading)
        return flight !== undefined && ledger.isUntouchedSince(aim, flight.number)
          ? flight.join
          : ownBaseline
      }),
    triggering: (aim, send) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const answered = ledger.sent(aim)
          return withExit(restore(send), (exit) => {
            answered(begun)
            return exit
          })
        })
      ),
    together: (aim, run) =>
      Effect.suspend(() => {
        const key = aimKey(aim)
        const gathering = gatherings.get(key)
        if (gathering !== undefined) return gathering.join
        const closeDoors = () => {
          if (gatherings.get(key) === made) gatherings.delete(key)
        }
        const made = makeFlight(run(Effect.sync(closeDoors)), closeDoors)
        gatherings.set(key, made)
        return made.join
      })
  }

  return {
    polls,
    loop,
    /** How many are on their way to a wait. */
    users: 0,
    isRunning: () => running.size > 0,
    close: Effect.suspend(() =>
      Effect.forEach(new Set([...running, ...loops.values()]), ({ close }) => close, {
        discard: true
      })
    )
  }
}

/** The poll loops of a client: one per session and cadence, as long as somebody waits. */
export interface PollHub {
  /**
   * Keeps what the waits of a session have in common, such as the last list of its tasks, until
   * the result is called, once. Without that it is forgotten when nobody is on the way to a wait
   * and no loop runs.
   */
  readonly retain: (sessionId: string, reads: () => StatusReads) => () => void
  /** The same for the time of an effect. */
  readonly retaining: (
    sessionId: string,
    reads: () => StatusReads
  ) => <A, E>(body: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** What the waits of a session have in common; nothing when there are no waits any more. */
  readonly polls: (sessionId: string, reads: () => StatusReads) => SessionPolls | undefined
  /** The loop of a session for a policy: the running one of the same cadence, or another. */
  readonly loop: (
    sessionId: string,
    reads: () => StatusReads,
    policy: PollPolicy
  ) => PollLoop.PollLoop<StatusReading>
  /** Stops all loops for good; who waits at one or comes to wait is interrupted. */
  readonly close: Effect.Effect<void>
}

export const makePollHub = (): PollHub => {
  const sessions = new Map<string, ReturnType<typeof makeSession>>()
  let isClosed = false

  const forgetIfIdle = (sessionId: string) => {
    const session = sessions.get(sessionId)
    if (session?.users === 0 && !session.isRunning()) sessions.delete(sessionId)
  }

  const sessionOf = (sessionId: string, reads: () => StatusReads) => {
    const session = sessions.get(sessionId) ?? makeSession(reads(), () => forgetIfIdle(sessionId))
    sessions.set(sessionId, session)
    return session
  }

  const retain: PollHub["retain"] = (sessionId, reads) => {
    const session = sessionOf(sessionId, reads)
    session.users += 1
    return () => {
      session.users -= 1
      forgetIfIdle(sessionId)
    }
  }

  return {
    retain,
    retaining: (sessionId, reads) => (body) =>
      Effect.acquireUseRelease(
        Effect.sync(() => retain(sessionId, reads)),
        () => body,
        (release) => Effect.sync(release)
      ),
    polls: (sessionId, reads) => (isClosed ? undefined : sessionOf(sessionId, reads).polls),
    loop: (sessionId, reads, policy) =>
      isClosed ? PollLoop.closed : sessionOf(sessionId, reads).loop(policy),
    close: Effect.suspend(() => {
      isClosed = true
      return Effect.forEach([...sessions.values()], ({ close }) => close, { discard: true })
    })
  }
}
