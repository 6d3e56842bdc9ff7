import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { failedWith, lists, manager, observe, succeeded, upload, work } from "./fixture.js"

const startedLongAgo = Effect.flatMap(manager, (contexts) =>
  Effect.gen(function* () {
    const { token } = yield* contexts.start({ ...work, timeout: "5 seconds" })
    yield* Effect.sleep("1 hour")
    const handle = yield* contexts.resume(token)
    return yield* handle.await
  })
)

const hour = 3_600_000

describe("a sync that is resumed long after its deadline", () => {
  it.effect("has one last look, which finds what has ended", () =>
    Effect.gen(function* () {
      const seen = yield* observe(startedLongAgo, { polls: [lists(upload("Success"))] }, "2 hours")
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.deepStrictEqual(seen.statusTimes, [0, hour])
    })
  )

  it.effect("ends with what the look has shown when it still goes on", () =>
    Effect.gen(function* () {
      const seen = yield* observe(startedLongAgo, { polls: [lists(upload("Running"))] }, "2 hours")
      const { polls, tasks } = failedWith(seen, "SyncTimeout")
      assert.deepStrictEqual([polls, tasks.map(({ status }) => status)], [1, ["Running"]])
      assert.deepStrictEqual(seen.statusTimes, [0, hour])
    })
  )
})
