/**
 * The tool `get_file_info`.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import * as Inside from "./Inside.js"
import * as Tool from "./Tool.js"

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

/** @since 0.1.0 */
export const fileInfo = Tool.define({
  name: "get_file_info",
  description: "Tells size, kind, time of the last change and permissions of a file or directory.",
  inputSchema: Tool.record({ path: Tool.text }, ["path"]),
  args: Schema.Struct({ path: Schema.String }),
  run: (place, args) =>
    Effect.gen(function* () {
      const spot = yield* Inside.spot(place, args.path)
      const stat = yield* Tool.attempt(args.path, () => NodeFs.lstat(spot.host))
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
    }).pipe(Effect.scoped)
})
