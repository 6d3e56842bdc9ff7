/**
 * The rest of what an official SDK asks of a service, sent as it was captured: contexts, files by
 * URL, further bindings, shell, labels, pause and resume, file transfer.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeCrypto from "node:crypto"
import { Readable } from "node:stream"
import * as Wire from "./local/wire.js"
import * as Captured from "./official/captured.js"
import * as Sdk from "./official/sdk.js"
import { withServer } from "./official/server.js"

const path = "/home/wuying/work"

const { form } = Captured.captured(39)

const idsOf = (body: unknown): ReadonlyArray<unknown> => {
  const data = Wire.at(body, "Data")
  return Array.isArray(data) ? data.map((entry) => Wire.at(entry, "Id")) : []
}

const megabyte = 1024 * 1024

/** So many bytes that no two megabytes are alike, and what they hash to. */
const large = (megabytes: number) => {
  const piece = (index: number) => {
    const bytes = Buffer.alloc(megabyte, index % 251)
    bytes.writeUInt32BE(index, 0)
    return bytes
  }
  const hash = NodeCrypto.createHash("sha256")
  for (let index = 0; index < megabytes; index++) hash.update(piece(index))
  return {
    length: megabytes * megabyte,
    hash: hash.digest("hex"),
    stream: () =>
      Readable.from(
        (function* () {
          for (let index = 0; index < megabytes; index++) yield piece(index)
        })()
      )
  }
}

/** Policies as the SDK writes them; `undefined` is none at all. */
const policies: { readonly [name: string]: object | null } = {
  upload: {
    uploadPolicy: {
      autoUpload: false,
      uploadStrategy: "UploadBeforeResourceRelease",
      uploadMode: "File"
    }
  },
  download: { downloadPolicy: { autoDownload: false, downloadStrategy: "DownloadAsync" } },
  delete: { deletePolicy: { syncLocalFile: false } },
  archive: {
    uploadPolicy: {
      autoUpload: true,
      uploadStrategy: "UploadBeforeResourceRelease",
      uploadMode: "Archive"
    },
    extractPolicy: { extract: true, deleteSrcFile: true, extractToCurrentFolder: true }
  },
  recycle: { recyclePolicy: { lifecycle: "Lifecycle_30Days", paths: [""] } },
  bwList: { bwList: { whiteLists: [{ path: "src", excludePaths: ["node_modules"] }] } },
  mapping: { mappingPolicy: { path: "/home/wuying/elsewhere" } },
  nulls: { downloadPolicy: null, deletePolicy: null }
}

