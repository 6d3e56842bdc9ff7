/**
 * What can be done with a running server from outside the protocol. The admin route and
 * programs in the same process use the same functions.
 *
 * @since 0.1.0
 */
import type { ContextSync } from "@effect-agentbay/core/ContextSync"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { invalid, LocalAdminError } from "./AdminError.js"
import type * as CallLog from "./CallLog.js"
import { type ContextStore, StoredContext } from "../contexts/ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import { describe } from "../LocalAgentBayError.js"
import * as Seed from "./Seed.js"
import { ServerClock } from "../ServerClock.js"
import type { Session, Task } from "../sessions/Session.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"
import * as Snapshot from "./Snapshot.js"
import { State } from "../State.js"
import type { StoreVersions } from "../contexts/StoreVersions.js"
import type { TransferQueue } from "../sync/TransferQueue.js"
import type { World } from "./World.js"

/**
 * What the server holds, as plain data. Times are ISO 8601 in UTC, by the server's clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerState {
  readonly now: string
  readonly contexts: ReadonlyArray<{
    readonly id: string
    readonly name: string
    readonly state: string
    readonly createdAt: string
    readonly lastUsedAt: string
    readonly directory: string
  }>
  /** Those that have not ended, the oldest first. */
  readonly sessions: ReadonlyArray<{
    readonly id: string
    readonly status: string
    readonly imageId: string
    readonly regionId: string
    readonly labels: { readonly [name: string]: string }
    readonly createdAt: string
    readonly directory: string
    readonly bindings: ReadonlyArray<{
      readonly contextId: string
      readonly path: string
      readonly policy: ContextSync["policy"] | undefined
      readonly boundAt: string
    }>
    readonly tasks: ReadonlyArray<{
      readonly id: string
      readonly contextId: string
      readonly path: string
      readonly type: string
      readonly status: string
      readonly errorMessage: string
      readonly startedAt: string
      readonly finishedAt: string | null
      readonly bytesDone: number
      readonly bytesTotal: number
      readonly filesDone: number
      readonly filesTotal: number
    }>
  }>
  /** How often what is stored at a path of a context was changed. */
  readonly versions: ReadonlyArray<{
    readonly contextId: string
    readonly path: string
    readonly version: number
  }>
  readonly snapshots: ReadonlyArray<string>
}

/**
 * What a seed did.
 *
 * @since 0.1.0
 * @category models
 */
export interface Seeded {
  readonly contextId: string
  readonly files: number
}

/**
 * Everything that can be done with a running server from outside the protocol.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What the server holds. It tells no key and no token. */
  readonly state: Effect.Effect<ServerState, LocalAdminError>
  /**
   * Ends everything: all sessions, contexts and files are gone, nothing is uploaded first. The
   * server goes on, with its key, clock, rules of misbehaviour and snapshots. Requests
   * meanwhile wait. The log of calls begins anew.
   */
  readonly reset: Effect.Effect<void, LocalAdminError>
  /**
   * Brings the files of a folder of this machine into a context, which is created when there
   * is none of that name. They are stored as if a session had uploaded them at `path`; what
   * is stored there already stays, unless it has the same name.
   */
  readonly seed: (options: {
    readonly context: string
    readonly folder: string
    readonly path: string
  }) => Effect.Effect<Seeded, LocalAdminError>
  /**
   * Copies state and files into the folder `snapshots/NAME` of the data directory, as they
   * are when no transfer runs: it waits for those that do, while requests wait for it.
   */
  readonly snapshot: (name: string) => Effect.Effect<void, LocalAdminError>
  /** Puts a snapshot in the place of everything, sessions included. The snapshot stays. */
  readonly restore: (name: string) => Effect.Effect<void, LocalAdminError>
  readonly removeSnapshot: (name: string) => Effect.Effect<void, LocalAdminError>
  /** The last calls of the API, the oldest of them first. At most 1000 are kept. */
  readonly calls: (last?: number) => Effect.Effect<ReadonlyArray<CallLog.Call>>
  /** What the server takes for the present. */
  readonly now: Effect.Effect<DateTime.Utc>
  /** Pushes the server's clock forward: what waits for that long happens now. */
  readonly advance: (by: Duration.DurationInput) => Effect.Effect<DateTime.Utc, LocalAdminError>
}

/**
 * The rooms that this looks into.
 *
 * @since 0.1.0
 */
export type Rooms = ContextStore | SessionRegistry | State | StoreVersions | TransferQueue

const failed = (cause: { readonly message: string }): LocalAdminError =>
  cause instanceof LocalAdminError
    ? cause
    : new LocalAdminError({ reason: "Server", detail: describe(cause), cause })

const iso = (millis: number): string => new Date(millis).toISOString()

