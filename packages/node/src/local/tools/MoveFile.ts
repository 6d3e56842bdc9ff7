/**
 * The tool `move_file`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as Inside from "./Inside.js"
import * as Tool from "./Tool.js"

const failed = (message: string) => new Tool.ToolFailed({ message })

/**
 * Never replaces anything. A file cannot even when something appears at its destination in
 * the last moment; a directory could replace one that is empty.
 *
 * @since 0.1.0
 */
export const moveFile = Tool.define({
  name: "move_file",
  description:
    "Moves or renames a file or directory. The destination must not exist, the directory " +
    "above it must.",
  inputSchema: Tool.record({ source: Tool.text, destination: Tool.text }, [
    "source",
    "destination"
  ]),
  args: Schema.Struct({ source: Schema.String, destination: Schema.String }),
  run: (place, args) =>
    Effect.gen(function* () {
      const source = yield* Inside.spot(place, args.source)
      const destination = yield* Inside.spot(place, args.destination)
      const stats = yield* Tool.attempt(args.source, () => NodeFs.lstat(source.host))
      if (source.normal === "/" || Inside.holdsMount(place, source)) {
        return yield* failed(`a mount is there: ${args.source}`)
      }
      if (destination.normal.startsWith(`${source.normal}/`)) {
        return yield* failed(`a directory cannot be moved into itself: ${args.source}`)
      }
      if (!stats.isDirectory()) {
        yield* Tool.attempt(args.destination, () => NodeFs.link(source.host, destination.host))
        yield* Tool.attempt(args.source, () => NodeFs.unlink(source.host))
        return "true"
      }
      const isThere = yield* Tool.attempt(args.destination, () =>
        NodeFs.lstat(destination.host).then(
          () => true,
          () => false
        )
      )
      if (isThere) return yield* failed(`${Tool.reasons.EEXIST}: ${args.destination}`)
      yield* Tool.attempt(args.destination, () => NodeFs.rename(source.host, destination.host))
      return "true"
    }).pipe(Effect.scoped)
})