describe("the official SDK's requests, the rest", () => {
  it.scopedLive("contexts: get, create, list, rename, clear, delete", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        const absent = yield* Effect.flip(
          Sdk.send(connection, 43, { Name: "none", AllowCreate: "false" })
        )
        assert.isAtLeast(absent.statusCode, 400)
        const one = yield* Sdk.getContext(connection, "one")
        assert.isTrue(one.isOnFirstPage)
        for (let index = 0; index < 15; index++) yield* Sdk.getContext(connection, `more ${index}`)
        // The same again, and not a second one.
        assert.strictEqual((yield* Sdk.getContext(connection, "one")).id, one.id)
        const first = yield* Sdk.send(connection, 45)
        assert.strictEqual(idsOf(first).length, 10)
        assert.strictEqual(Wire.at(first, "TotalCount"), 16)
        const second = yield* Sdk.send(connection, 12, {
          NextToken: Wire.textAt(first, "NextToken"),
          MaxResults: "10",
          SessionId: ""
        })
        assert.strictEqual(idsOf(second).length, 6)
        assert.strictEqual(Wire.at(second, "NextToken") ?? "", "")
        assert.include(idsOf(second), one.id)

        assert.isTrue(
          Wire.at(yield* Sdk.send(connection, 13, { Id: one.id, Name: "uno" }), "Success")
        )
        const renamed = yield* Sdk.send(connection, 10, { ContextId: one.id })
        assert.strictEqual(Wire.at(renamed, "Data", "Name"), "uno")
        assert.strictEqual((yield* Sdk.getContext(connection, "uno", false)).id, one.id)
        yield* Effect.flip(Sdk.getContext(connection, "one", false))

        const url = Wire.textAt(
          yield* Sdk.send(connection, 17, { ContextId: one.id, FilePath: `${path}/a.txt` }),
          "Data",
          "Url"
        )
        const bytes = large(1)
        assert.include([200, 204], yield* Sdk.transfer(connection.server, url, "PUT", bytes))
        assert.isTrue(yield* Sdk.clearContext(connection, one.id))
        const left = yield* Sdk.send(connection, 16, { ContextId: one.id, ParentFolderPath: path })
        assert.deepStrictEqual(Wire.at(left, "Data") ?? [], [])
        assert.strictEqual((yield* Sdk.getContext(connection, "uno", false)).id, one.id)

        assert.isTrue(Wire.at(yield* Sdk.send(connection, 14, { Id: one.id }), "Success"))
        yield* Effect.flip(Sdk.send(connection, 10, { ContextId: one.id }))
      })
    )
  )

  it.scopedLive(
    "files by URL: 200 MB up and down, listed, in a session, and deleted",
    () =>
      withServer((connection) =>
        Effect.gen(function* () {
          const { id } = yield* Sdk.getContext(connection, "files")
          const file = { ContextId: id, FilePath: `${path}/large file.bin` }
          const bytes = large(200)
          const up = Wire.textAt(yield* Sdk.send(connection, 17, file), "Data", "Url")
          assert.include([200, 204], yield* Sdk.transfer(connection.server, up, "PUT", bytes))
          const listed = yield* Sdk.send(connection, 16, { ContextId: id, ParentFolderPath: path })
          assert.deepStrictEqual(
            [
              Wire.at(listed, "Count"),
              Wire.at(listed, "Data", 0, "FileName"),
              Wire.at(listed, "Data", 0, "FileType"),
              Wire.at(listed, "Data", 0, "Size")
            ],
            [1, "large file.bin", "FILE", bytes.length]
          )
          const down = Wire.textAt(yield* Sdk.send(connection, 18, file), "Data", "Url")
          const hash = NodeCrypto.createHash("sha256")
          const status = yield* Sdk.transfer(connection.server, down, "GET", undefined, (chunk) =>
            hash.update(chunk)
          )
          assert.deepStrictEqual([status, hash.digest("hex")], [200, bytes.hash])
          const sessionId = yield* Sdk.create(connection, form, [{ contextId: id, path }])
          const about = yield* Sdk.tool(connection, sessionId, "get_file_info", {
            path: file.FilePath
          })
          assert.include(about.text, `size: ${bytes.length}`)
          assert.isTrue(yield* Sdk.remove(connection, sessionId, false))
          assert.isTrue(Wire.at(yield* Sdk.send(connection, 19, file), "Success"))
          const gone = yield* Effect.either(Sdk.send(connection, 18, file))
          if (gone._tag === "Left") {
            assert.include(gone.left.message, "file not exist")
          } else {
            const url = Wire.textAt(gone.right, "Data", "Url")
            assert.isAtLeast(yield* Sdk.transfer(connection.server, url, "GET"), 400)
          }
        })
      ),
    120_000
  )

  it.scopedLive("create takes every policy, and lists it with the binding", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        for (const [name, policy] of Object.entries(policies)) {
          const { id } = yield* Sdk.getContext(connection, `policy ${name}`)
          const sessionId = yield* Sdk.create(connection, form, [
            { contextId: id, path, policy: JSON.stringify(policy) }
          ])
          const bound = yield* Sdk.send(connection, 53, { SessionId: sessionId })
          assert.strictEqual(Wire.at(bound, "Data", 0, "ContextId"), id, name)
          assert.isObject(JSON.parse(Wire.textAt(bound, "Data", 0, "Policy")), name)
          assert.isTrue(yield* Sdk.remove(connection, sessionId, false))
        }
      })
    )
  )

  it.scopedLive("one session: files, shell, sync, bind, labels, pause, delete; then the next", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        const context = yield* Sdk.getContext(connection, "project")
        const binding = { contextId: context.id, path }
        const sessionId = yield* Sdk.create(connection, form, [binding])
        yield* Sdk.tool(connection, sessionId, "write_file", {
          path: `${path}/my notes/a.txt`,
          content: "one\n",
          mode: "overwrite"
        })
        const shell = yield* Sdk.command(
          connection,
          sessionId,
          `cd '${path}/my notes' && echo two >> a.txt && wc -l < a.txt && ls ~ | cat`,
          20_000
        )
        assert.strictEqual(shell.exitCode, 0, shell.stderr)
        assert.match(shell.stdout, /^\s*2\s+work/)
        const wrong = yield* Sdk.command(connection, sessionId, "echo no >&2; exit 3", 20_000)
        assert.strictEqual(wrong.exitCode, 3)
        assert.strictEqual(wrong.stderr.trim(), "no")
        const tools = yield* Sdk.send(connection, 56)
        const names: ReadonlyArray<{ name: string }> = JSON.parse(Wire.textAt(tools, "Data"))
        assert.includeMembers(
          names.map(({ name }) => name),
          ["shell", "read_file", "write_file"]
        )

        assert.isTrue(yield* Sdk.sync(connection, sessionId, binding))
        assert.isTrue(yield* Sdk.sync(connection, sessionId))

        const other = yield* Sdk.getContext(connection, "other")
        const later = { contextId: other.id, path: "/home/wuying/other" }
        const listed = yield* Sdk.bind(connection, sessionId, [later])
        assert.deepStrictEqual(
          listed.map((entry) => [Wire.at(entry, "ContextName"), Wire.at(entry, "Path")]),
          [
            ["project", path],
            ["other", later.path]
          ]
        )
        const again = yield* Effect.either(Sdk.bind(connection, sessionId, [later]))
        assert.include(JSON.stringify(again), "PathAlreadyBound")
        yield* Sdk.tool(connection, sessionId, "write_file", {
          path: `${later.path}/b.txt`,
          content: "b",
          mode: "overwrite"
        })

        const labels = { stage: "test", who: "me" }
        yield* Sdk.send(connection, 58, { SessionId: sessionId, Labels: JSON.stringify(labels) })
        const kept = yield* Sdk.send(connection, 59, { SessionId: sessionId })
        assert.deepStrictEqual(JSON.parse(Wire.textAt(kept, "Data", "Labels")), labels)
        const found = yield* Sdk.send(connection, 24, { Labels: JSON.stringify({ stage: "test" }) })
        assert.strictEqual(Wire.at(found, "Data", 0, "SessionId"), sessionId)
        assert.deepStrictEqual(Wire.at(yield* Sdk.send(connection, 60), "Data"), [])

        yield* Sdk.send(connection, 34, { SessionId: sessionId })
        assert.strictEqual(yield* Sdk.pause(connection, sessionId), "PAUSED")
        assert.strictEqual(yield* Sdk.resume(connection, sessionId), "RUNNING")
        assert.isTrue(yield* Sdk.remove(connection, sessionId, true))

        const next = yield* Sdk.create(connection, form, [binding, later])
        const read = (file: string) =>
          Sdk.tool(connection, next, "read_file", { path: file, offset: 0, length: 0 })
        assert.strictEqual((yield* read(`${path}/my notes/a.txt`)).text, "one\ntwo\n")
        assert.strictEqual((yield* read(`${later.path}/b.txt`)).text, "b")
        assert.isTrue(yield* Sdk.remove(connection, next, false))
      })
    )
  )

  it.scopedLive("single files go through the context of the session", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        const sessionId = yield* Sdk.create(connection, form, [])
        const context = yield* Sdk.transferContext(connection, sessionId)
        const target = {
          contextId: context.contextId,
          path: `${context.path.replace(/\/$/, "")}/up.txt`
        }
        const bytes = Buffer.from("DATA ü")
        const upload = { length: bytes.length, stream: () => Readable.from([bytes]) }
        assert.isTrue(yield* Sdk.uploadFile(connection, sessionId, target, upload))
        const there = yield* Sdk.tool(connection, sessionId, "read_file", {
          path: target.path,
          offset: 0,
          length: 0
        })
        assert.strictEqual(there.text, "DATA ü")
        const received: Array<Buffer> = []
        assert.isTrue(
          yield* Sdk.downloadFile(connection, sessionId, target, (chunk) => received.push(chunk))
        )
        assert.strictEqual(Buffer.concat(received).toString("utf8"), "DATA ü")
      })
    )
  )

  it.scopedLive("a session's resource is told", () =>
    withServer((connection) =>
      Effect.gen(function* () {
        const sessionId = yield* Sdk.create(connection, form, [])
        const resource = yield* Sdk.send(connection, 35, { SessionId: sessionId })
        assert.strictEqual(Wire.at(resource, "Data", "SessionId"), sessionId)
      })
    )
  )
})
