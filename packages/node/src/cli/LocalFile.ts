/**
 * Files of this machine that go into the service or come from it, as streams.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as NodePath from "node:path"
import { CommandFailed } from "./Failure.js"
import * as Folder from "./Folder.js"

const chunkBytes = 256 * 1024

/** `-` on the command line. */
export const standardStream = "-"

// The platform's error keeps that of the system, which is told in the words of all commands.
const failed = (what: string, path: string) => (error: PlatformError) =>
  Folder.failed(what, path)(error.cause ?? error.message)

/**
 * The content of a file, and how many bytes that is. A folder is refused.
 *
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const { size, type } = yield* Effect.mapError(fs.stat(path), failed("read", path))
  if (type !== "File") {
    return yield* new CommandFailed({ message: `${path} is no file. Folders need --recursive.` })
  }
  return {
    length: Number(size),
    stream: Stream.mapError(fs.stream(path, { chunkSize: chunkBytes }), failed("read", path))
  }
})

/**
 * Writes a stream into a file, with the folders above it. Until all of it is there, it goes
 * into a file beside it, so that the old content or all of the new stands under the name.
 *
 * @since 0.1.0
 */
export const write = <E>(path: string, content: Stream.Stream<Uint8Array, E>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // Named by the process: another command may be writing the same file.
    const unfinished = `${path}.${process.pid}.agentbay-part`
    const attempt = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
      Effect.mapError(effect, failed("written", path))
    yield* attempt(fs.makeDirectory(NodePath.dirname(path), { recursive: true }))
    yield* Effect.zipRight(
      Effect.scoped(
        Effect.flatMap(attempt(fs.open(unfinished, { flag: "w" })), (file) =>
          Stream.runForEach(content, (bytes) => attempt(file.writeAll(bytes)))
        )
      ),
      attempt(fs.rename(unfinished, path))
    ).pipe(Effect.onError(() => Effect.ignore(fs.remove(unfinished, { force: true }))))
  })
