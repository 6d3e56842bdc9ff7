import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import * as BackgroundWork from "../../../packages/node/src/local/BackgroundWork.js"
import * as ContextCleaning from "../../../packages/node/src/local/contexts/ContextCleaning.js"
import * as ContextStore from "../../../packages/node/src/local/contexts/ContextStore.js"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as State from "../../../packages/node/src/local/State.js"
import * as StoreVersions from "../../../packages/node/src/local/contexts/StoreVersions.js"
import * as TransferQueue from "../../../packages/node/src/local/sync/TransferQueue.js"
import { collecting, temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"

const rooms = (dataDirectory: string) =>
  ContextCleaning.layer.pipe(
    Layer.provideMerge(BackgroundWork.layer),
    Layer.provideMerge(Layer.mergeAll(ContextStore.layer, StoreVersions.layer)),
    Layer.provideMerge(Layer.mergeAll(State.layer, TransferQueue.layer)),
    Layer.provideMerge(DataDirectory.layer(dataDirectory)),
    Layer.provideMerge(NodeFileSystem.layer)
  )

const withRooms = <A, E>(
  effect: Effect.Effect<A, E, Layer.Layer.Success<ReturnType<typeof rooms>>>
) => Effect.flatMap(temporaryDirectory, (path) => Effect.provide(effect, Layer.fresh(rooms(path))))

/** A context with a file, and a transfer of it that goes on until it is told to end. */
const busyContext = Effect.gen(function* () {
  const contexts = yield* ContextStore.ContextStore
  const directory = yield* DataDirectory.DataDirectory
  const queue = yield* TransferQueue.TransferQueue
  const { id } = yield* contexts.getOrCreate("c")
  const store = directory.contextFiles(id)
  const transfer = (work: Effect.Effect<void>) =>
    Effect.fork(
      queue.withTurn({ sessionId: "s", contextId: id, mount: "/w", type: "upload" }, work)
    )
  const fill = Effect.sync(() => {
    NodeFs.mkdirSync(`${store}/w`, { recursive: true })
    NodeFs.writeFileSync(`${store}/w/file`, "x")
  })
  const end = yield* Deferred.make<void>()
  const first = yield* transfer(Effect.zipRight(fill, Deferred.await(end)))
  yield* Effect.yieldNow()
  return {
    id,
    transfer,
    fill,
    end: Deferred.succeed(end, undefined).pipe(Effect.zipRight(Fiber.join(first))),
    isFilled: () => NodeFs.existsSync(`${store}/w/file`),
    state: Effect.map(contexts.findById(id), (found) => Option.getOrThrow(found).state)
  }
})

describe("ContextCleaning", () => {
  it.scopedLive("a clear shows at once, and waits for what was asked for before it (X3)", () =>
    Effect.gen(function* () {
      const cleaning = yield* ContextCleaning.ContextCleaning
      const { end, fill, id, isFilled, state, transfer } = yield* busyContext
      assert.strictEqual(yield* cleaning.clear(id), "done")
      assert.strictEqual(yield* state, "clearing")
      // A second one is allowed, and the state stays until it is over too.
      const between = yield* Deferred.make<void>()
      const second = yield* transfer(Effect.zipRight(fill, Deferred.await(between)))
      assert.strictEqual(yield* cleaning.clear(id), "done")
      const seen: Array<boolean> = []
      const last = yield* transfer(Effect.sync(() => void seen.push(isFilled())))
      assert.isTrue(isFilled())
      yield* end
      yield* Wire.eventually(Effect.sync(isFilled), (filled) => filled)
      assert.strictEqual(yield* state, "clearing")
      yield* Deferred.succeed(between, undefined)
      yield* Fiber.join(second)
      yield* Wire.eventually(state, (word) => word === "available")
      yield* Fiber.join(last)
      assert.deepStrictEqual(seen, [false])
      assert.isFalse(isFilled())
    }).pipe(withRooms)
  )

  it.scopedLive("a deletion frees the name at once, and the files after what was asked for", () =>
    Effect.gen(function* () {
      const cleaning = yield* ContextCleaning.ContextCleaning
      const contexts = yield* ContextStore.ContextStore
      const { end, id, isFilled } = yield* busyContext
      assert.strictEqual(yield* cleaning.remove(id), "done")
      assert.isTrue(Option.isNone(yield* contexts.findByName("c")))
      assert.deepStrictEqual(yield* contexts.removed, [id])
      assert.notStrictEqual((yield* contexts.getOrCreate("c")).id, id)
      assert.isTrue(isFilled())
      assert.strictEqual(yield* cleaning.remove(id), "absent")
      yield* end
      yield* Wire.eventually(contexts.removed, (ids) => ids.length === 0)
      assert.isFalse(isFilled())
    }).pipe(withRooms)
  )

  it.scopedLive("no session comes to be with a context that was deleted meanwhile", () =>
    Effect.gen(function* () {
      const cleaning = yield* ContextCleaning.ContextCleaning
      const { id } = yield* (yield* ContextStore.ContextStore).getOrCreate("c")
      const { atomically, sql } = yield* State.State
      const bind = (sessionId: string) =>
        atomically([
          sql`INSERT INTO bindings (session_id, context_id, path, mount, policy, bound_at, seen)
            VALUES (${sessionId}, ${id}, '/w', '/w', '{}', 0, NULL)`
        ])
      yield* bind("s")
      yield* cleaning.remove(id)
      const error = yield* Effect.flip(bind("t"))
      assert.include(String(error.cause), "the context of a binding is gone")
    }).pipe(withRooms)
  )

  it.scopedLive("a clear that fails stays to be seen, and is tried again", () => {
    const { first, layer } = collecting()
    return Effect.gen(function* () {
      const cleaning = yield* ContextCleaning.ContextCleaning
      const directory = yield* DataDirectory.DataDirectory
      const { end, id, isFilled, state } = yield* busyContext
      yield* end
      // Nothing can be moved there.
      NodeFs.writeFileSync(directory.trash, "a file")
      yield* cleaning.clear(id)
      assert.include(yield* first, "ERROR A context was not cleared yet")
      assert.strictEqual(yield* state, "clearing")
      assert.isTrue(isFilled())
      // Another one has to wait for it.
      yield* cleaning.clear(id)
      NodeFs.rmSync(directory.trash)
      yield* Wire.eventually(state, (word) => word === "available")
      assert.isFalse(isFilled())
    }).pipe(withRooms, Effect.provide(layer))
  })

  it.scopedLive("the files of a deleted context are tried again too", () => {
    const { first, layer } = collecting()
    return Effect.gen(function* () {
      const cleaning = yield* ContextCleaning.ContextCleaning
      const directory = yield* DataDirectory.DataDirectory
      const { end, id } = yield* busyContext
      yield* end
      NodeFs.writeFileSync(directory.trash, "a file")
      yield* cleaning.remove(id)
      assert.include(yield* first, "ERROR The files of a context were not removed yet")
      assert.isTrue(NodeFs.existsSync(directory.context(id)))
      NodeFs.rmSync(directory.trash)
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(directory.context(id))),
        (exists) => !exists
      )
    }).pipe(withRooms, Effect.provide(layer))
  })
})
