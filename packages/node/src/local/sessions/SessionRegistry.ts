/**
 * The live sessions, in memory. The state file holds the same; it is read here once, at the
 * start.
 *
 * @since 0.1.0
 */
import * as Array from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { StateFailure } from "../contexts/ContextStore.js"
import * as Refusal from "../actions/Refusal.js"
import * as LiveSession from "./Session.js"
import * as SessionTable from "./SessionTable.js"
import { State } from "../State.js"

/**
 * @since 0.1.0
 */
export interface Service {
  readonly table: SessionTable.SessionTable
  /** All live sessions, oldest first. */
  readonly all: () => ReadonlyArray<LiveSession.Session>
  /** A live session, also one that is being released. */
  readonly find: (id: string) => LiveSession.Session | undefined
  /** The same; refuses an id that no live session has. */
  readonly get: (id: string) => Effect.Effect<LiveSession.Session, Refusal.Refusal>
  /** Any session that this data directory has ever seen. */
  readonly findEver: (
    id: string
  ) => Effect.Effect<Option.Option<SessionTable.SessionRow>, StateFailure>
  /**
   * Does something inside a running session. The session is neither paused nor released
   * before it is done, and does not idle meanwhile. One that is being released counts as
   * gone, one that is paused is refused by its state.
   */
  readonly within: <A, E>(
    id: string,
    work: (session: LiveSession.Session) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | Refusal.Refusal>
  readonly add: (session: LiveSession.Session) => void
  readonly remove: (id: string) => void
}

/**
 * @since 0.1.0
 */
export class SessionRegistry extends Context.Tag(
  "@effect-agentbay/node/local/sessions/SessionRegistry"
)<SessionRegistry, Service>() {}

/**
 * What a task says that a server left running when it ended.
 *
 * @since 0.1.0
 */
export const stoppedMessage = "the server stopped while this transfer ran"

/**
 * Why a session that does not run takes no work.
 *
 * @since 0.1.0
 */
export const notRunning = ({ status }: LiveSession.Session): Refusal.Refusal =>
  status === "DELETING" ? Refusal.sessionNotFound : Refusal.sessionNotRunning(status)

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, State> = Effect.gen(function* () {
  const state = yield* State
  const table = SessionTable.make(state)
  const sessions = new Map<string, LiveSession.Session>()

  const now = yield* Clock.currentTimeMillis
  yield* state.atomically([table.failRunningTasks(stoppedMessage, Math.floor(now / 1000))])
  const ended = yield* Deferred.make<void>()
  yield* Deferred.succeed(ended, undefined)

  const bindings = Array.groupBy(yield* table.liveBindings, (row) => row.sessionId)
  const tasks = Array.groupBy(yield* table.tasks, (row) => row.sessionId)

  for (const { endReason, status, ...row } of yield* table.live) {
    const listed = (tasks[row.id] ?? []).map(
      ({ bytesDone, bytesTotal, filesDone, filesTotal, ...task }): LiveSession.Task => ({
        ...task,
        counts: { bytesDone, bytesTotal, filesDone, filesTotal },
        ended
      })
    )
    // The query leaves the ended ones out; the compiler cannot know.
    if (status === "FINISH") continue
    const session = LiveSession.make(
      { ...row, bindings: bindings[row.id] ?? [] },
      { at: now, status, endReason, tasks: listed }
    )
    sessions.set(row.id, session)
  }

  const get: Service["get"] = (id) =>
    Effect.suspend(() => {
      const session = sessions.get(id)
      return session === undefined ? Effect.fail(Refusal.sessionNotFound) : Effect.succeed(session)
    })

  const running = (session: LiveSession.Session) =>
    Effect.suspend(() =>
      session.status === "RUNNING" ? Effect.succeed(session) : Effect.fail(notRunning(session))
    )

  const note = (session: LiveSession.Session, begun: 1 | -1) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      session.activeAt = now
      session.atWork += begun
    })

  /** Keeps the session from counting as idle. */
  const busy = <A, E>(session: LiveSession.Session, work: Effect.Effect<A, E>) =>
    Effect.acquireUseRelease(
      note(session, 1),
      () => work,
      () => note(session, -1)
    )

  return {
    table,
    all: () => [...sessions.values()],
    find: (id) => sessions.get(id),
    get,
    findEver: table.find,
    within: (id, work) =>
      Effect.flatMap(get(id), (session) =>
        running(session).pipe(
          Effect.flatMap(() => busy(session, work(session))),
          // Without a permit at hand the session is about to be paused or gone.
          session.gate.withPermitsIfAvailable(1),
          Effect.flatMap(
            Option.match({
              onNone: () => Effect.fail(notRunning(session)),
              onSome: (done) => Effect.succeed(done)
            })
          )
        )
      ),
    add: (session) => {
      sessions.set(session.id, session)
    },
    remove: (id) => {
      sessions.delete(id)
    }
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<SessionRegistry, StateFailure, State> = Layer.effect(
  SessionRegistry,
  make
)
