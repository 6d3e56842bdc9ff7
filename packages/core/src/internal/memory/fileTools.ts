import * as Encoding from "effect/Encoding"
import * as Either from "effect/Either"
import { childrenOf, isBelow, nameOf, normalPath } from "./paths.js"
import { field, isoTime, listOf, textOf } from "./reply.js"
import type { FileChange, MemorySession } from "./world.js"

/** What a tool says; as an error of its own, when it is one. */
interface ToolAnswer {
  readonly content: string
  readonly isError: boolean
}

type Arguments = (name: string) => unknown

type Tool = (session: MemorySession, args: Arguments, at: number) => ToolAnswer

const done = (content = "true"): ToolAnswer => ({ content, isError: false })

const failed = (content: string): ToolAnswer => ({ content, isError: true })

const noFile = (path: string) => failed(`file not found: ${path}`)

const pathOf = (args: Arguments, name = "path") => normalPath(textOf(args(name)))

const decoded = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

const encoded = (text: string) => new TextEncoder().encode(text)

const joined = (before: Uint8Array, after: Uint8Array) => {
  const both = new Uint8Array(before.length + after.length)
  both.set(before)
  both.set(after, before.length)
  return both
}

const contentOf = (args: Arguments): Uint8Array | undefined => {
  const content = textOf(args("content"))
  return args("format") === "binary"
    ? Either.getOrUndefined(Encoding.decodeBase64(content))
    : encoded(content)
}

const note = (
  session: MemorySession,
  eventType: FileChange["eventType"],
  path: string,
  pathType: FileChange["pathType"] = "file"
) => session.changes.push({ eventType, path, pathType })

const put = (session: MemorySession, path: string, bytes: Uint8Array, at: number) => {
  note(session, session.files.has(path) ? "modify" : "create", path)
  session.files.set(path, { bytes, modifiedAt: at })
}

const isFolder = ({ files, folders }: MemorySession, path: string) =>
  path === "/" ||
  [...files.keys()].some((file) => file !== path && isBelow(file, path)) ||
  [...folders].some((folder) => isBelow(folder, path))

const info = (lines: { readonly [key: string]: string | number | boolean }) =>
  done(
    Object.entries(lines)
      .map(([key, value]) => `${key}: ${value}`)
      .join("\n")
  )

const owner = { owner: "wuying", group: "wuying" }

/** A pattern with `*` and `?`, for names. */
const matcher = (pattern: string) => {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
  const expression = new RegExp(`^${source}$`, "s")
  return (name: string) => expression.test(name)
}

// Each text to be replaced must be there, or nothing is changed.
const edited = (before: string, edits: ReadonlyArray<unknown>): string | undefined => {
  let text = before
  for (const edit of edits) {
    const oldText = textOf(field(edit, "oldText"))
    if (oldText === "" || !text.includes(oldText)) return undefined
    text = text.replace(oldText, () => textOf(field(edit, "newText")))
  }
  return text
}

const write: Tool = (session, args, at) => {
  const path = pathOf(args)
  const mode = args("mode") ?? "overwrite"
  const bytes = contentOf(args)
  const before = session.files.get(path)
  if (bytes === undefined) return failed("content is not base64")
  if (before === undefined && isFolder(session, path)) return failed(`is a directory: ${path}`)
  switch (mode) {
    case "overwrite":
      put(session, path, bytes, at)
      return done()
    case "append":
      put(session, path, joined(before?.bytes ?? new Uint8Array(), bytes), at)
      return done()
    case "create_new":
      if (before !== undefined) return failed(`file exists already: ${path}`)
      put(session, path, bytes, at)
      return done()
    default:
      return failed(`invalid mode: ${String(mode)}`)
  }
}

const read: Tool = ({ files }, args) => {
  const path = pathOf(args)
  const file = files.get(path)
  if (file === undefined) return noFile(path)
  const offset = Number(args("offset") ?? 0)
  const length = Number(args("length") ?? 0)
  const piece = file.bytes.subarray(offset, length === 0 ? undefined : offset + length)
  return done(args("format") === "binary" ? Encoding.encodeBase64(piece) : decoded(piece))
}

