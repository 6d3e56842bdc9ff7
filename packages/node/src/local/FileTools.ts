/**
 * The tools of a session that work on its files. They do what the cloud's tools do, inside
 * the session's own root.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import { constants } from "node:fs"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import * as Identifier from "./Identifier.js"
import * as MountPath from "./MountPath.js"
import { systemCode } from "./SystemCode.js"

/**
 * A tool did not do what it was asked for. `message` is the tool's answer.
 *
 * @since 0.1.0
 */
export class ToolFailed extends Data.TaggedError("ToolFailed")<{ readonly message: string }> {}

/**
 * Where a tool works.
 *
 * @since 0.1.0
 */
export interface Place {
  /** What the session sees as its `/`. */
  readonly root: string
  /** For unfinished files, on the same file system. */
  readonly staging: string
}

/**
 * A tool: its name, the JSON schema of its arguments for those who list the tools, and what
 * it does with the JSON text of its arguments.
 *
 * @since 0.1.0
 */
export interface Tool {
  readonly name: string
  readonly inputSchema: unknown
  readonly call: (place: Place, args: string) => Effect.Effect<string, ToolFailed>
}

const path = Schema.String
const format = Schema.optional(Schema.NullOr(Schema.Literal("text", "binary")))
const bytes = Schema.optional(Schema.NullOr(Schema.NonNegativeInt))

const stringProperty = { type: "string" }
const formatProperty = { type: "string", enum: ["text", "binary"] }

const inputSchema = (
  properties: { readonly [name: string]: unknown },
  required: ReadonlyArray<string>
) => ({ type: "object", properties, required })

const tool = <A, I>(definition: {
  readonly name: string
  readonly inputSchema: unknown
  readonly args: Schema.Schema<A, I>
  readonly run: (place: Place, args: A) => Effect.Effect<string, ToolFailed>
}): Tool => {
  const decode = Schema.decode(Schema.parseJson(definition.args))
  const run = Effect.fn(`FileTools.${definition.name}`)(definition.run)
  return {
    name: definition.name,
    inputSchema: definition.inputSchema,
    call: (place, args) =>
      decode(args).pipe(
        Effect.mapError((error) => {
          const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
          const texts = issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)
          return new ToolFailed({
            message: `invalid arguments for ${definition.name}: ${texts.join("; ")}`
          })
        }),
        Effect.flatMap((decoded) => run(place, decoded))
      )
  }
}

const notRegular = "not a regular file"

const reasons: { readonly [code: string]: string } = {
  ENOENT: "file not found",
  EEXIST: "file exists already",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  ENOSPC: "no space left",
  ELOOP: "is a symbolic link",
  ENXIO: notRegular
}

/** Says what went wrong with a path as the session knows it, without paths of this machine. */
const failed =
  (sessionPath: string) =>
  (cause: unknown): ToolFailed => {
    const code = systemCode(cause) ?? "unknown error"
    return new ToolFailed({ message: `${reasons[code] ?? code}: ${sessionPath}` })
  }

const attempt = <A>(sessionPath: string, work: () => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: failed(sessionPath) })

const locate = (place: Place, sessionPath: string) =>
  Effect.mapError(
    MountPath.locate(place.root, sessionPath),
    (refused) => new ToolFailed({ message: refused.message })
  )

// A pipe is opened without waiting for its other end, which may never come.
const safely = constants.O_NONBLOCK | constants.O_NOFOLLOW
const toRead = constants.O_RDONLY | safely
const toAppend = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | safely

/** Opens a regular file for a while and refuses everything else. */
const withFile = <A>(
  target: { readonly path: string; readonly host: string },
  flags: number,
  use: (file: NodeFs.FileHandle, size: number) => Promise<A>
): Effect.Effect<A, ToolFailed> =>
  Effect.acquireUseRelease(
    attempt(target.path, () => NodeFs.open(target.host, flags)),
    (file) =>
      Effect.gen(function* () {
        const stats = yield* attempt(target.path, () => file.stat())
        if (!stats.isFile()) {
          const reason = stats.isDirectory() ? reasons["EISDIR"] : notRegular
          return yield* new ToolFailed({ message: `${reason}: ${target.path}` })
        }
        return yield* attempt(target.path, () => use(file, stats.size))
      }),
    (file) => Effect.promise(() => file.close())
  )

/** Writes beside and renames, so that a reader sees the old content or all of the new. */
const placeWhole = Effect.fnUntraced(function* (
  place: Place,
  target: { readonly path: string; readonly host: string },
  content: Buffer,
  exclusive: boolean
) {
  const unfinished = NodePath.join(place.staging, Identifier.taskId())
  yield* Effect.acquireUseRelease(
    attempt(target.path, () => NodeFs.writeFile(unfinished, content, { flag: "wx" })),
    () =>
      attempt(target.path, async () => {
        // A link fails where a file is, a rename takes its place.
        if (exclusive) return NodeFs.link(unfinished, target.host)
        const mode = await NodeFs.stat(target.host).then(
          (stat) => stat.mode & 0o7777,
          () => undefined
        )
        if (mode !== undefined) await NodeFs.chmod(unfinished, mode)
        return NodeFs.rename(unfinished, target.host)
      }),
    () => Effect.promise(() => NodeFs.rm(unfinished, { force: true }))
  )
})

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

