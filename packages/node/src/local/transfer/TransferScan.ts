/**
 * The first half of a transfer: looks at both sides and finds out what there
 * is to do. Changes nothing.
 *
 * @since 0.1.0
 */
import * as NodeFs from "node:fs"
import { checkLength, join } from "../Beneath.js"
import { modifiedMicros, reasonOf } from "./FileCopy.js"
import type { Steps } from "./Slices.js"
import { isDoubtful } from "./TransferCompare.js"
import type { SpecialEntry } from "./TransferOutcome.js"
import {
  addFailure,
  type Folder,
  permissions,
  type Plan,
  type ScanOptions
} from "./TransferPlan.js"
import type { Coverage } from "./Whitelist.js"

const specialEntry = (entry: NodeFs.Dirent): SpecialEntry =>
  entry.isSymbolicLink()
    ? "symbolic link"
    : entry.isSocket()
      ? "socket"
      : entry.isFIFO()
        ? "named pipe"
        : "device"

/**
 * The entries of a directory, one per step, in the order the system gives them.
 *
 * @since 0.1.0
 */
export function* entriesOf(directory: string, each: (entry: NodeFs.Dirent) => void): Steps {
  const handle = NodeFs.opendirSync(directory, { bufferSize: 128 })
  try {
    for (;;) {
      const entry = handle.readSync()
      if (entry === null) return
      each(entry)
      yield
    }
  } finally {
    handle.closeSync()
  }
}

const folderAt = (
  path: string,
  parent: Folder | undefined,
  coverage: Coverage,
  stats: NodeFs.BigIntStats,
  there: NodeFs.BigIntStats | undefined
): Folder => ({
  path,
  parent,
  coverage,
  mode: permissions(stats),
  there: there === undefined ? "nothing" : there.isDirectory() ? "directory" : "something else",
  modeThere: there === undefined ? 0 : permissions(there),
  ready: false
})

/** A directory on both sides while its entries are looked at. */
interface Open {
  readonly folder: Folder
  readonly source: string
  readonly destination: string | undefined
}

const scanFile = (
  plan: Plan,
  path: string,
  folder: Folder | undefined,
  stats: NodeFs.BigIntStats,
  there: NodeFs.BigIntStats | undefined
): void => {
  const size = Number(stats.size)
  plan.counts.filesTotal += 1
  plan.counts.bytesTotal += size
  const unchanged =
    there?.isFile() === true &&
    there.size === stats.size &&
    modifiedMicros(there) === modifiedMicros(stats)
  if (!unchanged) {
    const pending = { path, folder, size }
    if (there?.isDirectory() === true) plan.overDirectories.push(pending)
    else plan.files.push(pending)
    return
  }
  if (isDoubtful(stats, there)) {
    plan.doubtful.push({ path, folder, size })
    return
  }
  plan.counts.filesDone += 1
  plan.counts.bytesDone += size
  plan.unchanged += 1
  const mode = permissions(stats)
  if (permissions(there) !== mode) plan.modes.push({ path, mode })
}

const look = (folder: string, name: string): NodeFs.BigIntStats | undefined =>
  NodeFs.lstatSync(`${folder}/${name}`, { bigint: true, throwIfNoEntry: false })

const scanEntry = (
  options: ScanOptions,
  plan: Plan,
  { destination, folder, source }: Open,
  entry: NodeFs.Dirent,
  subfolders: Array<Folder>
): void => {
  const path = join(folder.path, entry.name)
  const coverage = folder.coverage === "all" ? "all" : options.whitelist.coverage(path)
  if (coverage === "none") return
  const directory = entry.isDirectory()
  if (coverage === "way" && !directory) return
  if (!directory && !entry.isFile()) {
    plan.skipped.push({ path, reason: specialEntry(entry) })
    return
  }
  try {
    checkLength(path)
    const stats = look(source, entry.name)
    if (stats === undefined) {
      // Bytes that are no text were replaced when the name was read: the name leads nowhere.
      if (entry.name.includes("\uFFFD")) throw new Error("its name is not valid UTF-8")
      return
    }
    if (stats.isDirectory()) {
      const there = destination === undefined ? undefined : look(destination, entry.name)
      subfolders.push(folderAt(path, folder, coverage, stats, there))
    } else if (stats.isFile() && coverage !== "way") {
      const there = destination === undefined ? undefined : look(destination, entry.name)
      scanFile(plan, path, folder, stats, there)
    }
  } catch (error) {
    addFailure(plan, options, path, reasonOf(error))
  }
}