const stat: Tool = (session, args) => {
  const path = pathOf(args)
  const file = session.files.get(path)
  const common = { name: nameOf(path), path }
  if (file !== undefined) {
    return info({
      ...common,
      size: file.bytes.length,
      isDirectory: false,
      modTime: isoTime(file.modifiedAt),
      mode: "-rw-r--r--",
      ...owner
    })
  }
  return isFolder(session, path)
    ? info({
        ...common,
        size: 0,
        isDirectory: true,
        modTime: isoTime(0),
        mode: "drwxr-xr-x",
        ...owner
      })
    : noFile(path)
}

const makeFolder: Tool = (session, args) => {
  const path = pathOf(args)
  if (session.files.has(path)) return failed(`file exists already: ${path}`)
  if (!isFolder(session, path)) note(session, "create", path, "directory")
  session.folders.add(path)
  return done()
}

const remove: Tool = (session, args) => {
  const path = pathOf(args)
  if (session.files.delete(path)) {
    note(session, "delete", path)
    return done()
  }
  if (!isFolder(session, path)) return noFile(path)
  const isEmpty =
    childrenOf(session.files.keys(), session.folders, path).length === 0 &&
    session.folders.delete(path)
  if (!isEmpty) return failed(`is a directory: ${path}`)
  note(session, "delete", path, "directory")
  return done()
}

const list: Tool = (session, args) => {
  const path = pathOf(args)
  if (!isFolder(session, path)) return failed(`directory not found: ${path}`)
  return done(
    childrenOf(session.files.keys(), session.folders, path)
      .map((child) => `[${child.isFolder ? "DIR" : "FILE"}] ${child.name}`)
      .join("\n")
  )
}

const move: Tool = (session, args, at) => {
  const source = pathOf(args, "source")
  const destination = pathOf(args, "destination")
  const { files, folders } = session
  if (files.has(destination) || isFolder(session, destination)) {
    return failed(`file exists already: ${destination}`)
  }
  if (isBelow(destination, source)) return failed(`${destination} lies in ${source}`)
  const moved = [...files].filter(([path]) => isBelow(path, source))
  const movedFolders = [...folders].filter((path) => isBelow(path, source))
  if (moved.length + movedFolders.length === 0) return noFile(source)
  const placed = (path: string) => `${destination}${path.slice(source.length)}`
  for (const [path, file] of moved) {
    files.delete(path)
    note(session, "delete", path)
    put(session, placed(path), file.bytes, at)
  }
  for (const path of movedFolders) {
    folders.delete(path)
    folders.add(placed(path))
  }
  return done()
}

const edit: Tool = (session, args, at) => {
  const path = pathOf(args)
  const file = session.files.get(path)
  if (file === undefined) return noFile(path)
  const text = edited(decoded(file.bytes), listOf(args("edits")))
  if (text === undefined) return failed(`a text to replace is not in ${path}`)
  if (args("dryRun") !== true) put(session, path, encoded(text), at)
  return done(text)
}

const search: Tool = ({ files }, args) => {
  const path = pathOf(args)
  const matches = matcher(textOf(args("pattern")))
  const excluded = listOf(args("excludePatterns")).map((pattern) => matcher(textOf(pattern)))
  const found = [...files.keys()].filter(
    (file) =>
      isBelow(file, path) &&
      matches(nameOf(file)) &&
      !excluded.some((isExcluded) => isExcluded(nameOf(file)))
  )
  return done(found.join("\n"))
}

const readMany: Tool = ({ files }, args) =>
  done(
    listOf(args("paths"))
      .map((one) => {
        const path = normalPath(textOf(one))
        const file = files.get(path)
        return `${textOf(one)}: ${file === undefined ? "Error: file not found" : decoded(file.bytes)}`
      })
      .join("\n---\n")
  )

// What is told once is not told again.
const changes: Tool = (session, args) => {
  const path = pathOf(args)
  const told = session.changes.filter((change) => isBelow(change.path, path))
  const kept = session.changes.filter((change) => !isBelow(change.path, path))
  session.changes.splice(0, session.changes.length, ...kept)
  return done(JSON.stringify(told))
}

/** The file tools of a session, over files in memory. */
export const fileTools: { readonly [name: string]: Tool } = {
  write_file: write,
  read_file: read,
  get_file_info: stat,
  create_directory: makeFolder,
  delete_file: remove,
  list_directory: list,
  move_file: move,
  edit_file: edit,
  search_files: search,
  read_multiple_files: readMany,
  get_file_change: changes
}
