import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import * as Transfer from "../../../packages/node/src/local/transfer/Transfer.js"
import { obstacle, smallDisk } from "../../chaos/disks.js"
import { collectGarbage } from "../../garbage.js"
import { serving } from "./life.js"
import { place } from "./sides.js"
import { readTree, writeTree } from "./trees.js"
import * as Wire from "./wire.js"
import { prepare, write } from "./workspace.js"

const kib = (count: number, fill = "x") => Buffer.alloc(count * 1024, fill)

// Elsewhere a full disk is played by calls that fail: TransferFailure.test.ts.
describe.skipIf(obstacle !== undefined)("a full disk", () => {
  it.scopedLive("fails the files that did not fit, leaves none of them half", () =>
    Effect.gen(function* () {
      const { source } = yield* place
      const disk = yield* smallDisk("4m")
      const at = { source, destination: `${disk}/destination`, staging: `${disk}/staging` }
      writeTree(source, {
        ...Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, kib(64)])),
        large: kib(6 * 1024)
      })
      writeTree(at.destination, { f0: "old", gone: "kept", large: "old" })
      const failed = yield* Effect.flip(Transfer.transfer({ ...at, carryDeletions: true }))
      assert.isNotEmpty(failed.files)
      for (const { path, reason } of failed.files) {
        assert.strictEqual(reason, "no space left on device (ENOSPC)", path)
      }
      const names = new Set(failed.files.map((file) => file.path))
      assert.isTrue(names.has("large"))
      for (const [path, content] of Object.entries(readTree(at.destination))) {
        if (path === "gone") assert.strictEqual(content, "kept")
        else if (names.has(path)) assert.strictEqual(content, "old", path)
        else assert.strictEqual(content?.length, 64 * 1024, path)
      }
      assert.deepStrictEqual(NodeFs.readdirSync(at.staging), [])
      // With room again, the same transfer finishes what is left.
      NodeFs.rmSync(`${source}/large`)
      yield* Transfer.transfer({ ...at, carryDeletions: true })
      assert.deepStrictEqual(readTree(at.destination), readTree(source))
    })
  )

  for (const uploadMode of ["File", "Archive"]) {
    it.scopedLive(`fails the task by name, in mode ${uploadMode}, and the server goes on`, () =>
      Effect.gen(function* () {
        const disk = yield* smallDisk("24m")
        yield* Effect.gen(function* () {
          const { id, session, store } = yield* prepare({ uploadPolicy: { uploadMode } })
          write(session, { a: "1" })
          yield* Wire.sync(id)
          const stored = readTree(store)
          NodeFs.writeFileSync(`${session}/large`, kib(14 * 1024))
          const [task] = yield* Wire.sync(id)
          assert.strictEqual(task?.status, "Failed")
          assert.match(task?.errorMessage ?? "", /large: no space left on device \(ENOSPC\)/)
          if (uploadMode === "File") assert.deepStrictEqual(readTree(store), stored)
          assert.deepStrictEqual(NodeFs.readdirSync(`${disk}/data/staging`), [])
          NodeFs.rmSync(`${session}/large`)
          write(session, { b: "2" })
          assert.strictEqual((yield* Wire.sync(id))[0]?.status, "Success")
        }).pipe(serving(`${disk}/data`))
      })
    )
  }
})

describe("memory", () => {
  it.scopedLive("of a plan stays far below a kilobyte per file", () =>
    Effect.gen(function* () {
      const count = 60_000
      const at = yield* place
      NodeFs.mkdirSync(at.source)
      // A file can have some 65,000 links.
      writeTree(at.source, { first: "x" })
      for (let index = 1; index < count; index++) {
        NodeFs.linkSync(`${at.source}/first`, `${at.source}/a file of number ${index}`)
      }
      const heap = () => {
        collectGarbage()
        return process.memoryUsage().heapUsed
      }
      const before = heap()
      const planned = yield* Deferred.make<number>()
      let asked = false
      const transfer = yield* Effect.fork(
        Transfer.transfer({
          ...at,
          carryDeletions: true,
          onProgress: () => {
            if (asked) return
            asked = true
            Deferred.unsafeDone(planned, Effect.succeed(heap()))
          }
        })
      )
      const perFile = ((yield* Deferred.await(planned)) - before) / count
      yield* Fiber.interrupt(transfer)
      assert.isBelow(perFile, 400)
    })
  )
})

describe("odd names", () => {
  for (const uploadMode of ["File", "Archive"]) {
    it.scopedLive(`come back as they were, in mode ${uploadMode}`, () =>
      Effect.gen(function* () {
        const deep = Array.from({ length: 20 }, (_, level) => `level ${level}`).join("/")
        const files = {
          "a\nb": "newline",
          "\\": "backslash",
          " ": "blank",
          "%2e%2e": "escapes",
          ["n".repeat(255)]: "255 letters",
          [`${"ü".repeat(127)}x`]: "255 bytes",
          [`${deep}/bottom`]: "deep",
          // The same letter in two normal forms: two files.
          "\u00e9": "composed",
          "e\u0301": "decomposed",
          "\u202egpj.exe": "right to left"
        }
        const policy = { uploadPolicy: { uploadMode } }
        const first = yield* prepare(policy)
        write(first.session, files)
        const [task] = yield* Wire.sync(first.id)
        assert.deepInclude(task, { status: "Success", filesDone: Object.keys(files).length })
        yield* Wire.release(first.id)
        const next = yield* prepare(policy)
        assert.deepStrictEqual(readTree(next.session), files)
      }).pipe(Effect.provide(LocalAgentBay.layerTest))
    )
  }
})
