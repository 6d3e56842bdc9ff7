/** What the fuzz tests of this folder have found, each by itself. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth)

const front = Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.get("session-1"))

describe("data that is nested very deeply", () => {
  for (const [what, data] of [
    ["as an answer's data", deep(50_000)],
    ["as a text in it", `{"SessionId":${deep(50_000)}}`]
  ] as const) {
    it.effect(`${what} cannot be read, and is told so`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(front)
        assert.strictEqual(error._tag, "TransportError")
        assert.propertyVal(error, "reason", "Decode")
        assert.include(error.message, "but it is a list")
      }).pipe(
        Effect.provide(
          AgentBayTest.layer({
            script: { GetSession: AgentBayTest.raw(200, `{"Success":true,"Data":${data}}`) }
          })
        )
      )
    )
  }
})
