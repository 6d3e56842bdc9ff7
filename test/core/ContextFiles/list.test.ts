import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { requestsOf } from "../wired.js"
import { id, files, service } from "./storedFiles.js"

/** A service whose folder holds these names, in pages of at most this size. */
const folder = (names: ReadonlyArray<string>, options: { most?: number; count?: boolean } = {}) =>
  service({
    DescribeContextFiles: ({ parameters }) => {
      const size = Math.min(Number(parameters["PageSize"]), options.most ?? Infinity)
      const from = (Number(parameters["PageNumber"]) - 1) * size
      return AgentBayTest.ok(
        names.slice(from, from + size).map((name) => ({
          FileName: name,
          FilePath: `storage/0815/${name}`,
          FileType: "FILE"
        })),
        options.count === false ? {} : { Count: names.length }
      )
    }
  })

const namesOf = (pageSize?: number) =>
  Effect.flatMap(files, (all) => Stream.runCollect(all.list(id, "/work", { pageSize }))).pipe(
    Effect.map((entries) =>
      Chunk.toReadonlyArray(entries)
        .map(({ name }) => name)
        .join("")
    )
  )

const pagesAsked = Effect.map(requestsOf("DescribeContextFiles"), (requests) =>
  requests.map(({ parameters }) => parameters["PageNumber"]).join(" ")
)

describe("ContextFiles.list", () => {
  it.effect("tells what is known of an entry, with its path as a session sees it", () =>
    Effect.gen(function* () {
      const { listPage } = yield* files
      const page = yield* listPage(id, "/tmp/m/")
      assert.deepStrictEqual(
        page.items.map(({ createdAt, modifiedAt, ...entry }) => ({
          ...entry,
          createdAt: Option.getOrUndefined(Option.map(createdAt, DateTime.formatIso)),
          modified: Option.isSome(modifiedAt)
        })),
        [
          {
            name: "a.txt",
            path: "/tmp/m/a.txt",
            kind: "file",
            size: 11,
            createdAt: "2025-12-29T12:00:00.000Z",
            modified: false
          },
          {
            name: "sub",
            path: "/tmp/m/sub",
            kind: "directory",
            size: undefined,
            createdAt: undefined,
            modified: false
          }
        ]
      )
      assert.strictEqual(page.totalCount, 2)
      assert.isUndefined(page.nextToken)
      assert.deepStrictEqual((yield* requestsOf("DescribeContextFiles")).at(0)?.parameters, {
        ContextId: id,
        ParentFolderPath: "/tmp/m/",
        PageNumber: "1",
        PageSize: "50"
      })
    }).pipe(
      Effect.provide(
        service({
          DescribeContextFiles: AgentBayTest.ok(
            [
              {
                FileName: "a.txt",
                FilePath: "oss/4711/a.txt",
                FileType: "FILE",
                Size: 11,
                GmtCreate: "2025-12-29T12:00:00Z",
                GmtModified: "2025-12-29 12:00:05"
              },
              { FileName: "sub", FileType: "FOLDER", GmtCreate: null }
            ],
            { Count: 2 }
          )
        })
      )
    )
  )

  it.effect("lists the root as well", () =>
    Effect.gen(function* () {
      const { listPage } = yield* files
      assert.strictEqual((yield* listPage(id, "/")).items[0]?.path, "/a")
    }).pipe(Effect.provide(folder(["a"])))
  )

  it.effect("reads page after page, by their numbers", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "abcde")
      assert.strictEqual(yield* pagesAsked, "1 2 3")
    }).pipe(Effect.provide(folder([..."abcde"])))
  )

  it.effect("ends with a full last page when the service counts", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "abcd")
      assert.strictEqual(yield* pagesAsked, "1 2")
    }).pipe(Effect.provide(folder([..."abcd"])))
  )

  it.effect("ends with a page that is not full when it does not", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "abcde")
      assert.strictEqual(yield* pagesAsked, "1 2 3")
    }).pipe(Effect.provide(folder([..."abcde"], { count: false })))
  )

  it.effect("reads to the end when the pages are smaller than asked for", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(50), "abcde")
      assert.strictEqual(yield* pagesAsked, "1 2 3")
    }).pipe(Effect.provide(folder([..."abcde"], { most: 2 })))
  )

  it.effect("can be run twice", () =>
    Effect.gen(function* () {
      const all = (yield* files).list(id, "/work", { pageSize: 2 })
      assert.lengthOf(yield* Stream.runCollect(all), 3)
      assert.lengthOf(yield* Stream.runCollect(all), 3)
    }).pipe(Effect.provide(folder([..."abc"])))
  )

  it.effect("ends at an empty page whatever the count says", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "")
      assert.strictEqual(yield* pagesAsked, "1")
    }).pipe(Effect.provide(service({ DescribeContextFiles: AgentBayTest.ok([], { Count: 7 }) })))
  )

  it.effect("tells where the next page begins", () =>
    Effect.gen(function* () {
      const { listPage } = yield* files
      const second = yield* listPage(id, "/work", { page: 2, pageSize: 2 })
      assert.strictEqual(second.items.map(({ name }) => name).join(""), "cd")
      assert.strictEqual(second.nextToken, "3")
      assert.isUndefined((yield* listPage(id, "/work", { page: 3, pageSize: 2 })).nextToken)
    }).pipe(Effect.provide(folder([..."abcde"])))
  )
})
