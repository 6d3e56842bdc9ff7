/**
 * Copies one regular file so that its new place holds either the old content
 * or the whole new one, never half of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as NodeUtil from "node:util"

/**
 * Which file is to be copied where.
 *
 * @since 0.1.0
 */
export interface FileCopy {
  /** Host path of the file to copy. */
  readonly source: string
  /** Host path the copy gets. */
  readonly destination: string
  /** Host path of the unfinished copy, unused so far, on the destination's file system. */
  readonly temporary: string
  /** Whether a file that was written to just now is to be copied, or left for a moment later. */
  readonly young: "copy" | "leave"
}

/**
 * How an attempt ended: the copy is in its place; the file changed meanwhile
 * and nothing was placed; or it is so young that it was left for later.
 *
 * @since 0.1.0
 */
export type Attempt =
  | { readonly _tag: "Placed"; readonly size: number }
  | { readonly _tag: "Changed"; readonly size: number }
  | { readonly _tag: "Young" }

/**
 * Files up to this many bytes are copied within one step.
 *
 * @since 0.1.0
 */
export const smallFileBytes = 1024 * 1024

/** Measured: below 2 MiB the trips to the thread pool show, above 4 MiB nothing is gained. */
const chunkBytes = 4 * 1024 * 1024

/**
 * How long after its last change a file counts as young, in milliseconds. File
 * systems stamp changes with a clock that ticks every 10 ms at worst; two
 * changes within a tick carry the same time. A copy made later than one tick
 * after the last change cannot be mistaken for a copy of what comes next.
 *
 * @since 0.1.0
 */
export const settleMillis = 12

/**
 * Modification time in whole microseconds, the finest that every Node can set.
 *
 * @since 0.1.0
 */
export const modifiedMicros = (stats: NodeFs.BigIntStats): number => Number(stats.mtimeNs / 1000n)

/**
 * Why a file call failed, in words, with the system's code: no paths of this
 * machine in it.
 *
 * @since 0.1.0
 */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (!("errno" in error) || typeof error.errno !== "number") return error.message
  const known = NodeUtil.getSystemErrorMap().get(error.errno)
  return known === undefined ? error.message : `${known[1]} (${known[0]})`
}

interface Opened {
  readonly input: number
  readonly output: number
  readonly stats: NodeFs.BigIntStats
  readonly settled: boolean
  closed: boolean
}

/**
 * How a file is opened for reading: no symbolic link is followed, and a pipe
 * that took the file's place does not block the process.
 *
 * @since 0.1.0
 */
export const readFlags =
  NodeFs.constants.O_RDONLY | NodeFs.constants.O_NOFOLLOW | NodeFs.constants.O_NONBLOCK

const isSettled = (stats: NodeFs.BigIntStats): boolean => {
  const age = Date.now() - Number(stats.mtimeMs)
  return age > settleMillis || age < -1
}

const open = (copy: FileCopy): Opened | undefined => {
  const input = NodeFs.openSync(copy.source, readFlags)
  let output: number | undefined
  try {
    const stats = NodeFs.fstatSync(input, { bigint: true })
    if (!stats.isFile()) throw new Error("it is no longer a regular file")
    const settled = isSettled(stats)
    if (!settled && copy.young === "leave") return undefined
    output = NodeFs.openSync(copy.temporary, "wx", 0o600)
    return { input, output, stats, settled, closed: false }
  } finally {
    if (output === undefined) NodeFs.closeSync(input)
  }
}

/**
 * Whether nothing was done to a file between two looks at it.
 *
 * @since 0.1.0
 */
export const isSame = (before: NodeFs.BigIntStats, after: NodeFs.BigIntStats): boolean =>
  before.size === after.size && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs

/**
 * Gives the finished copy its permission bits and time. Answers whether the
 * source stayed as it was all the while.
 */
const seal = ({ input, output, settled, stats }: Opened, copied: number): boolean => {
  if (BigInt(copied) !== stats.size) return false
  // The copy may belong to another user than its source, and must not run as that one.
  NodeFs.fchmodSync(output, Number(stats.mode) & 0o777)
  const micros = modifiedMicros(stats)
  // The copy of a young file gets a time that is off by a hair within the same millisecond: it
  // will not be taken for unchanged, so whatever was written within the tick is looked at again.
  const stamp = settled ? micros : micros % 1000 === 0 ? micros + 1 : micros - 1
  // Node hands over seconds as a double, which versions before 24 cut off to microseconds: half of
  // one more keeps them exact in all.
  const seconds = (stamp + 0.5) / 1_000_000
  NodeFs.futimesSync(output, seconds, seconds)
  return isSame(stats, NodeFs.fstatSync(input, { bigint: true }))
}

/** Closes both sides, once; some file systems report only here that a write failed. */
const close = (opened: Opened): void => {
  if (opened.closed) return
  opened.closed = true
  try {
    NodeFs.closeSync(opened.output)
  } finally {
    NodeFs.closeSync(opened.input)
  }
}

