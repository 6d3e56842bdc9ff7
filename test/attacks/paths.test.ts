/** Paths that want to lead elsewhere, in every parameter that is or becomes a path. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { http, raw, urlFor } from "../node/local/files.js"
import * as Wire from "../node/local/wire.js"
import { mount } from "../node/local/workspace.js"
import * as Canary from "./canary.js"
import { formsOf, scene } from "./forms.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

/** The parameters of every tool: those that are paths, and the others. */
const parameters: {
  readonly [tool: string]: { readonly paths: string; readonly others?: string }
} = {
  create_directory: { paths: "path" },
  delete_file: { paths: "path" },
  edit_file: { paths: "path", others: "edits dryRun" },
  get_file_change: { paths: "path" },
  get_file_info: { paths: "path" },
  get_metrics: { paths: "" },
  list_directory: { paths: "path" },
  move_file: { paths: "destination source" },
  read_file: { paths: "path", others: "format length offset" },
  read_multiple_files: { paths: "paths" },
  search_files: { paths: "path", others: "excludePatterns pattern" },
  shell: { paths: "cwd", others: "command envs timeout_ms" },
  write_file: { paths: "path", others: "content format mode" }
}

const look = "pwd; ls -a; cat a outside/a ../outside/a"

const tools: ReadonlyArray<readonly [string, (path: string) => object]> = [
  ["shell", (cwd) => ({ command: look, cwd })],
  ["read_file", (path) => ({ path })],
  ["list_directory", (path) => ({ path })],
  ["get_file_info", (path) => ({ path })],
  ["get_file_change", (path) => ({ path })],
  ["search_files", (path) => ({ path, pattern: "*" })],
  ["edit_file", (path) => ({ path, edits: [{ oldText: "a", newText: "b" }] })],
  ["write_file", (path) => ({ path, content: "w" })],
  ["write_file", (path) => ({ path, content: "w", mode: "append" })],
  ["write_file", (path) => ({ path, content: "w", mode: "create_new" })],
  ["create_directory", (path) => ({ path })],
  ["move_file", (path) => ({ source: path, destination: "/tmp/taken" })],
  ["move_file", (path) => ({ source: "/tmp/own", destination: path })],
  ["delete_file", (path) => ({ path })],
  ["read_multiple_files", (path) => ({ paths: [path] })]
]

const words = (text = "") => text.split(" ").filter((word) => word !== "")

