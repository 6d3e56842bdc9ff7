import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as Snapshot from "../../../packages/node/src/local/admin/Snapshot.js"
import * as StateCopy from "../../../packages/node/src/local/admin/StateCopy.js"
import { layout } from "../../../packages/node/src/local/DataDirectory.js"
import { collecting, many, serving, temporaryDirectory, writeMany } from "./life.js"
import * as Wire from "./wire.js"
import { mount, prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const admin = Effect.map(LocalAgentBay.LocalAgentBay, (server) => server.admin)

/** What lies in the data directory of the server, apart from its own files. */
const leftIn = (server: LocalAgentBay.Service) =>
  ["contexts", "sessions", "staging"].flatMap((folder) =>
    Object.keys(tree(`${server.dataDirectory}/${folder}`))
  )

describe("admin", () => {
  it.scopedLive("state tells contexts, sessions, bindings, tasks and versions, and no secret", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, id, session } = yield* prepare({ uploadPolicy: { autoUpload: true } })
      write(session, { "a.txt": "a" })
      yield* Wire.sync(id)
      const state = yield* server.admin.state
      assert.deepStrictEqual(
        state.contexts.map(({ directory, id, name, state }) => ({ directory, id, name, state })),
        [
          {
            directory: server.contextDirectory(contextId),
            id: contextId,
            name: "project",
            state: "available"
          }
        ]
      )
      const [shown] = state.sessions
      assert.strictEqual(shown?.id, id)
      assert.strictEqual(shown?.directory, server.sessionDirectory(id))
      assert.deepStrictEqual(
        shown?.bindings.map(({ contextId, path }) => ({ contextId, path })),
        [{ contextId, path: mount }]
      )
      assert.deepStrictEqual(
        shown?.tasks.map(({ filesTotal, status, type }) => [type, status, filesTotal]),
        [
          ["download", "Success", 0],
          ["upload", "Success", 1]
        ]
      )
      assert.deepStrictEqual(state.versions, [{ contextId, path: mount, version: 1 }])
      assert.deepStrictEqual(state.snapshots, [])
      const text = JSON.stringify(state)
      assert.notInclude(text, Redacted.value(server.apiKey))
      assert.notInclude(text, Redacted.value(server.adminToken))
    }).pipe(provided)
  )

  it.scopedLive("reset removes all sessions, contexts and files; the server goes on", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id, session } = yield* prepare()
      write(session, { "a.txt": "a" })
      yield* Wire.sync(id)
      yield* server.admin.reset
      assert.deepStrictEqual(leftIn(server), [])
      const state = yield* server.admin.state
      assert.deepStrictEqual([state.contexts, state.sessions, state.versions], [[], [], []])
      assert.deepStrictEqual(yield* server.admin.calls(), [])
      const gone = yield* Wire.request("GetSessionDetail", { SessionId: id })
      assert.strictEqual(gone.status, 400)
      // Under the same address and with the same key, everything works again.
      const again = yield* prepare()
      write(again.session, { "b.txt": "b" })
      yield* Wire.sync(again.id)
      assert.deepStrictEqual(tree(again.store), { "b.txt": "b" })
    }).pipe(provided)
  )

  it.scopedLive("a reset stops what runs, and requests meanwhile wait for it", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id, session } = yield* prepare()
      writeMany(session, many)
      yield* Wire.call("SyncContext", { SessionId: id })
      const [, ...answers] = yield* Effect.all(
        [
          server.admin.reset,
          ...Array.from({ length: 20 }, (_, index) =>
            Wire.request("GetContext", { Name: `c${index}`, AllowCreate: "true" })
          )
        ],
        { concurrency: "unbounded" }
      )
      for (const answer of answers) {
        assert.strictEqual(Wire.at(answer, "status"), 200)
      }
      assert.deepStrictEqual((yield* server.admin.state).sessions, [])
      assert.deepStrictEqual(
        Object.keys(tree(`${server.dataDirectory}/contexts`)).filter((path) => path !== ""),
        []
      )
    }).pipe(provided)
  )

  it.scopedLive("seed fills a context from a folder, as if a session had uploaded it", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const folder = yield* temporaryDirectory
      write(folder, { "a.txt": "a", "deep er/ü.txt": "ü" })
      const first = yield* server.admin.seed({ context: "project", folder, path: mount })
      assert.strictEqual(first.files, 2)
      const { contextId, session, id } = yield* prepare()
      assert.strictEqual(first.contextId, contextId)
      assert.deepStrictEqual(tree(session), { "a.txt": "a", "deep er/ü.txt": "ü" })
      // The session has not seen the second seed, so its upload deletes nothing of it.
      write(folder, { "later.txt": "later" })
      assert.strictEqual(
        (yield* server.admin.seed({ context: "project", folder, path: `${mount}/` })).files,
        1
      )
      yield* Wire.sync(id)
      assert.property(tree(server.contextDirectory(contextId) + mount), "later.txt")
    }).pipe(provided, Effect.scoped)
  )

  it.scopedLive("seed refuses what is no folder, no path, no name", () =>
    Effect.gen(function* () {
      const { seed } = yield* admin
      const folder = yield* temporaryDirectory
      const good = { context: "c", folder, path: mount }
      for (const [options, reason] of [
        [{ ...good, context: " " }, "InvalidArgument"],
        [{ ...good, folder: "relative" }, "InvalidArgument"],
        [{ ...good, path: "/" }, "InvalidArgument"],
        [{ ...good, path: "/../x" }, "InvalidArgument"],
        [{ ...good, folder: `${folder}/none` }, "Seed"]
      ] as const) {
        const error = yield* Effect.flip(seed(options))
        assert.strictEqual(error.reason, reason, JSON.stringify(options))
      }
    }).pipe(provided, Effect.scoped)
  )

  it.scopedLive("a snapshot is restored, sessions and files included, and again", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id, session, store } = yield* prepare()
      write(session, { "a.txt": "one" })
      NodeFs.symlinkSync("/nowhere", `${session}/link`)
      yield* Wire.sync(id)
      yield* server.admin.snapshot("first.1")
      const before = yield* server.admin.state
      assert.deepStrictEqual(before.snapshots, ["first.1"])
      for (let round = 0; round < 2; round++) {
        write(session, { "a.txt": "two", "b.txt": "b" })
        yield* Wire.sync(id)
        yield* Wire.createContext("later")
        yield* Wire.release(id)
        yield* server.admin.restore("first.1")
        const { now: _, ...state } = yield* server.admin.state
        const { now: __, ...expected } = before
        assert.deepStrictEqual(state, expected)
        assert.deepStrictEqual(tree(store), { "a.txt": "one" })
        assert.strictEqual(NodeFs.readFileSync(`${session}/a.txt`, "utf8"), "one")
        assert.strictEqual(NodeFs.readlinkSync(`${session}/link`), "/nowhere")
      }
      // The session goes on where it was.
      write(session, { "c.txt": "c" })
      const [upload] = yield* Wire.sync(id)
      assert.strictEqual(upload?.status, "Success")
      yield* server.admin.removeSnapshot("first.1")
      assert.deepStrictEqual((yield* server.admin.state).snapshots, [])
      assert.deepStrictEqual(NodeFs.readdirSync(`${server.dataDirectory}/snapshots`), [])
    }).pipe(provided)
  )

  it.scopedLive("a snapshot waits for the transfers under way, and they are whole in it", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id, session, store } = yield* prepare()
      writeMany(session, 500)
      yield* Wire.call("SyncContext", { SessionId: id })
      yield* server.admin.snapshot("s")
      const [upload] = yield* Wire.info(id, { TaskType: "upload" })
      assert.strictEqual(upload?.status, "Success")
      yield* server.admin.reset
      yield* server.admin.restore("s")
      assert.strictEqual(NodeFs.readdirSync(store).length, 500)
      const [again] = yield* Wire.info(id, { TaskType: "upload" })
      assert.strictEqual(again?.taskId, upload?.taskId)
    }).pipe(provided)
  )

  it.scopedLive("a snapshot that cannot be opened changes nothing", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id, session, store } = yield* prepare()
      write(session, { "a.txt": "a" })
      yield* Wire.sync(id)
      const before = yield* server.admin.state
      const folder = `${server.dataDirectory}/snapshots/broken`
      NodeFs.mkdirSync(folder, { recursive: true })
      NodeFs.writeFileSync(
        `${folder}/state.sqlite`,
        "this is no database, by any means ".repeat(99)
      )
      const error = yield* Effect.flip(server.admin.restore("broken"))
      assert.strictEqual(error.reason, "Restore")
      NodeFs.rmSync(`${folder}/state.sqlite`)
      assert.strictEqual((yield* Effect.flip(server.admin.restore("broken"))).reason, "Restore")
      const after = yield* server.admin.state
      assert.deepStrictEqual(after.sessions, before.sessions)
      assert.deepStrictEqual(tree(store), { "a.txt": "a" })
      assert.strictEqual((yield* Wire.sync(id))[0]?.status, "Success")
      assert.deepStrictEqual(NodeFs.readdirSync(`${server.dataDirectory}/snapshots`), ["broken"])
    }).pipe(provided)
  )

  it.scopedLive("snapshots have names and nothing else, and none is overwritten", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      for (const name of ["", ".", "..", "../x", "a/b", ".hidden", "a\0", "x".repeat(65)]) {
        for (const act of [
          server.admin.snapshot(name),
          server.admin.restore(name),
          server.admin.removeSnapshot(name)
        ]) {
          assert.strictEqual((yield* Effect.flip(act)).reason, "InvalidArgument", name)
        }
      }
      assert.strictEqual(
        (yield* Effect.flip(server.admin.restore("none"))).reason,
        "SnapshotNotFound"
      )
      yield* server.admin.snapshot("one")
      assert.strictEqual(
        (yield* Effect.flip(server.admin.snapshot("one"))).reason,
        "SnapshotExists"
      )
      // The refusal came when the rooms were closed already; they are open again.
      yield* Wire.createContext("still there")
    }).pipe(provided)
  )

  it.scopedLive("a restore that was cut off half way is taken back at the next start", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const places = layout(directory)
      const contents = Effect.map(admin, ({ state }) => state).pipe(
        Effect.flatten,
        Effect.map(({ contexts }) => contexts.map(({ name }) => name))
      )
      yield* Effect.gen(function* () {
        yield* Wire.createContext("old")
        yield* Effect.flatMap(admin, ({ snapshot }) => snapshot("s"))
        yield* Wire.createContext("new")
      }).pipe(serving(directory))
      const { forget, put } = Snapshot.restoring(places, `${places.snapshots}/s`)
      yield* put
      // The process ends here, before it could say that all is well.
      assert.deepStrictEqual(yield* contents.pipe(serving(directory)), ["old", "new"])
      assert.deepStrictEqual(NodeFs.readdirSync(places.snapshots), ["s"])
      yield* Effect.flip(forget)

      // Cut off while what was there is being moved aside: only a part of it is there.
      const aside = `${places.snapshots}/.before-x`
      write(`${directory}/contexts/c/files`, { "a.txt": "a" })
      NodeFs.mkdirSync(aside)
      NodeFs.renameSync(`${directory}/contexts`, `${aside}/contexts`)
      assert.deepStrictEqual(yield* contents.pipe(serving(directory)), ["old", "new"])
      assert.deepStrictEqual(tree(`${directory}/contexts/c/files`), { "a.txt": "a" })
      assert.deepStrictEqual(NodeFs.readdirSync(places.snapshots), ["s"])
      yield* Effect.flatMap(admin, ({ restore }) => restore("s")).pipe(serving(directory))
      assert.deepStrictEqual(yield* contents.pipe(serving(directory)), ["old"])
    })
  )

  it.scopedLive("a reset that was cut off is finished at the next start", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const places = layout(directory)
      yield* Effect.gen(function* () {
        const { id, session } = yield* prepare({})
        write(session, { "a.txt": "a" })
        yield* Wire.sync(id)
      }).pipe(serving(directory))
      // The process ends after its first step: the state is empty, the files are there.
      NodeFs.mkdirSync(places.snapshots)
      NodeFs.writeFileSync(`${places.snapshots}/.resetting`, "")
      yield* Effect.promise(() => StateCopy.clear(places.stateFile))
      const left = yield* Effect.map(LocalAgentBay.LocalAgentBay, leftIn).pipe(serving(directory))
      assert.deepStrictEqual(left, [])
      assert.deepStrictEqual(NodeFs.readdirSync(places.snapshots), [])
    })
  )

  it.scopedLive("calls tell what was called, and nothing that was said", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const id = yield* Wire.createSession()
      yield* Wire.request("SyncContext", { SessionId: id, Path: "/secret-path", ContextId: "x" })
      yield* Wire.send(`${server.url}/?Action=secret-action&Authorization=Bearer%20secret-key`)
      yield* Wire.send(`${server.url}/?Action=ListSession&SessionId=secret-id`)
      const calls = yield* server.admin.calls(3)
      assert.deepStrictEqual(
        calls.map(({ action, code, sessionId, status }) => ({ action, code, sessionId, status })),
        [
          { action: "SyncContext", code: "Context.NotFound", sessionId: id, status: 400 },
          { action: "", code: "InvalidAction.NotFound", sessionId: undefined, status: 404 },
          { action: "ListSession", code: "NOT_LOGIN", sessionId: undefined, status: 400 }
        ]
      )
      for (const call of calls) {
        assert.match(call.at, /^\d{4}-.*Z$/)
        assert.isAtLeast(call.durationMillis, 0)
        assert.isNotEmpty(call.requestId)
      }
      const text = JSON.stringify(yield* server.admin.calls())
      assert.notInclude(text, "secret")
      assert.notInclude(text, Redacted.value(server.apiKey))
      assert.deepStrictEqual(yield* server.admin.calls(0), [])
    }).pipe(provided)
  )

  it.scopedLive("the clock is pushed forward, and only the server's", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const own = yield* Clock.currentTimeMillis
      const now = yield* server.admin.advance("2 days")
      assert.isAtLeast(now.epochMillis, own + 2 * 86_400_000)
      assert.isBelow((yield* Clock.currentTimeMillis) - own, 86_400_000)
      yield* Wire.createContext("later")
      const { contexts } = yield* server.admin.state
      assert.isAtLeast(Date.parse(contexts[0]?.createdAt ?? ""), own + 2 * 86_400_000 - 1000)
      for (const time of [Infinity, "4000 days", 0, -1] as const) {
        const error = yield* Effect.flip(server.admin.advance(time))
        assert.strictEqual(error.reason, "InvalidArgument")
      }
    }).pipe(provided)
  )

  it.effect("works under a clock that stands still", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      yield* server.admin.snapshot("s")
      yield* server.admin.reset
      yield* server.admin.restore("s")
      const { now } = yield* server.admin.state
      assert.isAbove(Date.parse(now), Date.parse("2020-01-01"))
    }).pipe(provided, Effect.provide(collecting().layer))
  )
})
