import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as NodeFs from "node:fs"
import * as BackgroundWork from "../../../packages/node/src/local/BackgroundWork.js"
import * as ContextStore from "../../../packages/node/src/local/contexts/ContextStore.js"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as FaultPlan from "../../../packages/node/src/local/faults/FaultPlan.js"
import * as Policy from "../../../packages/node/src/local/sync/Policy.js"
import * as Recycling from "../../../packages/node/src/local/contexts/Recycling.js"
import * as RecyclingSweep from "../../../packages/node/src/local/contexts/RecyclingSweep.js"
import * as ServerClock from "../../../packages/node/src/local/ServerClock.js"
import type { Session } from "../../../packages/node/src/local/sessions/Session.js"
import * as SessionRegistry from "../../../packages/node/src/local/sessions/SessionRegistry.js"
import * as SessionRelease from "../../../packages/node/src/local/sessions/SessionRelease.js"
import * as Sessions from "../../../packages/node/src/local/sessions/Sessions.js"
import * as State from "../../../packages/node/src/local/State.js"
import * as StoreVersions from "../../../packages/node/src/local/contexts/StoreVersions.js"
import * as SyncEngine from "../../../packages/node/src/local/sync/SyncEngine.js"
import * as TransferQueue from "../../../packages/node/src/local/sync/TransferQueue.js"
import { namedPath, replaceCall, systemError, temporaryDirectory } from "./trees.js"
import { eventually } from "./wire.js"
import { mount, tree, write } from "./workspace.js"

const rooms = Sessions.layer.pipe(
  Layer.provideMerge(SessionRelease.layer),
  Layer.provideMerge(RecyclingSweep.layer),
  Layer.provideMerge(SyncEngine.layer),
  Layer.provideMerge(BackgroundWork.layer),
  Layer.provideMerge(
    Layer.mergeAll(ContextStore.layer, SessionRegistry.layer, StoreVersions.layer, Recycling.layer)
  ),
  Layer.provideMerge(Layer.merge(State.layer, TransferQueue.layer))
)

/**
 * Lets the clock of the file system move on. What is placed within the tick in which the
 * server's clock is pushed may have come before or after.
 */
const ticks = Effect.suspend(() => {
  const before = Date.now()
  return eventually(Effect.sync(Date.now), (now) => now - before > 30)
})

/** The rooms of a server without its door, and its clock. */
const world = Effect.fnUntraced(function* (path: string) {
  const { clock, service } = ServerClock.make()
  const context = yield* rooms.pipe(
    Layer.provideMerge(DataDirectory.layer(path)),
    Layer.provideMerge(NodeFileSystem.layer),
    Layer.provideMerge(Layer.succeed(ServerClock.ServerClock, service)),
    Layer.provideMerge(Layer.sync(FaultPlan.FaultPlan, () => FaultPlan.make([]))),
    Layer.fresh,
    Layer.build,
    Effect.withClock(clock)
  )
  const engine = Context.get(context, SyncEngine.SyncEngine)
  const sessions = Context.get(context, Sessions.Sessions)
  const directory = Context.get(context, DataDirectory.DataDirectory)
  const project = yield* Context.get(context, ContextStore.ContextStore).getOrCreate("project")

  const transfer = (session: Session, type: "upload" | "download") =>
    Effect.forEach(session.bindings, ({ contextId, mount, path }) =>
      Effect.map(engine.run(session, [{ contextId, mount, path, type }]), ([task]) =>
        assert.strictEqual(task?.status, "Success")
      )
    ).pipe(Effect.withClock(clock))
  return {
    rules: Context.get(context, Recycling.Recycling).rules,
    store: directory.contextFiles(project.id) + mount,
    session: (policy: object) =>
      sessions
        .create({
          imageId: "linux_latest",
          regionId: "local",
          policyId: "",
          // Far beyond what the clock is pushed by: idling is not the matter here.
          idleSeconds: 1_000_000_000,
          labels: {},
          bindings: [{ contextId: project.id, path: mount, policy }]
        })
        .pipe(
          Effect.tap((session) => transfer(session, "download")),
          Effect.map((session) => ({
            session,
            folder: directory.sessionRoot(session.id) + mount,
            upload: transfer(session, "upload")
          })),
          Effect.withClock(clock)
        ),
    advance: (by: Duration.Duration) => Effect.zipRight(ticks, service.advance(by))
  }
})