describe("paths that want to lead elsewhere", () => {
  it.scopedLive("tools and their parameters are those that these tests attack", () =>
    Effect.gen(function* () {
      const body = yield* Wire.call("ListMcpTools", { ImageId: "linux_latest" })
      const listed: ReadonlyArray<{
        readonly name: string
        readonly inputSchema: { readonly properties: object }
      }> = JSON.parse(Wire.textAt(body, "Data"))
      const known = Object.entries(parameters).map(([name, { others, paths }]) => [
        name,
        [...words(paths), ...words(others)].toSorted()
      ])
      assert.deepStrictEqual(
        listed
          .map(({ inputSchema, name }) => [name, Object.keys(inputSchema.properties).toSorted()])
          .toSorted(([one = ""], [other = ""]) => (one < other ? -1 : 1)),
        known
      )
      const attacked = tools.map(([name, args]) => {
        const given = JSON.stringify(args("the path"))
        const [parameter = ""] = Object.entries(JSON.parse(given)).find(
          ([, value]) => String(value) === "the path"
        )!
        return `${name} ${parameter}`
      })
      assert.sameMembers(
        [...new Set(attacked)],
        Object.entries(parameters).flatMap(([name, { paths }]) =>
          words(paths).map((path) => `${name} ${path}`)
        )
      )
    }).pipe(provided)
  )

  it.scopedLive("in every path of every tool", () =>
    Effect.gen(function* () {
      const { beside, id, look } = yield* scene
      const before = look()
      for (const { path, refused } of formsOf(beside)) {
        for (const [name, args] of tools) {
          if (name === "move_file") {
            yield* Wire.tool(id, "write_file", { path: "/tmp/own", content: "own" })
          }
          const { isError, text } = yield* Wire.tool(id, name, args(path))
          const what = `${name} ${JSON.stringify(path.slice(0, 100))}`
          assert.notInclude(text, Canary.secret, what)
          // Several files are answered one by one: what is wrong with each stands in the text.
          if (refused && name !== "read_multiple_files") assert.isTrue(isError, what)
        }
        assert.deepStrictEqual(look(), before, path)
      }
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("in every path of every action", () =>
    Effect.gen(function* () {
      const { beside, contextId, id, look } = yield* scene
      const before = look()
      const binding = (Path: string, mapped?: string) => [
        {
          ContextId: contextId,
          Path,
          ...(mapped === undefined
            ? {}
            : { Policy: JSON.stringify({ mappingPolicy: { path: mapped } }) })
        }
      ]
      const page = { PageNumber: 1, PageSize: 10 }
      for (const { path, refused } of formsOf(beside)) {
        const actions: ReadonlyArray<readonly [string, Wire.Form]> = [
          ["GetContextFileUploadUrl", { ContextId: contextId, FilePath: path }],
          ["GetContextFileDownloadUrl", { ContextId: contextId, FilePath: path }],
          ["DeleteContextFile", { ContextId: contextId, FilePath: path }],
          ["DescribeContextFiles", { ContextId: contextId, ParentFolderPath: path, ...page }],
          ["SyncContext", { SessionId: id, ContextId: contextId, Path: path, Mode: "upload" }],
          ["SyncContext", { SessionId: id, ContextId: contextId, Path: path, Mode: "download" }]
        ]
        const binds: ReadonlyArray<readonly [string, Wire.Form]> = refused
          ? [
              ["BindContexts", { SessionId: id, PersistenceDataList: binding(path) }],
              ["CreateMcpSession", { PersistenceDataList: binding(path) }],
              ...(path === ""
                ? []
                : [["CreateMcpSession", { PersistenceDataList: binding("/data", path) }] as const])
            ]
          : []
        for (const [action, form] of [...actions, ...binds]) {
          const { body, status } = yield* Wire.request(action, form)
          const what = `${action} ${JSON.stringify(path.slice(0, 100))}: ${JSON.stringify(body)}`
          assert.isBelow(status, 500, what)
          Canary.assertSilent(what, JSON.stringify(body))
          // Without a path, the whole session is meant, or the root of the context.
          if (refused && path !== "")
            assert.isTrue(status >= 400 || Wire.at(body, "Success") === false, what)
        }
        yield* Wire.settled(id)
        assert.deepStrictEqual(look(), before, path)
      }
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("in every id and name that becomes one", () =>
    Effect.gen(function* () {
      const { beside, contextId, id, look } = yield* scene
      const before = look()
      for (const { path } of formsOf(beside)) {
        for (const [action, form] of [
          ["GetSession", { SessionId: path }],
          ["ReleaseMcpSession", { SessionId: path }],
          ["DeleteSessionAsync", { SessionId: path }],
          ["GetContextInfo", { SessionId: path }],
          ["SyncContext", { SessionId: path }],
          ["CallMcpTool", { SessionId: path, Name: "list_directory", Args: { path: "/" } }],
          ["CallMcpTool", { SessionId: id, Name: path, Args: { path: "/" } }],
          [
            "BindContexts",
            { SessionId: id, PersistenceDataList: [{ ContextId: path, Path: "/x" }] }
          ],
          ["SyncContext", { SessionId: id, ContextId: path, Path: mount }],
          ["GetContextFileUploadUrl", { ContextId: path, FilePath: "/a" }],
          ["GetContextFileDownloadUrl", { ContextId: path, FilePath: "/a" }],
          ["DeleteContextFile", { ContextId: path, FilePath: "/a" }],
          [
            "DescribeContextFiles",
            { ContextId: path, ParentFolderPath: "/", PageNumber: 1, PageSize: 9 }
          ],
          ["ClearContext", { Id: path }],
          ["DeleteContext", { Id: path }],
          ["ModifyContext", { Id: path, Name: "x" }]
        ] as const) {
          const { body, status } = yield* Wire.request(action, form)
          const what = `${action} ${JSON.stringify(path.slice(0, 100))}: ${JSON.stringify(body)}`
          assert.isBelow(status, 500, what)
          Canary.assertSilent(what, JSON.stringify(body))
        }
      }
      assert.deepStrictEqual(look(), before)
      yield* Wire.call("GetContext", { ContextId: contextId })
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("in the URLs of stored files, and beside them", () =>
    Effect.gen(function* () {
      const { url: origin } = yield* LocalAgentBay.LocalAgentBay
      const { beside, contextId, look } = yield* scene
      const before = look()
      const url = yield* urlFor("Upload", contextId, "/home/a")
      const query = new URL(url).search
      for (const { path } of formsOf(beside)) {
        if (path === "") continue
        const written = path.replace(/[\0 \r\n]/g, encodeURIComponent).slice(0, 4000)
        const ascii = Buffer.from(written, "utf8").toString("latin1")
        for (const target of [
          `${origin}/${ascii}`,
          `${origin}/files/${ascii}${query}`,
          `${origin}/files/${contextId}${ascii}${query}`,
          `${origin}/files/${contextId}/home/a${ascii}${query}`
        ]) {
          for (const method of ["GET", "PUT", "DELETE"]) {
            const status = yield* raw(method, target)
            // None when the request is not one of HTTP.
            assert.isTrue(status >= 400 && status < 500, `${method} ${target}: ${status}`)
          }
        }
      }
      assert.deepStrictEqual(look(), before)
      assert.strictEqual((yield* http(url, { method: "PUT", body: "own" })).status, 200)
    }).pipe(Effect.scoped, provided)
  )
})
