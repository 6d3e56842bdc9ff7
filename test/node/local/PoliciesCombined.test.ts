import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"
import { mount, prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const switches = [true, false] as const

describe("automatic transfers and deletions", () => {
  for (const autoDownload of switches) {
    for (const autoUpload of switches) {
      for (const syncLocalFile of switches) {
        const words = { autoDownload, autoUpload, syncLocalFile }
        it.scopedLive(JSON.stringify(words), () =>
          Effect.gen(function* () {
            const first = yield* prepare()
            write(first.session, { kept: "1", deleted: "2" })
            yield* Wire.release(first.id)

            const next = yield* prepare({
              downloadPolicy: { autoDownload },
              uploadPolicy: { autoUpload },
              deletePolicy: { syncLocalFile }
            })
            const before = { deleted: "2", kept: "1" }
            assert.deepStrictEqual(tree(next.session), autoDownload ? before : {})
            if (autoDownload) NodeFs.rmSync(`${next.session}/deleted`)
            write(next.session, { added: "3" })
            yield* Wire.release(next.id)

            const carried = autoDownload && syncLocalFile
            const uploaded = carried ? { added: "3", kept: "1" } : { added: "3", ...before }
            assert.deepStrictEqual(tree(next.store), autoUpload ? uploaded : before)
          }).pipe(provided)
        )
      }
    }
  }

  it.scopedLive("switched off, both still happen when asked for", () =>
    Effect.gen(function* () {
      const off = { downloadPolicy: { autoDownload: false }, uploadPolicy: { autoUpload: false } }
      const one = yield* prepare(off)
      write(one.session, { a: "1" })
      yield* Wire.sync(one.id)
      assert.deepStrictEqual(tree(one.store), { a: "1" })
      const other = yield* prepare(off)
      yield* Wire.sync(other.id, { Mode: "download" })
      assert.deepStrictEqual(tree(other.session), { a: "1" })
    }).pipe(provided)
  )
})

describe("whitelists with excludes", () => {
  const policy = {
    bwList: {
      whiteLists: [
        { path: "src", excludePaths: ["gen", "/gen2/"] },
        { path: "/docs/", excludePaths: [] },
        { path: "src/gen/kept" }
      ]
    }
  }
  const files = {
    "docs/a": "1",
    "docs/deep/b": "2",
    other: "3",
    "src/c": "4",
    "src/gen/d": "5",
    "src/gen/kept/e": "6",
    "src/gen2/f": "7",
    "src/generated": "8"
  }
  const covered = {
    "docs/a": "1",
    "docs/deep/b": "2",
    "src/c": "4",
    "src/gen/kept/e": "6",
    "src/generated": "8"
  }

  it.scopedLive("an upload brings what is covered, and so does a download", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(policy)
      write(session, files)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), covered)
      write(store, files)
      const next = yield* prepare(policy)
      assert.deepStrictEqual(tree(next.session), covered)
    }).pipe(provided)
  )

  it.scopedLive("a download overwrites nothing that is left out", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(policy)
      write(session, { ...files, "src/c": "changed here" })
      write(store, Object.fromEntries(Object.keys(files).map((path) => [path, "stored"])))
      yield* Wire.sync(id, { Mode: "download" })
      const stored = Object.fromEntries(Object.keys(covered).map((path) => [path, "stored"]))
      assert.deepStrictEqual(tree(session), { ...files, ...stored })
    }).pipe(provided)
  )

  it.scopedLive("deletions are carried below what is covered alone", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(policy)
      write(session, files)
      yield* Wire.sync(id)
      write(store, { other: "kept", "src/gen/d": "kept", "docs2/x": "kept" })
      NodeFs.rmSync(`${session}/src`, { recursive: true })
      NodeFs.rmSync(`${session}/docs/deep`, { recursive: true })
      NodeFs.rmSync(`${session}/other`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), {
        "docs/a": "1",
        "docs2/x": "kept",
        other: "kept",
        "src/gen/d": "kept"
      })
    }).pipe(provided)
  )
})

describe("paths that lead elsewhere", () => {
  it.scopedLive("a link on the way fails the task by name, in both directions", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, id } = yield* prepare()
      const root = server.sessionDirectory(id)
      const outside = `${server.dataDirectory}/outside`
      write(outside, { secret: "s" })
      NodeFs.symlinkSync(outside, `${root}/tmp/link`)
      for (const Mode of ["upload", "download"]) {
        const items = yield* Wire.sync(id, {
          ContextId: contextId,
          Path: "/tmp/link/secret",
          Mode
        })
        const task = items.find((item) => item.path === "/tmp/link/secret")
        assert.strictEqual(task?.status, "Failed")
        assert.match(task?.errorMessage ?? "", /link in it is a symbolic link/)
      }
      assert.deepStrictEqual(tree(outside), { secret: "s" })
      assert.deepStrictEqual(tree(server.contextDirectory(contextId)), {})
    }).pipe(provided)
  )

  it.scopedLive("a mount that became a link is not followed", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id, session, store } = yield* prepare()
      const outside = `${server.dataDirectory}/outside`
      write(outside, { secret: "s" })
      NodeFs.rmdirSync(session)
      NodeFs.symlinkSync(outside, session)
      const [task] = yield* Wire.sync(id)
      assert.strictEqual(task?.status, "Failed")
      assert.deepStrictEqual(tree(store), {})
      const answer = yield* Wire.request("SyncContext", {
        SessionId: id,
        ContextId: "c",
        Path: `${mount}/../../../../etc`
      })
      assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidParameter")
    }).pipe(provided)
  )
})
