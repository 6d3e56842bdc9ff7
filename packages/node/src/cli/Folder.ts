/**
 * The files of a folder on this machine.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as NodeFsPromises from "node:fs/promises"
import * as NodePath from "node:path"
import * as NodeStream from "node:stream"
import * as NodeStreamPromises from "node:stream/promises"
import { CommandFailed } from "./Failure.js"
import { systemCode } from "../local/SystemCode.js"

/**
 * @since 0.1.0
 */
export interface FolderFile {
  /** Relative to the folder, with slashes. */
  readonly path: string
  readonly bytes: number
}

/**
 * What a folder and its folders hold. Paths are relative to it, with slashes, in order.
 *
 * @since 0.1.0
 */
export interface Folder {
  readonly root: string
  readonly files: ReadonlyArray<FolderFile>
  readonly emptyDirectories: ReadonlyArray<string>
  /** Symbolic links and other things that are neither file nor directory. */
  readonly others: ReadonlyArray<string>
}

const codeOf = (cause: unknown): string => systemCode(cause) ?? String(cause)

const reasons: { readonly [code: string]: string } = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "it does not exist",
  ENOTDIR: "it is not a folder",
  EISDIR: "it is a folder",
  ENOSPC: "no space is left",
  ELOOP: "its links lead in a circle"
}

/**
 * What the system refused to do with a file or folder, in words.
 *
 * @since 0.1.0
 */
export const failed =
  (what: string, path: string) =>
  (cause: unknown): CommandFailed =>
    new CommandFailed({
      message: `${path} cannot be ${what}: ${reasons[codeOf(cause)] ?? codeOf(cause)}`
    })

const attempt = <A>(what: string, path: string, work: (signal: AbortSignal) => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: failed(what, path) })

/** Where a relative path lies on this machine. */
const onDisk = (root: string, path: string) => NodePath.join(root, ...path.split("/"))

const fileSize = (root: string, path: string) =>
  attempt("read", onDisk(root, path), () => NodeFsPromises.lstat(onDisk(root, path)))

type Found = {
  readonly files: Array<FolderFile>
  readonly emptyDirectories: Array<string>
  readonly others: Array<string>
}

/** Looks into one directory and answers with the directories in it. */
const scanDirectory = (
  root: string,
  directory: string,
  leaveOut: string | undefined,
  found: Found
) =>
  Effect.gen(function* () {
    const host = onDisk(root, directory)
    const entries = yield* attempt("read", host, () =>
      NodeFsPromises.readdir(host, { withFileTypes: true })
    )
    if (entries.length === 0 && directory !== "") found.emptyDirectories.push(directory)
    const subdirectories: Array<string> = []
    const files: Array<string> = []
    for (const entry of entries) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`
      if (onDisk(root, path) === leaveOut) continue
      if (entry.isDirectory()) subdirectories.push(path)
      else if (entry.isFile()) files.push(path)
      else found.others.push(path)
    }
    const sized = yield* Effect.forEach(
      files,
      (path) => Effect.map(fileSize(root, path), ({ size }): FolderFile => ({ path, bytes: size })),
      { concurrency: 16 }
    )
    for (const file of sized) found.files.push(file)
    return subdirectories
  })

const inOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Looks through a folder and its folders. Links are not followed. `leaveOut` is a directory
 * that is passed over. Fails when something in it cannot be read.
 *
 * @since 0.1.0
 */
export const scan = Effect.fn("Folder.scan")(function* (
  folder: string,
  leaveOut?: string
): Effect.fn.Return<Folder, CommandFailed> {
  const root = yield* attempt("read", folder, () => NodeFsPromises.realpath(folder))
  const found: Found = { files: [], emptyDirectories: [], others: [] }
  const directories = [""]
  for (const directory of directories) {
    // Grows while it is walked.
    directories.push(...(yield* scanDirectory(root, directory, leaveOut, found)))
  }
  return {
    root,
    files: found.files.toSorted((a, b) => inOrder(a.path, b.path)),
    emptyDirectories: found.emptyDirectories.toSorted(inOrder),
    others: found.others.toSorted(inOrder)
  }
})

/**
 * All bytes of the files of a folder.
 *
 * @since 0.1.0
 */
export const totalBytes = (files: ReadonlyArray<FolderFile>): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0)

/**
 * The content of a file.
 *
 * @since 0.1.0
 */
export const read = (root: string, path: string): Effect.Effect<Uint8Array, CommandFailed> =>
  readFile(onDisk(root, path))

/**
 * The content of a file of this machine.
 *
 * @since 0.1.0
 */
export const readFile = (path: string): Effect.Effect<Uint8Array, CommandFailed> =>
  attempt("read", path, (signal) => NodeFsPromises.readFile(path, { signal }))

const counting = (onBytes: (bytes: number) => void) =>
  new NodeStream.Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      onBytes(chunk.length)
      next(null, chunk)
    }
  })

/**
 * Copies a file in a stream; the folders above it are made. `onBytes` is told the length of
 * each piece.
 *
 * @since 0.1.0
 */
export const copy = (
  path: string,
  from: string,
  to: string,
  onBytes: (bytes: number) => void
): Effect.Effect<void, CommandFailed> =>
  attempt("copied", onDisk(from, path), async (signal) => {
    await NodeFsPromises.mkdir(NodePath.dirname(onDisk(to, path)), { recursive: true })
    await NodeStreamPromises.pipeline(
      NodeFs.createReadStream(onDisk(from, path)),
      counting(onBytes),
      NodeFs.createWriteStream(onDisk(to, path)),
      { signal }
    )
  })

/**
 * Makes a directory, with those above it.
 *
 * @since 0.1.0
 */
export const makeDirectory = (root: string, path: string): Effect.Effect<void, CommandFailed> =>
  Effect.asVoid(
    attempt("made", onDisk(root, path), () =>
      NodeFsPromises.mkdir(onDisk(root, path), { recursive: true })
    )
  )

/**
 * Makes a directory, or removes everything in it.
 *
 * @since 0.1.0
 */
export const empty = (root: string): Effect.Effect<void, CommandFailed> =>
  Effect.zipRight(
    attempt("emptied", root, () => NodeFsPromises.rm(root, { recursive: true, force: true })),
    makeDirectory(root, "")
  )

/**
 * The SHA-256 of some bytes.
 *
 * @since 0.1.0
 */
export const digest = (bytes: Uint8Array): string =>
  NodeCrypto.createHash("sha256").update(bytes).digest("hex")

/**
 * The SHA-256 of a file, read in a stream. `onBytes` is told the length of each piece.
 *
 * @since 0.1.0
 */
export const digestFile = (
  root: string,
  path: string,
  onBytes: (bytes: number) => void = () => undefined
): Effect.Effect<string, CommandFailed> =>
  attempt("read", onDisk(root, path), async (signal) => {
    const hash = NodeCrypto.createHash("sha256")
    await NodeStreamPromises.pipeline(
      NodeFs.createReadStream(onDisk(root, path)),
      counting(onBytes),
      hash,
      { signal }
    )
    return hash.digest("hex")
  })
