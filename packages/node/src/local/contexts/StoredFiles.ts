/**
 * The files that are stored in contexts, as they are reached without a session. Paths are
 * absolute, as a session sees them that mounts the context.
 *
 * @since 0.1.0
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import { ContextStore, type StateFailure } from "./ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import * as Beneath from "../Beneath.js"
import { systemCode } from "../SystemCode.js"
import { readFlags, reasonOf } from "../transfer/FileCopy.js"
import * as MountPath from "../MountPath.js"
import { State } from "../State.js"
import * as StoredFolder from "./StoredFolder.js"
import { StoreVersions } from "./StoreVersions.js"
import { TransferQueue } from "../sync/TransferQueue.js"

/**
 * A file or folder. Times are Unix milliseconds.
 *
 * @since 0.1.0
 */
export interface Stored {
  /** Its number in the file system. */
  readonly id: string
  readonly name: string
  readonly kind: "file" | "folder"
  /** In bytes; zero for a folder. */
  readonly size: number
  readonly createdAt: number
  readonly modifiedAt: number
}

/**
 * @since 0.1.0
 */
export interface Page {
  readonly entries: ReadonlyArray<Stored>
  /** How many entries all pages have. */
  readonly count: number
}

/**
 * There is no file of this path, or no such context.
 *
 * @since 0.1.0
 */
export class NoSuchFile extends Data.TaggedError("NoSuchFile")<{}> {}

/**
 * A folder has the path of the file, or a file that of one of its folders.
 *
 * @since 0.1.0
 */
export class InTheWay extends Data.TaggedError("InTheWay")<{}> {}

type Fault = MountPath.PathRefused | StateFailure | PlatformError

/**
 * @since 0.1.0
 */
export interface Service {
  /** A page of what lies directly in a folder; an empty one when there is no such folder. */
  readonly list: (
    contextId: string,
    folder: string,
    wanted: StoredFolder.Wanted
  ) => Effect.Effect<Page, Fault>
  /** Fails when there is no such file. */
  readonly find: (contextId: string, path: string) => Effect.Effect<void, NoSuchFile | Fault>
  /** Opens a file for reading. */
  readonly open: (
    contextId: string,
    path: string
  ) => Effect.Effect<NodeFs.FileHandle, NoSuchFile | Fault, Scope.Scope>
  /** Deletes a file, not a folder. Waits for the transfers that have to do with it. */
  readonly remove: (contextId: string, path: string) => Effect.Effect<void, NoSuchFile | Fault>
  /**
   * Moves a finished file of this machine to its place, in place of an older one. Waits for
   * the transfers that have to do with it.
   */
  readonly place: (
    contextId: string,
    path: string,
    finished: string
  ) => Effect.Effect<void, NoSuchFile | InTheWay | Fault>
}

/**
 * @since 0.1.0
 */
export class StoredFiles extends Context.Tag("@effect-agentbay/node/local/contexts/StoredFiles")<
  StoredFiles,
  Service
>() {}

type Needs = State | DataDirectory | ContextStore | StoreVersions | TransferQueue

const failed = (method: string) => (error: unknown) =>
  new SystemError({
    module: "FileSystem",
    method,
    reason: "Unknown",
    description: reasonOf(error),
    cause: error
  })

const hasReason =
  (...reasons: ReadonlyArray<SystemError["reason"]>) =>
  (error: PlatformError): boolean =>
    error._tag === "SystemError" && reasons.includes(error.reason)

const isNoFolder = new Set(["ENOENT", "ENOTDIR", "ELOOP"])

const millis = (nanos: bigint): number => Number(nanos / 1_000_000n)

/** Some file systems do not know when a file was made. */
const createdAt = (stats: { readonly birthtimeNs: bigint; readonly ctimeNs: bigint }): number =>
  millis(stats.birthtimeNs > 0n ? stats.birthtimeNs : stats.ctimeNs)

