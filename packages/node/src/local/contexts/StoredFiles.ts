/**
 * The files that are stored in contexts, as they are reached without a session. Paths are
 * absolute, as a session sees them that mounts the context.
 *
 * @since 0.1.0
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodePath from "node:path"
import { ContextStore, type StateFailure } from "./ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import { reasonOf } from "../transfer/FileCopy.js"
import * as MountPath from "../MountPath.js"
import { State } from "../State.js"
import * as StoredFolder from "./StoredFolder.js"
import { StoreVersions } from "./StoreVersions.js"
import { look } from "../transfer/TransferPlan.js"
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
  /** Where a file lies on this machine. */
  readonly locate: (contextId: string, path: string) => Effect.Effect<string, NoSuchFile | Fault>
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

type Needs =
  | State
  | DataDirectory
  | ContextStore
  | StoreVersions
  | TransferQueue
  | FileSystem.FileSystem

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

const millis = (nanos: bigint): number => Number(nanos / 1_000_000n)

/** Some file systems do not know when a file was made. */
const createdAt = (stats: { readonly birthtimeNs: bigint; readonly ctimeNs: bigint }): number =>
  millis(stats.birthtimeNs > 0n ? stats.birthtimeNs : stats.ctimeNs)

/** What has gone since its name was read is left out. */
const describe = (
  folder: string,
  name: string
): Effect.Effect<ReadonlyArray<Stored>, SystemError> =>
  Effect.try({
    try: () => {
      const stats = look(`${folder}/${name}`)
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
  const fs = yield* FileSystem.FileSystem

  const hostPath = (contextId: string, path: string) =>
    MountPath.locate(directory.contextFiles(contextId), path)

  const kindAt = (host: string) =>
    Effect.try({
      try: () => {
        const stats = look(host)
        return stats?.isFile() === true
          ? "file"
          : stats?.isDirectory() === true
            ? "folder"
            : "nothing of ours"
      },
      catch: failed("lstat")
    })

  const locate = Effect.fnUntraced(function* (contextId: string, path: string) {
    const host = yield* hostPath(contextId, path)
    if ((yield* kindAt(host)) !== "file") return yield* new NoSuchFile()
    return host
  })

  /** Stored folders keep their permission bits, which do not bind the one who stores. */
  const inFolder = <A>(folder: string, change: Effect.Effect<A, PlatformError>) =>
    Effect.catchIf(change, hasReason("PermissionDenied"), () =>
      Effect.acquireUseRelease(
        Effect.tap(fs.stat(folder), ({ mode }) => fs.chmod(folder, (mode & 0o7777) | 0o700)),
        () => change,
        ({ mode }) => Effect.ignore(fs.chmod(folder, mode & 0o7777))
      )
    )

  /** What is stored changes only in turn, and then to its end. */
  const changing = <A, E>(contextId: string, path: string, change: Effect.Effect<A, E>) =>
    queue.withTurn(
      { contextId, mount: path, type: "upload", brief: true },
      Effect.uninterruptible(change)
    )

  return {
    list: Effect.fn("StoredFiles.list")(function* (contextId, folder, wanted) {
      const host = yield* hostPath(contextId, folder)
      if ((yield* kindAt(host)) !== "folder") return { entries: [], count: 0 }
      const { count, names } = yield* Effect.mapError(
        StoredFolder.read(host, wanted),
        failed("readDirectory")
      )
      const entries = yield* Effect.forEach(names, (name) => describe(host, name))
      return { entries: entries.flat(), count }
    }),
    locate,
    remove: Effect.fn("StoredFiles.remove")(function* (contextId, path) {
      const remove = Effect.gen(function* () {
        const host = yield* locate(contextId, path)
        yield* state.atomically(versions.outdate(contextId, path))
        yield* inFolder(NodePath.dirname(host), fs.remove(host))
      })
      yield* changing(contextId, path, remove)
    }),
    place: Effect.fn("StoredFiles.place")(function* (contextId, path, finished) {
      const place = Effect.gen(function* () {
        // Bringing the bytes took its time, in which the context may have been deleted.
        if (!(yield* contexts.holdsFiles(contextId))) return yield* new NoSuchFile()
        const host = yield* hostPath(contextId, path)
        if ((yield* kindAt(host)) === "folder") return yield* new InTheWay()
        yield* state.atomically(versions.outdate(contextId, path))
        yield* fs
          .makeDirectory(NodePath.dirname(host), { recursive: true })
          .pipe(Effect.catchIf(hasReason("AlreadyExists", "BadResource"), () => new InTheWay()))
        yield* inFolder(NodePath.dirname(host), fs.rename(finished, host))
      })
      yield* changing(contextId, path, place)
    })
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<StoredFiles, never, Needs> = Layer.effect(StoredFiles, make)
