import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as NodeFs from "node:fs"
import * as Mapping from "../../../packages/node/src/local/sync/Mapping.js"
import * as Wire from "./wire.js"
import { kinds, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const mapped = (path: string, more: object = {}) => ({ ...more, mappingPolicy: { path } })

const session = (contextId: string, path: string, policy?: unknown) =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    const id = yield* Wire.createSession({ contextId, path, policy })
    return { id, folder: server.sessionDirectory(id) + path }
  })

describe("mappingPolicy", () => {
  it.scopedLive("brings what is stored under another path to the mount, and back", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("shared")
      const store = server.contextDirectory(contextId)
      const first = yield* session(contextId, "/home/wuying/old")
      write(first.folder, { a: "1", "d/b": "2" })
      yield* Wire.release(first.id)
      const blind = yield* session(contextId, "/tmp/new")
      assert.deepStrictEqual(tree(blind.folder), {})
      yield* Wire.release(blind.id)

      const second = yield* session(contextId, "/tmp/new", mapped("/home/wuying/old/"))
      assert.deepStrictEqual(kinds(yield* Wire.info(second.id)), ["download /tmp/new Success"])
      assert.deepStrictEqual(tree(second.folder), { a: "1", "d/b": "2" })
      NodeFs.rmSync(`${second.folder}/a`)
      write(second.folder, { c: "3" })
      assert.deepStrictEqual(kinds(yield* Wire.sync(second.id)), ["upload /tmp/new Success"])
      assert.deepStrictEqual(tree(store), {
        "home/wuying/old/c": "3",
        "home/wuying/old/d/b": "2"
      })
    }).pipe(provided)
  )

  it.scopedLive("holds for a path inside the mount too", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("shared")
      const store = server.contextDirectory(contextId)
      const { folder, id } = yield* session(contextId, "/tmp/new", mapped("/home/wuying/old"))
      write(folder, { "d/b": "2", c: "3" })
      const [task] = yield* Wire.sync(id, { ContextId: contextId, Path: "/tmp/new/d/b" })
      assert.deepInclude(task, { path: "/tmp/new/d/b", status: "Success" })
      assert.deepStrictEqual(tree(store), { "home/wuying/old/d/b": "2" })
      write(store, { "home/wuying/old/d/b": "changed" })
      yield* Wire.sync(id, { ContextId: contextId, Path: "/tmp/new/d", Mode: "download" })
      assert.deepStrictEqual(tree(folder), { "d/b": "changed", c: "3" })
    }).pipe(provided)
  )

  it.scopedLive("two sessions on one place of the store know of each other's uploads", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("shared")
      const one = yield* session(contextId, "/home/wuying/old")
      const other = yield* session(contextId, "/tmp/new", mapped("/home/wuying/old"))
      write(one.folder, { fromOne: "1" })
      yield* Wire.sync(one.id)
      // It has never seen that file, so it does not delete it.
      write(other.folder, { fromOther: "2" })
      yield* Wire.sync(other.id)
      const store = server.contextDirectory(contextId)
      assert.deepStrictEqual(Object.keys(tree(store)), [
        "home/wuying/old/fromOne",
        "home/wuying/old/fromOther"
      ])
      yield* Wire.sync(other.id, { Mode: "download" })
      NodeFs.rmSync(`${other.folder}/fromOne`)
      yield* Wire.release(other.id)
      assert.deepStrictEqual(Object.keys(tree(store)), ["home/wuying/old/fromOther"])
    }).pipe(provided)
  )

  it.scopedLive("a path of Windows works, also together with an archive", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("shared")
      const packing = { uploadPolicy: { uploadMode: "Archive" } }
      const one = yield* session(contextId, "/tmp/one", mapped("C:\\Users\\me\\work", packing))
      write(one.folder, { a: "1" })
      yield* Wire.release(one.id)
      assert.deepStrictEqual(Object.keys(tree(server.contextDirectory(contextId))), [
        "c:/Users/me/work/agentbay-archive.tar.gz"
      ])
      const two = yield* session(contextId, "/tmp/two", mapped("c:/Users//me/work/", packing))
      assert.deepStrictEqual(tree(two.folder), { a: "1" })
    }).pipe(provided)
  )

  it("paths that mean nothing are refused by name", () => {
    const reasonFor = (path: string) =>
      Either.match(Mapping.normalise(path), {
        onLeft: (refused) => refused.reason,
        onRight: (stored) => `stored at ${stored}`
      })
    assert.deepStrictEqual(
      [
        "D:\\a\\.\\b\\..\\c",
        "/x//y/",
        "work",
        "C:",
        "C:\\",
        "/",
        "\\\\server\\share",
        "C:\\..\\x",
        "/a/../../x"
      ].map(reasonFor),
      [
        "stored at /d:/a/c",
        "stored at /x/y",
        "it is not absolute",
        "it is not absolute",
        "the root itself cannot be a mount",
        "the root itself cannot be a mount",
        "it names a network share",
        "it leads out of the session",
        "it leads out of the session"
      ]
    )
  })
})

describe("a binding whose policy cannot be followed", () => {
  const refusal = (...mounts: ReadonlyArray<Wire.Mount>) =>
    Effect.map(
      Wire.request("CreateMcpSession", {
        PersistenceDataList: mounts.map((mount) => ({
          ContextId: mount.contextId,
          Path: mount.path,
          Policy: JSON.stringify(mount.policy ?? {})
        }))
      }),
      ({ body, status }) => {
        assert.deepStrictEqual([status, Wire.at(body, "Code")], [400, "InvalidParameter"])
        return Wire.textAt(body, "Message")
      }
    )

  it.scopedLive("is refused with the session", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("one")
      const refused = (policy: unknown) => refusal({ contextId, path: "/tmp/a", policy })
      assert.match(yield* refused(mapped("work")), /mappingPolicy: the path "work" is refused/)
      assert.match(yield* refused(mapped("\\\\server\\x")), /names a network share/)
      assert.match(
        yield* refused({ uploadPolicy: { uploadMode: "Zip" } }),
        /the mode "Zip" is neither "File" nor "Archive"/
      )
      assert.match(
        yield* refused({ recyclePolicy: { lifecycle: "Lifecycle_2Days" } }),
        /the lifecycle "Lifecycle_2Days" is none of Lifecycle_1Day,/
      )
    }).pipe(provided)
  )

  it.scopedLive("two bindings of one context may not be stored at one place", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("one")
      const other = yield* Wire.createContext("other")
      const a = { contextId, path: "/tmp/a" }
      assert.match(
        yield* refusal(a, { contextId, path: "/tmp/b", policy: mapped("/tmp/a") }),
        /two bindings of one context under \/tmp\/a/
      )
      assert.match(
        yield* refusal(a, { contextId, path: "/tmp/b", policy: mapped("/tmp/a/sub") }),
        /one lies inside the other/
      )
      yield* Wire.createSession(a, {
        contextId: other,
        path: "/tmp/b",
        policy: mapped("/tmp/a")
      })
    }).pipe(provided)
  )
})
