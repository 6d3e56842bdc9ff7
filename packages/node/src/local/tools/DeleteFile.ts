/**
 * The tool `delete_file`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as Inside from "./Inside.js"
import * as Tool from "./Tool.js"

/**
 * Takes a directory only when it is empty: one call with a wrong path must not take a tree
 * with it.
 *
 * @since 0.1.0
 */
export const deleteFile = Tool.define({
  name: "delete_file",
  description: "Deletes a file, or a directory that is empty. Mounted directories stay.",
  inputSchema: Tool.record({ path: Tool.text }, ["path"]),
  args: Schema.Struct({ path: Schema.String }),
  run: (place, args) =>
    Effect.gen(function* () {
      const spot = yield* Inside.spot(place, args.path)
      const stats = yield* Tool.attempt(args.path, () => NodeFs.lstat(spot.host))
      if (spot.normal === "/" || Inside.holdsMount(place, spot)) {
        return yield* new Tool.ToolFailed({ message: `a mount is there: ${args.path}` })
      }
      yield* Tool.attempt(args.path, () =>
        stats.isDirectory() ? NodeFs.rmdir(spot.host) : NodeFs.unlink(spot.host)
      )
      return "true"
    }).pipe(Effect.scoped)
})
