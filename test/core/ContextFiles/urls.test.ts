import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { actions, requestsOf } from "../wired.js"
import { id, path, url, files, service, asking, failureOf, textOf } from "./storedFiles.js"

describe("URLs of files", () => {
  it.effect("come redacted", () =>
    Effect.gen(function* () {
      const service = yield* files
      for (const ask of [service.uploadUrl, service.downloadUrl]) {
        const answer = yield* ask(id, path)
        assert.strictEqual(Redacted.value(answer.url), url)
        assert.strictEqual(answer.expireTime, 3600)
        assert.notInclude(JSON.stringify(answer), "SECRET")
      }
      assert.deepStrictEqual(yield* actions, [
        "GetContextFileUploadUrl",
        "GetContextFileDownloadUrl"
      ])
    }).pipe(Effect.provide(service()))
  )

  for (const [name, data] of Object.entries({
    "no data": undefined,
    "no URL": { ExpireTime: 1 },
    "an empty URL": { Url: "" }
  })) {
    it.effect(`are a decode error when the answer has ${name}`, () =>
      Effect.gen(function* () {
        const { end } = yield* asking({ GetContextFileUploadUrl: AgentBayTest.ok(data) })(
          ({ uploadUrl }) => uploadUrl(id, path)
        )
        assert.propertyVal(failureOf(end), "reason", "Decode")
      })
    )
  }

  it.effect("that are none fail without a word of them", () =>
    Effect.gen(function* () {
      const { end } = yield* asking({
        GetContextFileUploadUrl: AgentBayTest.ok({ Url: "SECRET://[" }),
        GetContextFileDownloadUrl: AgentBayTest.ok({ Url: "SECRET://[" })
      })((service) =>
        Effect.flip(service.put(id, path, "text")).pipe(
          Effect.zip(Effect.flip(textOf(service.get(id, path))))
        )
      )
      assert.isTrue(Either.isRight(end))
      if (Either.isLeft(end)) return
      for (const error of end.right) {
        assert.propertyVal(error, "reason", "Encode")
        assert.notInclude(JSON.stringify(error) + String(error), "SECRET")
      }
    })
  )
})

describe("ContextFiles.remove", () => {
  it.effect("sends context and path", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(files, ({ remove }) => remove(id, path))
      assert.deepStrictEqual(
        (yield* requestsOf("DeleteContextFile")).map(({ parameters }) => parameters),
        [{ ContextId: id, FilePath: path }]
      )
    }).pipe(Effect.provide(service({ DeleteContextFile: AgentBayTest.ok() })))
  )
})
