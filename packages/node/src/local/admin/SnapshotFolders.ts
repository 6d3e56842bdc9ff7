/**
 * The folders of sessions and contexts as a whole: copied, moved, removed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFsSync from "node:fs"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import { describe } from "../LocalAgentBayError.js"
import { LocalAdminError } from "./AdminError.js"

/**
 * Those that a snapshot holds, besides the state.
 *
 * @since 0.1.0
 */
export const folders = ["contexts", "sessions"]

const atFault = (cause: unknown): LocalAdminError =>
  cause instanceof LocalAdminError
    ? cause
    : new LocalAdminError({ reason: "Server", detail: describe(cause), cause })

/**
 * What fails is a fault of the server.
 *
 * @since 0.1.0
 */
export const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, LocalAdminError> =>
  Effect.tryPromise({ try: action, catch: atFault })

/**
 * Whether there is anything at a path, a link that leads nowhere included.
 *
 * @since 0.1.0
 */
export const exists = (path: string): Promise<boolean> =>
  NodeFs.lstat(path).then(
    () => true,
    () => false
  )

/** What cannot be copied has no content either: pipes, sockets and devices. */
const canBeCopied = async (path: string, signal: AbortSignal): Promise<boolean> => {
  signal.throwIfAborted()
  const stats = await NodeFs.lstat(path)
  return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()
}

/** Links stay what they are, also those that lead nowhere; times tell transfers what is new. */
const copyFolders = async (from: string, to: string, signal: AbortSignal): Promise<void> => {
  await NodeFs.mkdir(to, { recursive: true, mode: 0o700 })
  for (const folder of folders) {
    const source = NodePath.join(from, folder)
    if (!(await exists(source))) continue
    await NodeFs.cp(source, NodePath.join(to, folder), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      filter: (path) => canBeCopied(path, signal),
      mode: NodeFsSync.constants.COPYFILE_FICLONE
    })
  }
}

/**
 * Copies the folders, and can be interrupted wherever it is done: it takes its time, and a
 * server has to end. Nothing is written any more when it has ended.
 *
 * @since 0.1.0
 */
export const copied = (from: string, to: string): Effect.Effect<void, LocalAdminError> =>
  Effect.interruptible(
    Effect.async((resume) => {
      const controller = new AbortController()
      const copy = copyFolders(from, to, controller.signal).then(
        () => Effect.void,
        (cause: unknown) => Effect.fail(atFault(cause))
      )
      void copy.then(resume)
      return Effect.promise(() => {
        controller.abort()
        return copy
      })
    })
  )

/**
 * Moves the folders that are there.
 *
 * @since 0.1.0
 */
export const moveFolders = async (from: string, to: string): Promise<void> => {
  await NodeFs.mkdir(to, { recursive: true, mode: 0o700 })
  for (const folder of folders) {
    const source = NodePath.join(from, folder)
    if (await exists(source)) await NodeFs.rename(source, NodePath.join(to, folder))
  }
}

/**
 * Removes a folder, if it is there.
 *
 * @since 0.1.0
 */
export const removeFolder = (path: string): Promise<void> =>
  NodeFs.rm(path, { recursive: true, force: true })

/**
 * The same as an effect, which does not matter if it fails.
 *
 * @since 0.1.0
 */
export const removed = (path: string): Effect.Effect<void> =>
  Effect.promise(() => removeFolder(path).catch(() => {}))
