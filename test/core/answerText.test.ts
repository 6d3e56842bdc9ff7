/** How the text of an answer is read over the platform's client. */
import { assert, describe, it } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { answerText } from "../../packages/core/src/internal/answerText.js"

const answer = (body: ReadableStream | string | null, headers?: Record<string, string>) =>
  HttpClientResponse.fromWeb(
    HttpClientRequest.post("http://a.test/"),
    new Response(body, headers === undefined ? {} : { headers })
  )

/** A body that comes in these pieces, and what became of it. */
const inPieces = (...pieces: ReadonlyArray<string>) => {
  const seen = { given: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const piece = pieces[seen.given]
        if (piece === undefined) return controller.close()
        seen.given += 1
        controller.enqueue(Buffer.from(piece, "latin1"))
      },
      cancel: () => {
        seen.cancelled = true
      }
    },
    { highWaterMark: 0 }
  )
  return { seen, stream }
}

describe("the text of an answer", () => {
  it.effect("is empty where there is no body", () =>
    Effect.map(answerText(answer(null), 0), (text) => assert.strictEqual(text, ""))
  )

  it.effect("is UTF-8, also where a piece ends inside a character", () =>
    Effect.gen(function* () {
      const [first, second] = ["\xe6\x97", "\xa5!"]
      assert.strictEqual(yield* answerText(answer(inPieces(first, second).stream), 4), "日!")
      assert.strictEqual(yield* answerText(answer(inPieces("a", first).stream), 9), "a\ufffd")
    })
  )

  it.effect("may be as long as is said", () =>
    Effect.map(answerText(answer(inPieces("abc", "def").stream), 6), (text) =>
      assert.strictEqual(text, "abcdef")
    )
  )

  it.effect("is not read on when it is longer", () =>
    Effect.gen(function* () {
      const { seen, stream } = inPieces("abc", "def", "ghi", "jkl")
      const error = yield* Effect.flip(answerText(answer(stream), 5))
      assert.strictEqual(error._tag, "TooLarge")
      assert.deepStrictEqual(seen, { given: 2, cancelled: true })
    })
  )

  for (const headers of [
    { "content-length": "6" },
    { "content-length": "1", "content-encoding": "gzip" },
    { "content-length": "what" }
  ]) {
    it.effect(`is measured where ${JSON.stringify(headers)} do not say that it fits`, () =>
      Effect.map(Effect.flip(answerText(answer("abcdef", headers), 5)), ({ _tag }) =>
        assert.strictEqual(_tag, "TooLarge")
      )
    )
  }

  it.effect("is that of the platform where its length says that it fits", () =>
    Effect.map(answerText(answer("日", { "content-length": "3" }), 3), (text) =>
      assert.strictEqual(text, "日")
    )
  )
})
