/** An answer that broke off holds what the whole one would: a token, a URL that opens a file. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { leaksIn, overheard, printed } from "./leaks.js"
import { inTime, wired } from "./wired.js"

const secret = "SECRET-0123456789"

describe("a secret in an answer that broke off appears nowhere", () => {
  for (const [name, text] of [
    ["JSON", `{"Data":{"Token":"${secret}","Url":"https://store.test/?Signature=${secret}"`],
    ["JSON behind blanks", `\n {"Data":{"Token":"${secret}"`],
    ["JSON behind a byte order mark", `\uFEFF{"Data":{"Token":"${secret}"`],
    ["a list", `[{"Token":"${secret}"`],
    ["a text", `"{\\"Token\\":\\"${secret}`]
  ] as const) {
    for (const httpStatus of [200, 502]) {
      const reply = AgentBayTest.raw(httpStatus, text)
      it.effect(`${name}, HTTP ${httpStatus}`, () =>
        Effect.gen(function* () {
          const { contexts, create, get } = yield* AgentBay.AgentBay
          for (const ask of [
            Effect.asVoid(create()),
            Effect.asVoid(get("session-1")),
            contexts.files.put("c", "/a", "text"),
            Stream.runDrain(contexts.files.get("c", "/a"))
          ]) {
            const { exit, said } = yield* overheard(inTime(ask))
            assert.ok(Exit.isFailure(exit))
            const told = `${said}${printed(exit)}`
            assert.deepStrictEqual(leaksIn(told, secret), [])
            assert.include(told, "breaks off")
          }
        }).pipe(
          Effect.provide(
            wired({
              script: {
                CreateMcpSession: reply,
                GetSession: reply,
                GetContextFileUploadUrl: reply,
                GetContextFileDownloadUrl: reply
              }
            })
          )
        )
      )
    }
  }
})
