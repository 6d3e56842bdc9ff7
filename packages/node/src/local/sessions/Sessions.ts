/**
 * The life of sessions: they are created, change, and are released.
 *
 * @since 0.1.0
 */
import type { ContextSync } from "@effect-agentbay/core/ContextSync"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { BackgroundWork } from "../BackgroundWork.js"
import type { ContextStore, StateFailure } from "../contexts/ContextStore.js"
import * as Trash from "../contexts/Trash.js"
import { DataDirectory } from "../DataDirectory.js"
import * as Identifier from "../Identifier.js"
import * as IdleRelease from "./IdleRelease.js"
import * as MountPath from "../MountPath.js"
import * as Refusal from "../actions/Refusal.js"
import { type Binding, make as makeSession, type Session } from "./Session.js"
import * as SessionBinding from "./SessionBinding.js"
import * as SessionPause from "./SessionPause.js"
import { notRunning, SessionRegistry } from "./SessionRegistry.js"
import { SessionRelease } from "./SessionRelease.js"
import { State } from "../State.js"
import type { SyncEngine } from "../sync/SyncEngine.js"

/**
 * What a new session is to be.
 *
 * @since 0.1.0
 */
export interface NewSession {
  readonly imageId: string
  readonly regionId: string
  readonly policyId: string
  readonly labels: Session["labels"]
  readonly idleSeconds: number
  readonly bindings: ReadonlyArray<ContextSync>
}

/**
 * @since 0.1.0
 */
export interface Service {
  /**
   * Creates a session and begins its first downloads: one task for each binding is listed
   * when this returns.
   */
  readonly create: (
    wanted: NewSession
  ) => Effect.Effect<Session, Refusal.Refusal | StateFailure | PlatformError>
  /**
   * Begins the release. A session that is being released already is left to it, one that is
   * paused is refused.
   */
  readonly release: (id: string) => Effect.Effect<void, Refusal.Refusal | StateFailure>
  /** Begins to pause the session, see {@link SessionPause.SessionPause}. */
  readonly pause: (id: string) => Effect.Effect<void, Refusal.Refusal | StateFailure>
  /** Begins to wake the session, see {@link SessionPause.SessionPause}. */
  readonly resume: (id: string) => Effect.Effect<void, Refusal.Refusal | StateFailure>
  /** Replaces all labels. */
  readonly setLabels: (
    id: string,
    labels: Session["labels"]
  ) => Effect.Effect<void, Refusal.Refusal | StateFailure>
  /** Mounts further contexts, see {@link SessionBinding.SessionBinding}. */
  readonly bind: (
    id: string,
    wanted: ReadonlyArray<ContextSync>
  ) => Effect.Effect<void, Refusal.Refusal | StateFailure | PlatformError>
}

/**
 * @since 0.1.0
 */
export class Sessions extends Context.Tag("@effect-agentbay/node/local/sessions/Sessions")<
  Sessions,
  Service
>() {}

/** Directories that every session has. */
const ownDirectories = [MountPath.home, "/tmp", "/var/tmp"]

type Needs =
  | BackgroundWork
  | State
  | DataDirectory
  | SessionRegistry
  | ContextStore
  | SyncEngine
  | SessionRelease
  | FileSystem.FileSystem

/** The server that made these bindings died before it listed their first downloads. */
const unfilled = ({ bindings, tasks }: Session): ReadonlyArray<Binding> =>
  bindings.filter(
    ({ contextId, path }) => tasks.get({ contextId, path, type: "download" }) === undefined
  )

/**
 * Also goes on with what an earlier server left unfinished.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, Needs | Scope.Scope> = Effect.gen(
  function* () {
    const state = yield* State
    const directory = yield* DataDirectory
    const registry = yield* SessionRegistry
    const releases = yield* SessionRelease
    const fs = yield* FileSystem.FileSystem
    const idle = yield* IdleRelease.make
    const pauses = yield* SessionPause.make(idle)
    const binding = yield* SessionBinding.make

    for (const session of registry.all()) {
      yield* idle.watch(session)
      const left = unfilled(session)
      if (session.status === "RUNNING" && left.length > 0) yield* binding.fill(session, left)
    }

    return {
      create: Effect.fn("Sessions.create")(function* (wanted) {
        const createdAt = yield* Clock.currentTimeMillis
        const bindings = yield* binding.check(wanted.bindings, [], createdAt)
        const lasting = {
          ...wanted,
          id: Identifier.sessionId(),
          appInstanceId: Identifier.appInstanceId(),
          resourceId: Identifier.resourceId(),
          createdAt,
          bindings
        }
        const root = directory.sessionRoot(lasting.id)
        yield* Effect.forEach(
          [...ownDirectories, ...bindings.map((bound) => bound.mount)],
          (path) => fs.makeDirectory(root + path, { recursive: true }),
          { discard: true }
        ).pipe(
          Effect.zipRight(binding.write(bindings, registry.table.insert(lasting))),
          // No later start would know what the folder is.
          Effect.onError(() => Trash.remove(directory.session(lasting.id)))
        )
        const session = makeSession(
          { ...lasting, sequence: yield* registry.table.sequenceOf(lasting.id) },
          { at: createdAt }
        )
        registry.add(session)
        yield* binding.fill(session, bindings)
        yield* idle.watch(session)
        return session
      }),
      release: Effect.fn("Sessions.release")(function* (id) {
        const session = yield* registry.get(id).pipe(Effect.option)
        if (Option.isNone(session)) {
          const ended = yield* registry.findEver(id)
          return yield* Option.isSome(ended) ? Refusal.alreadyReleased : Refusal.sessionNotFound
        }
        const { status } = session.value
        if (status !== "RUNNING" && status !== "DELETING") return yield* notRunning(session.value)
        yield* releases.begin(session.value)
        yield* idle.forget(session.value)
      }),
      pause: (id) => Effect.flatMap(registry.get(id), pauses.pause),
      resume: (id) => Effect.flatMap(registry.get(id), pauses.resume),
      setLabels: Effect.fn("Sessions.setLabels")((id, labels) =>
        registry.within(id, (session) =>
          Effect.map(state.atomically([registry.table.setLabels(id, labels)]), () => {
            session.labels = labels
          })
        )
      ),
      bind: Effect.fn("Sessions.bind")((id, wanted) =>
        registry.within(id, (session) => binding.bind(session, wanted))
      )
    }
  }
)

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Sessions, StateFailure, Needs> = Layer.scoped(Sessions, make)
