import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { namedPath, readTree, replaceCall, systemError } from "./trees.js"
import * as Wire from "./wire.js"
import { mount, prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const archive = "agentbay-archive.tar.gz"

const packing = { uploadPolicy: { uploadMode: "Archive" } }

const stored = (folder: string) => NodeFs.readdirSync(folder)

const inode = (path: string) => NodeFs.statSync(path).ino

/** What another program sees in the archive. */
const listed = (folder: string) =>
  execFileSync("tar", ["-tzf", `${folder}/${archive}`], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name !== "" && !name.endsWith("/"))
    .toSorted()

const uploaded = (id: string, form: Wire.Form = {}) =>
  Effect.map(Wire.sync(id, form), (items) => items.at(-1))

describe("uploadMode Archive", () => {
  it.scopedLive("a new session has the files at the same paths, whatever extractPolicy says", () =>
    Effect.gen(function* () {
      const first = yield* prepare(packing)
      write(first.session, { a: "1", "sub/deep/b": "2", "ü/\n": "3" })
      NodeFs.mkdirSync(`${first.session}/empty`)
      NodeFs.chmodSync(`${first.session}/a`, 0o755)
      assert.deepInclude(yield* uploaded(first.id), {
        status: "Success",
        filesDone: 3,
        filesTotal: 3
      })
      assert.deepStrictEqual(stored(first.store), [archive])
      assert.deepStrictEqual(listed(first.store).length, 3)
      yield* Wire.release(first.id)
      for (const extractPolicy of [
        undefined,
        { extractToCurrentFolder: true },
        { extractToCurrentFolder: false, deleteSrcFile: true }
      ]) {
        const next = yield* prepare({ ...packing, extractPolicy })
        assert.deepStrictEqual(readTree(next.session), {
          a: "1",
          "sub/deep/b": "2",
          "ü/\n": "3",
          empty: null
        })
        assert.strictEqual(NodeFs.statSync(`${next.session}/a`).mode & 0o777, 0o755)
      }
    }).pipe(provided)
  )

  it.scopedLive(
    "the archive stays in the session when the policy says so, and is never packed",
    () =>
      Effect.gen(function* () {
        const first = yield* prepare(packing)
        write(first.session, { a: "1" })
        yield* Wire.release(first.id)
        const both = yield* prepare({ ...packing, extractPolicy: { deleteSrcFile: false } })
        assert.deepStrictEqual(stored(both.session).toSorted(), ["a", archive])
        write(both.session, { b: "2" })
        yield* Wire.sync(both.id)
        assert.deepStrictEqual(listed(both.store), ["a", "b"])
        yield* Wire.release(both.id)
        const alone = yield* prepare({ ...packing, extractPolicy: { extract: false } })
        assert.deepStrictEqual(stored(alone.session), [archive])
        // It never had the files in it, so it deletes none of them.
        write(alone.session, { c: "3" })
        yield* Wire.release(alone.id)
        assert.deepStrictEqual(listed(alone.store), ["a", "b", "c"])
      }).pipe(provided)
  )

  it.scopedLive("deletions, whitelists and single paths work as without an archive", () =>
    Effect.gen(function* () {
      const policy = {
        ...packing,
        bwList: { whiteLists: [{ path: "", excludePaths: ["private"] }] }
      }
      const { contextId, id, session, store } = yield* prepare(policy)
      write(session, { a: "1", b: "2", "d/c": "3", "private/key": "4" })
      yield* Wire.sync(id)
      assert.deepStrictEqual(listed(store), ["a", "b", "d/c"])
      NodeFs.rmSync(`${session}/a`)
      yield* Wire.sync(id)
      assert.deepStrictEqual(listed(store), ["b", "d/c"])
      const one = (path: string, Mode: string) =>
        Effect.map(
          Wire.sync(id, { ContextId: contextId, Path: `${mount}/${path}`, Mode }),
          (items) => items.find((item) => item.path === `${mount}/${path}`)
        )
      write(session, { b: "new", "d/c": "not asked for", e: "5" })
      assert.strictEqual((yield* one("e", "upload"))?.status, "Success")
      assert.deepStrictEqual(listed(store), ["b", "d/c", "e"])
      assert.strictEqual((yield* one("b", "download"))?.status, "Success")
      assert.deepStrictEqual(tree(session), {
        b: "2",
        "d/c": "not asked for",
        e: "5",
        "private/key": "4"
      })
      assert.deepInclude(yield* one("none", "download"), {
        status: "Failed",
        errorMessage: `there is nothing at ${mount}/none in the context`
      })
      assert.deepInclude(yield* one("private/key", "upload"), {
        status: "Failed",
        errorMessage: `the whitelist of the binding leaves out ${mount}/private/key`
      })
    }).pipe(provided)
  )

  it.scopedLive("what did not change is not packed again; every change is, however small", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(packing)
      write(session, { a: "1", b: "2" })
      yield* Wire.sync(id)
      let before = inode(`${store}/${archive}`)
      yield* Wire.sync(id)
      assert.strictEqual(inode(`${store}/${archive}`), before)
      const times = NodeFs.statSync(`${session}/a`)
      const changes: ReadonlyArray<() => void> = [
        () => NodeFs.chmodSync(`${session}/b`, 0o600),
        () => NodeFs.mkdirSync(`${session}/folder`),
        () => NodeFs.rmSync(`${session}/b`),
        () => {
          // The same size and time: only reading it tells.
          NodeFs.writeFileSync(`${session}/a`, "x")
          NodeFs.utimesSync(`${session}/a`, times.atime, times.mtime)
        }
      ]
      for (const [index, change] of changes.entries()) {
        change()
        yield* Wire.sync(id)
        const after = inode(`${store}/${archive}`)
        assert.notStrictEqual(after, before, `change ${index}`)
        before = after
      }
      yield* Wire.release(id)
      const next = yield* prepare(packing)
      assert.deepStrictEqual(readTree(next.session), { a: "x", folder: null })
    }).pipe(provided)
  )

  it.scopedLive("a session that is behind only adds", () =>
    Effect.gen(function* () {
      const one = yield* prepare(packing)
      const other = yield* prepare(packing)
      write(one.session, { fromOne: "1" })
      yield* Wire.sync(one.id)
      write(other.session, { fromOther: "2" })
      yield* Wire.release(other.id)
      yield* Wire.release(one.id)
      assert.deepStrictEqual(listed(one.store), ["fromOne", "fromOther"])
    }).pipe(provided)
  )

  it.scopedLive("files and archives are never mixed: the upload fails and says so", () =>
    Effect.gen(function* () {
      const plain = yield* prepare(undefined, "plain")
      write(plain.session, { a: "1" })
      yield* Wire.sync(plain.id)
      const packer = yield* prepare(packing, "plain")
      assert.deepStrictEqual(tree(packer.session), { a: "1" })
      assert.deepInclude(yield* uploaded(packer.id), {
        status: "Failed",
        errorMessage:
          `files that are not packed are stored at ${mount}, and this binding uploads an archive: ` +
          "files and archives cannot be mixed in one context"
      })
      assert.deepStrictEqual(tree(plain.store), { a: "1" })

      const packed = yield* prepare(packing, "packed")
      write(packed.session, { a: "1" })
      yield* Wire.sync(packed.id)
      const reader = yield* prepare(undefined, "packed")
      assert.deepStrictEqual(tree(reader.session), { a: "1" })
      const refused = yield* uploaded(reader.id)
      assert.strictEqual(refused?.status, "Failed")
      assert.match(refused?.errorMessage ?? "", /^an archive is stored at .* files as they are:/)
      assert.deepStrictEqual(stored(packed.store), [archive])

      write(packed.store, { stray: "put there by hand" })
      const [download] = yield* Wire.sync(packed.id, { Mode: "download" })
      assert.match(download?.errorMessage ?? "", /^files and an archive are stored at/)
      assert.match((yield* uploaded(packed.id))?.errorMessage ?? "", /cannot be mixed/)
    }).pipe(provided)
  )

  it.scopedLive("a damaged archive fails the download and is not replaced by an upload", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(packing)
      write(session, { a: "1" })
      yield* Wire.sync(id)
      NodeFs.writeFileSync(`${store}/${archive}`, "damaged")
      const [download] = yield* Wire.sync(id, { Mode: "download" })
      assert.match(download?.errorMessage ?? "", /^the archive cannot be unpacked: /)
      write(session, { b: "2" })
      assert.strictEqual((yield* uploaded(id))?.status, "Failed")
      assert.strictEqual(NodeFs.readFileSync(`${store}/${archive}`, "utf8"), "damaged")
      const server = yield* LocalAgentBay.LocalAgentBay
      assert.deepStrictEqual(stored(`${server.dataDirectory}/staging`), [])
    }).pipe(provided)
  )

  it.scopedLive("a file that fails is named; the others are packed; nothing is deleted", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(packing)
      write(session, { a: "1", b: "2" })
      yield* Wire.sync(id)
      write(session, { a: "changed", bad: "x", c: "3" })
      NodeFs.rmSync(`${session}/b`)
      yield* replaceCall("openSync", (original) => (path, ...rest) => {
        if (namedPath(path) === `${session}/bad`) throw systemError("EACCES", -13)
        return original(path, ...rest)
      })
      assert.deepInclude(yield* uploaded(id), {
        status: "Failed",
        errorMessage: "1 file could not be transferred: bad: permission denied (EACCES)"
      })
      assert.deepStrictEqual(listed(store), ["a", "b", "c"])
    }).pipe(provided)
  )

  it.scopedLive("an upload of which nothing arrives leaves the store as it is", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(packing)
      NodeFs.rmdirSync(session)
      assert.strictEqual((yield* uploaded(id))?.status, "Failed")
      assert.isFalse(NodeFs.existsSync(`${store}/${archive}`))
      write(session, { a: "1" })
      yield* Wire.sync(id)
      const before = inode(`${store}/${archive}`)
      NodeFs.rmSync(session, { recursive: true })
      const task = yield* uploaded(id)
      assert.strictEqual(task?.errorMessage, `there is nothing at ${mount} in the session`)
      assert.strictEqual(inode(`${store}/${archive}`), before)
    }).pipe(provided)
  )

  it.scopedLive("links are left alone and reported, and staging is empty afterwards", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare(packing)
      write(session, { a: "1" })
      NodeFs.symlinkSync("/etc/passwd", `${session}/link`)
      assert.deepInclude(yield* uploaded(id), {
        status: "Success",
        errorMessage: "",
        skipped: 1,
        skippedPaths: ["link"]
      })
      assert.deepStrictEqual(listed(store), ["a"])
      const server = yield* LocalAgentBay.LocalAgentBay
      assert.deepStrictEqual(stored(`${server.dataDirectory}/staging`), [])
    }).pipe(provided)
  )
})
