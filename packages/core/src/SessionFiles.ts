/**
 * The files inside a session, through the session's own file tools.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import type * as Option from "effect/Option"
import type { CallError, InvalidArgument, ToolError } from "./AgentBayError.js"
import * as Arguments from "./internal/arguments.js"
import { concat } from "./internal/bytes.js"
import { parseListing, parseStat, sizeOf } from "./internal/fileAnswers.js"
import { cutBytes, cutText, isWellFormed, pieceSize } from "./internal/textPieces.js"
import type { ToolCalls } from "./internal/toolCall.js"
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
 * Paths are absolute, as seen inside the session. What only looks is repeated like other
 * reads; what changes something is sent once, and after a lost answer it may have been done.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionFiles {
  /**
   * The bytes of a file, read in pieces of 60 KiB; by a direct link whole. Who changes the
   * file meanwhile may be seen in the later pieces only. A tool that gives less than the file
   * has is a `ToolError`, unless the file has become shorter meanwhile.
   */
  readonly read: (path: string) => Effect.Effect<Uint8Array, FileError>
  /** The text of a file, decoded as UTF-8. */
  readonly readString: (path: string) => Effect.Effect<string, FileError>
  /**
   * Writes a file, replacing what was there. Text and bytes that are UTF-8 work with every
   * service. Other bytes need one whose `write_file` tool takes binary content, as Local
   * AgentBay's does; elsewhere they are refused before anything is sent, since the
   * protocol has no way to carry them. More than 60 KiB go in several calls: when one of
   * them fails, or the caller leaves, the file holds only its beginning. By a direct link it
   * is one call always.
   */
  readonly write: (path: string, content: string | Uint8Array) => Effect.Effect<void, FileError>
  /**
   * The same at the end of a file, which is created when there is none. What was appended
   * before a failure stays.
   */
  readonly append: (path: string, content: string | Uint8Array) => Effect.Effect<void, FileError>
  /** What is known of a file or folder. One that does not exist is a `ToolError`. */
  readonly stat: (path: string) => Effect.Effect<FileStat, FileError>
  /** Moves or renames a file or folder. */
  readonly move: (source: string, destination: string) => Effect.Effect<void, FileError>
  /** Deletes a file, and a folder where the service's tool does that. */
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

interface Piece {
  readonly content: string
  readonly format?: "binary"
}

/** What to send for a content: in pieces, or as one. */
const toPieces = (
  content: string | Uint8Array,
  options: { readonly binary: boolean; readonly whole: boolean }
): Effect.Effect<ReadonlyArray<Piece>, InvalidArgument> => {
  if (typeof content !== "string" && !(content instanceof Uint8Array)) {
    return Arguments.refuse("content", "must be a text or a Uint8Array")
  }
  const text = typeof content === "string" ? content : asText(content)
  if (text !== undefined) {
    // Half a character has no UTF-8: it would come back as another one.
    if (!isWellFormed(text)) {
      return Arguments.refuse("content", "must be well-formed Unicode text")
    }
    const pieces = options.whole ? [text] : cutText(text)
    return Effect.succeed(pieces.map((piece) => ({ content: piece })))
  }
  if (typeof content === "string" || !options.binary) {
    return Arguments.refuse(
      "content",
      "must be text or UTF-8 bytes: this service's write_file tool takes nothing else"
    )
  }
  const pieces = options.whole ? [content] : cutBytes(content)
  return Effect.succeed(
    pieces.map((piece) => ({ content: Encoding.encodeBase64(piece), format: "binary" }))
  )
}

