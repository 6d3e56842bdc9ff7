/**
 * Removes from the destination what the source does not hold. Only what the
 * whitelist covers goes; a directory that still holds something stays.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { type Beneath, checkLength, join } from "../Beneath.js"
import { reasonOf } from "./FileCopy.js"
import type { Steps } from "./Slices.js"
import type { FailedEntry } from "./TransferOutcome.js"
import { type Surplus } from "./TransferPlan.js"
import { entriesOf } from "./TransferScan.js"
import type { Whitelist } from "./Whitelist.js"
import { systemCode } from "../SystemCode.js"

/**
 * Where things are removed, and what has come of it.
 *
 * @since 0.1.0
 */
export interface Removal {
  /** What paths are relative to. */
  readonly destination: Beneath
  readonly whitelist: Whitelist
  /** What could not be removed is added here. */
  readonly failures: Array<FailedEntry>
  /** Files and directories removed so far. */
  removed: number
}

/** Freeing the blocks of a larger file takes so long that the thread pool does it. */
const largeFileBytes = 16n * 1024n * 1024n

const attempt = (removal: Removal, path: string, act: () => void): void => {
  try {
    act()
  } catch (error) {
    removal.failures.push({ path, reason: `it could not be removed: ${reasonOf(error)}` })
  }
}

const unlinkLarge = (removal: Removal, path: string, host: string): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.async((resume) => {
      NodeFs.unlink(host, (error) => {
        attempt(removal, path, () => {
          if (error !== null) throw error
          removal.removed += 1
        })
        resume(Effect.void)
      })
    })
  )

function* removeFile(removal: Removal, path: string): Steps {
  let large: string | undefined
  attempt(removal, path, () => {
    const stats = removal.destination.look(path)
    if (stats === undefined) return
    const host = removal.destination.entry(path)
    if (stats.isFile() && stats.size > largeFileBytes) {
      large = host
      return
    }
    NodeFs.unlinkSync(host)
    removal.removed += 1
  })
  yield large === undefined ? undefined : unlinkLarge(removal, path, large)
}

const removeFolder = (removal: Removal, folder: Surplus): void => {
  if (folder.coverage === "way") return
  attempt(removal, folder.path, () => {
    try {
      NodeFs.rmdirSync(removal.destination.entry(folder.path))
      removal.removed += 1
    } catch (error) {
      const code = systemCode(error)
      // It holds something that is not covered.
      if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw error
    }
  })
}

/** Removes the files of a directory and answers with its subdirectories. */
function* emptyFolder(removal: Removal, folder: Surplus, subfolders: Array<Surplus>): Steps {
  const files: Array<string> = []
  try {
    yield* entriesOf(removal.destination.directory(folder.path), (entry) => {
      const path = join(folder.path, entry.name)
      checkLength(path)
      const coverage = folder.coverage === "all" ? "all" : removal.whitelist.coverage(path)
      if (coverage === "none") return
      if (entry.isDirectory()) subfolders.push({ path, coverage, directory: true })
      else if (coverage !== "way") files.push(path)
    })
  } catch (error) {
    removal.failures.push({
      path: folder.path,
      reason: `it could not be removed: ${reasonOf(error)}`
    })
  }
  for (const file of files) yield* removeFile(removal, file)
}

/**
 * Removes one entry of the destination, with what lies below it. Symbolic
 * links are removed, never followed.
 *
 * @since 0.1.0
 */
export function* remove(removal: Removal, entry: Surplus): Steps {
  if (!entry.directory) {
    yield* removeFile(removal, entry.path)
    return
  }
  const folders = [entry]
  // Grows while it is walked: parents come before their children.
  for (const folder of folders) yield* emptyFolder(removal, folder, folders)
  for (;;) {
    const folder = folders.pop()
    if (folder === undefined) return
    removeFolder(removal, folder)
    yield
  }
}
