/**
 * The tool `search_files`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Inside from "./Inside.js"
import * as Lines from "./Lines.js"
import * as Tool from "./Tool.js"
import * as Tree from "./Tree.js"

const name = "search_files"

/** More would be of no use to anyone; a shorter list than there is would mislead. */
const maxMatches = 10_000

/**
 * Whether a pattern fits a whole name. A star stands for any number of characters, a question
 * mark for one. It takes no more than pattern times name steps, whatever the pattern is.
 *
 * @since 0.1.0
 */
export const fits = (pattern: string, name: string): boolean => {
  const wanted = [...pattern]
  const given = [...name]
  let at = 0
  let star = -1
  let resume = 0
  let index = 0
  while (index < given.length) {
    if (wanted[at] === "*") {
      star = at++
      resume = index
    } else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === given[index])) {
      at++
      index++
    } else if (star !== -1) {
      at = star + 1
      index = ++resume
    } else {
      return false
    }
  }
  while (wanted[at] === "*") at++
  return at === wanted.length
}

/** @since 0.1.0 */
export const searchFiles = Tool.define({
  name,
  description:
    "Finds files and directories below a path by their names: * stands for any characters, ? " +
    "for one. Names that fit one of excludePatterns are left out, with all below them. One " +
    "path per line.",
  inputSchema: Tool.record(
    { path: Tool.text, pattern: Tool.text, excludePatterns: Tool.listOf(Tool.text) },
    ["path", "pattern"]
  ),
  args: Schema.Struct({
    path: Schema.String,
    pattern: Schema.String,
    excludePatterns: Tool.maybe(Schema.Array(Schema.String))
  }),
  run: (place, args) =>
    Effect.gen(function* () {
      const patterns = [args.pattern, ...(args.excludePatterns ?? [])]
      if (patterns.some((pattern) => pattern.includes("/"))) {
        return yield* Tool.invalid(name, "patterns are for names, a slash fits none")
      }
      const directory = yield* Inside.directory(place, args.path)
      const found: Array<string> = []
      yield* Tree.visit(directory, async (met) => {
        if ((args.excludePatterns ?? []).some((pattern) => fits(pattern, met.name))) return "pass"
        if (fits(args.pattern, met.name)) found.push(Lines.single(met.path))
        return found.length > maxMatches ? "pass" : "enter"
      })
      if (found.length > maxMatches) {
        return yield* new Tool.ToolFailed({
          message: `more than ${maxMatches} matches below ${args.path}; use a narrower pattern`
        })
      }
      return found.join("\n")
    }).pipe(Effect.scoped)
})
