/**
 * The end of a session: its files are brought into the store, then its folder goes.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs/promises"
import { BackgroundWork, untilDone } from "../BackgroundWork.js"
import type { StateFailure } from "../contexts/ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import * as Policy from "../sync/Policy.js"
import { gateWidth, type Session } from "./Session.js"
import { SessionRegistry } from "./SessionRegistry.js"
import { State } from "../State.js"
import * as Trash from "../contexts/Trash.js"
import { StoreVersions } from "../contexts/StoreVersions.js"
import { SyncEngine } from "../sync/SyncEngine.js"

/**
 * @since 0.1.0
 */
export interface Service {
  /**
   * Marks the session as being deleted and does the rest in the background. `reason` is told
   * as the session's `EndReason`; none when somebody asked for the release.
   */
  readonly begin: (session: Session, reason?: string) => Effect.Effect<void, SqlError>
}

/**
 * @since 0.1.0
 */
export class SessionRelease extends Context.Tag(
  "@effect-agentbay/node/local/sessions/SessionRelease"
)<SessionRelease, Service>() {}

type Needs =
  | State
  | DataDirectory
  | SessionRegistry
  | StoreVersions
  | SyncEngine
  | BackgroundWork
  | FileSystem.FileSystem

/**
 * Also takes up the releases that an earlier server did not finish, and removes the folders
 * of sessions that ended. Folders that belong to no session it knows are left alone: they
 * may be all that is left after the state file was lost. Only those without a single file go:
 * an earlier server made them for a session, and died before the session was written down.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, Needs> = Effect.gen(function* () {
  const state = yield* State
  const directory = yield* DataDirectory
  const registry = yield* SessionRegistry
  const versions = yield* StoreVersions
  const engine = yield* SyncEngine
  const background = yield* BackgroundWork
  const fs = yield* FileSystem.FileSystem

  const removeFolder = (id: string) =>
    Effect.annotateLogs(Trash.remove(directory.session(id)), "session", id)

  /** Whether there is nothing below a path but folders. */
  const isBare = (path: string): Effect.Effect<boolean> =>
    Effect.promise(() =>
      NodeFs.readdir(path, { withFileTypes: true, recursive: true }).then(
        (entries) => entries.every((entry) => entry.isDirectory()),
        () => false
      )
    )

  /** Says why the folder has to stay; an empty text when everything is in the store. */
  const uploadAll = Effect.fnUntraced(function* (session: Session) {
    const tasks = yield* engine.run(
      session,
      session.bindings
        .filter((binding) => Policy.uploadsAtRelease(binding.policy))
        .map(({ contextId, mount, path }) => ({ contextId, mount, path, type: "upload" }))
    )
    return tasks
      .filter((task) => task.status !== "Success")
      .map((task) => `${task.path} was not uploaded (${task.errorMessage})`)
      .join("; ")
  })

  const quiet = Effect.fnUntraced(function* (session: Session) {
    yield* session.gate.take(gateWidth)
    yield* Effect.forEach(session.tasks.all(), (task) => Deferred.await(task.ended), {
      discard: true
    })
  })

  const release = Effect.fnUntraced(function* (session: Session) {
    const left = yield* uploadAll(session)
    const kept = left === "" ? "" : `${left}; the session's files are kept on disk`
    // The end is written before anything is removed: a folder that is half gone must never
    // be uploaded again.
    yield* state.atomically(
      registry.table.finish(session.id, {
        at: yield* Clock.currentTimeMillis,
        reason: [session.endReason, kept].filter((part) => part !== "").join("; "),
        folderKept: left !== ""
      })
    )
    registry.remove(session.id)
    for (const binding of session.bindings) versions.forget({ sessionId: session.id, binding })
    if (left === "") return yield* removeFolder(session.id)
    yield* Effect.logWarning(
      `Not everything was uploaded at the end of a session: ${left}. ` +
        `Its files are kept in ${directory.sessionRoot(session.id)}`
    )
  })

  const releaseInBackground = (session: Session) =>
    background.run(
      quiet(session).pipe(
        Effect.zipRight(release(session).pipe(untilDone("A session was not released yet"))),
        Effect.annotateLogs("session", session.id)
      )
    )

  const unknown: Array<string> = []
  for (const id of yield* Effect.orElseSucceed(fs.readDirectory(directory.sessions), () => [])) {
    const use = yield* registry.table.folderUse(id)
    const isOver = use === "over" || (use === "unknown" && (yield* isBare(directory.session(id))))
    if (isOver) yield* removeFolder(id)
    else if (use === "unknown") unknown.push(id)
  }
  if (unknown.length > 0) {
    yield* Effect.logWarning(
      `In ${directory.sessions} there are folders of no known session; they are left as they are: ` +
        unknown.join(", ")
    )
  }
  yield* Effect.forEach(
    registry.all().filter((session) => session.status === "DELETING"),
    releaseInBackground,
    { discard: true }
  )

  return {
    begin: Effect.fn("SessionRelease.begin")(function* (session, reason = "") {
      if (session.status === "DELETING") return
      session.status = "DELETING"
      yield* state
        .atomically([registry.table.beginDeletion(session.id, reason)])
        .pipe(Effect.onError(() => Effect.sync(() => (session.status = "RUNNING"))))
      session.endReason = reason
      yield* releaseInBackground(session)
    }, Effect.uninterruptible)
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<SessionRelease, StateFailure, Needs> = Layer.effect(
  SessionRelease,
  make
)
