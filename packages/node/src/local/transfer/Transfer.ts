/**
 * Makes one directory (or file) on this machine hold what another one holds.
 *
 * Both sides are looked at first; then files are copied, each under a
 * temporary name until it is whole; deletions come last and only when every
 * copy has arrived. A file with the same size and modification time on both
 * sides is not copied again; if the source was touched after the destination,
 * both are read first, since a modification time can be set back. Symbolic
 * links, sockets, pipes and devices are left alone.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as Beneath from "../Beneath.js"
import { reasonOf, smallFileBytes } from "./FileCopy.js"
import * as Slices from "./Slices.js"
import { compareFiles } from "./TransferCompare.js"
import { type Copying, copyFiles, makeFolders, setModes } from "./TransferCopy.js"
import { type TransferCounts, TransferFailed, type TransferResult } from "./TransferOutcome.js"
import { type Removal, remove } from "./TransferRemoval.js"
import { addFailure, emptyPlan, type Plan, type ScanOptions } from "./TransferPlan.js"
import { scan } from "./TransferScan.js"
import { everything, type Whitelist } from "./Whitelist.js"

export * from "./TransferOutcome.js"

/**
 * What both kinds of transfer need to know.
 *
 * @since 0.1.0
 */
export interface TransferFileOptions {
  readonly source: Beneath.Place
  /** Missing parents are created. */
  readonly destination: Beneath.Place
  /** Host directory for unfinished files, on the destination's file system. Created when missing. */
  readonly staging: string
  /**
   * What a source that does not exist means: an empty tree, or a failure.
   * Default `"fail"`.
   */
  readonly missingSource?: "empty" | "fail"
  /**
   * Remove at the destination what the source does not hold. Default `false`;
   * then a directory that is not empty is also never replaced by a file.
   */
  readonly carryDeletions?: boolean
  /**
   * Is told the counts every few milliseconds while they change, first when
   * both sides have been looked at, and once at the end. It must be cheap and
   * must not throw.
   */
  readonly onProgress?: (counts: TransferCounts) => void
}

/**
 * What a transfer of a tree needs to know.
 *
 * @since 0.1.0
 */
export interface TransferOptions extends TransferFileOptions {
  /** The part of the tree that counts; the rest is left alone. Default: everything. */
  readonly whitelist?: Whitelist
}

type Settings = ScanOptions & {
  readonly staging: string
  readonly report: (plan: Plan) => void
}

const settingsOf = (options: TransferOptions): Effect.Effect<Settings, never, Scope.Scope> =>
  Effect.gen(function* () {
    return {
      source: yield* Beneath.scoped(options.source),
      destination: yield* Beneath.scoped(options.destination),
      staging: options.staging,
      whitelist: options.whitelist ?? everything,
      missingSource: options.missingSource ?? "fail",
      directories: true,
      carryDeletions: options.carryDeletions ?? false,
      name: Beneath.name(options.source),
      report: (plan: Plan) => options.onProgress?.({ ...plan.counts })
    }
  })

const copyingOf = (settings: Settings, plan: Plan): Copying => {
  const prefix = `${settings.staging}/${NodeCrypto.randomUUID()}`
  let number = 0
  return {
    source: settings.source,
    destination: settings.destination,
    name: settings.name,
    plan,
    temporary: () => `${prefix}-${number++}`,
    buffer: Buffer.allocUnsafeSlow(smallFileBytes),
    onBytes: () => settings.report(plan),
    copied: 0,
    folders: 0,
    modes: 0
  }
}

const waitsForOthers = "a directory is in its place, which goes once everything else has arrived"

/** Makes room for files at whose place there is a directory, then copies them. */
function* replaceDirectories(settings: Settings, copying: Copying, removal: Removal): Slices.Steps {
  const { failures, overDirectories } = copying.plan
  const arrived = failures.length === 0
  for (const file of overDirectories) {
    const path = file.path
    const refuse = (reason: string): void => addFailure(copying.plan, settings, path, reason)
    if (!arrived) {
      refuse(waitsForOthers)
      continue
    }
    if (settings.carryDeletions) {
      const coverage = settings.whitelist.coverage(path)
      yield* remove(removal, { path, coverage, directory: true })
    } else {
      try {
        NodeFs.rmdirSync(settings.destination.entry(path))
      } catch (error) {
        refuse(`a directory is in its place: ${reasonOf(error)}`)
        continue
      }
    }
    yield* copyFiles(copying, [file])
  }
}

function* removeSurplus(settings: Settings, plan: Plan, removal: Removal): Slices.Steps {
  for (const entry of plan.surplus) {
    // It may have come into being since both sides were looked at. A file on the way to what
    // is covered is none of it.
    const stats = settings.source.look(entry.path)
    if (stats !== undefined && !(entry.coverage === "way" && stats.isFile())) continue
    yield* remove(removal, entry)
  }
}

function* carryOut(settings: Settings, copying: Copying, removal: Removal): Slices.Steps {
  const { plan } = copying
  yield* compareFiles(copying)
  yield* makeFolders(copying)
  yield* copyFiles(copying, plan.files)
  yield* replaceDirectories(settings, copying, removal)
  if (plan.failures.length === 0) yield* removeSurplus(settings, plan, removal)
  yield* setModes(copying)
}

const makeStaging = (settings: Settings, plan: Plan): boolean => {
  try {
    NodeFs.mkdirSync(settings.staging, { recursive: true })
    return true
  } catch (error) {
    addFailure(plan, settings, "", `the place for unfinished files is missing: ${reasonOf(error)}`)
    return false
  }
}

const perform = Effect.fnUntraced(function* (
  settings: Settings
): Effect.fn.Return<TransferResult, TransferFailed> {
  const plan = emptyPlan()
  const report = () => settings.report(plan)
  yield* Slices.run(scan(settings, plan), () => undefined)
  report()
  const ready = makeStaging(settings, plan)
  const copying = copyingOf(settings, plan)
  const removal: Removal = {
    destination: settings.destination,
    whitelist: settings.whitelist,
    failures: plan.failures,
    removed: 0
  }
  if (ready) yield* Slices.run(carryOut(settings, copying, removal), report)
  report()
  const counts = { ...plan.counts }
  const { failures } = plan
  if (Arr.isNonEmptyArray(failures)) return yield* new TransferFailed({ files: failures, counts })
  return {
    counts,
    copied: copying.copied,
    folders: copying.folders,
    unchanged: plan.unchanged,
    removed: removal.removed,
    modes: copying.modes,
    skipped: plan.skipped
  }
})

/**
 * Makes the directory `destination` hold what the directory `source` holds. A
 * single file as source works too.
 *
 * When some files fail, the others still arrive, and the failure names each of
 * them. Interrupted, it stops between two files (between two chunks of a large
 * one). At any end no unfinished file is left in `staging`; only a process
 * that is killed leaves one there.
 *
 * @since 0.1.0
 */
export const transfer: (options: TransferOptions) => Effect.Effect<TransferResult, TransferFailed> =
  Effect.fn("Transfer.transfer")((options) =>
    Effect.scoped(Effect.flatMap(settingsOf(options), perform))
  )

/**
 * Makes the file `destination` hold what the file `source` holds. A directory
 * is refused.
 *
 * @since 0.1.0
 */
export const transferFile: (
  options: TransferFileOptions
) => Effect.Effect<TransferResult, TransferFailed> = Effect.fn("Transfer.transferFile")((options) =>
  Effect.scoped(
    Effect.flatMap(settingsOf(options), (settings) => perform({ ...settings, directories: false }))
  )
)
