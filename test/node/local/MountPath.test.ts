import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as MountPath from "../../../packages/node/src/local/MountPath.js"
import { temporaryDirectory } from "./trees.js"

const segment = FastCheck.oneof(
  FastCheck.constantFrom("..", ".", "", "a", "..a", "...", "~", " ", "\n", "…"),
  FastCheck.string({ maxLength: 12 })
)
const anyPath = FastCheck.array(segment, { maxLength: 12 }).map((segments) => segments.join("/"))

const refusal = (result: Either.Either<string, MountPath.PathRefused>): string => {
  assert.isTrue(Either.isLeft(result), `expected a refusal, got ${JSON.stringify(result)}`)
  return Either.isLeft(result) ? result.left.reason : ""
}

describe("normalise", () => {
  it("never leads out of the root, whatever the text", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(
          anyPath,
          anyPath.map((path) => `/${path}`)
        ),
        (path) => {
          const result = MountPath.normalise(path)
          if (Either.isLeft(result)) return true
          const inside = `/data/root${result.right === "/" ? "" : result.right}`
          const host = NodePath.resolve(inside)
          return host === inside && (host === "/data/root" || host.startsWith("/data/root/"))
        }
      ),
      { numRuns: 2000 }
    )
  })

  it("agrees with the system's own idea of a normal path", () => {
    FastCheck.assert(
      FastCheck.property(anyPath, (path) => {
        const result = MountPath.normalise(`/${path}`)
        if (Either.isLeft(result)) return true
        return result.right === NodePath.posix.resolve(`/${path}`)
      }),
      { numRuns: 2000 }
    )
  })

  it("normalising twice is normalising once", () => {
    FastCheck.assert(
      FastCheck.property(anyPath, (path) => {
        const once = MountPath.normalise(`/${path}`)
        if (Either.isLeft(once)) return true
        return Either.getOrNull(MountPath.normalise(once.right)) === once.right
      })
    )
  })

  it("puts absolute paths and the home directory below the root", () => {
    const inside = (path: string) => Either.getOrNull(MountPath.normalise(path))
    assert.strictEqual(inside("/tmp/m/a.txt"), "/tmp/m/a.txt")
    assert.strictEqual(inside("/tmp//m/./x/../a.txt/"), "/tmp/m/a.txt")
    assert.strictEqual(inside("/"), "/")
    assert.strictEqual(inside("~"), "/home/wuying")
    assert.strictEqual(inside("~/notes"), "/home/wuying/notes")
    assert.strictEqual(inside("/~/x"), "/~/x")
    assert.strictEqual(inside("/tmp/..hidden/a..b"), "/tmp/..hidden/a..b")
  })

  it("says why it refuses", () => {
    assert.match(refusal(MountPath.normalise("")), /empty/)
    assert.match(refusal(MountPath.normalise("tmp/a")), /not absolute/)
    assert.match(refusal(MountPath.normalise("~other/a")), /not absolute/)
    assert.match(refusal(MountPath.normalise("/tmp/a\0b")), /NUL/)
    assert.match(refusal(MountPath.normalise("/..")), /leads out/)
    assert.match(refusal(MountPath.normalise("/tmp/../../etc/passwd")), /leads out/)
    assert.match(refusal(MountPath.normalise("~/../../../etc")), /leads out/)
  })

  it("counts the length of a name in bytes", () => {
    assert.isTrue(Either.isRight(MountPath.normalise(`/${"x".repeat(255)}`)))
    assert.match(refusal(MountPath.normalise(`/${"x".repeat(256)}`)), /255 bytes/)
    assert.isTrue(Either.isRight(MountPath.normalise(`/${"é".repeat(127)}`)))
    assert.match(refusal(MountPath.normalise(`/${"é".repeat(128)}`)), /255 bytes/)
  })
})

describe("mountPath", () => {
  it("takes absolute paths in their normal form, not the root", () => {
    assert.strictEqual(Either.getOrNull(MountPath.mountPath("/tmp/m/")), "/tmp/m")
    assert.match(refusal(MountPath.mountPath("/")), /root itself/)
    assert.match(refusal(MountPath.mountPath("/tmp/..")), /root itself/)
    assert.match(refusal(MountPath.mountPath("m")), /not absolute/)
  })
})

describe("place", () => {
  it.scoped("takes what exists and what does not exist yet", () =>
    Effect.gen(function* () {
      const root = yield* temporaryDirectory
      NodeFs.mkdirSync(`${root}/tmp/m`, { recursive: true })
      NodeFs.writeFileSync(`${root}/tmp/m/file`, "")
      for (const path of ["/tmp/m", "/tmp/m/file", "/tmp/new/deep", "/tmp/m/file/below"]) {
        assert.deepStrictEqual(yield* MountPath.place(root, path), { root, path })
      }
    })
  )

  it.scoped("refuses a symbolic link anywhere below the root", () =>
    Effect.gen(function* () {
      const root = yield* temporaryDirectory
      const outside = yield* temporaryDirectory
      NodeFs.mkdirSync(`${root}/tmp`)
      NodeFs.symlinkSync(outside, `${root}/tmp/link`)
      NodeFs.symlinkSync("/nowhere", `${root}/tmp/dangling`)
      for (const path of ["/tmp/link", "/tmp/link/a/b", "/tmp/dangling", "/tmp/x/../link/a"]) {
        const refused = yield* Effect.flip(MountPath.place(root, path))
        assert.strictEqual(refused._tag, "PathRefused")
        assert.strictEqual(refused.path, path)
        assert.match(refused.reason, /symbolic link/)
      }
    })
  )

  it.scoped("a root that is reached through a link is fine: only what is below counts", () =>
    Effect.gen(function* () {
      const real = yield* temporaryDirectory
      const base = yield* temporaryDirectory
      NodeFs.symlinkSync(real, `${base}/root`)
      const root = `${base}/root`
      assert.deepStrictEqual(yield* MountPath.place(root, "/a"), { root, path: "/a" })
    })
  )
})