/** @internal */
export const fromCalls = (calls: ToolCalls): SessionFiles => {
  const attributes = { "agentbay.session_id": calls.sessionId }

  const unreadable = (tool: string, path: string) =>
    calls.toError(tool, `its answer about ${path} cannot be read`, "")

  /** Asks a tool for something, which has to be in its answer. */
  const ask = (tool: string, args: { readonly path: string; readonly [name: string]: unknown }) =>
    Effect.flatMap(calls.call(tool, args), ({ text }) =>
      text === undefined ? Effect.fail(unreadable(tool, args.path)) : Effect.succeed(text)
    )

  /** `length` is the most that is wanted; 0 means all of it. */
  const readPiece = (path: string, offset: number, length: number) =>
    Effect.gen(function* () {
      const base64 = yield* ask("read_file", { path, offset, length, format: "binary" })
      const piece = yield* Effect.mapError(Encoding.decodeBase64(base64.trim()), () =>
        unreadable("read_file", path)
      )
      return length > 0 && piece.length > length
        ? yield* calls.toError(
            "read_file",
            `it gave ${piece.length} bytes of ${path} where ${length} were asked for`,
            ""
          )
        : piece
    })

  const readPieces = Effect.fnUntraced(function* (path: string) {
    const size = sizeOf(yield* ask("get_file_info", { path }))
    if (size === undefined) return yield* unreadable("get_file_info", path)
    const pieces: Array<Uint8Array> = []
    let offset = 0
    while (offset < size) {
      const piece = yield* readPiece(path, offset, pieceSize)
      // Either the file has become shorter meanwhile, or the tool holds something back.
      if (piece.length === 0) {
        const sizeNow = sizeOf(yield* ask("get_file_info", { path }))
        if (sizeNow !== undefined && sizeNow <= offset) break
        return yield* calls.toError(
          "read_file",
          `it gave nothing from byte ${offset} on of ${path}, which has ${size}`,
          ""
        )
      }
      pieces.push(piece)
      offset += piece.length
    }
    return concat(pieces)
  })

  // 0 from 0 on is all of it.
  const readBytes = (path: string) =>
    calls.isLinked("read_file") ? readPiece(path, 0, 0) : readPieces(path)

  const begin = (paths: { readonly [argument: string]: string }) =>
    Effect.zipRight(
      Effect.annotateCurrentSpan(attributes),
      Effect.forEach(
        Object.entries(paths),
        ([argument, path]) =>
          Effect.zipRight(
            Arguments.notBlank(argument, path),
            Effect.suspend(() =>
              isWellFormed(path)
                ? Effect.void
                : Arguments.refuse(argument, "must be well-formed Unicode")
            )
          ),
        { discard: true }
      )
    )

  const put = Effect.fnUntraced(function* (
    path: string,
    content: string | Uint8Array,
    firstMode: "overwrite" | "append"
  ) {
    yield* begin({ path })
    const pieces = yield* toPieces(content, {
      binary: takesBinary(calls.tools),
      whole: calls.isLinked("write_file")
    })
    yield* Effect.forEach(
      pieces,
      ({ content: piece, ...format }, index) =>
        calls.call("write_file", {
          path,
          content: piece,
          mode: index === 0 ? firstMode : "append",
          ...format
        }),
      { discard: true }
    )
  })

  return {
    read: Effect.fn("SessionFiles.read")(function* (path: string) {
      yield* begin({ path })
      return yield* readBytes(path)
    }),
    readString: Effect.fn("SessionFiles.readString")(function* (path: string) {
      yield* begin({ path })
      return calls.isLinked("read_file")
        ? yield* ask("read_file", { path, offset: 0, length: 0 })
        : new TextDecoder("utf-8", { ignoreBOM: true }).decode(yield* readPieces(path))
    }),
    write: Effect.fn("SessionFiles.write")((path: string, content: string | Uint8Array) =>
      put(path, content, "overwrite")
    ),
    append: Effect.fn("SessionFiles.append")((path: string, content: string | Uint8Array) =>
      put(path, content, "append")
    ),
    stat: Effect.fn("SessionFiles.stat")(function* (path: string) {
      yield* begin({ path })
      const stat = parseStat(yield* ask("get_file_info", { path }), path)
      return stat ?? (yield* unreadable("get_file_info", path))
    }),
    move: Effect.fn("SessionFiles.move")(function* (source: string, destination: string) {
      yield* begin({ source, destination })
      yield* calls.call("move_file", { source, destination })
    }),
    remove: Effect.fn("SessionFiles.remove")(function* (path: string) {
      yield* begin({ path })
      yield* calls.call("delete_file", { path })
    }),
    makeDirectory: Effect.fn("SessionFiles.makeDirectory")(function* (path: string) {
      yield* begin({ path })
      yield* calls.call("create_directory", { path })
    }),
    list: Effect.fn("SessionFiles.list")(function* (path: string) {
      yield* begin({ path })
      const entries = parseListing(yield* ask("list_directory", { path }))
      return entries ?? (yield* unreadable("list_directory", path))
    })
  }
}