const taskState = (task: Task) => ({
  id: task.id,
  contextId: task.contextId,
  path: task.path,
  type: task.type,
  status: task.status,
  errorMessage: task.errorMessage,
  startedAt: iso(task.started * 1000),
  finishedAt: task.finished === 0 ? null : iso(task.finished * 1000),
  ...task.counts
})

/** Waits until no transfer runs, those that begin meanwhile included. */
const quiet = (registry: Context.Tag.Service<SessionRegistry>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const running = registry
      .all()
      .flatMap((session) => session.tasks.all())
      .filter((task) => task.status === "Running")
    return running.length === 0
      ? Effect.void
      : Effect.zipRight(
          Effect.forEach(running, (task) => Deferred.await(task.ended), { discard: true }),
          quiet(registry)
        )
  })

const Versions = Schema.Struct({
  contextId: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("context_id")),
  path: Schema.String,
  version: Schema.Number
})

const farthest = Duration.days(3650)

/**
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* <E extends { readonly message: string }>(
  world: World<Rooms, E>,
  log: CallLog.CallLog
): Effect.fn.Return<Service, never, DataDirectory | ServerClock> {
  const directory = yield* DataDirectory
  const serverClock = yield* ServerClock
  const clock = yield* Clock.clockWith(Effect.succeed)
  // A program that calls these has a clock of its own, perhaps one that stands still.
  const byServerClock = <A, E2>(effect: Effect.Effect<A, E2>) => Effect.withClock(effect, clock)

  const sessionState = (session: Session) => ({
    id: session.id,
    status: session.status,
    imageId: session.imageId,
    regionId: session.regionId,
    labels: session.labels,
    createdAt: iso(session.createdAt),
    directory: directory.sessionRoot(session.id),
    bindings: session.bindings.map(({ boundAt, contextId, path, policy }) => ({
      contextId,
      path,
      policy,
      boundAt: iso(boundAt)
    })),
    tasks: session.tasks.all().map(taskState)
  })

  const state = world.use((rooms) =>
    Effect.gen(function* () {
      const { sql } = Context.get(rooms, State)
      const contexts = yield* SqlSchema.findAll({
        Request: Schema.Void,
        Result: StoredContext,
        execute: () => sql`SELECT * FROM contexts ORDER BY sequence`
      })(undefined)
      const versions = yield* SqlSchema.findAll({
        Request: Schema.Void,
        Result: Versions,
        execute: () => sql`SELECT * FROM store_versions ORDER BY context_id, path`
      })(undefined)
      return {
        now: iso(yield* Clock.currentTimeMillis),
        contexts: contexts.map(({ createdAt, lastUsedAt, ...context }) => ({
          ...context,
          createdAt: iso(createdAt),
          lastUsedAt: iso(lastUsedAt),
          directory: directory.contextFiles(context.id)
        })),
        sessions: Context.get(rooms, SessionRegistry).all().map(sessionState),
        versions,
        snapshots: yield* Snapshot.list(directory)
      }
    })
  )

  const restore = Effect.fnUntraced(function* (name: string) {
    const { forget, put, undo } = Snapshot.restoring(
      directory,
      yield* Snapshot.find(directory, name)
    )
    yield* world.replace({ change: put, undo }).pipe(
      Effect.mapError((cause) =>
        cause instanceof LocalAdminError
          ? cause
          : new LocalAdminError({
              reason: "Restore",
              detail: `the snapshot ${name} cannot be opened: ${cause.message}`,
              cause
            })
      )
    )
    yield* forget
  })

  const advance = (by: Duration.DurationInput) => {
    const time = Option.filter(
      Duration.decodeUnknown(by),
      // What is below zero decodes as zero.
      Duration.between({ minimum: Duration.millis(1), maximum: farthest })
    )
    return Option.match(time, {
      onNone: () => Effect.fail(invalid("the time must be a positive one of at most ten years")),
      onSome: (duration) => Effect.zipRight(serverClock.advance(duration), DateTime.now)
    })
  }

  return {
    state: byServerClock(Effect.mapError(state, failed)),
    reset: byServerClock(
      world.replace({ change: Snapshot.clear(directory) }).pipe(
        Effect.mapError(failed),
        Effect.tap(() => Effect.sync(log.clear))
      )
    ),
    seed: (options) =>
      byServerClock(
        Effect.mapError(
          world.use((rooms) => Seed.seed(directory, rooms, options)),
          failed
        )
      ),
    snapshot: (name) =>
      byServerClock(
        Effect.mapError(
          world.replace({
            before: (rooms) => quiet(Context.get(rooms, SessionRegistry)),
            change: Snapshot.take(directory, name)
          }),
          failed
        )
      ),
    restore: (name) => byServerClock(restore(name)),
    removeSnapshot: (name) => Snapshot.remove(directory, name),
    calls: (last) => Effect.sync(() => log.last(last)),
    now: byServerClock(DateTime.now),
    advance: (by) => byServerClock(Effect.suspend(() => advance(by)))
  }
})
