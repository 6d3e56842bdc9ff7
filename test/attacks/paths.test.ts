/** Paths that want to lead elsewhere, in every parameter that is or becomes a path. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { http, raw, urlFor } from "../node/local/files.js"
import * as Wire from "../node/local/wire.js"
import { mount, prepare, write } from "../node/local/workspace.js"
import * as Canary from "./canary.js"

interface Form {
  readonly path: string
  /** Nothing can have this path. Others are names like any, however odd, inside the session. */
  readonly refused: boolean
}

const up = (count: number, step = "../") => step.repeat(count)

/** Ways to write a path that leads to `outside/a` from a root some levels below what holds it. */
const formsOf = (beside: string): ReadonlyArray<Form> => {
  const climbing = [3, 6, 12].flatMap((count) => [
    `/${up(count)}outside/a`,
    `${mount}/${up(count)}outside/a`,
    `/tmp/.././${up(count)}outside/a`,
    `~/${up(count)}outside/a`,
    `${up(count)}outside/a`,
    `/x//${up(count, "..//")}outside/a`
  ])
  const plain = climbing.filter((path) => !path.startsWith(mount) && !path.startsWith("~"))
  const encoded = plain.slice(0, 6).map((path) => encodeURIComponent(path))
  const odd = [
    ...encoded,
    ...encoded.map((path) => `/${path}`),
    ...encoded.map((path) => `/${encodeURIComponent(path)}`),
    ...[3, 12].flatMap((count) => [
      `/${up(count, "..\\")}outside\\a`,
      `/${up(count, "\uff0e\uff0e/")}outside/a`,
      `/${up(count, "..\uff0f")}outside\uff0fa`,
      `/${up(count, "..\u2215")}outside/a`,
      `/${up(count, "\u2025/")}outside/a`,
      `/${up(count, "%c0%ae%c0%ae/")}outside/a`,
      `/${up(count, "%c0%ae%c0%ae%c0%af")}outside/a`,
      `/${up(count, ".. /")}outside/a`,
      `/${up(count, "..;/")}outside/a`,
      `/${up(count, "...//")}outside/a`
    ]),
    `${beside}/a`,
    `/proc/self/cwd`,
    `/proc/self/root${beside}/a`,
    `file://${beside}/a`,
    "C:\\..\\..\\outside\\a",
    "C:/../../outside/a",
    "\\\\server\\share\\a",
    "/a ",
    "/ a",
    "/a."
  ]
  const never = [
    "",
    "\0",
    `/a\0${beside}/a`,
    `/${"x".repeat(256)}`,
    `/${"\u00e9".repeat(128)}`,
    `/${"x/".repeat(3000)}`,
    "..",
    "/..",
    "a",
    "./a",
    "~root/a"
  ]
  return [
    ...climbing.map((path) => ({ path, refused: plain.includes(path) || path.includes(up(12)) })),
    ...odd.map((path) => ({ path, refused: false })),
    ...never.map((path) => ({ path, refused: true }))
  ]
}

const scene = Effect.gen(function* () {
  const { dataDirectory } = yield* LocalAgentBay.LocalAgentBay
  const at = yield* prepare()
  write(at.session, { own: "own" })
  yield* Wire.sync(at.id)
  const inside = `${dataDirectory}/outside`
  const beside = `${dataDirectory}-outside`
  yield* Effect.acquireRelease(
    Effect.sync(() => [inside, beside].forEach((folder) => Canary.put(folder, ["a"]))),
    () => Effect.sync(() => NodeFs.rmSync(beside, { recursive: true }))
  )
  const look = () => ({
    canaries: [inside, beside].map(Canary.state),
    own: NodeFs.readdirSync(dataDirectory).toSorted(),
    contexts: NodeFs.readdirSync(`${dataDirectory}/contexts`).length,
    sessions: NodeFs.readdirSync(`${dataDirectory}/sessions`).length,
    leaks: ["contexts", "sessions"].flatMap((name) => Canary.leaks(`${dataDirectory}/${name}`))
  })
  return { ...at, beside, look }
})

const provided = Effect.provide(LocalAgentBay.layerTest)

const tools: ReadonlyArray<readonly [string, (path: string) => object]> = [
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
  ["delete_file", (path) => ({ path })]
]

describe("paths that want to lead elsewhere", () => {
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
          if (refused) assert.isTrue(isError, what)
        }
        const several = yield* Wire.tool(id, "read_multiple_files", { paths: [path] })
        assert.notInclude(several.text, Canary.secret, path)
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
