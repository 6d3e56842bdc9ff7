import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { kinds, mount, prepare, tree, write } from "./workspace.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const requestBind = (id: string, ...mounts: ReadonlyArray<Wire.Mount>) =>
  Wire.request("BindContexts", {
    SessionId: id,
    PersistenceDataList: mounts.map(({ contextId, path, policy }) => ({
      ContextId: contextId,
      Path: path,
      ...(policy === undefined ? {} : { Policy: JSON.stringify(policy) })
    }))
  })

const bind = (id: string, ...mounts: ReadonlyArray<Wire.Mount>) =>
  Effect.map(requestBind(id, ...mounts), (answer) => {
    assert.strictEqual(Wire.at(answer.body, "Success"), true, JSON.stringify(answer.body))
  })

const bound = (id: string) =>
  Effect.map(Wire.call("DescribeSessionContexts", { SessionId: id }), (body) => {
    const data = Wire.at(body, "Data")
    return Array.isArray(data)
      ? data.map((entry) => [Wire.textAt(entry, "ContextId"), Wire.textAt(entry, "Path")])
      : []
  })

describe("a binding made while the session runs", () => {
  it.scopedLive("is listed at once, with its download, and filled (B1, B2, B3)", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, id } = yield* prepare()
      const more = yield* Wire.createContext("more")
      write(server.contextDirectory(more), { "home/wuying/more/a": "1", "tmp/b/c": "2" })
      yield* bind(
        id,
        { contextId: more, path: "~/more/" },
        { contextId: more, path: "/tmp/b", policy: { uploadPolicy: { autoUpload: false } } }
      )
      assert.deepStrictEqual(yield* bound(id), [
        [contextId, mount],
        [more, "~/more/"],
        [more, "/tmp/b"]
      ])
      // The first item is of the creation. The new ones stand beside it, whatever their state.
      assert.deepStrictEqual(
        (yield* Wire.info(id)).map((item) => `${item.taskType} ${item.path}`),
        [`download ${mount}`, "download ~/more/", "download /tmp/b"]
      )
      assert.deepStrictEqual(kinds(yield* Wire.settled(id)).slice(1), [
        "download ~/more/ Success",
        "download /tmp/b Success"
      ])
      const root = server.sessionDirectory(id)
      assert.deepStrictEqual(tree(`${root}/home/wuying/more`), { a: "1" })
      assert.deepStrictEqual(tree(`${root}/tmp/b`), { c: "2" })
      const session = yield* Wire.call("GetSession", { SessionId: id })
      assert.lengthOf(Object(Wire.at(session, "Data", "contexts")), 2)
    }).pipe(provided)
  )

  it.scopedLive("takes part in syncs and in the release by its policy", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const id = yield* Wire.createSession()
      const contextId = yield* Wire.createContext("late")
      write(server.contextDirectory(contextId), { "tmp/a/old": "0", "tmp/b/old": "0" })
      yield* bind(
        id,
        { contextId, path: "/tmp/a" },
        { contextId, path: "/tmp/b", policy: { uploadPolicy: { autoUpload: false } } }
      )
      yield* Wire.settled(id)
      const root = server.sessionDirectory(id)
      const store = server.contextDirectory(contextId)
      // What was downloaded and is deleted in the session goes from the store too.
      NodeFs.rmSync(`${root}/tmp/a/old`)
      write(root, { "tmp/a/new": "1", "tmp/b/new": "1" })
      assert.deepStrictEqual(kinds(yield* Wire.sync(id)), [
        "upload /tmp/a Success",
        "upload /tmp/b Success"
      ])
      assert.deepStrictEqual(tree(store), { "tmp/a/new": "1", "tmp/b/new": "1", "tmp/b/old": "0" })
      write(root, { "tmp/a/last": "2", "tmp/b/last": "2" })
      yield* Wire.release(id)
      assert.deepStrictEqual(tree(`${store}/tmp/a`), { last: "2", new: "1" })
      assert.isFalse(NodeFs.existsSync(`${store}/tmp/b/last`))
    }).pipe(provided)
  )

  it.scopedLive(
    "is not filled when its policy says so, and has an ended download all the same",
    () =>
      Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const id = yield* Wire.createSession()
        const contextId = yield* Wire.createContext("c")
        write(server.contextDirectory(contextId), { "tmp/a/x": "1" })
        yield* bind(id, {
          contextId,
          path: "/tmp/a",
          policy: { downloadPolicy: { autoDownload: false } }
        })
        assert.deepStrictEqual(kinds(yield* Wire.settled(id)), ["download /tmp/a Success"])
        const folder = `${server.sessionDirectory(id)}/tmp/a`
        assert.isTrue(NodeFs.statSync(folder).isDirectory())
        assert.deepStrictEqual(tree(folder), {})
      }).pipe(provided)
  )

  it.scopedLive("is refused where one is, and then none of the request is made", () =>
    Effect.gen(function* () {
      const { contextId, id } = yield* prepare()
      const other = yield* Wire.createContext("other")
      yield* bind(id, { contextId: other, path: "/tmp/test" })
      for (const taken of ["/tmp/test", "/tmp/./test/", mount]) {
        for (const by of [contextId, other]) {
          const answer = yield* requestBind(
            id,
            { contextId: other, path: "/tmp/free" },
            { contextId: by, path: taken }
          )
          const { RequestId: _, ...body } = Object(answer.body)
          assert.deepStrictEqual(
            [answer.status, body],
            [
              200,
              {
                Code: "PathAlreadyBound",
                HttpStatusCode: 400,
                Message: `Path ${taken} is already bound`,
                Success: false
              }
            ]
          )
        }
      }
      assert.deepStrictEqual(yield* bound(id), [
        [contextId, mount],
        [other, "/tmp/test"]
      ])
      assert.lengthOf(yield* Wire.info(id), 2)
    }).pipe(provided)
  )

  it.scopedLive("is refused for what cannot be a mount", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, id } = yield* prepare()
      const root = server.sessionDirectory(id)
      const outside = `${server.dataDirectory}/outside`
      NodeFs.mkdirSync(outside)
      write(root, { "tmp/file": "1" })
      NodeFs.symlinkSync(outside, `${root}/tmp/link`)
      const at = (...paths: ReadonlyArray<string>) =>
        requestBind(id, ...paths.map((path) => ({ contextId, path })))
      const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [[], "empty"],
        [["relative"], "not absolute"],
        [["/"], "root"],
        [["/tmp/a", "/tmp/a"], "more than once"],
        [["/tmp/a", "/tmp/a/b"], "inside the other"],
        [[`${mount}/inside`], "inside the other"],
        [["/home/wuying"], "inside the other"],
        [["/tmp/file"], "a file stands in the way"],
        [["/tmp/file/below"], "a file stands in the way"],
        [["/tmp/link"], "symbolic link"],
        [["/tmp/link/below"], "symbolic link"]
      ]
      for (const [paths, issue] of refusals) {
        const answer = yield* at(...paths)
        assert.strictEqual(answer.status, 400, paths.join(" "))
        assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidParameter", paths.join(" "))
        assert.include(Wire.textAt(answer.body, "Message"), issue)
        assert.notInclude(Wire.textAt(answer.body, "Message"), server.dataDirectory)
      }
      const unknown = yield* requestBind(id, { contextId: "SdkCtx-none", path: "/tmp/a" })
      assert.deepInclude(Object(unknown.body), {
        Code: "InvalidContext.NotFound",
        Success: false
      })
      for (const list of ["", "{}", "[{}]", "nonsense"]) {
        const answer = yield* Wire.request("BindContexts", {
          SessionId: id,
          PersistenceDataList: list
        })
        assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidParameter", list)
      }
      const gone = yield* requestBind("session-none", { contextId, path: "/tmp/a" })
      assert.strictEqual(Wire.at(gone.body, "Code"), "InvalidMcpSession.NotFound")
      assert.deepStrictEqual(yield* bound(id), [[contextId, mount]])
      assert.deepStrictEqual(NodeFs.readdirSync(outside), [])
    }).pipe(provided)
  )

  it.scopedLive("is made once when many ask for it at the same time", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      const contextId = yield* Wire.createContext("c")
      const answers = yield* Effect.all(
        ["/tmp/a", "/tmp/a", "/tmp/a", "/tmp/a/b", "/tmp/c"].map((path) =>
          requestBind(id, { contextId, path })
        ),
        { concurrency: "unbounded" }
      )
      const codes = answers.map((answer) => Wire.textAt(answer.body, "Code"))
      const paths = (yield* bound(id)).map(([, path]) => path)
      assert.lengthOf(paths, 2)
      assert.include(paths, "/tmp/c")
      assert.strictEqual(codes.filter((code) => code === "ok").length, 2)
      assert.isTrue(
        codes.every((code) => ["ok", "PathAlreadyBound", "InvalidParameter"].includes(code))
      )
    }).pipe(provided)
  )
})
