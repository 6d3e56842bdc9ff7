/**
 * What is stored for a binding whose uploads are packed: one archive in the folder of the
 * store that would otherwise hold the files.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type Dirent, opendirSync } from "node:fs"
import * as NodeFs from "node:fs/promises"
import * as Beneath from "../Beneath.js"
import { systemCode } from "../SystemCode.js"
import type { Whitelist } from "../transfer/Whitelist.js"

/**
 * The name of the archive, in the store and in a session that asks for the archive itself.
 * It does not depend on the mount, since the same archive can be mounted elsewhere.
 *
 * @since 0.1.0
 */
export const fileName = "agentbay-archive.tar.gz"

/**
 * What a folder of the store holds: files as they are, an archive of them, or both, which
 * cannot be told apart from a binding of either kind.
 *
 * @since 0.1.0
 */
export type Form = "nothing" | "files" | "archive" | "both"

/** Whether some entry of a directory is like that. Few are looked at until one is. */
const some = (folder: string, isSo: (entry: Dirent) => boolean): boolean => {
  const entries = opendirSync(folder)
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (isSo(entry)) return true
    }
    return false
  } finally {
    entries.closeSync()
  }
}

/**
 * Whether a directory holds nothing.
 *
 * @since 0.1.0
 */
export const isEmpty = (folder: string): boolean => !some(folder, () => true)

const look = ({ directory, look }: Beneath.Beneath): Form => {
  const files = some(directory(""), (entry) => entry.name !== fileName || !entry.isFile())
  const archive = look(fileName)
  return archive?.isFile() === true ? (files ? "both" : "archive") : files ? "files" : "nothing"
}

/**
 * How the files of a binding are stored. What cannot be looked at counts as files: the
 * transfer knows how to report it.
 *
 * Looked at directly, for every sync does it, and two entries are enough.
 *
 * @since 0.1.0
 */
export const formOf = (folder: Beneath.Place): Effect.Effect<Form> =>
  Effect.sync(() => {
    try {
      return Beneath.using(folder, look)
    } catch (error) {
      return systemCode(error) === "ENOENT" ? "nothing" : "files"
    }
  })

/**
 * A whitelist without the archive itself, which a session may hold beside the files.
 *
 * @since 0.1.0
 */
export const leftOut = (whitelist: Whitelist): Whitelist => ({
  coverage: (path) => {
    if (path === fileName) return "none"
    const coverage = whitelist.coverage(path)
    return path === "" && coverage === "all" ? "part" : coverage
  }
})

const openUp = async (folder: string): Promise<void> => {
  await NodeFs.chmod(folder, 0o700)
  for await (const entry of await NodeFs.opendir(folder)) {
    if (entry.isDirectory()) await openUp(`${folder}/${entry.name}`)
  }
}

/** Removes a tree, also one with directories that were closed to their owner. */
const removeTree = (folder: string): Effect.Effect<void> =>
  Effect.promise(() => {
    const remove = () => NodeFs.rm(folder, { recursive: true, force: true })
    return remove().catch(() => openUp(folder).then(remove))
  }).pipe(
    Effect.catchAllDefect((error) =>
      Effect.logWarning("A folder of staging was not removed", error)
    )
  )

/**
 * Runs the effect with a directory that is made for it and removed at its end.
 *
 * @since 0.1.0
 */
export const withFolder = <A, E>(
  folder: string,
  onFailure: (error: Error) => E,
  use: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    toItsEnd(() => NodeFs.mkdir(folder, { recursive: true })).pipe(Effect.mapError(onFailure)),
    () => use,
    () => removeTree(folder)
  )

/**
 * Work of promises that is told to stop when interrupted and then waited for, since it may
 * be about to write somewhere that is removed next.
 *
 * @since 0.1.0
 */
export const toItsEnd = <A>(work: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, Error> =>
  Effect.async((resume) => {
    const controller = new AbortController()
    const running = work(controller.signal).then(
      (value) => resume(Effect.succeed(value)),
      (error: unknown) =>
        resume(Effect.fail(error instanceof Error ? error : new Error(String(error))))
    )
    return Effect.promise(() => {
      controller.abort()
      return running
    })
  })
