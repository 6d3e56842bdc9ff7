/**
 * What a transfer tells: how far it is, what it did, what it could not do.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Data from "effect/Data"

/**
 * How far a transfer is. Totals cover every file the transfer is about, those
 * that need no copying included.
 *
 * @since 0.1.0
 */
export interface TransferCounts {
  /** Bytes that are known to be at the destination. */
  readonly bytesDone: number
  /** Bytes of all files of the source that the whitelist covers. */
  readonly bytesTotal: number
  /** Files that are known to be at the destination. */
  readonly filesDone: number
  /** Files of the source that the whitelist covers. */
  readonly filesTotal: number
}

/**
 * One file or directory that could not be transferred.
 *
 * @since 0.1.0
 */
export interface FailedEntry {
  /** Relative to the source, with `/` between segments; the base name for a single file. */
  readonly path: string
  /** Readable; ends with the system's code where there is one, e.g. `(EACCES)`. */
  readonly reason: string
}

/**
 * What an entry can be that is neither a regular file nor a directory. A hard link is one
 * only in an archive.
 *
 * @since 0.1.0
 */
export type SpecialEntry = "symbolic link" | "hard link" | "socket" | "named pipe" | "device"

/**
 * An entry of the source that is left alone on both sides.
 *
 * @since 0.1.0
 */
export interface SkippedEntry {
  /** Relative to the source, with `/` between segments. */
  readonly path: string
  /** What the entry is. */
  readonly reason: SpecialEntry
}

/**
 * What a successful transfer did.
 *
 * @since 0.1.0
 */
export interface TransferResult {
  /** The final counts: everything is done. */
  readonly counts: TransferCounts
  /** Files whose content was copied. */
  readonly copied: number
  /** Directories that were made at the destination. */
  readonly folders: number
  /** Files that were the same on both sides already. */
  readonly unchanged: number
  /** Files and directories that were removed from the destination. */
  readonly removed: number
  /** Files and directories that were there already and got other permission bits. */
  readonly modes: number
  /** Entries that were left alone, in the order they were met. */
  readonly skipped: ReadonlyArray<SkippedEntry>
}

/**
 * A transfer that did not do everything. Files that are not named did arrive.
 * When a copy failed, no deletion was carried over.
 *
 * @since 0.1.0
 */
export class TransferFailed extends Data.TaggedError("TransferFailed")<{
  readonly files: NonEmptyReadonlyArray<FailedEntry>
  readonly counts: TransferCounts
}> {
  override get message() {
    const [first] = this.files
    const more = this.files.length === 1 ? "" : ` (and ${this.files.length - 1} more)`
    return `${first.path}: ${first.reason}${more}`
  }
}
