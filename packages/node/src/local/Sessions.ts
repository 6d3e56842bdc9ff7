/**
 * The life of sessions: they are created, found, listed and released.
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
import * as BindingRequest from "./BindingRequest.js"
import { ContextStore, type StateFailure } from "./ContextStore.js"
import { DataDirectory } from "./DataDirectory.js"
import * as Identifier from "./Identifier.js"
import * as MountPath from "./MountPath.js"
import * as Policy from "./Policy.js"
import * as Refusal from "./Refusal.js"
import { gateWidth, type Session } from "./Session.js"
import { SessionRegistry } from "./SessionRegistry.js"
import { SessionRelease } from "./SessionRelease.js"
import { State } from "./State.js"
import { SyncEngine } from "./SyncEngine.js"

/**
 * What a new session is to be.
 *
 * @since 0.1.0
 */
export interface NewSession {
  readonly imageId: string
  readonly regionId: string
  readonly labels: { readonly [name: string]: string }
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
  /** Begins the release. A session that is being released already is left to it. */
  readonly release: (id: string) => Effect.Effect<void, Refusal.Refusal | StateFailure>
}

/**
 * @since 0.1.0
 */
export class Sessions extends Context.Tag("@effect-agentbay/node/local/Sessions")<
  Sessions,
  Service
>() {}

/** Directories that every session has. */
const ownDirectories = [MountPath.home, "/tmp", "/var/tmp"]

type Needs =
  | State
  | DataDirectory
  | SessionRegistry
  | ContextStore
  | SyncEngine
  | SessionRelease
  | FileSystem.FileSystem

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, never, Needs> = Effect.gen(function* () {
  const state = yield* State
  const directory = yield* DataDirectory
  const registry = yield* SessionRegistry
  const contexts = yield* ContextStore
  const engine = yield* SyncEngine
  const releases = yield* SessionRelease
  const fs = yield* FileSystem.FileSystem

  return {
    create: Effect.fn("Sessions.create")(function* (wanted) {
      const createdAt = yield* Clock.currentTimeMillis
      const bindings = yield* BindingRequest.check(wanted.bindings, [], createdAt)
      const known = yield* contexts.names(bindings.map((binding) => binding.contextId))
      if (bindings.some((binding) => !known.has(binding.contextId))) {
        return yield* Refusal.bindingContextNotFound
      }
      const lasting = {
        id: Identifier.sessionId(),
        imageId: wanted.imageId,
        regionId: wanted.regionId,
        labels: wanted.labels,
        appInstanceId: Identifier.appInstanceId(),
        resourceId: Identifier.resourceId(),
        createdAt,
        bindings
      }
      const root = directory.sessionRoot(lasting.id)
      yield* Effect.forEach(
        [...ownDirectories, ...bindings.map((binding) => binding.mount)],
        (path) => fs.makeDirectory(root + path, { recursive: true }),
        { discard: true }
      ).pipe(
        // No later start would know what a part of it is.
        Effect.onError(() =>
          Effect.ignore(fs.remove(directory.session(lasting.id), { recursive: true, force: true }))
        )
      )
      yield* state.atomically(registry.table.insert(lasting))
      const session: Session = {
        ...lasting,
        sequence: yield* registry.table.sequenceOf(lasting.id),
        status: "RUNNING",
        tasks: new Map(),
        tasksRevision: 0,
        gate: Effect.unsafeMakeSemaphore(gateWidth)
      }
      registry.add(session)
      yield* engine.start(
        session,
        bindings.map(({ contextId, mount, path, policy }) => ({
          contextId,
          mount,
          path,
          type: "download",
          copy: Policy.downloadsAtStart(policy)
        }))
      )
      return session
    }),
    release: Effect.fn("Sessions.release")(function* (id) {
      const session = yield* registry.get(id).pipe(Effect.option)
      if (Option.isSome(session)) return yield* releases.begin(session.value)
      const ended = yield* registry.findEver(id)
      return yield* Option.isSome(ended) ? Refusal.alreadyReleased : Refusal.sessionNotFound
    })
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Sessions, never, Needs> = Layer.effect(Sessions, make)
