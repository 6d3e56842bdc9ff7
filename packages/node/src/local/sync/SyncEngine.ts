/**
 * Moves files between sessions and the context store, as tasks that can be watched.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"
import type { SqlError } from "@effect/sql/SqlError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { BackgroundWork } from "../BackgroundWork.js"
import * as FileMove from "./FileMove.js"
import { DataDirectory } from "../DataDirectory.js"
import { FaultPlan } from "../faults/FaultPlan.js"
import * as Identifier from "../Identifier.js"
import * as Mapping from "./Mapping.js"
import * as Policy from "./Policy.js"
import { Recycling } from "../contexts/Recycling.js"
import { type Binding, noCounts, type Session, type Task } from "../sessions/Session.js"
import { SessionRegistry, stoppedMessage } from "../sessions/SessionRegistry.js"
import { State } from "../State.js"
import { StoreVersions } from "../contexts/StoreVersions.js"
import * as TransferQueue from "./TransferQueue.js"

/**
 * What is to be transferred: a binding, or any other path of the session.
 *
 * @since 0.1.0
 */
export interface Request {
  readonly contextId: string
  /** As the client wrote it. */
  readonly path: string
  /** The same in normal form. */
  readonly mount: string
  readonly type: SyncMode
  /** Download tasks of bindings that are not to be filled at the start end without copying. */
  readonly copy?: boolean
}

/**
 * @since 0.1.0
 */
export interface Service {
  /**
   * Lists a task for each request, in place of an earlier one of the same context, path and
   * type, and begins them in the background.
   */
  readonly start: (
    session: Session,
    requests: ReadonlyArray<Request>
  ) => Effect.Effect<void, SqlError>
  /** The same, but waits for the ends of the tasks and gives them back. */
  readonly run: (
    session: Session,
    requests: ReadonlyArray<Request>
  ) => Effect.Effect<ReadonlyArray<Task>, SqlError>
}

/**
 * @since 0.1.0
 */
export class SyncEngine extends Context.Tag("@effect-agentbay/node/local/sync/SyncEngine")<
  SyncEngine,
  Service
>() {}

/** How many of the entries that were left alone a status names. */
const namedSkips = 10

