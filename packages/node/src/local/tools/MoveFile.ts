/**
 * The tool `move_file`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import * as Identifier from "../Identifier.js"
import * as Inside from "./Inside.js"
import * as Tool from "./Tool.js"

const failed = (message: string) => new Tool.ToolFailed({ message })

/**
 * By way of a place where nobody else can change it: a link that has come into the place of the
 * file must not get into the root of the session, where bubblewrap would follow it.
 */
const moveEntry = Effect.fnUntraced(function* (
  place: Tool.Place,
  source: Inside.Spot,
  destination: Inside.Spot
) {
  const between = NodePath.join(place.staging, Identifier.taskId())
  yield* Effect.acquireUseRelease(
    Tool.attempt(source.path, () => NodeFs.link(source.host, between)),
    () =>
      Effect.gen(function* () {
        const stats = yield* Tool.attempt(source.path, () => NodeFs.lstat(between))
        if (stats.isSymbolicLink()) {
          return yield* failed(`${Tool.reasons.ELOOP}: ${source.path}`)
        }
        yield* Tool.attempt(destination.path, () => NodeFs.link(between, destination.host))
      }),
    () => Effect.promise(() => NodeFs.rm(between, { force: true }))
  )
  yield* Tool.attempt(source.path, () => NodeFs.unlink(source.host))
})

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
        yield* moveEntry(place, source, destination)
        return "true"
      }
      const isThere = yield* Tool.attempt(args.destination, () =>
        NodeFs.lstat(destination.host).then(
          () => true,
          () => false
        )
      )
      if (isThere) return yield* failed(`${Tool.reasons.EEXIST}: ${args.destination}`)
      // The slash lets it fail when a link has come into the place of the directory.
      yield* Tool.attempt(args.destination, () =>
        NodeFs.rename(`${source.host}/`, destination.host)
      )
      return "true"
    }).pipe(Effect.scoped)
})
