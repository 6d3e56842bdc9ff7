/**
 * What a transfer has to do, as found by the scan, and the words for it.
 *
 * @since 0.1.0
 */
import type * as NodeFs from "node:fs"
import type { Beneath } from "../Beneath.js"
import type { FailedEntry, SkippedEntry, TransferCounts } from "./TransferOutcome.js"
import type { Coverage, Whitelist } from "./Whitelist.js"

/**
 * Both sides of a transfer. Paths inside are relative to them, with `/`
 * between segments; `""` is the side itself.
 *
 * @since 0.1.0
 */
export interface Sides {
  readonly source: Beneath
  readonly destination: Beneath
  /** What the source itself is called in reports. */
  readonly name: string
}

/**
 * A directory of the source that takes part.
 *
 * @since 0.1.0
 */
export interface Folder {
  readonly path: string
  readonly parent: Folder | undefined
  readonly coverage: Coverage
  /** Permission bits at the source. */
  readonly mode: number
  /** What stands at its place at the destination. */
  readonly there: "directory" | "nothing" | "something else"
  /** Permission bits of the directory at the destination, if there is one. */
  readonly modeThere: number
  /** Whether files can be placed into it by now. */
  ready: boolean
}

/**
 * A file that has to be copied.
 *
 * @since 0.1.0
 */
export interface PendingFile {
  readonly path: string
  /** `undefined` for a transfer of a single file. */
  readonly folder: Folder | undefined
  /** Bytes when last looked at. */
  size: number
}

/**
 * Something at the destination that the source does not hold.
 *
 * @since 0.1.0
 */
export interface Surplus {
  readonly path: string
  readonly coverage: Coverage
  readonly directory: boolean
}

/**
 * What the scan has found.
 *
 * @since 0.1.0
 */
export interface Plan {
  /** Covered directories and those that lead to covered ones, parents first. */
  readonly folders: Array<Folder>
  readonly files: Array<PendingFile>
  /** Files at whose place the destination has a directory. */
  readonly overDirectories: Array<PendingFile>
  /** Files that look unchanged but have to be read to be sure. */
  readonly doubtful: Array<PendingFile>
  /** Files that only differ in their permission bits. */
  readonly modes: Array<{ readonly path: string; readonly mode: number }>
  readonly surplus: Array<Surplus>
  readonly skipped: Array<SkippedEntry>
  readonly failures: Array<FailedEntry>
  readonly counts: { -readonly [K in keyof TransferCounts]: TransferCounts[K] }
  unchanged: number
}

/**
 * What the scan needs to know.
 *
 * @since 0.1.0
 */
export interface ScanOptions extends Sides {
  readonly whitelist: Whitelist
  readonly missingSource: "empty" | "fail"
  readonly carryDeletions: boolean
  /** Whether the source may be a directory. */
  readonly directories: boolean
}

/**
 * A plan with nothing in it.
 *
 * @since 0.1.0
 */
export const emptyPlan = (): Plan => ({
  folders: [],
  files: [],
  overDirectories: [],
  doubtful: [],
  modes: [],
  surplus: [],
  skipped: [],
  failures: [],
  counts: { bytesDone: 0, bytesTotal: 0, filesDone: 0, filesTotal: 0 },
  unchanged: 0
})

/**
 * The permission bits alone.
 *
 * @since 0.1.0
 */
export const permissions = (stats: NodeFs.BigIntStats): number => Number(stats.mode) & 0o777

/**
 * Puts an entry under the failures.
 *
 * @since 0.1.0
 */
export const addFailure = (plan: Plan, sides: Sides, path: string, reason: string): void => {
  plan.failures.push({ path: path === "" ? sides.name : path, reason })
}
