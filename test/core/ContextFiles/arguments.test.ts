import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { requestsOf } from "../wired.js"
import { id, path, files, service, asking, failureOf } from "./storedFiles.js"

describe("wrong arguments are refused before anything is sent", () => {
  const wrongPaths: ReadonlyArray<readonly [path: string, issue: string]> = [
    ["", "blank"],
    [" \t", "blank"],
    ["notes/today.md", "absolute"],
    ["./today.md", "absolute"],
    ["~/today.md", "absolute"],
    ["/notes/../today.md", "`..`"],
    ["/..", "`..`"],
    [String.raw`C:\notes\..\today.md`, "`..`"],
    ["/notes\0/today.md", "NUL"],
    ["/\uD83D.md", "Unicode"]
  ]
  const nameless: ReadonlyArray<readonly [path: string, issue: string]> = [
    ["/", "name of a file"],
    ["/notes/", "name of a file"],
    ["/notes/.", "name of a file"]
  ]
  type Ask = (
    files: ContextFiles.Service,
    contextId: string,
    path: string
  ) => Effect.Effect<unknown, unknown>
  const ofFiles: { readonly [name: string]: Ask } = {
    put: ({ put }, contextId, at) => put(contextId, at, "text"),
    get: ({ get }, contextId, at) => Stream.runDrain(get(contextId, at)),
    remove: ({ remove }, contextId, at) => remove(contextId, at),
    uploadUrl: ({ uploadUrl }, contextId, at) => uploadUrl(contextId, at),
    downloadUrl: ({ downloadUrl }, contextId, at) => downloadUrl(contextId, at)
  }
  const ofFolders: { readonly [name: string]: Ask } = {
    list: ({ list }, contextId, at) => Stream.runDrain(list(contextId, at)),
    listPage: ({ listPage }, contextId, at) => listPage(contextId, at)
  }

  const refused = (ask: (files: ContextFiles.Service) => Effect.Effect<unknown, unknown>) =>
    Effect.gen(function* () {
      const { end, sent } = yield* asking()(ask)
      assert.deepStrictEqual(sent, [])
      const error = failureOf(end)
      assert.propertyVal(error, "_tag", "InvalidArgument")
      assert.include(String(error), "Nothing was sent")
      return error
    })

  for (const [name, ask] of Object.entries({ ...ofFiles, ...ofFolders })) {
    it.effect(`by ${name}: paths and ids`, () =>
      Effect.gen(function* () {
        const argument = name in ofFiles ? "path" : "folder"
        for (const [at, issue] of [...wrongPaths, ...(name in ofFiles ? nameless : [])]) {
          const error = yield* refused((service) => ask(service, id, at))
          assert.propertyVal(error, "argument", argument)
          assert.include(String(error), issue, JSON.stringify(at))
        }
        for (const contextId of ["", " "]) {
          const error = yield* refused((service) => ask(service, contextId, path))
          assert.propertyVal(error, "argument", "contextId")
        }
      })
    )
  }

  it.effect("by put: lengths and texts that cannot be", () =>
    Effect.gen(function* () {
      for (const length of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
        const error = yield* refused(({ put }) => put(id, path, { stream: Stream.empty, length }))
        assert.propertyVal(error, "argument", "content.length")
      }
      const error = yield* refused(({ put }) => put(id, path, "half \uD83D"))
      assert.propertyVal(error, "argument", "content")
    })
  )

  it.effect("by the lists: numbers", () =>
    Effect.gen(function* () {
      for (const wrong of [0, -1, 1.5, Number.NaN]) {
        assert.propertyVal(
          yield* refused(({ listPage }) => listPage(id, "/", { page: wrong })),
          "argument",
          "page"
        )
        assert.propertyVal(
          yield* refused(({ listPage }) => listPage(id, "/", { pageSize: wrong })),
          "argument",
          "pageSize"
        )
        assert.propertyVal(
          yield* refused(({ list }) => Stream.runDrain(list(id, "/", { pageSize: wrong }))),
          "argument",
          "pageSize"
        )
      }
    })
  )

  it.effect("but paths with every other character are taken as they are", () =>
    Effect.gen(function* () {
      const odd = [
        "/a b/ü 日本 😀.md",
        "/..a/b..",
        "/a/...",
        "/#?%20&=+;",
        "C:/x",
        String.raw`C:\x`
      ]
      const { put } = yield* files
      for (const at of odd) yield* put(id, at, "text")
      assert.deepStrictEqual(
        (yield* requestsOf("GetContextFileUploadUrl")).map(
          ({ parameters }) => parameters["FilePath"]
        ),
        odd
      )
    }).pipe(Effect.provide(service()))
  )
})
