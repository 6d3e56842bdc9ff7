/**
 * Unpacks an archive into a directory of its own. What is stored may have been put there by
 * anyone, so nothing in it is trusted: not the names, not the sizes.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { pipeline } from "node:stream/promises"
import * as NodeZlib from "node:zlib"
import * as Tar from "tar-stream"
import * as Beneath from "../Beneath.js"
import { toItsEnd } from "./Archive.js"
import { microsOf, pathOf, Refused } from "./ArchiveEntry.js"
import { readFlags } from "../transfer/FileCopy.js"
import type { SkippedEntry, SpecialEntry } from "../transfer/TransferOutcome.js"

/**
 * @since 0.1.0
 */
export interface Options {
  readonly archive: Beneath.Place
  /** Host path of an empty directory. */
  readonly folder: string
  /** How many bytes may be taken on the disk. Default: half of what is free there. */
  readonly budget?: number | undefined
}

type Entry = Tar.Extract extends AsyncIterable<infer A> ? A : never

/** What an entry takes on a disk at least, and the unit that content is counted in. */
const blockBytes = 4096

const special: { readonly [type: string]: SpecialEntry } = {
  symlink: "symbolic link",
  link: "hard link",
  fifo: "named pipe",
  "character-device": "device",
  "block-device": "device"
}

const freeHalf = (folder: string): number => {
  const { bavail, bsize } = NodeFs.statfsSync(folder)
  return (bavail * bsize) / 2
}

/** The files come into a second place from here, hence the half. */
const makeSpend = (budget: number) => {
  let left = budget
  return (size: number): void => {
    // Headers can say anything, and what is less than nothing would make the budget larger.
    if (!Number.isSafeInteger(size) || size < 0)
      throw new Refused("an entry has no size that is one")
    left -= blockBytes + Math.ceil(size / blockBytes) * blockBytes
    if (left < 0) throw new Refused("it would unpack to more than half of what is free on the disk")
  }
}

/** The time to the microsecond where the header says that, else to the second. */
const microsIn = ({ mtime, pax }: Tar.Header): number => {
  const exact = typeof pax === "object" && pax !== null ? Reflect.get(pax, "mtime") : undefined
  const micros = typeof exact === "string" ? microsOf(exact) : undefined
  return micros ?? mtime.getTime() * 1000
}

const stamp = (file: number, header: Tar.Header): void => {
  const micros = microsIn(header)
  const seconds = (micros + 0.5) / 1_000_000
  NodeFs.futimesSync(file, seconds, seconds)
}

const writeFile = async (host: string, entry: Entry, heard: () => void): Promise<void> => {
  const file = NodeFs.openSync(host, "wx", 0o600)
  try {
    // The library gives the content as buffers; its types do not say so.
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      heard()
      for (let written = 0; written < chunk.length;) {
        written += NodeFs.writeSync(file, chunk, written)
      }
    }
    // The file may belong to another user than who packed it, and must not run as that one.
    NodeFs.fchmodSync(file, entry.header.mode & 0o777)
    stamp(file, entry.header)
  } finally {
    NodeFs.closeSync(file)
  }
}

const drain = (entry: Entry): void => void entry.resume()

/** How many links, pipes and devices are counted before it is too many: each is remembered. */
const maxSkipped = 100_000

/** Headers, with what fills them up; and what may follow the last entry. */
const maxSilentBytes = 8 * 1024 * 1024

/**
 * Tells an archive that says nothing any more: what comes between two entries is held in memory,
 * or read to no end.
 */
const makeWatch = () => {
  let silent = 0
  const heard = (): void => void (silent = 0)
  return {
    heard,
    watch: async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const piece of pieces) {
        silent += piece.length
        if (silent > maxSilentBytes) {
          throw new Refused(`more than ${maxSilentBytes} bytes on end in it belong to no file`)
        }
        yield piece
      }
    }
  }
}

const placeAll = async (
  entries: Tar.Extract,
  { budget, folder }: Options,
  heard: () => void
): Promise<ReadonlyArray<SkippedEntry>> => {
  const spend = makeSpend(budget ?? freeHalf(folder))
  const skipped: Array<SkippedEntry> = []
  const modes: Array<readonly [path: string, mode: number]> = []
  const made = new Set<string>()
  const make = (directory: string): void => {
    if (made.has(directory)) return
    NodeFs.mkdirSync(directory, { recursive: true })
    made.add(directory)
  }
  for await (const entry of entries) {
    heard()
    const { mode, name, size, type } = entry.header
    const path = pathOf(name)
    const host = Beneath.join(folder, path)
    const isFile = type === "file" || type === "contiguous-file"
    spend(size)
    if (type === "directory") {
      make(host)
      modes.push([host, mode])
      drain(entry)
    } else if (isFile) {
      make(NodePath.dirname(host))
      await writeFile(host, entry, heard)
    } else {
      if (skipped.length === maxSkipped) {
        throw new Refused(`it holds more than ${maxSkipped} links, pipes and devices`)
      }
      skipped.push({ path, reason: special[type] ?? "device" })
      drain(entry)
    }
  }
  // Children first: below a directory that has lost its bits nothing can be reached any more.
  for (const [host, mode] of modes.toReversed()) NodeFs.chmodSync(host, mode)
  return skipped
}

/** Larger than usual, since every piece is a trip to the thread pool and back. */
const pieceBytes = 256 * 1024

/** Closed by the stream that reads it. */
const open = (archive: Beneath.Place): number =>
  Beneath.using(archive, ({ entry }) => NodeFs.openSync(entry(""), readFlags))

const read = async (options: Options, signal: AbortSignal) => {
  const entries = Tar.extract()
  const { heard, watch } = makeWatch()
  const [placed, readThrough] = await Promise.allSettled([
    placeAll(entries, options, heard),
    pipeline(
      NodeFs.createReadStream("", { fd: open(options.archive), highWaterMark: pieceBytes }),
      NodeZlib.createGunzip({ chunkSize: pieceBytes }),
      watch,
      entries,
      { signal }
    )
  ])
  if (placed.status === "rejected") throw placed.reason
  if (readThrough.status === "rejected") throw readThrough.reason
  return placed.value
}

/**
 * Unpacks files and directories and answers with what else there was: links, pipes and
 * devices are never made. An entry whose name leads out of the folder, two of one name, more
 * bytes than the budget, sizes that are none, too much that is no file, or an archive that is
 * damaged make it fail; what was unpacked until
 * then is for the caller to remove. Memory does not grow with the size of the files.
 *
 * @since 0.1.0
 */
export const unpack = (options: Options): Effect.Effect<ReadonlyArray<SkippedEntry>, Error> =>
  toItsEnd((signal) => read(options, signal))
