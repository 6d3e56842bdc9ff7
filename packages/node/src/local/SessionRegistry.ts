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
import type { StateFailure } from "./ContextStore.js"
import * as Refusal from "./Refusal.js"
import { gateWidth, type Session, type Task, taskKey } from "./Session.js"
import * as SessionTable from "./SessionTable.js"
import { State } from "./State.js"

/**
 * @since 0.1.0
 */
export interface Service {
  readonly table: SessionTable.SessionTable
  /** All live sessions, oldest first. */
  readonly all: () => ReadonlyArray<Session>
  /** A live session, also one that is being released. */
  readonly get: (id: string) => Effect.Effect<Session, Refusal.Refusal>
  /** Any session that this data directory has ever seen. */
  readonly findEver: (
    id: string
  ) => Effect.Effect<Option.Option<SessionTable.SessionRow>, StateFailure>
  /**
   * Does something inside a running session. The session is not released before it is done;
   * one that is being released counts as gone.
   */
  readonly within: <A, E>(
    id: string,
    work: (session: Session) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | Refusal.Refusal>
  readonly add: (session: Session) => void
  readonly remove: (id: string) => void
}

/**
 * @since 0.1.0
 */
export class SessionRegistry extends Context.Tag("@effect-agentbay/node/local/SessionRegistry")<
  SessionRegistry,
  Service
>() {}

/**
 * What a task says that a server left running when it ended.
 *
 * @since 0.1.0
 */
export const stoppedMessage = "the server stopped while this transfer ran"

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, State> = Effect.gen(function* () {
  const state = yield* State
  const table = SessionTable.make(state)
  const sessions = new Map<string, Session>()

  const now = yield* Clock.currentTimeMillis
  yield* state.atomically([table.failRunningTasks(stoppedMessage, Math.floor(now / 1000))])
  const ended = yield* Deferred.make<void>()
  yield* Deferred.succeed(ended, undefined)

  const bindings = Array.groupBy(yield* table.liveBindings, (row) => row.sessionId)
  const tasks = Array.groupBy(yield* table.tasks, (row) => row.sessionId)

  for (const { endReason: _, status, ...row } of yield* table.live) {
    const listed = (tasks[row.id] ?? []).map(
      ({ bytesDone, bytesTotal, filesDone, filesTotal, ...task }): Task => ({
        ...task,
        counts: { bytesDone, bytesTotal, filesDone, filesTotal },
        ended
      })
    )
    sessions.set(row.id, {
      ...row,
      status: status === "RUNNING" ? "RUNNING" : "DELETING",
      bindings: bindings[row.id] ?? [],
      tasks: new Map(listed.map((task) => [taskKey(task), task])),
      tasksRevision: 0,
      gate: Effect.unsafeMakeSemaphore(gateWidth)
    })
  }

  const get: Service["get"] = (id) =>
    Effect.suspend(() => {
      const session = sessions.get(id)
      return session === undefined ? Effect.fail(Refusal.sessionNotFound) : Effect.succeed(session)
    })

  const running = (session: Session): Effect.Effect<Session, Refusal.Refusal> =>
    session.status === "RUNNING" ? Effect.succeed(session) : Effect.fail(Refusal.sessionNotFound)

  return {
    table,
    all: () => [...sessions.values()],
    get,
    findEver: table.find,
    within: (id, work) =>
      Effect.flatMap(get(id), (session) =>
        // Without a permit at hand the release has begun, and none will ever come back.
        session.gate.withPermitsIfAvailable(1)(
          Effect.flatMap(
            Effect.suspend(() => running(session)),
            work
          )
        )
      ).pipe(
        Effect.flatMap(
          Option.match({
            onNone: () => Effect.fail(Refusal.sessionNotFound),
            onSome: Effect.succeed
          })
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
