/**
 * Looks for damage in the write-ahead log of the state file. When a server is killed, the newest
 * of what it acknowledged stands there alone; and SQLite takes a log that it cannot read on from
 * some place for one that ends there, without a word.
 *
 * What the log should hold is told by its own checksums and by the index beside it
 * (`state.sqlite-shm`), which says how far the last commit went. The formats are those of
 * https://www.sqlite.org/walformat.html.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"
import type { BigIntStats } from "node:fs"
import * as NodeFs from "node:fs/promises"
import { systemCode } from "./SystemCode.js"

const headerSize = 32
const frameHeaderSize = 24
/** The index begins with two copies of its header. */
const indexHeaderSize = 48

type Sums = readonly [number, number]

const sameSums = (left: Sums, right: Sums): boolean => left[0] === right[0] && left[1] === right[1]

/** SQLite's checksum, carried on over some bytes. */
const summed = (
  [first, second]: Sums,
  bytes: Buffer,
  from: number,
  to: number,
  bigEndian: boolean
): Sums => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let one = first
  let two = second
  for (let at = from; at < to; at += 8) {
    one = (one + view.getUint32(at, !bigEndian) + two) >>> 0
    two = (two + view.getUint32(at + 4, !bigEndian) + one) >>> 0
  }
  return [one, two]
}

const sumsAt = (bytes: Buffer, at: number): Sums => [
  bytes.readUInt32BE(at),
  bytes.readUInt32BE(at + 4)
]

/** What every frame has to go with. */
interface Header {
  readonly bigEndian: boolean
  readonly pageSize: number
  readonly salts: Buffer
  readonly sums: Sums
}

/** Undefined when it is none; SQLite takes the whole log for empty then. */
const headerOf = (bytes: Buffer): Header | undefined => {
  if (bytes.length < headerSize) return undefined
  const magic = bytes.readUInt32BE(0)
  const bigEndian = (magic & 1) === 1
  const sums = summed([0, 0], bytes, 0, 24, bigEndian)
  if ((magic & ~1) >>> 0 !== 0x377f0682 || !sameSums(sums, sumsAt(bytes, 24))) return undefined
  return { bigEndian, pageSize: bytes.readUInt32BE(8), salts: bytes.subarray(16, 24), sums }
}

/** How far the log reached at the last commit. */
interface Index {
  readonly frames: number
  readonly sums: Sums
  readonly salts: Buffer
}

/** Undefined when it says nothing: its server was killed while it opened or changed it. */
const indexOf = (bytes: Buffer): Index | undefined => {
  const header = bytes.subarray(0, indexHeaderSize)
  const copy = bytes.subarray(indexHeaderSize, 2 * indexHeaderSize)
  if (copy.length < indexHeaderSize || !header.equals(copy) || header[12] !== 1) return undefined
  // It is written in the order of bytes of its machine. On one with the other order it says nothing.
  const sums = summed([0, 0], header, 0, 40, false)
  if (!sameSums(sums, [header.readUInt32LE(40), header.readUInt32LE(44)])) return undefined
  return {
    frames: header.readUInt32LE(16),
    sums: [header.readUInt32LE(24), header.readUInt32LE(28)],
    salts: header.subarray(32, 40)
  }
}

/** What was found in the log. */
interface Found {
  /** How many frames from the beginning are sound. */
  readonly sound: number
  /** The checksums that the frame carries at which the last commit ended. */
  readonly sums: Sums | undefined
  /** Whether a commit of the same log follows after a frame that is not sound. */
  readonly isBroken: boolean
}

/** Frames that are read at once. */
const batch = 64

async function* framesOf(file: NodeFs.FileHandle, { pageSize }: Header) {
  const size = frameHeaderSize + pageSize
  const read = Buffer.alloc(size * batch)
  for (let at = headerSize; ; at += read.length) {
    const { bytesRead } = await file.read(read, 0, read.length, at)
    // One that is cut off at the end was being written.
    for (let start = 0; start + size <= bytesRead; start += size) {
      yield read.subarray(start, start + size)
    }
    if (bytesRead < read.length) return
  }
}

/**
 * Goes through the frames as SQLite does, and on beyond the place where it would end. What comes
 * there of an older log, which this one is written over, has other salts.
 */
