/**
 * The tools `create_directory` and `list_directory`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as Inside from "./Inside.js"
import * as Lines from "./Lines.js"
import * as Tool from "./Tool.js"

/** @since 0.1.0 */
export const createDirectory = Tool.define({
  name: "create_directory",
  description: "Makes a directory and those above it; one that is there already is fine.",
  inputSchema: Tool.record({ path: Tool.text }, ["path"]),
  args: Schema.Struct({ path: Schema.String }),
  run: (place, args) =>
    Effect.scoped(Effect.as(Inside.directory(place, args.path, { create: true }), "true"))
})

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1

/** @since 0.1.0 */
export const listDirectory = Tool.define({
  name: "list_directory",
  description:
    "Lists a directory, one line `[DIR] name` or `[FILE] name` for each entry. Line breaks in " +
    String.raw`names are written as \n and \r.`,
  inputSchema: Tool.record({ path: Tool.text }, ["path"]),
  args: Schema.Struct({ path: Schema.String }),
  run: (place, args) =>
    Effect.gen(function* () {
      const { host } = yield* Inside.directory(place, args.path)
      const entries = yield* Tool.attempt(args.path, () =>
        NodeFs.readdir(host, { withFileTypes: true })
      )
      return entries
        .toSorted(byName)
        .map((entry) => `${entry.isDirectory() ? "[DIR]" : "[FILE]"} ${Lines.single(entry.name)}`)
        .join("\n")
    }).pipe(Effect.scoped)
})