const expiring = (lifecycle: string, paths?: ReadonlyArray<string>) => ({
  recyclePolicy: { lifecycle, ...(paths === undefined ? {} : { paths }) }
})

/** What is stored, once it is what it should be. */
const becomes = (store: string, wanted: { readonly [path: string]: string }) =>
  eventually(
    Effect.sync(() => JSON.stringify(tree(store))),
    (text) => text === JSON.stringify(wanted)
  )

/** What stands in the store at last: an empty folder goes after the last file in it. */
const stands = (store: string, wanted: ReadonlyArray<string>) =>
  eventually(
    Effect.sync(() => NodeFs.readdirSync(store).join("\n")),
    (names) => names === wanted.join("\n")
  )

describe("recyclePolicy", () => {
  it.scopedLive("stored files expire by the clock of the server, each from its own upload", () =>
    Effect.gen(function* () {
      const { advance, session, store } = yield* world(yield* temporaryDirectory)
      const { folder, upload } = yield* session(expiring("Lifecycle_3Days"))
      write(folder, { "old/deep/a": "1", b: "2" })
      // The time that a file carries has nothing to do with it.
      NodeFs.utimesSync(`${folder}/b`, 1000, 1000)
      yield* upload
      yield* advance(Duration.days(2))
      write(folder, { "new/c": "3" })
      yield* upload
      assert.deepStrictEqual(tree(store), { b: "2", "new/c": "3", "old/deep/a": "1" })
      yield* advance(Duration.hours(25))
      yield* becomes(store, { "new/c": "3" })
      yield* stands(store, ["new"])
      yield* advance(Duration.days(2))
      yield* becomes(store, {})
      yield* stands(store, [])
    })
  )

  it.scopedLive("an upload that finds a file unchanged does not prolong its life", () =>
    Effect.gen(function* () {
      const { advance, session, store } = yield* world(yield* temporaryDirectory)
      const first = yield* session(expiring("Lifecycle_3Days"))
      write(first.folder, { a: "1", b: "2" })
      yield* first.upload
      yield* advance(Duration.days(2))
      // Coming from the store, everything in this session is the younger one.
      const next = yield* session(expiring("Lifecycle_3Days"))
      NodeFs.writeFileSync(`${next.folder}/b`, "changed")
      yield* next.upload
      yield* advance(Duration.days(1.5))
      yield* becomes(store, { b: "changed" })
    })
  )

  it.scopedLive("only below its paths, and what others keep in the folder stays", () =>
    Effect.gen(function* () {
      const { advance, session, store } = yield* world(yield* temporaryDirectory)
      const { folder, upload } = yield* session(expiring("Lifecycle_1Day", ["logs", "/tmp/x/"]))
      write(folder, { "logs/a": "1", "logs2/b": "2", "tmp/x/c": "3", "tmp/d": "4", logsx: "5" })
      yield* upload
      yield* advance(Duration.days(2))
      yield* becomes(store, { "logs2/b": "2", logsx: "5", "tmp/d": "4" })
    })
  )

  it.scopedLive(
    "a session that still has an expired file brings it back; deletions still count",
    () =>
      Effect.gen(function* () {
        const { advance, session, store } = yield* world(yield* temporaryDirectory)
        const { folder, upload } = yield* session(expiring("Lifecycle_1Day"))
        write(folder, { a: "1", b: "2" })
        yield* upload
        yield* advance(Duration.days(2))
        yield* becomes(store, {})
        yield* upload
        assert.deepStrictEqual(tree(store), { a: "1", b: "2" })
        NodeFs.rmSync(`${folder}/a`)
        yield* upload
        assert.deepStrictEqual(tree(store), { b: "2" })
      })
  )

  it.scopedLive("holds after the session and the server have ended", () =>
    Effect.gen(function* () {
      const path = yield* temporaryDirectory
      const store = yield* Effect.scoped(
        Effect.gen(function* () {
          const { session, store } = yield* world(path)
          const { folder, upload } = yield* session(expiring("Lifecycle_1Day"))
          write(folder, { a: "1" })
          yield* upload
          return store
        })
      )
      const { advance } = yield* world(path)
      assert.deepStrictEqual(tree(store), { a: "1" })
      yield* advance(Duration.hours(25))
      yield* becomes(store, {})
    })
  )

  it.scopedLive("the binding that uploaded last decides", () =>
    Effect.gen(function* () {
      const { advance, session, store } = yield* world(yield* temporaryDirectory)
      const first = yield* session(expiring("Lifecycle_1Day"))
      write(first.folder, { a: "1" })
      yield* first.upload
      const forever = yield* session(expiring("Lifecycle_Forever"))
      yield* forever.upload
      yield* advance(Duration.days(400))
      const shorter = yield* session(expiring("Lifecycle_90Days"))
      assert.deepStrictEqual(tree(store), { a: "1" })
      // What is there already counts from when it was placed.
      write(shorter.folder, { b: "2" })
      yield* shorter.upload
      yield* becomes(store, { b: "2" })
    })
  )

  it.scopedLive("the search ends with its rooms, also where those may not be interrupted", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(Effect.uninterruptible(world(yield* temporaryDirectory)))
    })
  )

  it.scopedLive("a rule goes with the last of what it is about", () =>
    Effect.gen(function* () {
      const path = yield* temporaryDirectory
      const { advance, rules, session, store } = yield* world(path)
      const { folder, upload } = yield* session(expiring("Lifecycle_1Day"))
      write(folder, { a: "1" })
      yield* upload
      assert.lengthOf(rules(), 1)
      NodeFs.rmSync(store, { recursive: true })
      yield* advance(Duration.days(2))
      yield* eventually(Effect.sync(rules), (left) => left.length === 0)
      yield* upload
      assert.lengthOf(rules(), 1)
      yield* advance(Duration.days(2))
      yield* becomes(store, {})
    })
  )

  it.scopedLive("what cannot be removed is tried again", () =>
    Effect.gen(function* () {
      const { advance, session, store } = yield* world(yield* temporaryDirectory)
      const { folder, upload } = yield* session(expiring("Lifecycle_1Day"))
      write(folder, { a: "1", b: "2" })
      yield* upload
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* replaceCall("unlinkSync", (original) => (file) => {
            if (namedPath(file) === `${store}/a`) throw systemError("EACCES", -13)
            original(file)
          })
          yield* advance(Duration.days(2))
          yield* becomes(store, { a: "1" })
        })
      )
      yield* advance(Duration.hours(2))
      yield* becomes(store, {})
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )

  it.scopedLive("an archive expires as a whole", () =>
    Effect.gen(function* () {
      const { advance, session, store } = yield* world(yield* temporaryDirectory)
      const policy = {
        ...expiring("Lifecycle_1Day"),
        uploadPolicy: { uploadMode: "Archive" }
      }
      const { folder, upload } = yield* session(policy)
      write(folder, { a: "1" })
      yield* upload
      assert.deepStrictEqual(NodeFs.readdirSync(store), ["agentbay-archive.tar.gz"])
      yield* advance(Duration.days(2))
      yield* becomes(store, {})
    })
  )

  it("knows the words for how long", () => {
    const days = (lifecycle: string) =>
      (Policy.expiry(expiring(lifecycle))?.lifetime ?? 0) / Duration.toMillis(Duration.days(1))
    assert.deepStrictEqual(
      [1, 3, 5, 10, 15, 30, 90, 180, 360].map((count) =>
        days(`Lifecycle_${count}Day${count === 1 ? "" : "s"}`)
      ),
      [1, 3, 5, 10, 15, 30, 90, 180, 360]
    )
    assert.isUndefined(Policy.expiry(expiring("Lifecycle_Forever")))
    assert.isUndefined(Policy.expiry({}))
    assert.isUndefined(Policy.expiry(expiring("Lifecycle_1Day", [])))
    assert.deepStrictEqual(Policy.expiry(expiring("Lifecycle_1Day"))?.paths, [""])
  })
})
