/**
 * The second half of a transfer: makes the directories, copies the files, sets
 * permission bits.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import {
  type Attempt,
  copyLarge,
  copySmall,
  type FileCopy,
  reasonOf,
  settleMillis,
  smallFileBytes
} from "./FileCopy.js"
import { pause, type Steps } from "./Slices.js"
import { addFailure, type Folder, type PendingFile, type Plan, type Sides } from "./TransferPlan.js"

/**
 * What the copying of a plan needs, and how far it is.
 *
 * @since 0.1.0
 */
export interface Copying extends Sides {
  readonly plan: Plan
  /** A host path for an unfinished file, another one each time. */
  readonly temporary: () => string
  /** For the content of small files. */
  readonly buffer: Buffer
  /** Is called when the counts have changed while one file is being copied. */
  readonly onBytes: () => void
  /** Files copied so far. */
  copied: number
  /** Directories made so far. */
  folders: number
  /** Entries that were there already and got other permission bits so far. */
  modes: number
}

/** A file that is written to all the time gets this many chances to hold still. */
const maxAttempts = 5

/** What the owner needs to work in a directory. */
const ownerBits = 0o700

/** Makes the directory at the destination, with those above it, and makes it writable. */
const prepare = (copying: Copying, folder: Folder): void => {
  if (folder.ready) return
  if (folder.parent !== undefined) prepare(copying, folder.parent)
  const { destination } = copying
  if (folder.there === "directory") {
    if ((folder.modeThere & ownerBits) !== ownerBits) {
      destination.chmod(folder.path, folder.modeThere | ownerBits)
    }
  } else {
    if (folder.there === "something else") {
      if (folder.coverage === "way") {
        throw new Error(`something outside the whitelist is in the way at ${folder.path}`)
      }
      NodeFs.unlinkSync(destination.entry(folder.path))
    }
    destination.makeDirectory(folder.path)
    copying.folders += 1
  }
  folder.ready = true
}

/**
 * Makes the directories that the destination lacks, the empty ones included.
 *
 * @since 0.1.0
 */
export function* makeFolders(copying: Copying): Steps {
  for (const folder of copying.plan.folders) {
    if (folder.coverage !== "way" && folder.there !== "directory") {
      try {
        prepare(copying, folder)
      } catch (error) {
        fail(copying, folder.path, reasonOf(error))
      }
      yield
    }
  }
}

const fail = (copying: Copying, path: string, reason: string): void =>
  addFailure(copying.plan, copying, path, reason)

const placed = ({ plan: { counts } }: Copying, file: PendingFile, size: number): void => {
  counts.bytesTotal += size - file.size
  counts.bytesDone += size
  counts.filesDone += 1
}

/** The same as `copySmall`, for a file that would hold up the event loop. */
const copyAside = (
  copying: Copying,
  request: FileCopy,
  onEnd: (attempt: Attempt) => void,
  onError: (error: Error) => void
): Effect.Effect<void> => {
  const { counts } = copying.plan
  const before = counts.bytesDone
  return copyLarge(request, (bytes) => {
    counts.bytesDone = before + bytes
    copying.onBytes()
  }).pipe(
    Effect.tap(() => Effect.sync(() => void (counts.bytesDone = before))),
    Effect.match({ onSuccess: onEnd, onFailure: onError })
  )
}

/** One try at one file. A file that did not hold still is put into `again`. */
function* copyFile(
  copying: Copying,
  file: PendingFile,
  attempts: number,
  again: Array<PendingFile>
): Steps {
  const onEnd = (attempt: Attempt): void => {
    if (attempt._tag === "Placed") {
      placed(copying, file, attempt.size)
      copying.copied += 1
      return
    }
    if (attempt._tag === "Changed") {
      copying.plan.counts.bytesTotal += attempt.size - file.size
      file.size = attempt.size
    }
    if (attempts < maxAttempts) again.push(file)
    else fail(copying, file.path, "it kept changing while it was copied")
  }
  const onError = (error: unknown): void => fail(copying, file.path, reasonOf(error))
  try {
    if (file.folder === undefined) {
      copying.destination.makeRoom(file.path)
    } else {
      prepare(copying, file.folder)
    }
    const request: FileCopy = {
      source: copying.source.entry(file.path),
      destination: copying.destination.entry(file.path),
      temporary: copying.temporary(),
      young: attempts === 1 ? "leave" : "copy"
    }
    if (file.size <= smallFileBytes) {
      onEnd(copySmall(request, copying.buffer))
      yield
    } else {
      yield copyAside(copying, request, onEnd, onError)
    }
  } catch (error) {
    onError(error)
  }
}

/**
 * Copies files. Those that fail are put under the plan's failures.
 *
 * @since 0.1.0
 */
export function* copyFiles(copying: Copying, files: ReadonlyArray<PendingFile>): Steps {
  let waiting = files
  for (let attempts = 1; waiting.length > 0; attempts++) {
    const again: Array<PendingFile> = []
    for (const file of waiting) yield* copyFile(copying, file, attempts, again)
    if (again.length > 0) yield pause(settleMillis * attempts)
    waiting = again
  }
}

/**
 * Gives files and directories the permission bits of the source, where they
 * differ.
 *
 * @since 0.1.0
 */
export function* setModes(copying: Copying): Steps {
  const { folders, modes } = copying.plan
  const set = (path: string, mode: number): void => {
    try {
      copying.destination.chmod(path, mode)
    } catch (error) {
      fail(copying, path, `its permissions could not be set: ${reasonOf(error)}`)
    }
  }
  for (const { mode, path } of modes) {
    set(path, mode)
    copying.modes += 1
    yield
  }
  // Children first: below a directory that has lost its bits nothing can be reached any more.
  for (let index = folders.length - 1; index >= 0; index--) {
    const folder = folders[index]
    if (folder === undefined || (folder.there !== "directory" && !folder.ready)) continue
    const made = folder.there !== "directory"
    const mode = folder.coverage === "way" && !made ? folder.modeThere : folder.mode
    const touched = folder.ready && (folder.modeThere & ownerBits) !== ownerBits
    if (!made && mode !== folder.modeThere) copying.modes += 1
    if (made || touched || mode !== folder.modeThere) {
      set(folder.path, mode)
      yield
    }
  }
}
