/**
 * The tools `read_file` and `read_multiple_files`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Inside from "./Inside.js"
import * as RegularFile from "./RegularFile.js"
import * as Tool from "./Tool.js"

/** @since 0.1.0 */
export const readFile = Tool.define({
  name: "read_file",
  description:
    "Reads a file, or length bytes of it from offset; zero for both means all of it. " +
    "Format binary gives base64.",
  inputSchema: Tool.record(
    {
      path: Tool.text,
      offset: Tool.count,
      length: Tool.count,
      format: Tool.oneOf("text", "binary")
    },
    ["path"]
  ),
  args: Schema.Struct({
    path: Schema.String,
    offset: Tool.maybe(Schema.NonNegativeInt),
    length: Tool.maybe(Schema.NonNegativeInt),
    format: Tool.maybe(Schema.Literal("text", "binary"))
  }),
  run: (place, args) =>
    Effect.gen(function* () {
      const content = yield* RegularFile.read(yield* Inside.spot(place, args.path), {
        offset: args.offset ?? 0,
        ...(args.length ? { length: args.length } : {})
      })
      return content.toString(args.format === "binary" ? "base64" : "utf8")
    }).pipe(Effect.scoped)
})

/**
 * A file that cannot be read has its error in its block: the others are still wanted.
 *
 * @since 0.1.0
 */
export const readMultipleFiles = Tool.define({
  name: "read_multiple_files",
  description:
    "Reads several text files. The answer has a block `path: content` for each, with lines " +
    "`---` between; instead of its content, a file that cannot be read has `Error - ` and why.",
  inputSchema: Tool.record({ paths: Tool.listOf(Tool.text) }, ["paths"]),
  args: Schema.Struct({ paths: Schema.Array(Schema.String) }),
  run: Effect.fnUntraced(function* (place, args) {
    let left = RegularFile.maxBytes
    const blocks: Array<string> = []
    for (const path of args.paths) {
      const content = yield* Inside.spot(place, path).pipe(
        Effect.flatMap((spot) => RegularFile.read(spot)),
        Effect.scoped,
        Effect.map((content) => {
          left -= content.length
          return content.toString("utf8")
        }),
        Effect.catchAll((failed) => Effect.succeed(`Error - ${failed.message}`))
      )
      if (left < 0) {
        return yield* new Tool.ToolFailed({
          message: `more than ${RegularFile.maxBytes} bytes to read; read fewer files at once`
        })
      }
      blocks.push(`${path}: ${content}`)
    }
    return blocks.join("\n---\n")
  })
})
