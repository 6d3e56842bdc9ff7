/**
 * One transfer of a task: which directory of this machine goes where.
 *
 * @since 0.1.0
 */
import type { SyncMode, TransferCounts } from "@effect-agentbay/core/ContextStatus"
import type { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import * as Effect from "effect/Effect"
import * as Beneath from "../Beneath.js"
import * as Archive from "./Archive.js"
import * as ArchiveMove from "./ArchiveMove.js"
import * as MountPath from "../MountPath.js"
import { MoveFailed, ofTransfer } from "./MoveFailed.js"
import * as Policy from "./Policy.js"
import { systemCode } from "../SystemCode.js"
import * as Transfer from "../transfer/Transfer.js"
import * as Whitelist from "../transfer/Whitelist.js"

export { MoveFailed } from "./MoveFailed.js"

/**
 * A binding, as seen from a path that is its mount or lies inside it.
 *
 * @since 0.1.0
 */
export interface Within {
  readonly policy: SyncPolicy
  /** The path relative to the mount, `""` for the mount itself. */
  readonly path: string
  /** Where the files of the binding are stored. */
  readonly stored: string
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

type Kind = "file" | "directory" | "missing"

const kindOf = (place: Beneath.Place): Effect.Effect<Kind> =>
  Effect.sync(() => {
    try {
      const stats = Beneath.using(place, ({ look }) => look(""))
      return stats === undefined ? "missing" : stats.isDirectory() ? "directory" : "file"
    } catch {
      return "missing"
    }
  })

/**
 * Whether nothing is stored at a place.
 *
 * @since 0.1.0
 */
export const isEmpty = (place: Beneath.Place): Effect.Effect<boolean> =>
  Effect.sync(() => {
    try {
      return Beneath.using(place, ({ directory }) => Archive.isEmpty(directory("")))
    } catch (error) {
      return systemCode(error) === "ENOENT"
    }
  })

/**
 * The path under which the files of a path of the session are stored.
 *
 * @since 0.1.0
 */
export const storedAt = (mount: string, within: Within | undefined): string =>
  within === undefined
    ? mount
    : within.path === ""
      ? within.stored
      : `${within.stored}/${within.path}`

/** Refuses a link that is in the way now; one that comes later is not followed. */
const locate = (root: string, path: string) =>
  Effect.mapError(MountPath.place(root, path), (error) => new MoveFailed({ detail: error.message }))

/** Moves between two directories (or files) of this machine. */
const between = Effect.fnUntraced(function* (
  options: Move,
  whitelist: Whitelist.Whitelist,
  inSession: Beneath.Place,
  inStore: Beneath.Place
): Effect.fn.Return<Transfer.TransferResult, MoveFailed> {
  const { mount, type, within } = options
  const [source, destination] = type === "upload" ? [inSession, inStore] : [inStore, inSession]
  const kind = yield* kindOf(source)
  if (kind === "missing" && (type === "upload" || within?.path !== "")) {
    const where = type === "upload" ? "the session" : "the context"
    return yield* new MoveFailed({ detail: `there is nothing at ${mount} in ${where}` })
  }
  const coverage = whitelist.coverage("")
  if (coverage === "none" || (coverage === "way" && kind === "file")) {
    return yield* new MoveFailed({ detail: `the whitelist of the binding leaves out ${mount}` })
  }
  const common = { source, destination, staging: options.staging, onProgress: options.onProgress }
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
  return yield* Effect.mapError(transfer, ofTransfer)
})

/**
 * Moves the files of a binding by its policy, or the very file or folder at any other path;
 * inside a binding only what its whitelist covers, and no deletions. A binding of which
 * nothing is stored yet downloads as an empty folder; a folder that is gone from the session
 * is never taken for an empty one, since an upload of it would empty the store.
 *
 * @since 0.1.0
 */
export const move = Effect.fnUntraced(function* (
  options: Move
): Effect.fn.Return<Transfer.TransferResult, MoveFailed> {
  const { contextFiles, mount, within } = options
  const inSession = yield* locate(options.sessionRoot, mount)
  const inStore = yield* locate(contextFiles, storedAt(mount, within))
  if (within === undefined) return yield* between(options, Whitelist.everything, inSession, inStore)
  const stored = yield* locate(contextFiles, within.stored)
  const form = yield* Archive.formOf(stored)
  const packed =
    options.type === "upload"
      ? yield* ArchiveMove.packsInto(form, within)
      : yield* ArchiveMove.unpacksFrom(form, within)
  const whitelist = Policy.whitelist(within.policy)
  if (!packed) {
    return yield* between(options, Whitelist.below(whitelist, within.path), inSession, inStore)
  }
  return yield* ArchiveMove.move({
    options,
    within,
    inSession,
    stored,
    exists: form === "archive",
    between: (move, inStore) =>
      between(move, Whitelist.below(Archive.leftOut(whitelist), within.path), inSession, inStore)
  })
})
