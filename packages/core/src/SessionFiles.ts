/**
 * The files inside a session, through the session's own file tools.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import type * as Option from "effect/Option"
import { type CallError, InvalidArgument, ToolError } from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import * as Arguments from "./internal/arguments.js"
import { cutBytes, cutText, pieceSize } from "./internal/textPieces.js"
import { callTool } from "./internal/toolCall.js"
import type { ToolDescription } from "./Protocol.js"

/**
 * @since 0.1.0
 * @category models
 */
export type FileError = CallError | ToolError | InvalidArgument

/**
 * One entry of a folder.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileEntry {
  readonly name: string
  readonly kind: "file" | "directory"
}

/**
 * What the session tells of a file or folder.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileStat {
  readonly name: string
  readonly path: string
  readonly kind: "file" | "directory"
  /** In bytes. */
  readonly size: number
  readonly modifiedAt: Option.Option<DateTime.Utc>
  /** The permissions, such as `rw-r--r--`, and who owns the file, as far as they are told. */
  readonly mode: string | undefined
  readonly owner: string | undefined
  readonly group: string | undefined
}

/**
 * Paths are absolute, as seen inside the session.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionFiles {
  /** The bytes of a file, read in pieces of 60 KiB. */
  readonly read: (path: string) => Effect.Effect<Uint8Array, FileError>
  /** The text of a file, decoded as UTF-8. */
  readonly readString: (path: string) => Effect.Effect<string, FileError>
  /**
   * Writes a file, replacing what was there. Text and bytes that are UTF-8 work with every
   * service. Other bytes need one whose `write_file` tool takes binary content, as Local
   * AgentBay's does; elsewhere they are refused before anything is sent, since the
   * protocol has no way to carry them. More than 60 KiB go in several calls: when one of
   * them fails, or the caller leaves, the file holds only its beginning.
   */
  readonly write: (path: string, content: string | Uint8Array) => Effect.Effect<void, FileError>
  /** The same at the end of a file, which is created when there is none. */
  readonly append: (path: string, content: string | Uint8Array) => Effect.Effect<void, FileError>
  /** What is known of a file or folder. */
  readonly stat: (path: string) => Effect.Effect<FileStat, FileError>
  /** Moves or renames a file or folder. */
  readonly move: (source: string, destination: string) => Effect.Effect<void, FileError>
  /** Deletes a file. */
  readonly remove: (path: string) => Effect.Effect<void, FileError>
  /** Makes a folder, with those above it. */
  readonly makeDirectory: (path: string) => Effect.Effect<void, FileError>
  /**
   * The entries of a folder, without those of its folders. The tool answers in lines, so a
   * name with a line break comes back cut.
   */
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<FileEntry>, FileError>
}

const property = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

/** Whether the service announces that its `write_file` takes base64 content. */
const takesBinary = (tools: ReadonlyArray<ToolDescription>): boolean =>
  tools.some((tool) => {
    if (tool.name !== "write_file") return false
    const words = property(property(property(tool.inputSchema, "properties"), "format"), "enum")
    return Array.isArray(words) && words.includes("binary")
  })

/** The text of bytes that are exactly the UTF-8 of a text. */
const asText = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const sizeOf = (info: string): number | undefined => {
  const digits = /^size:\s*(\d+)\s*$/m.exec(info)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const parseEntry = (line: string): FileEntry | undefined => {
  const match = /^\[(DIR|FILE)\] (.*)$/s.exec(line)
  return match?.[2] === undefined
    ? undefined
    : { name: match[2], kind: match[1] === "DIR" ? "directory" : "file" }
}

/** The entries of a listing; nothing for a text that lists none. */
const parseListing = (text: string): ReadonlyArray<FileEntry> | undefined => {
  const entries = text
    .split(/\r?\n/)
    .map(parseEntry)
    .filter((entry) => entry !== undefined)
  return entries.length === 0 && text.trim() !== "" ? undefined : entries
}

const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    all.set(piece, offset)
    offset += piece.length
  }
  return all
}

/** @internal */
export const fromHttp = (
  http: HttpService,
  sessionId: string,
  tools: ReadonlyArray<ToolDescription>
): SessionFiles => {
  const call = (name: string, args: { readonly [name: string]: unknown }) =>
    callTool(http, sessionId, name, args)

  const unreadable = (tool: string, path: string) =>
    new ToolError({
      tool,
      description: `its answer about ${path} cannot be read`,
      requestId: "",
      sessionId
    })

  const readPiece = (path: string, offset: number) =>
    Effect.flatMap(
      call("read_file", { path, offset, length: pieceSize, format: "binary" }),
      (base64) =>
        Effect.mapError(Encoding.decodeBase64(base64.trim()), () => unreadable("read_file", path))
    )

  const read = Effect.fn("SessionFiles.read")(function* (path: string) {
    yield* Arguments.notBlank("path", path)
    const size = sizeOf(yield* call("get_file_info", { path }))
    if (size === undefined) return yield* unreadable("get_file_info", path)
    const pieces: Array<Uint8Array> = []
    let offset = 0
    while (offset < size) {
      const piece = yield* readPiece(path, offset)
      // A file that has become shorter meanwhile ends here.
      if (piece.length === 0) break
      pieces.push(piece)
      offset += piece.length
    }
    return concat(pieces)
  })

  const writePieces = (
    path: string,
    pieces: ReadonlyArray<{ readonly content: string; readonly format?: "binary" }>
  ) =>
    Effect.forEach(
      pieces,
      ({ content, format }, index) =>
        call("write_file", {
          path,
          content,
          mode: index === 0 ? "overwrite" : "append",
          ...(format === undefined ? {} : { format })
        }),
      { discard: true }
    )

  const missing: any = () => Effect.dieMessage("not built")
  return {
    append: missing,
    stat: missing,
    move: missing,
    remove: missing,
    makeDirectory: missing,
    read,
    readString: Effect.fn("SessionFiles.readString")(function* (path: string) {
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(yield* read(path))
    }),
    write: Effect.fn("SessionFiles.write")(function* (path: string, content: string | Uint8Array) {
      yield* Arguments.notBlank("path", path)
      const text = typeof content === "string" ? content : asText(content)
      if (text !== undefined) {
        return yield* writePieces(
          path,
          cutText(text).map((piece) => ({ content: piece }))
        )
      }
      if (typeof content === "string" || !takesBinary(tools)) {
        return yield* new InvalidArgument({
          argument: "content",
          issue: "must be text or UTF-8 bytes: this service's write_file tool takes nothing else"
        })
      }
      return yield* writePieces(
        path,
        cutBytes(content).map((piece) => ({
          content: Encoding.encodeBase64(piece),
          format: "binary"
        }))
      )
    }),
    list: Effect.fn("SessionFiles.list")(function* (path: string) {
      yield* Arguments.notBlank("path", path)
      const entries = parseListing(yield* call("list_directory", { path }))
      return entries ?? (yield* unreadable("list_directory", path))
    })
  }
}
