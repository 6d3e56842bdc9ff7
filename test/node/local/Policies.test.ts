import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"
import { kinds, mount, prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("policies", () => {
  it.scopedLive("bwList: what is not covered is neither copied nor deleted", () =>
    Effect.gen(function* () {
      const policy = { bwList: { whiteLists: [{ path: "/src", excludePaths: ["gen"] }] } }
      const { id, session, store } = yield* prepare(policy)
      write(session, { "src/a": "1", "src/gen/b": "2", other: "3", "srcs/c": "4" })
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { "src/a": "1" })
      write(store, { other: "kept", "src/gen/x": "kept" })
      NodeFs.rmSync(`${session}/src/a`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { other: "kept", "src/gen/x": "kept" })
    }).pipe(provided)
  )

  it.scopedLive("bwList: also holds for a path inside the mount", () =>
    Effect.gen(function* () {
      const policy = { bwList: { whiteLists: [{ path: "", excludePaths: ["sub/secret"] }] } }
      const { contextId, id, session, store } = yield* prepare(policy)
      write(session, { "sub/a": "1", "sub/secret/key": "2", "sub/secret/deep/key": "3" })
      const sync = (path: string) =>
        Effect.map(Wire.sync(id, { ContextId: contextId, Path: `${mount}/${path}` }), (items) =>
          items.find((item) => item.path === `${mount}/${path}`)
        )
      assert.strictEqual((yield* sync("sub"))?.status, "Success")
      assert.deepStrictEqual(tree(store), { "sub/a": "1" })
      for (const path of ["sub/secret", "sub/secret/deep", "sub/secret/key"]) {
        const task = yield* sync(path)
        assert.deepInclude(task, {
          status: "Failed",
          errorMessage: `the whitelist of the binding leaves out ${mount}/${path}`
        })
      }
      assert.deepStrictEqual(tree(store), { "sub/a": "1" })
    }).pipe(provided)
  )

  it.scopedLive("deletions are carried into the store, unless the policy says no", () =>
    Effect.gen(function* () {
      for (const [name, policy, left] of [
        ["default", undefined, { b: "2" }],
        ["off", { deletePolicy: { syncLocalFile: false } }, { a: "1", b: "2", "d/c": "3" }]
      ] as const) {
        const { id, session, store } = yield* prepare(policy, name)
        write(session, { a: "1", b: "2", "d/c": "3" })
        yield* Wire.sync(id)
        NodeFs.rmSync(`${session}/a`)
        NodeFs.rmSync(`${session}/d`, { recursive: true })
        yield* Wire.sync(id)
        assert.deepStrictEqual(tree(store), left, name)
      }
    }).pipe(provided)
  )

  it.scopedLive("autoDownload off: nothing comes at the start, all of it when asked", () =>
    Effect.gen(function* () {
      const { id, session } = yield* prepare()
      write(session, { a: "1" })
      yield* Wire.release(id)
      const second = yield* prepare({ downloadPolicy: { autoDownload: false } })
      assert.deepStrictEqual(kinds(yield* Wire.info(second.id)), [`download ${mount} Success`])
      assert.deepStrictEqual(tree(second.session), {})
      yield* Wire.sync(second.id, { Mode: "download" })
      assert.deepStrictEqual(tree(second.session), { a: "1" })
    }).pipe(provided)
  )
})

describe("deletions are carried only by a session that has seen what is stored", () => {
  it.scopedLive("not by one that downloaded nothing", () =>
    Effect.gen(function* () {
      const first = yield* prepare()
      write(first.session, { a: "1" })
      yield* Wire.release(first.id)
      const blind = yield* prepare({ downloadPolicy: { autoDownload: false } })
      write(blind.session, { b: "2" })
      yield* Wire.sync(blind.id)
      assert.deepStrictEqual(tree(blind.store), { a: "1", b: "2" })
      // Once it has downloaded all, what it deletes is deleted.
      yield* Wire.sync(blind.id, { Mode: "download" })
      NodeFs.rmSync(`${blind.session}/a`)
      yield* Wire.sync(blind.id)
      assert.deepStrictEqual(tree(blind.store), { b: "2" })
    }).pipe(provided)
  )

  it.scopedLive("not by one that missed the upload of another session", () =>
    Effect.gen(function* () {
      const one = yield* prepare()
      const other = yield* prepare()
      write(one.session, { fromOne: "1" })
      yield* Wire.sync(one.id)
      write(other.session, { fromOther: "2" })
      yield* Wire.sync(other.id)
      assert.deepStrictEqual(tree(one.store), { fromOne: "1", fromOther: "2" })
      yield* Wire.release(one.id)
      yield* Wire.release(other.id)
      assert.deepStrictEqual(tree(one.store), { fromOne: "1", fromOther: "2" })
    }).pipe(provided)
  )

  it.scopedLive("not by one that missed an empty folder of another session", () =>
    Effect.gen(function* () {
      const one = yield* prepare()
      write(one.session, { a: "1" })
      yield* Wire.sync(one.id)
      const other = yield* prepare()
      NodeFs.mkdirSync(`${one.session}/empty`)
      yield* Wire.sync(one.id)
      write(other.session, { b: "2" })
      yield* Wire.sync(other.id)
      assert.deepStrictEqual(NodeFs.readdirSync(one.store), ["a", "b", "empty"])
    }).pipe(provided)
  )

  it.scopedLive("also when another session uploaded without changing anything", () =>
    Effect.gen(function* () {
      const one = yield* prepare()
      write(one.session, { a: "1", b: "2" })
      yield* Wire.sync(one.id)
      const other = yield* prepare()
      yield* Wire.sync(one.id)
      yield* Wire.release(one.id)
      NodeFs.rmSync(`${other.session}/a`)
      yield* Wire.release(other.id)
      assert.deepStrictEqual(tree(other.store), { b: "2" })
    }).pipe(provided)
  )

  it.scopedLive("also after its own upload of a single file", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      write(session, { a: "1", b: "2" })
      yield* Wire.sync(id)
      write(session, { c: "3" })
      yield* Wire.sync(id, { ContextId: contextId, Path: `${mount}/c` })
      NodeFs.rmSync(`${session}/a`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { b: "2", c: "3" })
    }).pipe(provided)
  )

  it.scopedLive("each of two bindings of one context for itself", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("two")
      const id = yield* Wire.createSession(
        { contextId, path: "/tmp/1" },
        { contextId, path: "/tmp/2" }
      )
      const session = server.sessionDirectory(id)
      write(session, { "/tmp/1/a": "1", "/tmp/2/b": "2", "/tmp/2/c": "3" })
      yield* Wire.sync(id)
      NodeFs.rmSync(`${session}/tmp/1/a`)
      NodeFs.rmSync(`${session}/tmp/2/b`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(server.contextDirectory(contextId)), { "tmp/2/c": "3" })
    }).pipe(provided)
  )
})
