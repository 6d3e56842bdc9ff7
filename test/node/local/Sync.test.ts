import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"
import { kinds, mount, prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const outcome = (answer: Wire.Answer) => ({
  status: answer.status,
  code: Wire.at(answer.body, "Code")
})

describe("sync", () => {
  it.scopedLive("uploads by default, downloads when asked, and counts", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare()
      write(session, { a: "one", "d/b": "three" })
      const [task] = yield* Wire.sync(id)
      assert.deepInclude(task, {
        status: "Success",
        filesDone: 2,
        filesTotal: 2,
        bytesDone: 8,
        bytesTotal: 8
      })
      assert.deepStrictEqual(tree(store), { a: "one", "d/b": "three" })
      NodeFs.rmSync(`${session}/a`)
      write(session, { own: "stays" })
      yield* Wire.sync(id, { Mode: "download" })
      assert.deepStrictEqual(tree(session), { a: "one", "d/b": "three", own: "stays" })
    }).pipe(provided)
  )

  it.scopedLive("lists the new task in place of the old one, and keeps the other type", () =>
    Effect.gen(function* () {
      const { contextId, id } = yield* prepare()
      const [download] = yield* Wire.info(id)
      yield* Wire.sync(id)
      const [, first] = yield* Wire.info(id)
      yield* Wire.call("SyncContext", { SessionId: id })
      const items = yield* Wire.info(id)
      assert.deepStrictEqual(
        items.map((item) => item.taskType),
        ["download", "upload"]
      )
      assert.deepStrictEqual(items[0], download)
      assert.notStrictEqual(items[1]?.taskId, first?.taskId)
      yield* Wire.settled(id)
      assert.lengthOf(yield* Wire.info(id, { ContextId: contextId, Path: mount }), 2)
      assert.lengthOf(yield* Wire.info(id, { TaskType: "download" }), 1)
      assert.lengthOf(yield* Wire.info(id, { Path: "/home/wuying" }), 0)
      assert.lengthOf(yield* Wire.info(id, { ContextId: "SdkCtx-other" }), 0)
    }).pipe(provided)
  )

  it.scopedLive("without ids it is about every binding", () =>
    Effect.gen(function* () {
      const one = yield* Wire.createContext("one")
      const two = yield* Wire.createContext("two")
      const id = yield* Wire.createSession(
        { contextId: one, path: "/tmp/1" },
        { contextId: two, path: "/tmp/2" },
        { contextId: two, path: "/tmp/3" }
      )
      assert.deepStrictEqual(kinds(yield* Wire.sync(id)), [
        "upload /tmp/1 Success",
        "upload /tmp/2 Success",
        "upload /tmp/3 Success"
      ])
      const none = yield* Wire.createSession()
      assert.deepStrictEqual(yield* Wire.sync(none), [])
    }).pipe(provided)
  )

  it.scopedLive("one id without the other, blanks and unknown words are refused by name", () =>
    Effect.gen(function* () {
      const { contextId, id } = yield* prepare()
      const before = yield* Wire.info(id)
      const cases: ReadonlyArray<readonly [Wire.Form, string]> = [
        [{ ContextId: contextId }, "Path"],
        [{ Path: mount }, "ContextId"],
        [{ ContextId: "  ", Path: "  " }, "ContextId"],
        [{ ContextId: "", Path: "" }, "ContextId"],
        [{ ContextId: contextId, Path: " " }, "Path"],
        [{ Mode: "sideways" }, "Mode"],
        [{ Mode: "Upload" }, "Mode"],
        [{ ContextId: contextId, Path: "work" }, "Path"],
        [{ ContextId: contextId, Path: "/../x" }, "Path"],
        [{ ContextId: contextId, Path: "/" }, "Path"]
      ]
      for (const [form, parameter] of cases) {
        const answer = yield* Wire.request("SyncContext", { SessionId: id, ...form })
        assert.deepStrictEqual(
          outcome(answer),
          { status: 400, code: "InvalidParameter" },
          JSON.stringify(form)
        )
        assert.include(Wire.textAt(answer.body, "Message"), ` ${parameter} `)
      }
      const unknown = yield* Wire.request("SyncContext", {
        SessionId: id,
        ContextId: "SdkCtx-none",
        Path: mount
      })
      assert.deepStrictEqual(outcome(unknown), { status: 400, code: "Context.NotFound" })
      assert.deepStrictEqual(yield* Wire.info(id), before)
    }).pipe(provided)
  )

  it.scopedLive("a path that is no binding is transferred alone and listed as it was given", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      const sync = (Path: string, Mode: string) =>
        Effect.map(Wire.sync(id, { ContextId: contextId, Path, Mode }), (items) =>
          items.find((item) => item.path === Path)
        )
      write(session, { a: "1", b: "2", "d/c": "3" })
      const file = yield* sync(`${mount}/a`, "upload")
      assert.strictEqual(file?.status, "Success")
      assert.deepStrictEqual(tree(store), { a: "1" })
      const folder = yield* sync(`${mount}/d/`, "upload")
      assert.strictEqual(folder?.status, "Success")
      assert.deepStrictEqual(tree(store), { a: "1", "d/c": "3" })

      NodeFs.rmSync(`${session}/a`)
      NodeFs.rmSync(`${session}/d/c`)
      yield* sync(`${mount}/a`, "download")
      assert.deepStrictEqual(tree(session), { a: "1", b: "2" })

      const server = yield* LocalAgentBay.LocalAgentBay
      const outside = "/tmp/elsewhere/x.txt"
      write(server.sessionDirectory(id), { [outside]: "out" })
      yield* sync(outside, "upload")
      assert.strictEqual(
        NodeFs.readFileSync(server.contextDirectory(contextId) + outside, "utf8"),
        "out"
      )
      const missing = yield* sync(`${mount}/none`, "upload")
      assert.strictEqual(missing?.status, "Failed")
      assert.strictEqual(missing?.errorMessage, `there is nothing at ${mount}/none in the session`)
      assert.strictEqual((yield* sync(`${mount}/none`, "download"))?.status, "Failed")
    }).pipe(provided)
  )

  it.scopedLive("a file that cannot be transferred fails the task by name, the rest arrives", () =>
    Effect.gen(function* () {
      const names = ["u0", "u1", "u2", "u3", "u4"]
      const excludePaths = names.map((name) => `${name}/private`)
      const { id, session, store } = yield* prepare({
        bwList: { whiteLists: [{ path: "", excludePaths }] }
      })
      write(session, { gone: "1" })
      yield* Wire.sync(id)
      // Where the session has a file, the store has a folder with what must not be touched.
      for (const name of names) write(`${store}/${name}`, { private: "kept" })
      for (const name of names) write(session, { [name]: "x" })
      write(session, { c: "3" })
      NodeFs.rmSync(`${session}/gone`)
      const [task] = yield* Wire.sync(id)
      assert.strictEqual(task?.status, "Failed")
      assert.match(
        task?.errorMessage ?? "",
        /^5 files could not be transferred: u\d: .*; and 2 more$/
      )
      assert.deepStrictEqual(tree(store), {
        c: "3",
        gone: "1",
        ...Object.fromEntries(names.map((name) => [`${name}/private`, "kept"]))
      })
    }).pipe(provided)
  )

  it.scopedLive("many syncs at once end, and what was there last is stored", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare()
      for (let round = 0; round < 5; round++) {
        write(session, { a: `round ${round}`, [`f${round}`]: "x" })
        yield* Effect.all(
          Array.from({ length: 10 }, (_, index) =>
            Wire.call("SyncContext", {
              SessionId: id,
              Mode: index % 3 === 1 ? "download" : "upload"
            })
          ),
          { concurrency: "unbounded", discard: true }
        )
      }
      const items = yield* Wire.settled(id)
      assert.deepStrictEqual(kinds(items).toSorted(), [
        `download ${mount} Success`,
        `upload ${mount} Success`
      ])
      assert.deepStrictEqual(Object.keys(tree(store)), ["a", "f0", "f1", "f2", "f3", "f4"])
    }).pipe(provided)
  )
})
