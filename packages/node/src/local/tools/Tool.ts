/**
 * What a tool of a session is, and how one is defined.
 *
 * @since 0.1.0
 */
import { issuesOf } from "@effect-agentbay/core/Protocol"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { systemCode } from "../SystemCode.js"

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
  /** The session itself: what a tool remembers of it is forgotten with this value. */
  readonly session: object
  /** What the session sees as its `/`. */
  readonly root: string
  /** For unfinished files, on the same file system. */
  readonly staging: string
  /** The mount paths of the session, in normal form. */
  readonly mounts: ReadonlyArray<string>
}

/**
 * A tool: its name and that of the server under which clients find it, what it is for, the
 * JSON schema of its arguments, and what it does with the JSON text of its arguments.
 *
 * @since 0.1.0
 */
export interface Tool {
  readonly name: string
  readonly server: string
  readonly description: string
  readonly inputSchema: unknown
  readonly call: (place: Place, args: string) => Effect.Effect<string, ToolFailed>
}

/**
 * The server name of the tools that work on files.
 *
 * @since 0.1.0
 */
export const fileServer = "wuying_filesystem"

/**
 * JSON schemas of arguments, as the list of tools tells them.
 *
 * @since 0.1.0
 */
export const text = { type: "string" }

/** @since 0.1.0 */
export const count = { type: "integer", minimum: 0 }

/** @since 0.1.0 */
export const oneOf = (...words: ReadonlyArray<string>) => ({ type: "string", enum: words })

/** @since 0.1.0 */
export const listOf = (items: unknown) => ({ type: "array", items })

/** @since 0.1.0 */
export const record = (
  properties: { readonly [name: string]: unknown },
  required: ReadonlyArray<string>
) => ({ type: "object", properties, required })

/**
 * An argument that may be left out. Some clients write `null` then.
 *
 * @since 0.1.0
 */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/**
 * Arguments that a tool cannot take, although each of them is of the right type.
 *
 * @since 0.1.0
 */
export const invalid = (tool: string, issue: string): ToolFailed =>
  new ToolFailed({ message: `invalid arguments for ${tool}: ${issue}` })

/**
 * Makes a tool. Arguments that do not fit are its own error, not one of the request.
 *
 * @since 0.1.0
 */
export const define = <A, I>(definition: {
  readonly name: string
  readonly server?: string
  readonly description: string
  readonly inputSchema: unknown
  readonly args: Schema.Schema<A, I>
  readonly run: (place: Place, args: A) => Effect.Effect<string, ToolFailed>
}): Tool => {
  const { description, inputSchema, name, server = fileServer } = definition
  const decode = Schema.decode(Schema.parseJson(definition.args))
  const run = Effect.fn(`Tool.${name}`)(definition.run)
  return {
    name,
    server,
    description,
    inputSchema,
    call: (place, args) =>
      decode(args).pipe(
        Effect.mapError((error) => {
          const issues = issuesOf(error.issue)
          return invalid(
            name,
            issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")
          )
        }),
        Effect.flatMap((decoded) => run(place, decoded))
      )
  }
}

/**
 * What the answers of the tools say for the system's codes.
 *
 * @since 0.1.0
 */
export const reasons = {
  ENOENT: "file not found",
  EEXIST: "file exists already",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory is not empty",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOSPC: "no space left",
  ELOOP: "is a symbolic link",
  ENAMETOOLONG: "path is too long",
  ENXIO: "not a regular file"
} as const

const known: { readonly [code: string]: string } = reasons

/**
 * Does something to a path, and says what went wrong with the path as the session knows it,
 * without paths of this machine. It is not interrupted half way: what it works on stays open
 * until it is done.
 *
 * @since 0.1.0
 */
export const attempt = <A>(
  sessionPath: string,
  work: () => Promise<A>
): Effect.Effect<A, ToolFailed> =>
  Effect.uninterruptible(
    Effect.tryPromise({
      try: work,
      catch: (cause) => {
        const code = systemCode(cause) ?? "unknown error"
        return new ToolFailed({ message: `${known[code] ?? code}: ${sessionPath}` })
      }
    })
  )