/** What has gone since its name was read is left out. */
const describe = (
  folder: Beneath.Beneath,
  name: string
): Effect.Effect<ReadonlyArray<Stored>, SystemError> =>
  Effect.try({
    try: () => {
      const stats = folder.look(name)
      if (stats === undefined) return []
      const kind = stats.isDirectory() ? "folder" : "file"
      return [
        {
          id: String(stats.ino),
          name,
          kind,
          size: kind === "file" ? Number(stats.size) : 0,
          createdAt: createdAt(stats),
          modifiedAt: millis(stats.mtimeNs)
        }
      ]
    },
    catch: failed("lstat")
  })

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, never, Needs> = Effect.gen(function* () {
  const state = yield* State
  const directory = yield* DataDirectory
  const contexts = yield* ContextStore
  const versions = yield* StoreVersions
  const queue = yield* TransferQueue

  const placeOf = (contextId: string, path: string) =>
    MountPath.place(directory.contextFiles(contextId), path)

  const kindAt = (place: Beneath.Place) =>
    Beneath.attempt(place, ({ look }) => {
      const stats = look("")
      return stats?.isFile() === true
        ? "file"
        : stats?.isDirectory() === true
          ? "folder"
          : "nothing of ours"
    }).pipe(
      // A link has come into the way.
      Effect.catchIf(hasReason("BadResource"), () => Effect.succeed("nothing of ours" as const))
    )

  const locate = Effect.fnUntraced(function* (contextId: string, path: string) {
    const place = yield* placeOf(contextId, path)
    if ((yield* kindAt(place)) !== "file") return yield* new NoSuchFile()
    return place
  })

  /** Stored folders keep their permission bits, which do not bind the one who stores. */
  const inFolder = (
    { path, root }: { readonly root: string; readonly path: string },
    change: (host: string) => Promise<void>
  ) =>
    Beneath.attempt({ root, path: NodePath.posix.dirname(path) }, async (folder) => {
      const name = NodePath.posix.basename(path)
      try {
        return await change(folder.entry(name))
      } catch (error) {
        if (systemCode(error) !== "EACCES") throw error
      }
      const mode = Number(folder.look("")?.mode ?? 0) & 0o7777
      folder.chmod("", mode | 0o700)
      try {
        return await change(folder.entry(name))
      } finally {
        folder.chmod("", mode)
      }
    })

  /** What is stored changes only in turn, and then to its end. */
  const changing = <A, E>(contextId: string, path: string, change: Effect.Effect<A, E>) =>
    queue.withTurn(
      { contextId, mount: path, type: "upload", brief: true },
      Effect.uninterruptible(change)
    )

  return {
    list: Effect.fn("StoredFiles.list")(function* (contextId, path, wanted) {
      const place = yield* placeOf(contextId, path)
      if ((yield* kindAt(place)) !== "folder") return { entries: [], count: 0 }
      const folder = yield* Beneath.scoped(place)
      const { count, names } = yield* StoredFolder.read(folder, wanted).pipe(
        // It has gone, or something else has come into its place.
        Effect.catchIf(
          (error) => isNoFolder.has(systemCode(error) ?? ""),
          () => Effect.succeed({ count: 0, names: [] })
        ),
        Effect.mapError(failed("readDirectory"))
      )
      const entries = yield* Effect.forEach(names, (name) => describe(folder, name))
      return { entries: entries.flat(), count }
    }, Effect.scoped),
    find: (contextId, path) => Effect.asVoid(locate(contextId, path)),
    open: Effect.fn("StoredFiles.open")(function* (contextId, path) {
      const place = yield* locate(contextId, path)
      const file = yield* Effect.acquireRelease(
        Beneath.attempt(place, ({ entry }) => NodeFs.open(entry(""), readFlags)),
        (file) => Effect.ignore(Effect.tryPromise(() => file.close()))
      ).pipe(Effect.catchIf(hasReason("NotFound", "BadResource"), () => new NoSuchFile()))
      const stats = yield* Effect.tryPromise({ try: () => file.stat(), catch: failed("stat") })
      return stats.isFile() ? file : yield* new NoSuchFile()
    }),
    remove: Effect.fn("StoredFiles.remove")(function* (contextId, path) {
      const remove = Effect.gen(function* () {
        const place = yield* locate(contextId, path)
        yield* state.atomically(versions.outdate(contextId, path))
        yield* inFolder(place, NodeFs.unlink)
      })
      yield* changing(contextId, path, remove)
    }),
    place: Effect.fn("StoredFiles.place")(function* (contextId, path, finished) {
      const put = Effect.gen(function* () {
        // Bringing the bytes took its time, in which the context may have been deleted.
        if (!(yield* contexts.holdsFiles(contextId))) return yield* new NoSuchFile()
        const place = yield* placeOf(contextId, path)
        if ((yield* kindAt(place)) === "folder") return yield* new InTheWay()
        yield* state.atomically(versions.outdate(contextId, path))
        yield* Beneath.attempt(place, ({ makeRoom }) => makeRoom("")).pipe(
          Effect.catchIf(hasReason("AlreadyExists", "BadResource"), () => new InTheWay())
        )
        yield* inFolder(place, (host) => NodeFs.rename(finished, host))
      })
      yield* changing(contextId, path, put)
    })
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<StoredFiles, never, Needs> = Layer.effect(StoredFiles, make)
