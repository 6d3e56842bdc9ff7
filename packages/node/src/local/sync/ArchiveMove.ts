/**
 * Transfers of bindings whose files are stored packed. The archive is unpacked aside, files
 * move between that folder and the session as between any two, and an upload packs the
 * folder again if anything in it changed. So whitelists, deletions, single paths and the
 * rules for what is unchanged are the same as without an archive.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeCrypto from "node:crypto"
import * as Beneath from "../Beneath.js"
import * as Archive from "./Archive.js"
import { Refused } from "./ArchiveEntry.js"
import { pack } from "./ArchivePack.js"
import { unpack } from "./ArchiveUnpack.js"
import { reasonOf } from "../transfer/FileCopy.js"
import type { Move, Within } from "./FileMove.js"
import { MoveFailed, ofTransfer } from "./MoveFailed.js"
import * as Policy from "./Policy.js"
import * as Transfer from "../transfer/Transfer.js"

const mixed = (within: Within, is: string, wanted: string) =>
  new MoveFailed({
    detail:
      `${is} stored at ${within.stored}, and this binding uploads ${wanted}: ` +
      "files and archives cannot be mixed in one context"
  })

/**
 * Whether an upload packs; fails when the store holds the other form.
 *
 * @since 0.1.0
 */
export const packsInto = (
  form: Archive.Form,
  within: Within
): Effect.Effect<boolean, MoveFailed> => {
  if (Policy.packs(within.policy)) {
    return form === "files" || form === "both"
      ? mixed(within, "files that are not packed are", "an archive")
      : Effect.succeed(true)
  }
  return form === "archive" || form === "both"
    ? mixed(within, "an archive is", "files as they are")
    : Effect.succeed(false)
}

/**
 * Whether a download finds an archive, whatever the binding itself uploads; fails when there
 * are other files beside it.
 *
 * @since 0.1.0
 */
export const unpacksFrom = (
  form: Archive.Form,
  within: Within
): Effect.Effect<boolean, MoveFailed> =>
  form === "both"
    ? new MoveFailed({
        detail: `files and an archive are stored at ${within.stored}, which cannot be mixed in one context`
      })
    : Effect.succeed(form === "archive")

/**
 * @since 0.1.0
 */
export interface PackedMove {
  readonly options: Move
  readonly within: Within
  readonly inSession: Beneath.Place
  /** The folder of the store that holds the archive. */
  readonly stored: Beneath.Place
  /** Whether there is an archive yet. */
  readonly exists: boolean
  /** Moves between the session and a place that stands for the store. */
  readonly between: (
    options: Move,
    inStore: Beneath.Place
  ) => Effect.Effect<Transfer.TransferResult, MoveFailed>
}

const broken = (what: string) => (error: Error) =>
  new MoveFailed({
    detail: `${what}: ${error instanceof Refused ? error.message : reasonOf(error)}`
  })

const hasChanged = (exists: boolean, result: Transfer.TransferResult): boolean =>
  result.copied > 0 || result.folders > 0 || result.removed > 0 || (exists && result.modes > 0)

const upload = Effect.fnUntraced(function* (move: PackedMove, folder: string) {
  const { exists, options, stored, within } = move
  const repack = Effect.mapError(
    pack(folder, `${folder}.tar.gz`, Beneath.inside(stored, Archive.fileName)),
    broken("the archive could not be packed")
  )
  const result = yield* (
    move
      .between(
        // A session that never had the files in it would delete them all.
        { ...options, carryDeletions: options.carryDeletions && Policy.unpacks(within.policy) },
        { root: folder, path: within.path }
      )
      // What did arrive is stored, as it is without an archive.
      .pipe(
        Effect.tapError(({ arrived }) =>
          arrived !== undefined && (exists || arrived > 0) ? repack : Effect.void
        )
      )
  )
  if (hasChanged(exists, result)) yield* repack
  return result
})

const bringArchive = ({ inSession, options, stored }: PackedMove) =>
  Transfer.transferFile({
    source: Beneath.inside(stored, Archive.fileName),
    destination: Beneath.inside(inSession, Archive.fileName),
    staging: options.staging,
    onProgress: options.onProgress
  }).pipe(Effect.mapError(ofTransfer))

/**
 * Moves the files of a packed binding, or of a path inside it. An upload of which nothing
 * changed does not touch the archive; one of which some files failed packs the others and
 * fails.
 *
 * @since 0.1.0
 */
export const move = Effect.fnUntraced(function* (
  move: PackedMove
): Effect.fn.Return<Transfer.TransferResult, MoveFailed> {
  const { options, stored, within } = move
  const whole = within.path === ""
  const download = options.type === "download"
  if (download && whole && Policy.keepsArchive(within.policy)) {
    const brought = yield* bringArchive(move)
    if (!Policy.unpacks(within.policy)) return brought
  }
  const folder = Beneath.join(options.staging, `archive-${NodeCrypto.randomUUID()}`)
  const unpacked = move.exists
    ? unpack({ archive: Beneath.inside(stored, Archive.fileName), folder }).pipe(
        Effect.mapError(broken("the archive cannot be unpacked"))
      )
    : Effect.succeed([])
  return yield* Archive.withFolder(
    folder,
    broken("the archive has no place to be unpacked in"),
    Effect.gen(function* () {
      const left = yield* unpacked
      const result = yield* download
        ? move.between(options, { root: folder, path: within.path })
        : upload(move, folder)
      return { ...result, skipped: [...left, ...result.skipped] }
    })
  )
})
