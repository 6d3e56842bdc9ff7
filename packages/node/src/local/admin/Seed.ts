/**
 * Brings files of this machine into a context.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import { invalid, LocalAdminError } from "./AdminError.js"
import { ContextStore, type StateFailure } from "../contexts/ContextStore.js"
import type { Service as DataDirectory } from "../DataDirectory.js"
import * as MountPath from "../MountPath.js"
import { State } from "../State.js"
import { StoreVersions } from "../contexts/StoreVersions.js"
import * as Transfer from "../transfer/Transfer.js"
import { TransferQueue } from "../sync/TransferQueue.js"

const refused = (detail: string): LocalAdminError => new LocalAdminError({ reason: "Seed", detail })

/**
 * Copies a folder into the store, as if a session had uploaded it at `path`. Links, sockets and
 * devices in it are left out.
 *
 * @since 0.1.0
 */
export const seed = Effect.fnUntraced(function* (
  directory: DataDirectory,
  rooms: Context.Context<ContextStore | State | StoreVersions | TransferQueue>,
  options: { readonly context: string; readonly folder: string; readonly path: string }
): Effect.fn.Return<
  { readonly contextId: string; readonly files: number },
  LocalAdminError | StateFailure
> {
  if (options.context.trim() === "") return yield* invalid("the name of the context is blank")
  if (!NodePath.isAbsolute(options.folder)) {
    return yield* invalid("the folder must be an absolute path of this machine")
  }
  const mount = yield* Effect.mapError(MountPath.mountPath(options.path), (error) =>
    invalid(error.message)
  )
  const isFolder = yield* Effect.promise(() =>
    NodeFs.stat(options.folder).then(
      (stat) => stat.isDirectory(),
      () => false
    )
  )
  if (!isFolder) return yield* refused(`${options.folder} is no folder that can be read`)
  const contexts = Context.get(rooms, ContextStore)
  const context = yield* contexts.getOrCreate(options.context)
  const destination = yield* Effect.mapError(
    MountPath.place(directory.contextFiles(context.id), mount),
    (error) => invalid(error.message)
  )
  const copy = Effect.gen(function* () {
    // It waited for others, who may have deleted the context.
    if (!(yield* contexts.holdsFiles(context.id))) return yield* refused("the context was deleted")
    // Sessions that have seen what is stored have not seen these.
    yield* Context.get(rooms, State).atomically(
      Context.get(rooms, StoreVersions).raise(context.id, mount, [])
    )
    return yield* Effect.mapError(
      Transfer.transfer({ source: options.folder, destination, staging: directory.staging }),
      ({ files: [first, ...others] }) =>
        refused(
          first === undefined
            ? "it was not copied"
            : `${first.path} was not copied: ${first.reason}` +
                (others.length === 0 ? "" : `; and ${others.length} more`)
        )
    )
  })
  const done = yield* Context.get(rooms, TransferQueue).withTurn(
    { contextId: context.id, mount, type: "upload" },
    copy
  )
  return { contextId: context.id, files: done.copied }
})
