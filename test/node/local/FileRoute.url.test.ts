import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as FileUrl from "../../../packages/node/src/local/contexts/FileUrl.js"

const origin = { url: "http://127.0.0.1:8080" }
const target = { contextId: "SdkCtx-1", path: "/tmp/a.txt" }
const urls = FileUrl.make("secret")

const requestTarget = (url: string) => url.slice(origin.url.length)

describe("FileUrl", () => {
  it.effect("ends after an hour, by the server's clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_767_225_600_500)
      const { expires, url } = yield* urls.sign(origin, "PUT", target)
      assert.strictEqual(expires, 1_767_229_200)
      assert.include(url, "/files/SdkCtx-1/tmp/a.txt?Expires=1767229200&Signature=")
      yield* TestClock.setTime(1_767_229_199_999)
      assert.deepStrictEqual(yield* urls.verify("PUT", requestTarget(url)), target)
      yield* TestClock.setTime(1_767_229_200_000)
      assert.isUndefined(yield* urls.verify("PUT", requestTarget(url)))
    })
  )

  it.effect("of another secret is none", () =>
    Effect.gen(function* () {
      const { url } = yield* FileUrl.make("other").sign(origin, "GET", target)
      assert.isUndefined(yield* urls.verify("GET", requestTarget(url)))
    })
  )

  it("carries any path there and back", () => {
    const segment = FastCheck.fullUnicodeString({ minLength: 1 }).filter(
      (text) => !text.includes("/") && text !== "." && text !== ".."
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
        const path = `/${segments.join("/")}`
        const { url } = Effect.runSync(urls.sign(origin, "GET", { ...target, path }))
        // As a client sends it that has parsed it before.
        const parsed = new URL(url)
        const verified = Effect.runSync(urls.verify("GET", parsed.pathname + parsed.search))
        assert.strictEqual(verified?.path, path)
      })
    )
  })
})
