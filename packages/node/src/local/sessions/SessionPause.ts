/**
 * Sessions are paused and woken up. Both take a moment, in which the session says so.
 *
 * @since 0.1.0
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { BackgroundWork } from "../BackgroundWork.js"
import type { IdleRelease } from "./IdleRelease.js"
import type * as Refusal from "../actions/Refusal.js"
import { gateWidth, type LiveStatus, type Session } from "./Session.js"
import { notRunning, SessionRegistry } from "./SessionRegistry.js"
import { State } from "../State.js"

/**
 * @since 0.1.0
 */
export interface SessionPause {
  /**
   * Begins to pause a session: it takes no more work, and is paused when what goes on in it
   * is done, transfers included. One that is paused, or about to be, is left to it.
   */
  readonly pause: (session: Session) => Effect.Effect<void, Refusal.Refusal | SqlError>
  /** Begins to wake a session. One that runs, or is about to, is left to it. */
  readonly resume: (session: Session) => Effect.Effect<void, Refusal.Refusal | SqlError>
}

/** Long enough for a client to see the state in between, short beside any client's waits. */
const changeTakes = "500 millis"

/**
 * Also takes up the changes that an earlier server did not finish.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  idle: IdleRelease
): Effect.fn.Return<SessionPause, never, State | SessionRegistry | BackgroundWork> {
  const state = yield* State
  const registry = yield* SessionRegistry
  const background = yield* BackgroundWork

  const write = (session: Session, status: LiveStatus) =>
    state.atomically([registry.table.setStatus(session.id, status)])

  // A state file that still says "about to" is put right by the next start.
  const arrive = (session: Session, status: LiveStatus) =>
    write(session, status).pipe(
      Effect.catchAll((error) =>
        Effect.logError("The state of a session was not written", error).pipe(
          Effect.annotateLogs("session", session.id)
        )
      ),
      Effect.zipRight(
        Effect.sync(() => {
          session.status = status
        })
      )
    )

  // What was let in before may list tasks until it is done: they are known with all permits.
  const transfersEnded = (session: Session) =>
    Effect.suspend(() =>
      Effect.forEach(session.tasks.all(), (task) => Deferred.await(task.ended), {
        discard: true
      })
    )

  const finishPause = (session: Session) =>
    transfersEnded(session).pipe(
      Effect.zipRight(Effect.sleep(changeTakes)),
      Effect.zipRight(arrive(session, "PAUSED")),
      session.gate.withPermits(gateWidth)
    )

  const finishResume = (session: Session) =>
    Effect.sleep(changeTakes).pipe(
      Effect.zipRight(arrive(session, "RUNNING")),
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.flatMap((now) => {
        session.activeAt = now
        return idle.watch(session)
      })
    )

  /** The next steps are kept together: a state that nobody leaves again must not remain. */
  const depart = (session: Session, status: LiveStatus, rest: Effect.Effect<void>) =>
    Effect.suspend(() => {
      const before = session.status
      session.status = status
      return write(session, status).pipe(
        Effect.onError(() =>
          Effect.sync(() => {
            session.status = before
          })
        ),
        Effect.zipRight(background.run(rest))
      )
    }).pipe(Effect.uninterruptible)

  for (const session of registry.all()) {
    if (session.status === "PAUSING") yield* background.run(finishPause(session))
    if (session.status === "RESUMING") yield* background.run(finishResume(session))
  }

  return {
    pause: Effect.fn("SessionPause.pause")(function* (session) {
      if (session.status === "PAUSED" || session.status === "PAUSING") return
      if (session.status !== "RUNNING") return yield* notRunning(session)
      yield* depart(session, "PAUSING", finishPause(session))
      yield* idle.forget(session)
    }),
    resume: Effect.fn("SessionPause.resume")(function* (session) {
      if (session.status === "RUNNING" || session.status === "RESUMING") return
      if (session.status !== "PAUSED") return yield* notRunning(session)
      yield* depart(session, "RESUMING", finishResume(session))
    })
  }
})
