import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { http, put, urlFor } from "./files.js"
import { assertSame, requestOf } from "./samples.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("samples of the protocol, contexts and their files", () => {
  it.scopedLive("replies are like the samples", () =>
    Effect.gen(function* () {
      assertSame(yield* Wire.request("ListContexts"), "ListContexts", "empty")
      const contextId = yield* Wire.createContext("my-project")
      assertSame(yield* Wire.request("ListContexts"), "ListContexts", "last page")
      yield* Wire.createContext("shared-libs")
      yield* Wire.createContext("third")
      const page = yield* Wire.request("ListContexts", { MaxResults: 2 })
      assertSame(page, "ListContexts", "first page")
      assert.strictEqual(Wire.at(page.body, "MaxResults"), 2)
      assert.strictEqual(Wire.at(page.body, "TotalCount"), 3)

      const folder = { ContextId: contextId, ParentFolderPath: "/tmp" }
      const file = { ContextId: contextId, FilePath: "/tmp/a.txt" }
      assertSame(
        yield* Wire.request("DescribeContextFiles", folder),
        "DescribeContextFiles",
        "empty"
      )
      assertSame(
        yield* Wire.request("GetContextFileUploadUrl", file),
        "GetContextFileUploadUrl",
        "ok"
      )
      yield* put(contextId, "/tmp/a.txt", "hello world")
      yield* put(contextId, "/tmp/logs/b", "b")
      const files = yield* Wire.request("DescribeContextFiles", folder)
      assertSame(files, "DescribeContextFiles", "two entries")
      const entry = (index: number) =>
        ["FileName", "FilePath", "FileType", "Size", "Status"].map((key) =>
          Wire.at(files.body, "Data", index, key)
        )
      assert.deepStrictEqual(entry(0), ["a.txt", "/tmp/a.txt", "FILE", 11, "available"])
      assert.deepStrictEqual(entry(1), ["logs", "/tmp/logs", "FOLDER", 0, "available"])
      assert.strictEqual(Wire.at(files.body, "Count"), 2)
      assertSame(
        yield* Wire.request("GetContextFileDownloadUrl", file),
        "GetContextFileDownloadUrl",
        "ok"
      )
      assertSame(yield* Wire.request("DeleteContextFile", file), "DeleteContextFile", "ok")
      assertSame(yield* Wire.request("DeleteContextFile", file), "DeleteContextFile", "refused")
      assertSame(
        yield* Wire.request("GetContextFileDownloadUrl", file),
        "GetContextFileDownloadUrl",
        "file absent"
      )

      const internal = yield* Wire.request("GetAndLoadInternalContext", {
        SessionId: yield* Wire.createSession(),
        "ContextTypes.1": "file_transfer"
      })
      assertSame(internal, "GetAndLoadInternalContext", "ok")

      const one = { Id: contextId }
      assertSame(yield* Wire.request("ModifyContext", { ...one, Name: "x" }), "ModifyContext", "ok")
      assertSame(yield* Wire.request("ClearContext", one), "ClearContext", "ok")
      assertSame(yield* Wire.request("DeleteContext", one), "DeleteContext", "ok")
      for (const action of ["ModifyContext", "ClearContext", "DeleteContext"]) {
        assertSame(yield* Wire.request(action, { ...one, Name: "y" }), action, "absent")
      }
    }).pipe(provided)
  )

  it.scopedLive("the captured PUT and GET of a file work with the URLs of this server", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const upload = yield* urlFor("Upload", contextId, "/tmp/ft/up.txt")
      const sent = yield* http(upload, {
        method: requestOf(73).method,
        body: requestOf(73).rawBody ?? ""
      })
      assert.strictEqual(sent.status, 200)
      const download = yield* urlFor("Download", contextId, "/tmp/ft/up.txt")
      const got = yield* http(download, { method: requestOf(82).method })
      assert.strictEqual(got.text, "DATA")
    }).pipe(provided)
  )
})
