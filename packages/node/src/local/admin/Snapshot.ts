/**
 * Everything that the rooms of the server stand on, as a whole: removed, copied, put back.
 * Nobody works on it meanwhile: the rooms are closed. What belongs to the server itself (key,
 * certificate, lock) is none of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import { invalid, LocalAdminError } from "./AdminError.js"
import type { Service as DataDirectory } from "../DataDirectory.js"
import * as Identifier from "../Identifier.js"
import { describe } from "../LocalAgentBayError.js"
import * as StateCheck from "../StateCheck.js"
import {
  attempt,
  copied,
  exists,
  folders,
  moveFolders,
  removeFolder,
  removed
} from "./SnapshotFolders.js"
import * as StateCopy from "./StateCopy.js"

/** Folders that the rooms expect to be there. */
const ready = async (directory: DataDirectory): Promise<void> => {
  await NodeFs.rm(directory.staging, { recursive: true, force: true })
  await NodeFs.mkdir(directory.staging, { recursive: true })
  await NodeFs.mkdir(directory.sessions, { recursive: true })
}

const placeInTrash = (directory: DataDirectory): string =>
  NodePath.join(directory.trash, Identifier.taskId())

/** Out of the way in a step for each; the rooms empty the trash when they are opened again. */
const discardFolders = async (directory: DataDirectory): Promise<void> => {
  await NodeFs.mkdir(directory.trash, { recursive: true })
  for (const folder of folders) {
    const path = NodePath.join(directory.root, folder)
    if (await exists(path)) await NodeFs.rename(path, placeInTrash(directory))
  }
}

/** From the trash it does not come back; what is left of it there goes with the next start. */
const removeAtOnce = async (directory: DataDirectory, path: string): Promise<void> => {
  const place = placeInTrash(directory)
  await NodeFs.mkdir(directory.trash, { recursive: true })
  await NodeFs.rename(path, place)
  await removeFolder(place).catch(() => {})
}

/** The state in a folder that holds a copy of everything. */
const stateIn = (directory: DataDirectory, folder: string): string =>
  NodePath.join(folder, NodePath.basename(directory.stateFile))

/** Stands as long as a reset is not over. */
const resetting = (directory: DataDirectory): string =>
  NodePath.join(directory.snapshots, ".resetting")

const removeAll = async (directory: DataDirectory): Promise<void> => {
  await StateCheck.forgetMade(directory)
  await StateCopy.clear(directory.stateFile)
  await discardFolders(directory)
  await ready(directory)
  await NodeFs.rm(resetting(directory), { force: true })
}

/**
 * Removes all sessions, contexts and files. A server that ends in the middle of it leaves a mark,
 * and {@link recover} does the rest: files without their state would keep the next from starting.
 *
 * @since 0.1.0
 */
export const clear = (directory: DataDirectory): Effect.Effect<void, LocalAdminError> =>
  attempt(async () => {
    await NodeFs.mkdir(directory.snapshots, { recursive: true, mode: 0o700 })
    await NodeFs.writeFile(resetting(directory), "")
    await removeAll(directory)
  })

const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * The folder of a snapshot. Its name has to be one that is nothing but a name.
 *
 * @since 0.1.0
 */
export const folderOf = (
  directory: DataDirectory,
  snapshot: string
): Effect.Effect<string, LocalAdminError> =>
  name.test(snapshot)
    ? Effect.succeed(NodePath.join(directory.snapshots, snapshot))
    : Effect.fail(
        invalid(
          "the name of a snapshot is 1 to 64 letters, digits, points, dashes and underscores, " +
            "and begins with a letter or digit"
        )
      )

/**
 * The names of the snapshots there are.
 *
 * @since 0.1.0
 */
export const list = (
  directory: DataDirectory
): Effect.Effect<ReadonlyArray<string>, LocalAdminError> =>
  attempt(async () => {
    if (!(await exists(directory.snapshots))) return []
    return (await NodeFs.readdir(directory.snapshots))
      .filter((entry) => name.test(entry))
      .toSorted()
  })

/**
 * Fails where no snapshot is.
 *
 * @since 0.1.0
 */
export const find = Effect.fnUntraced(function* (
  directory: DataDirectory,
  snapshot: string
): Effect.fn.Return<string, LocalAdminError> {
  const folder = yield* folderOf(directory, snapshot)
  if (yield* attempt(() => exists(folder))) return folder
  return yield* new LocalAdminError({
    reason: "SnapshotNotFound",
    detail: `there is no snapshot ${snapshot}`
  })
})

