/** The same paths in the policies of bindings, and as names of snapshots. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as Wire from "../node/local/wire.js"
import { write } from "../node/local/workspace.js"
import * as Canary from "./canary.js"
import { formsOf, scene } from "./forms.js"
import { send } from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const due = "due/file"

describe("paths in policies that want to lead elsewhere", () => {
  it.scopedLive("as what takes part, what is left out, and what expires", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { beside, look } = yield* scene
      const before = look()
      const policies = formsOf(beside).flatMap(({ path }) =>
        [
          [{ path }, { path: "due" }],
          [{ path: "", excludePaths: [path] }],
          [{ path, excludePaths: [path] }, { path: "due" }]
        ].map((whiteLists) => ({
          bwList: { whiteLists },
          recyclePolicy: { lifecycle: "Lifecycle_1Day", paths: [path, "due"] }
        }))
      )
      const mounts = yield* Effect.forEach(
        policies,
        (policy, at) =>
          Effect.map(Wire.createContext(`c-${at}`), (contextId) => ({
            contextId,
            path: `/m${at}/data`,
            policy
          })),
        { concurrency: 10 }
      )
      const id = yield* Wire.createSession(...mounts)
      for (const { path } of mounts) {
        write(server.sessionDirectory(id) + path, { [due]: "own", own: "own" })
      }
      for (const Mode of ["upload", "download"]) {
        const tasks = yield* Wire.sync(id, { Mode })
        assert.lengthOf(tasks, mounts.length)
        for (const task of tasks) Canary.assertSilent(task.path, task.errorMessage)
      }
      const unharmed = () => {
        const { canaries, leaks } = look()
        assert.deepStrictEqual({ canaries, leaks }, { canaries: before.canaries, leaks: [] })
      }
      unharmed()
      const stores = mounts.map(({ contextId, path }) => server.contextDirectory(contextId) + path)
      for (const store of stores) assert.isTrue(NodeFs.existsSync(`${store}/${due}`), store)
      // It would bring back what it still has.
      yield* Wire.release(id)
      yield* server.admin.advance("2 days")
      // All of them were swept: what was due is gone, and nothing else is.
      yield* Wire.eventually(
        Effect.sync(() => stores.filter((store) => NodeFs.existsSync(`${store}/${due}`))),
        (left) => left.length === 0
      )
      unharmed()
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("as where the files are stored, drives of Windows among them", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { beside, look } = yield* scene
      const before = look()
      const up = "..\\..\\..\\..\\..\\..\\..\\..\\..\\..\\..\\..\\"
      const drives = [
        { path: `C:\\${up}outside\\a`, refused: true },
        { path: `c:/${up.replaceAll("\\", "/")}outside/a`, refused: true },
        { path: `C:\\x\\${up}outside`, refused: true },
        { path: "C:\\", refused: true },
        { path: "C:\\..", refused: true },
        { path: "C:\\a\0b", refused: true },
        { path: "\\\\server\\share\\a", refused: true },
        { path: "C:outside\\a", refused: true },
        { path: `C:${beside}/a`, refused: false },
        { path: "C:/C:/outside", refused: false },
        { path: "C:\\x\\..\\y", refused: false }
      ]
      for (const [index, { path, refused }] of [...formsOf(beside), ...drives].entries()) {
        // Without a path nothing is mapped.
        if (path === "") continue
        const contextId = yield* Wire.createContext(`c-${index}`)
        const { body, status } = yield* Wire.request("CreateMcpSession", {
          PersistenceDataList: [
            {
              ContextId: contextId,
              Path: "/data",
              Policy: JSON.stringify({ mappingPolicy: { path } })
            }
          ]
        })
        const what = `${JSON.stringify(path.slice(0, 100))}: ${JSON.stringify(body)}`
        assert.isBelow(status, 500, what)
        Canary.assertSilent(what, JSON.stringify(body))
        if (refused) assert.isTrue(status >= 400, what)
        if (status === 200) {
          const id = Wire.textAt(body, "Data", "SessionId")
          yield* Wire.settled(id)
          write(`${server.sessionDirectory(id)}/data`, { file: "own" })
          yield* Wire.sync(id)
          yield* Wire.sync(id, { Mode: "download" })
          yield* Wire.release(id)
        }
        const { canaries, leaks, own } = look()
        assert.deepStrictEqual(
          { canaries, own },
          { canaries: before.canaries, own: before.own },
          what
        )
        assert.deepStrictEqual(leaks, [], what)
      }
    }).pipe(Effect.scoped, provided)
  )
})

describe("names of snapshots that want to lead elsewhere", () => {
  it.scopedLive("are refused, whatever is to be done with them", () =>
    Effect.gen(function* () {
      const { adminToken } = yield* LocalAgentBay.LocalAgentBay
      const { beside, look } = yield* scene
      const headers = { authorization: `Bearer ${Redacted.value(adminToken)}` }
      const ask = (method: string, name: string, more = "") =>
        send({ method, target: `/admin/snapshots/${name}${more}`, headers })
      // So that there is a folder of snapshots, from which `..` leads to the others.
      assert.strictEqual((yield* ask("PUT", "kept")).status, 200)
      const before = look()
      const names = [
        ...formsOf(beside).flatMap(({ path }) => (path === "a" ? [] : [path])),
        ..."../outside ../contexts ../sessions ../state.sqlite ../snapshots/kept kept/.. kept/ /kept . .. ../../".split(
          " "
        ),
        `../../${beside.split("/").at(-1)}`
      ]
      for (const name of names) {
        for (const written of [
          encodeURIComponent(name),
          encodeURIComponent(encodeURIComponent(name))
        ]) {
          // Too long for a request line at all.
          if (written.length > 10_000) continue
          for (const [method, more] of [
            ["PUT", ""],
            ["DELETE", ""],
            ["POST", "/restore"]
          ] as const) {
            const { status, text } = yield* ask(method, written, more)
            const what = `${method} ${written.slice(0, 100)}${more}: ${status} ${text}`
            assert.isTrue(status >= 400 && status < 500, what)
            Canary.assertSilent(what, text)
          }
        }
      }
      assert.deepStrictEqual(look(), before)
      assert.strictEqual((yield* ask("POST", "kept", "/restore")).status, 200)
    }).pipe(Effect.scoped, provided)
  )
})