type Needs =
  | State
  | DataDirectory
  | FaultPlan
  | SessionRegistry
  | StoreVersions
  | Recycling
  | TransferQueue.TransferQueue
  | BackgroundWork

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, never, Needs> = Effect.gen(function* () {
  const state = yield* State
  const directory = yield* DataDirectory
  const versions = yield* StoreVersions
  const recycling = yield* Recycling
  const background = yield* BackgroundWork
  const { table } = yield* SessionRegistry
  const faults = yield* FaultPlan
  const queue = yield* TransferQueue.TransferQueue

  const bindingOf = (session: Session, task: Task): Binding | undefined =>
    session.bindings.find(
      (binding) => binding.contextId === task.contextId && binding.mount === task.mount
    )

  /** What the task moves, seen from the deepest binding at or above its path. */
  const within = (session: Session, task: Task): FileMove.Within | undefined => {
    let deepest: Binding | undefined
    for (const binding of session.bindings) {
      if (binding.contextId !== task.contextId) continue
      if (binding.mount !== task.mount && !task.mount.startsWith(`${binding.mount}/`)) continue
      if (deepest === undefined || binding.mount.length > deepest.mount.length) deepest = binding
    }
    if (deepest === undefined) return undefined
    return {
      policy: deepest.policy,
      path: task.mount.slice(deepest.mount.length + 1),
      stored: Mapping.storePath(deepest)
    }
  }

  const storedAt = (session: Session, task: Task): string =>
    FileMove.storedAt(task.mount, within(session, task))

  const move = (session: Session, task: Task, carryDeletions: boolean) =>
    FileMove.move({
      sessionRoot: directory.sessionRoot(session.id),
      contextFiles: directory.contextFiles(task.contextId),
      staging: directory.staging,
      mount: task.mount,
      type: task.type,
      within: within(session, task),
      carryDeletions,
      onProgress: (counts) => {
        task.counts = counts
        session.tasksRevision++
      }
    })

  const moved = (session: Session, task: Task, carryDeletions: boolean) =>
    Effect.tap(move(session, task, carryDeletions), ({ skipped }) =>
      Effect.sync(() => {
        task.skipped = {
          count: skipped.length,
          paths: skipped.slice(0, namedSkips).map((entry) => entry.path)
        }
      })
    )

  const upload = Effect.fnUntraced(function* (session: Session, task: Task) {
    const binding = bindingOf(session, task)
    const inside = within(session, task)
    const stored = FileMove.storedAt(task.mount, inside)
    const carryDeletions =
      binding !== undefined && versions.hasSeen({ sessionId: session.id, binding })
    const own = session.bindings
      .filter(
        (other) =>
          other.contextId === task.contextId &&
          TransferQueue.overlaps(Mapping.storePath(other), stored)
      )
      .map((other) => ({ sessionId: session.id, binding: other }))
      .filter(versions.hasSeen)
    const begun = yield* Clock.currentTimeMillis
    yield* state.atomically([
      ...versions.raise(task.contextId, stored, own),
      ...(inside === undefined ? [] : recycling.put(task.contextId, inside.stored, inside.policy))
    ])
    const expiry = inside === undefined ? undefined : Policy.expiry(inside.policy)
    const done = yield* Effect.ensuring(
      moved(session, task, carryDeletions),
      expiry === undefined ? Effect.void : recycling.expect(begun + expiry.lifetime)
    )
    if (done.copied === 0 && done.folders === 0 && done.removed === 0) {
      yield* state.atomically(versions.lower(task.contextId, stored, own))
    }
  })

  const download = Effect.fnUntraced(function* (session: Session, task: Task, copy: boolean) {
    const binding = bindingOf(session, task)
    const complete = copy
      ? yield* Effect.as(moved(session, task, false), true)
      : yield* FileMove.isEmpty({
          root: directory.contextFiles(task.contextId),
          path: storedAt(session, task)
        })
    if (complete && binding !== undefined) {
      yield* state.atomically(versions.see({ sessionId: session.id, binding }))
    }
  })

  const end = Effect.fnUntraced(function* (
    session: Session,
    task: Task,
    exit: Exit.Exit<void, FileMove.MoveFailed | SqlError>
  ) {
    const outcome = Exit.isSuccess(exit)
      ? ({ status: "Success", errorMessage: "" } as const)
      : ({
          status: "Failed",
          errorMessage: Cause.isInterruptedOnly(exit.cause)
            ? stoppedMessage
            : yield* failureMessage(task, exit.cause)
        } as const)
    const finished = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    // Written before anybody is told: the next server must not take it back.
    yield* state
      .atomically([table.endTask({ ...task, ...outcome, finished })])
      .pipe(Effect.catchAll((error) => Effect.logError("A task's end was not written", error)))
    // The task has ended for those who ask, even if the state file cannot be written.
    Object.assign(task, outcome, { finished })
    session.tasksRevision++
    yield* Deferred.succeed(task.ended, undefined)
  })

  const failureMessage = (task: Task, cause: Cause.Cause<FileMove.MoveFailed | SqlError>) => {
    const failure = Cause.failureOption(cause)
    return Option.isSome(failure) && failure.value._tag === "MoveFailed"
      ? Effect.succeed(failure.value.detail)
      : Effect.logError("A transfer broke", cause).pipe(
          Effect.annotateLogs("task", task.id),
          Effect.as("the server is at fault, its log says more")
        )
  }

  /** A task that was replaced before its turn came has nothing to do: the newer one does it. */
  const isListed = (session: Session, task: Task) => session.tasks.get(task) === task

  const perform = (session: Session, task: Task, copy: boolean): Effect.Effect<void> =>
    queue
      .withTurn(
        {
          sessionId: session.id,
          contextId: task.contextId,
          mount: storedAt(session, task),
          type: task.type
        },
        Effect.suspend(() =>
          !isListed(session, task)
            ? Effect.void
            : task.type === "upload"
              ? upload(session, task)
              : download(session, task, copy)
        )
      )
      .pipe(
        Effect.onExit((exit) => end(session, task, exit)),
        Effect.catchAllCause((cause) =>
          Cause.isInterrupted(cause) ? Effect.interrupt : Effect.void
        )
      )

  const list = Effect.fnUntraced(function* (session: Session, requests: ReadonlyArray<Request>) {
    const now = yield* Clock.currentTimeMillis
    const started = Math.floor(now / 1000)
    const listed: Array<Effect.Effect<Task>> = []
    const tasks: Array<Task> = []
    for (const { copy = true, ...request } of requests) {
      const task: Task = {
        ...request,
        id: Identifier.taskId(),
        sessionId: session.id,
        started,
        status: "Running",
        errorMessage: "",
        finished: 0,
        counts: noCounts,
        ended: yield* Deferred.make<void>()
      }
      tasks.push(task)
      listed.push(Effect.as(perform(session, task, copy), task))
    }
    yield* state.atomically(tasks.map(table.putTask))
    for (const task of tasks) {
      faults.lens()?.onBegin(task, session.tasks.get(task), now)
      session.tasks.put(task)
    }
    session.tasksRevision++
    return listed
  })

  return {
    start: Effect.fn("SyncEngine.start")(function* (session, requests) {
      const listed = yield* list(session, requests)
      yield* Effect.forEach(listed, background.run, { discard: true })
    }),
    run: Effect.fn("SyncEngine.run")(function* (session, requests) {
      const listed = yield* list(session, requests)
      return yield* Effect.all(listed, { concurrency: TransferQueue.atOnce })
    })
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<SyncEngine, never, Needs> = Layer.effect(SyncEngine, make)
