/**
 * The tool `edit_file`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import * as Inside from "./Inside.js"
import * as RegularFile from "./RegularFile.js"
import * as Tool from "./Tool.js"

const name = "edit_file"

interface Edit {
  readonly oldText: string
  readonly newText: string
}

const linesOf = (text: string): ReadonlyArray<string> =>
  (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n")

/** What became of the lines that an edit touches, as a diff shows it. */
const hunk = (before: string, at: number, { newText, oldText }: Edit): string => {
  const start = before.lastIndexOf("\n", at - 1) + 1
  const end = at + oldText.length
  const next = before.indexOf("\n", Math.max(at, end - 1))
  const stop = next === -1 ? before.length : next
  const removed = linesOf(before.slice(start, stop))
  const added = linesOf(before.slice(start, at) + newText + before.slice(end, Math.max(end, stop)))
  const line = before.slice(0, start).split("\n").length
  return [
    `@@ -${line},${removed.length} +${line},${added.length} @@`,
    ...removed.map((text) => `-${text}`),
    ...added.map((text) => `+${text}`)
  ].join("\n")
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Other bytes would be replaced by the edit. */
const decode = (path: string, content: Buffer): Effect.Effect<string, Tool.ToolFailed> =>
  Effect.try({
    try: () => decoder.decode(content),
    catch: () => new Tool.ToolFailed({ message: `not a text in UTF-8: ${path}` })
  })

/**
 * All edits are made, or none.
 *
 * @since 0.1.0
 */
export const editFile = Tool.define({
  name,
  description:
    "Replaces texts in a file, one edit after the other, each at the first place where its " +
    "oldText stands. The answer shows the changed lines; with dryRun nothing is written.",
  inputSchema: Tool.record(
    {
      path: Tool.text,
      edits: Tool.listOf(
        Tool.record({ oldText: Tool.text, newText: Tool.text }, ["oldText", "newText"])
      ),
      dryRun: { type: "boolean" }
    },
    ["path", "edits"]
  ),
  args: Schema.Struct({
    path: Schema.String,
    edits: Schema.NonEmptyArray(
      Schema.Struct({ oldText: Schema.NonEmptyString, newText: Schema.String })
    ),
    dryRun: Tool.maybe(Schema.Boolean)
  }),
  run: (place, args) =>
    Effect.gen(function* () {
      const spot = yield* Inside.spot(place, args.path)
      let text = yield* decode(args.path, yield* RegularFile.read(spot))
      const hunks: Array<string> = []
      for (const [index, edit] of args.edits.entries()) {
        const at = text.indexOf(edit.oldText)
        if (at === -1) {
          return yield* new Tool.ToolFailed({
            message: `the oldText of edit ${index + 1} is not in ${args.path}; nothing was changed`
          })
        }
        hunks.push(hunk(text, at, edit))
        text = text.slice(0, at) + edit.newText + text.slice(at + edit.oldText.length)
      }
      if (args.dryRun !== true) {
        yield* RegularFile.placeWhole(place, spot, Buffer.from(text, "utf8"), false)
      }
      return [`--- ${args.path}`, `+++ ${args.path}`, ...hunks].join("\n")
    }).pipe(Effect.scoped)
})
