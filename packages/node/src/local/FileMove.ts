/**
 * One transfer of a task: which directory of this machine goes where.
 *
 * @since 0.1.0
 */
import type { SyncMode, TransferCounts } from "@effect-agentbay/core/ContextStatus"
import type { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs/promises"
import * as MountPath from "./MountPath.js"
import * as Policy from "./Policy.js"
import * as Transfer from "./Transfer.js"
import * as Whitelist from "./Whitelist.js"

/**
 * The files could not be moved, or not all of them. `detail` goes into the task's message.
 *
 * @since 0.1.0
 */
export class MoveFailed extends Data.TaggedError("MoveFailed")<{ readonly detail: string }> {}

/**
 * A binding, as seen from a path that is its mount or lies inside it.
 *
 * @since 0.1.0
 */
export interface Within {
  readonly policy: SyncPolicy
  /** The path relative to the mount, `""` for the mount itself. */
  readonly path: string
}

/**
 * What is moved.
 *
 * @since 0.1.0
 */
export interface Move {
  readonly sessionRoot: string
  readonly contextFiles: string
  readonly staging: string
  /** The path in the session, in normal form. */
  readonly mount: string
  readonly type: SyncMode
  /** The binding that the path is or lies in; absent when there is none. */
  readonly within: Within | undefined
  /** The session knows all that is stored, so what it lacks was deleted in it. */
  readonly carryDeletions: boolean
  readonly onProgress: (counts: TransferCounts) => void
}

/** How many of the failed files a task's message names. */
const named = 3

const describeFailure = ({ files }: Transfer.TransferFailed): string => {
  const shown = files.slice(0, named).map((file) => `${file.path}: ${file.reason}`)
  const rest = files.length - shown.length
  const count = files.length === 1 ? "1 file" : `${files.length} files`
  return `${count} could not be transferred: ${shown.join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`
}

type Kind = "file" | "directory" | "missing"

const kindOf = (path: string): Effect.Effect<Kind> =>
  Effect.promise(() =>
    NodeFs.lstat(path).then(
      (stat): Kind => (stat.isDirectory() ? "directory" : "file"),
      (): Kind => "missing"
    )
  )

/**
 * Whether nothing is stored at a path of this machine.
 *
 * @since 0.1.0
 */
export const isEmpty = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    NodeFs.readdir(path).then(
      (entries) => entries.length === 0,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT"
    )
  )

/**
 * Moves the files of a binding by its policy, or the very file or folder at any other path;
 * inside a binding only what its whitelist covers, and no deletions. A binding of which nothing is stored yet downloads as an empty folder; a
 * folder that is gone from the session is never taken for an empty one, since an upload of
 * it would empty the store.
 *
 * @since 0.1.0
 */
export const move = Effect.fnUntraced(function* (
  options: Move
): Effect.fn.Return<Transfer.TransferResult, MoveFailed> {
  const { contextFiles, mount, sessionRoot, type, within } = options
  const refused = (error: MountPath.PathRefused) => new MoveFailed({ detail: error.message })
  const inSession = yield* MountPath.locate(sessionRoot, mount).pipe(Effect.mapError(refused))
  const inStore = yield* MountPath.locate(contextFiles, mount).pipe(Effect.mapError(refused))
  const [source, destination] = type === "upload" ? [inSession, inStore] : [inStore, inSession]
  const kind = yield* kindOf(source)
  const common = {
    source,
    destination,
    staging: options.staging,
    onProgress: options.onProgress
  }
  if (kind === "missing" && (type === "upload" || within?.path !== "")) {
    const where = type === "upload" ? "the session" : "the context"
    return yield* new MoveFailed({ detail: `there is nothing at ${mount} in ${where}` })
  }
  const whitelist =
    within === undefined
      ? Whitelist.everything
      : Whitelist.below(Policy.whitelist(within.policy), within.path)
  const coverage = whitelist.coverage("")
  if (coverage === "none" || (coverage === "way" && kind === "file")) {
    return yield* new MoveFailed({ detail: `the whitelist of the binding leaves out ${mount}` })
  }
  const transfer =
    kind === "file"
      ? Transfer.transferFile(common)
      : Transfer.transfer({
          ...common,
          missingSource: "empty",
          whitelist,
          carryDeletions:
            type === "upload" &&
            options.carryDeletions &&
            within?.path === "" &&
            Policy.carriesDeletions(within.policy)
        })
  return yield* Effect.mapError(
    transfer,
    (failure) => new MoveFailed({ detail: describeFailure(failure) })
  )
})
