/**
 * The tool `write_file`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import * as Inside from "./Inside.js"
import * as RegularFile from "./RegularFile.js"
import * as Tool from "./Tool.js"

const name = "write_file"

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

const contentBytes = (text: string, binary: boolean): Effect.Effect<Buffer, Tool.ToolFailed> => {
  if (!binary) return Effect.succeed(Buffer.from(text, "utf8"))
  const stripped = text.replace(/\s+/g, "")
  return base64.test(stripped) && stripped.length % 4 === 0
    ? Effect.succeed(Buffer.from(stripped, "base64"))
    : Effect.fail(Tool.invalid(name, "content is no base64"))
}

/** @since 0.1.0 */
export const writeFile = Tool.define({
  name,
  description:
    "Writes a file; missing directories are made. Mode append writes at its end, create_new " +
    "refuses to replace a file. Format binary takes base64.",
  inputSchema: Tool.record(
    {
      path: Tool.text,
      content: Tool.text,
      mode: Tool.oneOf("overwrite", "append", "create_new"),
      format: Tool.oneOf("text", "binary")
    },
    ["path", "content"]
  ),
  args: Schema.Struct({
    path: Schema.String,
    content: Schema.String,
    mode: Tool.maybe(Schema.Literal("overwrite", "append", "create_new")),
    format: Tool.maybe(Schema.Literal("text", "binary"))
  }),
  run: (place, args) =>
    Effect.gen(function* () {
      const content = yield* contentBytes(args.content, args.format === "binary")
      const spot = yield* Inside.spot(place, args.path, { create: true })
      if (args.mode === "append") {
        yield* RegularFile.open(spot, Inside.toAppend, (file) => file.appendFile(content))
      } else {
        yield* RegularFile.placeWhole(place, spot, content, args.mode === "create_new")
      }
      return "true"
    }).pipe(Effect.scoped)
})
