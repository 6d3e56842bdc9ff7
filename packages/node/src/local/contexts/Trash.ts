/**
 * Where files go that are to be removed: first out of the way, in one step, then for good. The
 * second takes its time, and may be cut short by the end of the server.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as Beneath from "../Beneath.js"
import * as Slices from "../transfer/Slices.js"
import type { FailedEntry } from "../transfer/TransferOutcome.js"
import * as TransferRemoval from "../transfer/TransferRemoval.js"
import { everything } from "../transfer/Whitelist.js"

const isMissing = (error: PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"

/**
 * Moves a directory into the trash as a whole. Answers with its place there; nothing when there
 * is no such directory.
 *
 * @since 0.1.0
 */
export const discard = Effect.fnUntraced(function* (
  trash: string,
  path: string
): Effect.fn.Return<string | undefined, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(trash, { recursive: true })
  const place = NodePath.join(trash, NodeCrypto.randomUUID())
  return yield* fs.rename(path, place).pipe(
    Effect.as(place),
    Effect.catchIf(isMissing, () => Effect.succeed(undefined))
  )
})

/** Stored directories keep their permission bits, and without those nothing in them can go. */
const unlock = (place: string): void =>
  Beneath.using(place, ({ chmod, directory }) => {
    const folders = [""]
    // Grows while it is walked.
    for (const folder of folders) {
      chmod(folder, 0o700)
      for (const entry of NodeFs.readdirSync(directory(folder), { withFileTypes: true })) {
        if (entry.isDirectory()) folders.push(Beneath.join(folder, entry.name))
      }
    }
  })

/** In short slices: the files of a large tree are many, and others want the disk as well. */
const removeTree = (place: string): Effect.Effect<ReadonlyArray<FailedEntry>> =>
  Effect.flatMap(Beneath.scoped(place), (destination) => {
    const removal: TransferRemoval.Removal = {
      destination,
      whitelist: everything,
      failures: [],
      removed: 0
    }
    const steps = TransferRemoval.remove(removal, {
      path: "",
      coverage: "all",
      directory: destination.look("")?.isDirectory() ?? false
    })
    return Effect.as(
      Slices.run(steps, () => {}),
      removal.failures
    )
  }).pipe(Effect.scoped)

/**
 * Removes a directory or a file in the trash for good. What fails is logged: the next start tries again.
 *
 * @since 0.1.0
 */
export const remove = Effect.fnUntraced(function* (place: string): Effect.fn.Return<void> {
  if ((yield* removeTree(place)).length === 0) return
  yield* Effect.ignore(Effect.try(() => unlock(place)))
  const [failure] = yield* removeTree(place)
  if (failure !== undefined) {
    yield* Effect.logWarning(`Deleted files were not removed: ${failure.path}: ${failure.reason}`)
  }
})

/**
 * Removes everything from the trash.
 *
 * @since 0.1.0
 */
export const empty = Effect.fnUntraced(function* (
  trash: string
): Effect.fn.Return<void, never, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fs.readDirectory(trash), () => [])
  yield* Effect.forEach(names, (name) => remove(NodePath.join(trash, name)), { discard: true })
})
