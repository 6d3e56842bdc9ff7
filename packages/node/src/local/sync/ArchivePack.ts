/**
 * Packs a directory into one file.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { once } from "node:events"
import * as NodeFs from "node:fs"
import * as NodeFsPromises from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import * as NodeZlib from "node:zlib"
import * as Tar from "tar-stream"
import * as Beneath from "../Beneath.js"
import { toItsEnd } from "./Archive.js"
import { secondsText } from "./ArchiveEntry.js"
import { modifiedMicros, smallFileBytes } from "../transfer/FileCopy.js"
import { permissions } from "../transfer/TransferPlan.js"

type Header = Parameters<Tar.Pack["entry"]>[0]

/** The fields of the old format hold neither fractions nor years after 2038: PAX does. */
const headerOf = (
  path: string,
  type: "file" | "directory",
  size: number,
  stats: NodeFs.BigIntStats
): Header => ({
  name: type === "file" ? path : path === "" ? "./" : `${path}/`,
  type,
  size,
  mode: permissions(stats),
  mtime: new Date(0),
  pax: { mtime: secondsText(modifiedMicros(stats)) }
})

// What is small is read with synchronous calls, as it is copied: a trip to the thread pool
// costs more. The stream waits for the compressor every few of them.
const lookAt = (path: string) => NodeFs.lstatSync(path, { bigint: true })

/** An entry whose content is at hand, or that has none. Ends when it was taken in. */
const addWhole = (pack: Tar.Pack, header: Header, content: Buffer | undefined) =>
  new Promise<void>((resolve, reject) => {
    const onEnd = (error?: Error | null) => {
      if (error) reject(error)
      else resolve()
    }
    if (content === undefined) pack.entry(header, onEnd)
    else pack.entry(header, content, onEnd)
  })

const addLarge = async (
  pack: Tar.Pack,
  header: Header,
  path: string,
  signal: AbortSignal
): Promise<void> => {
  const entry = pack.entry(header)
  const ended = once(entry, "close", { signal })
  // Looked at below, unless reading fails first.
  ended.catch(() => undefined)
  for await (const chunk of NodeFs.createReadStream(path, { signal })) {
    if (entry.write(chunk)) continue
    await Promise.race([once(entry, "drain"), ended])
    // Whoever destroyed it says why.
    if (entry.destroyed) throw new Error("the archive was given up")
  }
  entry.end(undefined)
  await ended
}

const addFile = async (pack: Tar.Pack, folder: string, path: string, signal: AbortSignal) => {
  const host = Beneath.join(folder, path)
  const stats = lookAt(host)
  const size = Number(stats.size)
  const header = headerOf(path, "file", size, stats)
  if (size > smallFileBytes) await addLarge(pack, header, host, signal)
  else await addWhole(pack, header, NodeFs.readFileSync(host))
}

/** The directories that are still to be packed grow while files are. */
const addTree = async (pack: Tar.Pack, folder: string, signal: AbortSignal): Promise<void> => {
  const open = [""]
  for (;;) {
    const path = open.pop()
    if (path === undefined) break
    const host = Beneath.join(folder, path)
    await addWhole(pack, headerOf(path, "directory", 0, lookAt(host)), undefined)
    for await (const entry of await NodeFsPromises.opendir(host)) {
      signal.throwIfAborted()
      if (entry.isDirectory()) open.push(Beneath.join(path, entry.name))
      else if (entry.isFile()) await addFile(pack, folder, Beneath.join(path, entry.name), signal)
    }
  }
  pack.finalize()
}

/** The archive comes in pieces of some hundred bytes; compressing each alone costs five times more. */
const batchBytes = 256 * 1024

async function* inBatches(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch: Array<Buffer> = []
  let size = 0
  for await (const piece of pieces) {
    batch.push(piece)
    size += piece.length
    if (size < batchBytes) continue
    yield Buffer.concat(batch, size)
    batch = []
    size = 0
  }
  yield Buffer.concat(batch, size)
}

const write = async (folder: string, file: string, signal: AbortSignal): Promise<void> => {
  const pack = Tar.pack()
  const output = NodeFs.createWriteStream(file, { flags: "wx" })
  const [written, added] = await Promise.allSettled([
    // Its types do not say that it can be iterated over.
    pipeline(inBatches(pack as unknown as AsyncIterable<Buffer>), NodeZlib.createGzip(), output, {
      signal
    }),
    addTree(pack, folder, signal).catch((error: unknown) => {
      pack.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    })
  ])
  // Whichever fails takes the other down; a full disk is noticed by the first.
  if (written.status === "rejected") throw written.reason
  if (added.status === "rejected") throw added.reason
}

/**
 * Packs what `folder` holds, with permission bits and times, into `temporary` and brings it to
 * its place when it is whole. Only files and directories are packed; nothing may
 * change in the folder meanwhile. Memory does not grow with the size or number of files. At
 * any other end nothing is left of it.
 *
 * @since 0.1.0
 */
export const pack = (
  folder: string,
  temporary: string,
  file: Beneath.Place
): Effect.Effect<void, Error> => {
  const place = Effect.scoped(
    Effect.flatMap(Beneath.scoped(file), ({ entry, makeRoom }) =>
      toItsEnd(async () => {
        makeRoom("")
        await NodeFsPromises.rename(temporary, entry(""))
      })
    )
  )
  const remove = Effect.promise(() => NodeFsPromises.rm(temporary, { force: true }))
  return toItsEnd((signal) => write(folder, temporary, signal)).pipe(
    Effect.zipRight(Effect.uninterruptible(place)),
    Effect.onError(() => remove)
  )
}
