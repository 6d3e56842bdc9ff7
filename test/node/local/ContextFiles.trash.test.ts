import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Trash from "../../../packages/node/src/local/contexts/Trash.js"
import { temporaryDirectory } from "./life.js"
import { nobody, withoutPower } from "./powerless.js"

const giveAway = (path: string): void => {
  if (process.geteuid?.() !== 0) return
  NodeFs.lchownSync(path, nobody, nobody)
  if (!NodeFs.lstatSync(path).isDirectory()) return
  for (const name of NodeFs.readdirSync(path)) giveAway(`${path}/${name}`)
}

describe("Trash", () => {
  it.scopedLive("removes folders that nobody may write to or look into, and follows no link", () =>
    Effect.gen(function* () {
      const root = yield* temporaryDirectory
      const place = `${root}/trash/one`
      NodeFs.mkdirSync(`${place}/a/written/deep`, { recursive: true })
      NodeFs.mkdirSync(`${place}/a/hidden/deep`, { recursive: true })
      NodeFs.mkdirSync(`${root}/outside`)
      NodeFs.writeFileSync(`${root}/outside/file`, "1")
      NodeFs.writeFileSync(`${place}/a/written/file`, "1")
      NodeFs.symlinkSync(`${root}/outside`, `${place}/a/written/link`)
      giveAway(root)
      NodeFs.chmodSync(`${place}/a/written`, 0o555)
      NodeFs.chmodSync(`${place}/a/hidden`, 0)
      yield* withoutPower(Trash.remove(place))
      assert.isFalse(NodeFs.existsSync(place))
      assert.strictEqual(NodeFs.readFileSync(`${root}/outside/file`, "utf8"), "1")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scopedLive("what is not there is not moved into it", () =>
    Effect.gen(function* () {
      const root = yield* temporaryDirectory
      assert.isUndefined(yield* Trash.discard(`${root}/trash`, `${root}/none`))
      NodeFs.mkdirSync(`${root}/one`)
      const place = yield* Trash.discard(`${root}/trash`, `${root}/one`)
      assert.isFalse(NodeFs.existsSync(`${root}/one`))
      assert.isTrue(NodeFs.existsSync(place ?? ""))
      yield* Trash.empty(`${root}/trash`)
      assert.deepStrictEqual(NodeFs.readdirSync(`${root}/trash`), [])
      yield* Trash.empty(`${root}/never`)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
