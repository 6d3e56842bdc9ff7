/**
 * Files with secrets: readable by their owner alone.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

/**
 * Writes a file that only its owner can read, whole or not at all.
 *
 * @since 0.1.0
 */
export const write = Effect.fnUntraced(function* (
  path: string,
  text: string
): Effect.fn.Return<void, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const unfinished = `${path}.new`
  // The mode counts only for a file that is created.
  yield* fs.remove(unfinished, { force: true })
  yield* fs.writeFileString(unfinished, text, { flag: "wx", mode: 0o600 })
  yield* fs.rename(unfinished, path)
})

/**
 * Takes a file that is there from all but its owner: whoever put it there, it holds a secret now.
 * Where that cannot be done (the file of another, a system without modes) it stays as it is.
 *
 * @since 0.1.0
 */
export const protect = (path: string): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.ignore(fs.chmod(path, 0o600)))

/**
 * The text that is kept in such a file. A missing or blank file gets the one that `fresh`
 * makes.
 *
 * @since 0.1.0
 */
export const keep = Effect.fnUntraced(function* (
  path: string,
  fresh: () => string
): Effect.fn.Return<string, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  if (yield* fs.exists(path)) {
    const kept = (yield* fs.readFileString(path)).trim()
    if (kept !== "") {
      yield* protect(path)
      return kept
    }
  }
  const text = fresh()
  yield* write(path, `${text}\n`)
  return text
})