/** What the destination has in a directory besides the names of the source. */
function* scanSurplus(
  options: ScanOptions,
  plan: Plan,
  folder: { readonly path: string; readonly coverage: Coverage },
  names: ReadonlySet<string>
): Steps {
  yield* entriesOf(options.destination.directory(folder.path), (entry) => {
    if (names.has(entry.name)) return
    const path = join(folder.path, entry.name)
    const coverage = folder.coverage === "all" ? "all" : options.whitelist.coverage(path)
    const directory = entry.isDirectory()
    if (coverage === "none" || (coverage === "way" && !directory)) return
    plan.surplus.push({ path, coverage, directory })
  })
}

/**
 * Whether an entry of the source is a file where only folders lead to what is covered. It is
 * not transferred, and nothing covered can lie below it.
 */
const isFileOnTheWay = (options: ScanOptions, folder: Folder, entry: NodeFs.Dirent): boolean =>
  folder.coverage !== "all" &&
  entry.isFile() &&
  options.whitelist.coverage(join(folder.path, entry.name)) === "way"

function* scanFolder(
  options: ScanOptions,
  plan: Plan,
  folder: Folder,
  subfolders: Array<Folder>
): Steps {
  const names =
    options.carryDeletions && folder.there === "directory" ? new Set<string>() : undefined
  try {
    const source = options.source.directory(folder.path)
    const destination =
      folder.there === "directory" ? options.destination.directory(folder.path) : undefined
    yield* entriesOf(source, (entry) => {
      if (!isFileOnTheWay(options, folder, entry)) names?.add(entry.name)
      scanEntry(options, plan, { folder, source, destination }, entry, subfolders)
    })
    if (names !== undefined) yield* scanSurplus(options, plan, folder, names)
  } catch (error) {
    addFailure(plan, options, folder.path, reasonOf(error))
  }
}

function* scanTree(options: ScanOptions, plan: Plan, stats: NodeFs.BigIntStats): Steps {
  const coverage = options.whitelist.coverage("")
  if (coverage === "none") return
  const open = [folderAt("", undefined, coverage, stats, options.destination.look(""))]
  for (;;) {
    const folder = open.pop()
    if (folder === undefined) return
    plan.folders.push(folder)
    yield* scanFolder(options, plan, folder, open)
  }
}

function* scanMissing(options: ScanOptions, plan: Plan): Steps {
  if (options.missingSource === "fail") {
    addFailure(plan, options, "", "it does not exist")
    return
  }
  if (!options.carryDeletions) return
  const there = options.destination.look("")
  const coverage = options.whitelist.coverage("")
  if (there === undefined || coverage === "none") return
  if (there.isDirectory()) {
    yield* scanSurplus(options, plan, { path: "", coverage }, new Set())
  } else if (coverage !== "way") {
    plan.surplus.push({ path: "", coverage, directory: false })
  }
}

/**
 * Fills `plan` with what has to be done so that the destination holds what the
 * source holds. What cannot be looked at is put under its failures.
 *
 * @since 0.1.0
 */
export function* scan(options: ScanOptions, plan: Plan): Steps {
  try {
    const stats = options.source.look("")
    if (stats === undefined) {
      yield* scanMissing(options, plan)
    } else if (stats.isDirectory() && !options.directories) {
      addFailure(plan, options, "", "it is a directory")
    } else if (stats.isDirectory()) {
      yield* scanTree(options, plan, stats)
    } else if (stats.isFile()) {
      scanFile(plan, "", undefined, stats, options.destination.look(""))
    } else {
      addFailure(plan, options, "", "it is neither a file nor a directory")
    }
  } catch (error) {
    addFailure(plan, options, "", reasonOf(error))
  }
}