const abandon = (opened: Opened, temporary: string): void => {
  try {
    close(opened)
  } finally {
    NodeFs.rmSync(temporary, { force: true })
  }
}

/** Answers how many bytes it copied: fewer than there should be when the file has shrunk. */
const copyContent = ({ input, output }: Opened, size: number, buffer: Buffer): number => {
  let copied = 0
  while (copied < size) {
    const read = NodeFs.readSync(input, buffer, 0, size - copied, copied)
    if (read === 0) return copied
    let written = 0
    while (written < read) {
      written += NodeFs.writeSync(output, buffer, written, read - written, copied + written)
    }
    copied += read
  }
  return copied
}

/**
 * Copies a small file at once, through `buffer` (`smallFileBytes` long).
 * Throws the system's error and leaves no temporary file then.
 *
 * @since 0.1.0
 */
export const copySmall = (copy: FileCopy, buffer: Buffer): Attempt => {
  const opened = open(copy)
  if (opened === undefined) return { _tag: "Young" }
  const size = Number(opened.stats.size)
  let placed = false
  try {
    const same = size <= smallFileBytes && seal(opened, copyContent(opened, size, buffer))
    close(opened)
    if (!same) return { _tag: "Changed", size }
    NodeFs.renameSync(copy.temporary, copy.destination)
    placed = true
    return { _tag: "Placed", size }
  } finally {
    if (!placed) abandon(opened, copy.temporary)
  }
}

type Callback<A> = (error: NodeJS.ErrnoException | null, value: A) => void

/** One call to the thread pool. It cannot be called off, so its end is waited for. */
const call = <A>(start: (callback: Callback<A>) => void): Effect.Effect<A, Error> =>
  Effect.uninterruptible(
    Effect.async<A, Error>((resume) => {
      start((error, value) => resume(error === null ? Effect.succeed(value) : Effect.fail(error)))
    })
  )

const writeFully = Effect.fnUntraced(function* (
  output: number,
  buffer: Buffer,
  length: number,
  position: number
) {
  let written = 0
  while (written < length) {
    const offset = written
    written += yield* call<number>((callback) =>
      NodeFs.write(output, buffer, offset, length - offset, position + offset, callback)
    )
  }
})

const copyChunks = Effect.fnUntraced(function* (
  { input, output, stats }: Opened,
  onBytes: (copied: number) => void
) {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes)
  const size = Number(stats.size)
  let copied = 0
  while (copied < size) {
    const position = copied
    const read = yield* call<number>((callback) =>
      NodeFs.read(input, buffer, 0, chunkBytes, position, callback)
    )
    if (read === 0) break
    yield* writeFully(output, buffer, read, position)
    copied += read
    onBytes(copied)
  }
  return copied
})

const asError = (cause: unknown): Error =>
  cause instanceof Error ? cause : new Error(String(cause))

/** Freeing the blocks of a large file takes its time, so it is left to the thread pool. */
const remove = (path: string): Effect.Effect<void> =>
  Effect.async((resume) => NodeFs.rm(path, { force: true }, () => resume(Effect.void)))

/** Content, permission bits, time; then everything is handed to the system before it gets its name. */
const fill = Effect.fnUntraced(function* (opened: Opened, onBytes: (copied: number) => void) {
  const copied = yield* copyChunks(opened, onBytes)
  const same = yield* Effect.try({
    try: () => {
      const same = seal(opened, copied)
      close(opened)
      return same
    },
    catch: asError
  })
  return { same, size: Number(opened.stats.size) }
})

/**
 * Copies a file of any size in chunks, without holding up the event loop.
 * `onBytes` is told how many bytes are copied so far. Fails with the system's
 * error. Can be interrupted between chunks; no temporary file is left behind
 * whatever the end.
 *
 * @since 0.1.0
 */
export const copyLarge = (
  copy: FileCopy,
  onBytes: (copied: number) => void
): Effect.Effect<Attempt, Error> =>
  Effect.suspend(() => {
    let leftover = false
    const attempt = Effect.fnUntraced(function* () {
      const finished = yield* Effect.acquireUseRelease(
        Effect.try({ try: () => open(copy), catch: asError }),
        (opened) => {
          leftover = opened !== undefined
          return opened === undefined ? Effect.succeed(undefined) : fill(opened, onBytes)
        },
        (opened) =>
          opened === undefined ? Effect.void : Effect.ignore(Effect.try(() => close(opened)))
      )
      if (finished === undefined) return { _tag: "Young" } as const
      if (!finished.same) return { _tag: "Changed", size: finished.size } as const
      yield* Effect.uninterruptible(
        Effect.tap(
          call<void>((callback) => NodeFs.rename(copy.temporary, copy.destination, callback)),
          () => Effect.sync(() => void (leftover = false))
        )
      )
      return { _tag: "Placed", size: finished.size } as const
    })
    return Effect.ensuring(
      attempt(),
      Effect.suspend(() => (leftover ? remove(copy.temporary) : Effect.void))
    )
  })
