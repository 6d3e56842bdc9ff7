import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as NodeFs from "node:fs"
import * as Beneath from "../../../packages/node/src/local/Beneath.js"
import * as StoredFolder from "../../../packages/node/src/local/contexts/StoredFolder.js"
import { get, http, listed, put, urlFor } from "./files.js"
import { temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"
import { prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const context = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const contextId = yield* Wire.createContext("c")
  return { contextId, store: server.contextDirectory(contextId) }
})

const names = (page: { readonly entries: ReadonlyArray<{ readonly [key: string]: unknown }> }) =>
  page.entries.map((entry) => entry["FileName"])

const refused = (action: string, form: Wire.Form) =>
  Effect.map(Wire.request(action, form), ({ body, status }) => [
    status,
    Wire.at(body, "Code"),
    Wire.at(body, "Message")
  ])

describe("stored files", () => {
  it.scopedLive("are listed with their folders, by name, right after a sync", () =>
    Effect.gen(function* () {
      const { contextId, id, session } = yield* prepare()
      write(session, { "b.txt": "12345", "a/inner": "x", c: "" })
      NodeFs.utimesSync(`${session}/b.txt`, 1_600_000_000, 1_600_000_000)
      yield* Wire.sync(id)
      const page = yield* listed(contextId, "/home/wuying/work")
      assert.strictEqual(page.count, 3)
      assert.deepStrictEqual(
        page.entries.map((entry) => [
          entry["FileName"],
          entry["FilePath"],
          entry["FileType"],
          entry["Size"],
          entry["Status"]
        ]),
        [
          ["a", "/home/wuying/work/a", "FOLDER", 0, "available"],
          ["b.txt", "/home/wuying/work/b.txt", "FILE", 5, "available"],
          ["c", "/home/wuying/work/c", "FILE", 0, "available"]
        ]
      )
      const file = page.entries[1]
      assert.strictEqual(file?.["GmtModified"], "2020-09-13T12:26:40Z")
      assert.match(String(file?.["GmtCreate"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.strictEqual(new Set(page.entries.map((entry) => entry["FileId"])).size, 3)
      const root = yield* listed(contextId, "/")
      assert.deepStrictEqual(root.entries[0]?.["FilePath"], "/home")
      assert.deepStrictEqual(names(yield* listed(contextId, "/home/wuying/work/a/")), ["inner"])
      assert.deepStrictEqual(names(yield* listed(contextId, "")), ["home"])
    }).pipe(provided)
  )

  it.scopedLive("a folder that is none is empty", () =>
    Effect.gen(function* () {
      const { contextId } = yield* context
      for (const folder of ["/", "/none", "/none/deeper"]) {
        assert.deepStrictEqual(yield* listed(contextId, folder), { entries: [], count: 0 })
      }
      yield* put(contextId, "/tmp/file", "x")
      assert.deepStrictEqual(yield* listed(contextId, "/tmp/file"), { entries: [], count: 0 })
    }).pipe(provided)
  )

  it.scopedLive("are listed page by page", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      NodeFs.mkdirSync(`${store}/f`, { recursive: true })
      const all = Array.from({ length: 23 }, (_, index) => `n${String(index).padStart(2, "0")}`)
      for (const name of all) NodeFs.writeFileSync(`${store}/f/${name}`, name)
      NodeFs.symlinkSync("/etc", `${store}/f/link`)
      const page = (PageNumber: number, PageSize: number) =>
        listed(contextId, "/f", { PageNumber, PageSize })
      assert.deepStrictEqual(names(yield* page(1, 10)), all.slice(0, 10))
      assert.deepStrictEqual(names(yield* page(3, 10)), all.slice(20))
      assert.deepStrictEqual(names(yield* page(4, 10)), [])
      assert.strictEqual((yield* page(4, 10)).count, 23)
      assert.deepStrictEqual(names(yield* page(1, 1000)), all)
      assert.deepStrictEqual(names(yield* page(9_000_000_000_000, 1000)), [])
      const defaults = yield* Wire.call("DescribeContextFiles", {
        ContextId: contextId,
        ParentFolderPath: "/f"
      })
      assert.strictEqual((Wire.at(defaults, "Data") as ReadonlyArray<unknown>).length, 23)
      for (const [PageNumber, PageSize] of [
        [0, 10],
        [-1, 10],
        [1, 0],
        [1, 1001],
        [1, 1e15],
        [1.5, 10]
      ] as const) {
        const [status, code] = yield* refused("DescribeContextFiles", {
          ContextId: contextId,
          ParentFolderPath: "/f",
          PageNumber,
          PageSize
        })
        assert.deepStrictEqual([status, code], [400, "InvalidParameter"])
      }
    }).pipe(provided)
  )

  it.scopedLive("of a large folder any page has the right names", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      const count = 5000
      const all = Array.from({ length: count }, (_, index) => `${(index * 7919) % 100_003}`)
      for (const name of all) NodeFs.writeFileSync(`${folder}/${name}`, "")
      const sorted = all.toSorted((one, other) => (one < other ? -1 : 1))
      const read = (page: number, size: number) =>
        Effect.promise(() =>
          Effect.runPromise(
            Effect.scoped(
              Effect.flatMap(Beneath.scoped(folder), (beneath) =>
                StoredFolder.read(beneath, { page, size })
              )
            )
          )
        )
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.integer({ min: 1, max: 60 }),
            FastCheck.integer({ min: 1, max: 1000 }),
            async (page, size) => {
              const found = await Effect.runPromise(read(page, size))
              assert.deepStrictEqual(found, {
                names: sorted.slice((page - 1) * size, page * size),
                count
              })
            }
          ),
          { numRuns: 30 }
        )
      )
    })
  )

  it.scopedLive("are deleted one by one, folders are not", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      yield* put(contextId, "/tmp/m/a", "a")
      yield* put(contextId, "/tmp/m/b", "b")
      const url = yield* urlFor("Download", contextId, "/tmp/m/a")
      const form = (FilePath: string) => ({ ContextId: contextId, FilePath })
      yield* Wire.call("DeleteContextFile", form("/tmp/m/a"))
      assert.deepStrictEqual(tree(store), { "tmp/m/b": "b" })
      assert.strictEqual((yield* http(url)).status, 404)
      const notDeleted = [200, "InvalidParameter", "Failed to delete file"]
      assert.deepStrictEqual(yield* refused("DeleteContextFile", form("/tmp/m/a")), notDeleted)
      assert.deepStrictEqual(yield* refused("DeleteContextFile", form("/tmp/m")), notDeleted)
      assert.deepStrictEqual(yield* refused("DeleteContextFile", form("/none/x")), notDeleted)
      const gone = [400, "FileNotExist", "file not exist"]
      for (const path of ["/tmp/m/a", "/tmp/m", "/none"]) {
        assert.deepStrictEqual(yield* refused("GetContextFileDownloadUrl", form(path)), gone)
      }
    }).pipe(provided)
  )

  it.scopedLive("of an unknown context are said to be in an absent context", () =>
    Effect.gen(function* () {
      for (const ContextId of ["SdkCtx-none", "", "../../x"]) {
        for (const action of [
          "DescribeContextFiles",
          "GetContextFileUploadUrl",
          "GetContextFileDownloadUrl",
          "DeleteContextFile"
        ]) {
          assert.deepStrictEqual(
            yield* refused(action, { ContextId, FilePath: "/tmp/a", ParentFolderPath: "/tmp" }),
            [200, "Context.NotFound", "Context not found"]
          )
        }
      }
    }).pipe(provided)
  )

  it.scopedLive("a file that is put appears in a session that mounts its folder", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId } = yield* context
      const bytes = new Uint8Array(5_000_003).map((_, index) => (index * 31) % 251)
      assert.strictEqual((yield* put(contextId, "/tmp/m/large.bin", bytes)).status, 200)
      const session = yield* Wire.createSession({ contextId, path: "/tmp/m" })
      const inside = `${server.sessionDirectory(session)}/tmp/m`
      assert.isTrue(NodeFs.readFileSync(`${inside}/large.bin`).equals(bytes))
      // And back: what a session uploads can be got.
      NodeFs.writeFileSync(`${inside}/result.txt`, "done")
      yield* Wire.sync(session)
      assert.strictEqual((yield* get(contextId, "/tmp/m/result.txt")).text, "done")
    }).pipe(provided)
  )

  it.scopedLive("a file that is put while a session lives is not deleted by its upload", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      write(session, { old: "1", other: "2" })
      yield* Wire.sync(id)
      yield* put(contextId, "/home/wuying/work/new", "3")
      NodeFs.rmSync(`${session}/old`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { new: "3", old: "1", other: "2" })
      // After a download it has seen all there is, and deletes again.
      yield* Wire.sync(id, { Mode: "download" })
      assert.deepStrictEqual(tree(session), { new: "3", old: "1", other: "2" })
      NodeFs.rmSync(`${session}/new`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { old: "1", other: "2" })
    }).pipe(provided)
  )

  it.scopedLive("a file that is put elsewhere is no reason not to delete", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      write(session, { old: "1", other: "2" })
      yield* Wire.sync(id)
      yield* put(contextId, "/home/wuying/workshop/new", "3")
      NodeFs.rmSync(`${session}/old`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { other: "2" })
    }).pipe(provided)
  )

  it.scopedLive("that a put replaced are there again after a restart of the session", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, id, session } = yield* prepare()
      write(session, { a: "from session" })
      yield* Wire.sync(id)
      yield* put(contextId, "/home/wuying/work/a", "by URL, new")
      yield* Wire.sync(id, { Mode: "download" })
      assert.deepStrictEqual(tree(session), { a: "by URL, new" })
      assert.deepStrictEqual(tree(server.contextDirectory(contextId)), {
        "home/wuying/work/a": "by URL, new"
      })
    }).pipe(provided)
  )
})
