/**
 * The files that look unchanged by size and modification time but may not be:
 * whoever writes a file can also set its time back. What nobody can set is the
 * time the system keeps of the last change to the file itself.
 *
 * @since 0.1.0
 */
import * as NodeFs from "node:fs"
import { isSame, readFlags } from "./FileCopy.js"
import type { Steps } from "./Slices.js"
import { type PendingFile, permissions, type Plan, type Sides } from "./TransferPlan.js"

/**
 * Whether a file whose size and modification time agree on both sides has to
 * be read all the same: the source was touched after the destination. At the
 * same tick of the clock nobody can tell which came first.
 *
 * @since 0.1.0
 */
export const isDoubtful = (source: NodeFs.BigIntStats, destination: NodeFs.BigIntStats): boolean =>
  source.ctimeNs >= destination.ctimeNs

/**
 * What the comparison needs.
 *
 * @since 0.1.0
 */
export interface Comparing extends Sides {
  readonly plan: Plan
  /** Each side gets one half of it. */
  readonly buffer: Buffer
}

/** Fills the buffer as far as the file goes; answers how many bytes there are. */
const readFully = (file: number, buffer: Buffer, position: number): number => {
  let filled = 0
  while (filled < buffer.length) {
    const read = NodeFs.readSync(file, buffer, filled, buffer.length - filled, position + filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

function* sameContent(input: number, output: number, buffer: Buffer): Steps<boolean> {
  const half = buffer.length >> 1
  const one = buffer.subarray(0, half)
  const other = buffer.subarray(half, half * 2)
  for (let position = 0; ; position += half) {
    const read = readFully(input, one, position)
    if (readFully(output, other, position) !== read) return false
    if (!one.subarray(0, read).equals(other.subarray(0, read))) return false
    if (read < half) return true
    yield
  }
}

/** Makes the destination the one touched last, so that the next run need not read the file. */
const renew = (output: number, mode: number): void => {
  try {
    NodeFs.fchmodSync(output, mode)
  } catch {
    // Someone else's file: it is read again the next time.
  }
}

/** Counts the file as unchanged and answers true when both sides hold the same bytes. */
function* isUnchanged(
  comparing: Comparing,
  file: PendingFile,
  input: number,
  output: number
): Steps<boolean> {
  const { plan } = comparing
  const before = NodeFs.fstatSync(input, { bigint: true })
  const there = NodeFs.fstatSync(output, { bigint: true })
  if (!before.isFile() || !there.isFile() || before.size !== there.size) return false
  if (!(yield* sameContent(input, output, comparing.buffer))) return false
  const modeThere = permissions(there)
  renew(output, modeThere)
  // Looked at after renewing: what is written from now on is the younger one again.
  if (!isSame(before, NodeFs.fstatSync(input, { bigint: true }))) return false
  const size = Number(before.size)
  plan.counts.bytesTotal += size - file.size
  plan.counts.bytesDone += size
  plan.counts.filesDone += 1
  plan.unchanged += 1
  const mode = permissions(before)
  if (mode !== modeThere) plan.modes.push({ path: file.path, mode })
  return true
}

function* compareFile(comparing: Comparing, file: PendingFile): Steps<boolean> {
  const input = NodeFs.openSync(comparing.source.entry(file.path), readFlags)
  try {
    const output = NodeFs.openSync(comparing.destination.entry(file.path), readFlags)
    try {
      return yield* isUnchanged(comparing, file, input, output)
    } finally {
      NodeFs.closeSync(output)
    }
  } finally {
    NodeFs.closeSync(input)
  }
}

/**
 * Reads the doubtful files of a plan on both sides. Those that hold the same
 * bytes are counted as unchanged, the others join the files to copy; so do
 * those that cannot be compared, for the copy knows how to report it.
 *
 * @since 0.1.0
 */
export function* compareFiles(comparing: Comparing): Steps {
  for (const file of comparing.plan.doubtful) {
    let unchanged = false
    try {
      unchanged = yield* compareFile(comparing, file)
    } catch {
      unchanged = false
    }
    if (!unchanged) comparing.plan.files.push(file)
    yield
  }
}
