/**
 * Everything below a directory of a session. Symbolic links are met, never followed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Dirent } from "node:fs"
import * as NodeFs from "node:fs/promises"
import * as Inside from "./Inside.js"
import { attempt, ToolFailed } from "./Tool.js"

/**
 * What was met on the way.
 *
 * @since 0.1.0
 */
export interface Met {
  readonly name: string
  /** As the session knows it. */
  readonly path: string
  /** For calls that follow no link, while it is visited. */
  readonly host: string
  readonly entry: Dirent
}

/** How many entries one call looks at, and how deep it goes. */
const maxEntries = 200_000
const maxDepth = 200

/**
 * Shows every entry below a directory, each before those below it, in the order of their
 * names. The visitor says whether to enter a directory. What vanishes meanwhile is passed
 * over; too large a tree is an error.
 *
 * @since 0.1.0
 */
export const visit = Effect.fnUntraced(function* (
  { host, normal, path }: Inside.Spot,
  visitor: (met: Met) => Promise<"enter" | "pass">
): Effect.fn.Return<void, ToolFailed> {
  let looked = 0
  let tooLarge = false

  const walk = async (host: string, above: string, depth: number): Promise<void> => {
    const entries = await NodeFs.readdir(host, { withFileTypes: true })
    looked += entries.length
    if (looked > maxEntries || depth > maxDepth) tooLarge = true
    if (tooLarge) return
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const { name } = entry
      const met = { name, path: `${above}/${name}`, host: `${host}/${name}`, entry }
      const next = await visitor(met)
      if (next === "pass" || !entry.isDirectory()) continue
      await Inside.below(host, name, (inner) => walk(inner, met.path, depth + 1))
      if (tooLarge) return
    }
  }

  yield* attempt(path, () => walk(host, normal === "/" ? "" : normal, 0))
  if (tooLarge) {
    return yield* new ToolFailed({
      message: `more than ${maxEntries} entries, or more than ${maxDepth} levels, below ${path}`
    })
  }
})
