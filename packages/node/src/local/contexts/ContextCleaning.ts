/**
 * Contexts that are cleared or deleted. Either is only noted at first; the files go when
 * everything that was asked of the context before is done. What an earlier server did not get
 * to is taken up at the start.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BackgroundWork, untilDone } from "../BackgroundWork.js"
import { ContextStore, type Outcome, type StateFailure } from "./ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import { State } from "../State.js"
import { StoreVersions } from "./StoreVersions.js"
import { TransferQueue } from "../sync/TransferQueue.js"
import * as Trash from "./Trash.js"

/**
 * @since 0.1.0
 */
export interface Service {
  /**
   * Begins to delete all files of a context. It is in state `clearing` when this returns, and
   * `available` once the last clear that was asked for is over. One that fails is tried again,
   * and what is asked of the context after it waits. `done` or `absent`.
   */
  readonly clear: (id: string) => Effect.Effect<Outcome, StateFailure>
  /** Deletes a context; its files go in the background. `done`, `absent` or `mounted`. */
  readonly remove: (id: string) => Effect.Effect<Outcome, StateFailure>
  /** Begins to remove the files of contexts that were noted for it. */
  readonly removeNoted: Effect.Effect<void, StateFailure>
}

/**
 * @since 0.1.0
 */
export class ContextCleaning extends Context.Tag(
  "@effect-agentbay/node/local/contexts/ContextCleaning"
)<ContextCleaning, Service>() {}

type Needs =
  | State
  | DataDirectory
  | ContextStore
  | StoreVersions
  | TransferQueue
  | BackgroundWork
  | FileSystem.FileSystem

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, Needs> = Effect.gen(function* () {
  const state = yield* State
  const directory = yield* DataDirectory
  const contexts = yield* ContextStore
  const versions = yield* StoreVersions
  const queue = yield* TransferQueue
  const background = yield* BackgroundWork
  const withFiles = Effect.provideService(FileSystem.FileSystem, yield* FileSystem.FileSystem)

  /** How many clears of a context have not ended. */
  const clears = new Map<string, number>()
  /** The contexts whose files are being removed. */
  const removals = new Set<string>()

  /** Waits for what was asked of the context before; what comes later finds no files. */
  const inTurn = <A, E>(contextId: string, work: Effect.Effect<A, E>) =>
    queue.withTurn({ contextId, mount: "/", type: "upload", brief: true }, work)

  /**
   * Until it succeeds it keeps its turn: files that were stored meanwhile would be taken for
   * older ones by the next try, which may be that of the next server.
   */
  const inBackground = (
    id: string,
    complaint: string,
    work: Effect.Effect<string | undefined, StateFailure | PlatformError>
  ) =>
    background.run(
      inTurn(id, Effect.uninterruptible(work).pipe(untilDone(complaint))).pipe(
        Effect.flatMap((place) => (place === undefined ? Effect.void : Trash.remove(place))),
        Effect.annotateLogs("context", id)
      )
    )

  /** Answers with the same place in the trash, however often it is tried. */
  const discarding = (path: string) => {
    let place: string | undefined
    return Effect.suspend(() =>
      place === undefined
        ? Effect.tap(withFiles(Trash.discard(directory.trash, path)), (found) => {
            place = found
          })
        : Effect.succeed(place)
    )
  }

  const beginClear = (id: string) => {
    clears.set(id, (clears.get(id) ?? 0) + 1)
    const discard = discarding(directory.contextFiles(id))
    const clear = Effect.gen(function* () {
      yield* state.atomically(versions.outdate(id, "/"))
      const place = yield* discard
      const left = (clears.get(id) ?? 1) - 1
      if (left === 0) yield* contexts.setState(id, "available")
      if (left === 0) clears.delete(id)
      else clears.set(id, left)
      return place
    })
    return inBackground(id, "A context was not cleared yet", clear)
  }

  const beginRemoval = (id: string) => {
    if (removals.has(id)) return Effect.void
    removals.add(id)
    const discard = discarding(directory.context(id))
    const removal = Effect.gen(function* () {
      const place = yield* discard
      yield* state.atomically([...versions.forgetContext(id), contexts.cleaned(id)])
      removals.delete(id)
      return place
    })
    return inBackground(id, "The files of a context were not removed yet", removal)
  }

  const removeNoted = Effect.flatMap(contexts.removed, (ids) =>
    Effect.forEach(ids, beginRemoval, { discard: true })
  )

  // They may come from before an older copy of the state was put back.
  const folders = yield* withFiles(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory.contexts))
  ).pipe(Effect.orElseSucceed(() => []))
  const known = new Set(yield* contexts.known)
  const unknown = folders.filter((id) => !known.has(id))
  if (unknown.length > 0) {
    yield* Effect.logWarning(
      `In ${directory.contexts} there are folders of no known context; they are left as they are: ` +
        unknown.join(", ")
    )
  }
  yield* background.run(withFiles(Trash.empty(directory.trash)))
  yield* Effect.forEach(yield* contexts.clearing, beginClear, { discard: true })
  yield* removeNoted

  return {
    clear: Effect.fn("ContextCleaning.clear")(function* (id) {
      const outcome = yield* contexts.setState(id, "clearing")
      if (outcome === "done") yield* beginClear(id)
      return outcome
    }),
    remove: Effect.fn("ContextCleaning.remove")(function* (id) {
      const outcome = yield* contexts.remove(id)
      if (outcome === "done") yield* removeNoted
      return outcome
    }),
    removeNoted
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<ContextCleaning, StateFailure, Needs> = Layer.effect(
  ContextCleaning,
  make
)