const walk = async (
  file: NodeFs.FileHandle,
  header: Header,
  last: number | undefined
): Promise<Found> => {
  let number = 0
  let sound = 0
  let before = header.sums
  let sums: Sums | undefined
  for await (const frame of framesOf(file, header)) {
    const own = sumsAt(frame, 16)
    const { bigEndian, salts } = header
    const head = summed(before, frame, 0, 8, bigEndian)
    // Each carries on the checksums of the one before it, whether that is sound or not.
    const fits =
      frame.subarray(8, 16).equals(salts) &&
      sameSums(summed(head, frame, frameHeaderSize, frame.length, bigEndian), own)
    const isCommit = frame.readUInt32BE(4) !== 0
    if (fits && sound === number) sound += 1
    else if (fits && isCommit) return { sound, sums, isBroken: true }
    number += 1
    if (number === last) sums = own
    before = own
  }
  return { sound, sums, isBroken: false }
}

const contradiction = (
  index: Index | undefined,
  header: Header | undefined,
  found: Found
): string | undefined => {
  if (index === undefined)
    return found.isBroken ? "a frame in the midst of it is not sound" : undefined
  if (index.frames === 0) return undefined
  if (header === undefined) return "it is missing, or its beginning is"
  if (!index.salts.equals(header.salts)) return "it is another one than the last that was written"
  return found.sound < index.frames || found.sums === undefined || !sameSums(found.sums, index.sums)
    ? `of ${index.frames} frames ${found.sound} are sound`
    : undefined
}

const walOf = (stateFile: string): string => `${stateFile}-wal`
const indexFileOf = (stateFile: string): string => `${stateFile}-shm`

/** What can be missing: undefined then. */
const ifThere = <A>(attempt: Promise<A>): Promise<A | undefined> =>
  attempt.catch((cause: unknown) => {
    if (systemCode(cause) === "ENOENT") return undefined
    throw cause
  })

/** An index that this process has had open. Its number alone may come to another file later. */
const keyOf = ({ birthtimeNs, dev, ino }: BigIntStats): string => `${dev}-${ino}-${birthtimeNs}`

/**
 * The indexes that this process has had open. It does not read them: SQLite's locks on a file belong
 * to the process and end when the process closes the file anywhere, and a connection that was closed
 * may live on until it is collected as garbage. What they tell is the work of a process that lives.
 */
const opened = new Set<string>()

const indexStats = (stateFile: string): Promise<BigIntStats | undefined> =>
  ifThere(NodeFs.stat(indexFileOf(stateFile), { bigint: true }))

/**
 * Notes that this process has the state file open.
 *
 * @since 0.1.0
 */
export const noteOpened = async (stateFile: string): Promise<void> => {
  const stats = await indexStats(stateFile)
  if (stats !== undefined) opened.add(keyOf(stats))
}

const readIndex = async (stateFile: string): Promise<Index | undefined> => {
  const stats = await indexStats(stateFile)
  if (stats === undefined || opened.has(keyOf(stats))) return undefined
  const bytes = await ifThere(NodeFs.readFile(indexFileOf(stateFile)))
  return bytes === undefined ? undefined : indexOf(bytes)
}

const nothing: Found = { sound: 0, sums: undefined, isBroken: false }

/**
 * What is wrong with the log of a state file that nobody has open, in words; undefined when nothing
 * is found. A log that is missing together with its index, as after an orderly end, is not found.
 *
 * @since 0.1.0
 */
export const findDamage = async (stateFile: string): Promise<string | undefined> => {
  const index = await readIndex(stateFile)
  const file = await ifThere(NodeFs.open(walOf(stateFile)))
  if (file === undefined) return contradiction(index, undefined, nothing)
  try {
    const start = Buffer.alloc(headerSize)
    const { bytesRead } = await file.read(start, 0, headerSize, 0)
    const header = headerOf(start.subarray(0, bytesRead))
    if (header !== undefined) {
      return contradiction(index, header, await walk(file, header, index?.frames))
    }
    const isEmpty = (await file.stat()).size <= headerSize
    return index === undefined && !isEmpty
      ? "its beginning is not sound"
      : contradiction(index, undefined, nothing)
  } finally {
    await file.close()
  }
}