const contentBytes = (text: string, binary: boolean): Effect.Effect<Buffer, ToolFailed> => {
  if (!binary) return Effect.succeed(Buffer.from(text, "utf8"))
  const stripped = text.replace(/\s+/g, "")
  return base64.test(stripped) && stripped.length % 4 === 0
    ? Effect.succeed(Buffer.from(stripped, "base64"))
    : Effect.fail(
        new ToolFailed({ message: "invalid arguments for write_file: content is no base64" })
      )
}

const writeFile = tool({
  name: "write_file",
  inputSchema: inputSchema(
    {
      path: stringProperty,
      content: stringProperty,
      mode: { type: "string", enum: ["overwrite", "append", "create_new"] },
      format: formatProperty
    },
    ["path", "content"]
  ),
  args: Schema.Struct({
    path,
    content: Schema.String,
    mode: Schema.optional(Schema.NullOr(Schema.Literal("overwrite", "append", "create_new"))),
    format
  }),
  run: Effect.fnUntraced(function* (place, args) {
    const content = yield* contentBytes(args.content, args.format === "binary")
    const host = yield* locate(place, args.path)
    yield* attempt(args.path, () => NodeFs.mkdir(NodePath.dirname(host), { recursive: true }))
    if (args.mode === "append") {
      yield* withFile({ path: args.path, host }, toAppend, (file) => file.appendFile(content))
    } else {
      yield* placeWhole(place, { path: args.path, host }, content, args.mode === "create_new")
    }
    return "true"
  })
})

/** The most that one `read_file` gives back, since all of it is held in memory. */
const maxRead = 64 * 1024 * 1024

const readFile = tool({
  name: "read_file",
  inputSchema: inputSchema(
    {
      path: stringProperty,
      offset: { type: "integer", minimum: 0 },
      length: { type: "integer", minimum: 0 },
      format: formatProperty
    },
    ["path"]
  ),
  args: Schema.Struct({ path, offset: bytes, length: bytes, format }),
  run: Effect.fnUntraced(function* (place, args) {
    const host = yield* locate(place, args.path)
    const content = yield* withFile({ path: args.path, host }, toRead, async (file, size) => {
      const offset = args.offset ?? 0
      const rest = Math.max(0, size - offset)
      const length = Math.min(rest, args.length || rest)
      if (length > maxRead) return undefined
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    })
    if (content === undefined) {
      return yield* new ToolFailed({
        message: `more than ${maxRead} bytes to read: ${args.path}; read it in pieces with offset and length`
      })
    }
    return content.toString(args.format === "binary" ? "base64" : "utf8")
  })
})

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1

const listDirectory = tool({
  name: "list_directory",
  inputSchema: inputSchema({ path: stringProperty }, ["path"]),
  args: Schema.Struct({ path }),
  run: Effect.fnUntraced(function* (place, args) {
    const host = yield* locate(place, args.path)
    const entries = yield* attempt(args.path, () => NodeFs.readdir(host, { withFileTypes: true }))
    return entries
      .toSorted(byName)
      .map((entry) => `${entry.isDirectory() ? "[DIR]" : "[FILE]"} ${entry.name}`)
      .join("\n")
  })
})

const permissions = (mode: number): string =>
  [6, 3, 0]
    .map((shift) => (mode >> shift) & 7)
    .map((bits) => `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`)
    .join("")

const isoSeconds = (millis: number): string =>
  Option.match(DateTime.make(Math.floor(millis / 1000) * 1000), {
    onNone: () => "",
    onSome: (time) => DateTime.formatIso(time).replace(".000Z", "Z")
  })

const fileInfo = tool({
  name: "get_file_info",
  inputSchema: inputSchema({ path: stringProperty }, ["path"]),
  args: Schema.Struct({ path }),
  run: Effect.fnUntraced(function* (place, args) {
    const host = yield* locate(place, args.path)
    const stat = yield* attempt(args.path, () => NodeFs.lstat(host))
    return [
      `name: ${NodePath.basename(args.path)}`,
      `path: ${args.path}`,
      `size: ${stat.size}`,
      `isDirectory: ${stat.isDirectory()}`,
      `modTime: ${isoSeconds(stat.mtimeMs)}`,
      `mode: ${permissions(stat.mode)}`,
      "owner: wuying",
      "group: wuying"
    ].join("\n")
  })
})

const createDirectory = tool({
  name: "create_directory",
  inputSchema: inputSchema({ path: stringProperty }, ["path"]),
  args: Schema.Struct({ path }),
  run: Effect.fnUntraced(function* (place, args) {
    const host = yield* locate(place, args.path)
    yield* attempt(args.path, () => NodeFs.mkdir(host, { recursive: true }))
    return "true"
  })
})

/**
 * The server name under which clients find the file tools.
 *
 * @since 0.1.0
 */
export const server = "wuying_filesystem"

/**
 * All file tools, by their names.
 *
 * @since 0.1.0
 */
export const tools: ReadonlyMap<string, Tool> = new Map(
  [writeFile, readFile, listDirectory, fileInfo, createDirectory].map((tool) => [tool.name, tool])
)
