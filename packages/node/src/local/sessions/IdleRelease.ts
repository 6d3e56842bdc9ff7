/**
 * Sessions that nobody uses are released. What counts as use is work inside the session
 * (`SessionRegistry.within`) and every transfer; to be asked for its state does not.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import type { Session } from "./Session.js"
import { SessionRelease } from "./SessionRelease.js"

/**
 * @since 0.1.0
 */
export interface IdleRelease {
  /** Releases the session once it has idled for its time, as long as it runs. */
  readonly watch: (session: Session) => Effect.Effect<void>
  /** Ends the watch: the session is paused or released. */
  readonly forget: (session: Session) => Effect.Effect<void>
}

/** When the session was last in use, in Unix milliseconds; `now` if it is. */
const lastUse = (session: Session, now: number): number => {
  if (session.atWork > 0) return now
  let last = session.activeAt
  for (const task of session.tasks.all()) {
    // The end of a task is known by the second. A session must not go too early.
    const used = task.status === "Running" ? now : (task.finished + 1) * 1000
    if (used > last) last = used
  }
  return last
}

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<IdleRelease, never, SessionRelease | Scope.Scope> = Effect.gen(
  function* () {
    const releases = yield* SessionRelease
    const watches = yield* FiberMap.make<string>()

    const release = (session: Session, now: number) =>
      releases.begin(session, `idle for ${session.idleSeconds} s`).pipe(
        Effect.catchAll((error) => {
          session.activeAt = now
          return Effect.logError("An idle session was not released", error).pipe(
            Effect.annotateLogs("session", session.id)
          )
        })
      )

    const wait = Effect.fnUntraced(function* (session: Session) {
      while (session.status === "RUNNING") {
        const now = yield* Clock.currentTimeMillis
        const left = lastUse(session, now) + session.idleSeconds * 1000 - now
        yield* left > 0 ? Effect.sleep(left) : release(session, now)
      }
    })

    return {
      // Requests are answered in an uninterruptible region, which a fork would inherit.
      watch: (session) =>
        Effect.asVoid(FiberMap.run(watches, session.id, Effect.interruptible(wait(session)))),
      forget: (session) => FiberMap.remove(watches, session.id)
    }
  }
)