/**
 * Copies everything into a new snapshot; it appears under its name when it is whole.
 *
 * @since 0.1.0
 */
export const take = Effect.fnUntraced(function* (
  directory: DataDirectory,
  snapshot: string
): Effect.fn.Return<void, LocalAdminError> {
  const folder = yield* folderOf(directory, snapshot)
  if (yield* attempt(() => exists(folder))) {
    return yield* new LocalAdminError({
      reason: "SnapshotExists",
      detail: `there is a snapshot ${snapshot} already`
    })
  }
  const unfinished = NodePath.join(directory.staging, Identifier.taskId())
  const complete = attempt(async () => {
    await StateCopy.save(directory.stateFile, stateIn(directory, unfinished))
    await NodeFs.mkdir(directory.snapshots, { recursive: true, mode: 0o700 })
    await NodeFs.rename(unfinished, folder)
  })
  yield* copied(directory.root, unfinished).pipe(
    Effect.zipRight(complete),
    Effect.onError(() => removed(unfinished))
  )
})

/**
 * Removes a snapshot: in one step for those who look for it, then for good.
 *
 * @since 0.1.0
 */
export const remove = Effect.fnUntraced(function* (
  directory: DataDirectory,
  snapshot: string
): Effect.fn.Return<void, LocalAdminError> {
  const folder = yield* find(directory, snapshot)
  yield* attempt(() => removeAtOnce(directory, folder))
})

const asidePrefix = ".before-"
const freshPrefix = ".fresh-"

/** Stands in a folder that holds all that was there before, not only a part of it. */
const whole = "whole"

/** Puts back what a restore has moved aside. */
const putBack = async (directory: DataDirectory, aside: string): Promise<void> => {
  // Until everything was aside, nothing else had come into its place.
  if (await exists(NodePath.join(aside, whole))) {
    await StateCopy.load(directory.stateFile, stateIn(directory, aside))
    await discardFolders(directory)
    // From here on what is in its place belongs there.
    await NodeFs.rm(NodePath.join(aside, whole))
  }
  await moveFolders(aside, directory.root)
  await ready(directory)
  await removeFolder(aside)
}

/** The state of a snapshot. Whoever put it there, it may be anything. */
const loadSaved = async (directory: DataDirectory, folder: string): Promise<void> => {
  const saved = stateIn(directory, folder)
  try {
    // SQLite would make an empty one.
    await NodeFs.access(saved)
    await StateCopy.load(directory.stateFile, saved)
  } catch (cause) {
    throw new LocalAdminError({
      reason: "Restore",
      detail: `the snapshot ${NodePath.basename(folder)} cannot be opened: ${describe(cause)}`,
      cause
    })
  }
}

/**
 * Puts a copy of a snapshot in the place of everything. `put` keeps what was there, `undo`
 * brings it back, and `forget` gives it up.
 *
 * @since 0.1.0
 */
export const restoring = (directory: DataDirectory, folder: string) => {
  const id = Identifier.taskId()
  const place = (prefix: string) => NodePath.join(directory.snapshots, prefix + id)
  const aside = place(asidePrefix)
  const fresh = place(freshPrefix)
  const exchange = attempt(async () => {
    await NodeFs.mkdir(aside, { mode: 0o700 })
    await StateCopy.save(directory.stateFile, stateIn(directory, aside))
    await moveFolders(directory.root, aside)
    await NodeFs.writeFile(NodePath.join(aside, whole), "")
    await loadSaved(directory, folder)
    await moveFolders(fresh, directory.root)
    await ready(directory)
  })
  return {
    // The slow part first: until it is done, nothing has been touched.
    put: Effect.ensuring(Effect.zipRight(copied(folder, fresh), exchange), removed(fresh)),
    undo: attempt(async () => {
      if (await exists(aside)) await putBack(directory, aside)
    }),
    forget: attempt(() => removeAtOnce(directory, aside))
  }
}

/**
 * Takes back a restore in the middle of which a server ended, and finishes a reset.
 *
 * @since 0.1.0
 */
export const recover = (directory: DataDirectory): Effect.Effect<void, LocalAdminError> =>
  attempt(async () => {
    if (!(await exists(directory.snapshots))) return
    if (await exists(resetting(directory))) await removeAll(directory)
    for (const entry of await NodeFs.readdir(directory.snapshots)) {
      const path = NodePath.join(directory.snapshots, entry)
      if (entry.startsWith(asidePrefix)) await putBack(directory, path)
      else if (entry.startsWith(freshPrefix)) await removeFolder(path)
    }
  })
