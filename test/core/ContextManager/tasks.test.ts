import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  failedWith,
  lists,
  notes,
  observe,
  outcomeOf,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const earlier = { startTime: 1000, finishTime: 1005 }

describe("what becomes of a task", () => {
  it.effect("seen running and then vanished is never a success", () =>
    Effect.gen(function* () {
      for (const old of [[], [upload("Success", earlier)], [upload("Success")]]) {
        const seen = yield* observe(sync({ ...work, maxRetries: 8 }), {
          before: [lists(...old)],
          polls: [lists(...old, upload("Running", { startTime: 2000 })), lists(...old)]
        })
        assert.strictEqual(outcomeOf(seen), "SyncTimeout")
        const { polls, tasks } = failedWith(seen, "SyncTimeout")
        assert.strictEqual(polls, 9)
        assert.deepStrictEqual(
          tasks.map(({ status }) => status),
          ["Running"]
        )
      }
    })
  )

  for (const [how, started] of [
    ["with a task id", { taskId: "task-2" }],
    ["with a start time", { startTime: 2000 }]
  ] as const) {
    it.effect(`${how} is not taken for the old one that shows again in its place`, () =>
      Effect.gen(function* () {
        const old = lists(upload("Success"))
        const seen = yield* observe(sync({ ...work, maxRetries: 8 }), {
          before: [old],
          polls: [lists(upload("Running", started)), old]
        })
        assert.deepStrictEqual(
          failedWith(seen, "SyncTimeout").tasks.map(({ status }) => status),
          ["Running"]
        )
      })
    )
  }

  for (const [how, times, started] of [
    ["without times", {}, {}],
    ["within the same second", earlier, { startTime: earlier.startTime }]
  ] as const) {
    it.effect(`that replaced an old one and ends looking just like it, ${how}: Completed`, () =>
      Effect.gen(function* () {
        const end = lists(upload("Success", times))
        const seen = yield* observe(sync(work), {
          before: [end],
          polls: [lists(upload("Running", started)), end]
        })
        assert.strictEqual(succeeded(seen).outcome, "Completed")
        assert.strictEqual(succeeded(seen).polls, 2)
      })
    )
  }

  it.effect("several tasks: all of them have to end", () =>
    Effect.gen(function* () {
      const ofNotes = (status: string) => upload(status, notes)
      const seen = yield* observe(sync(), {
        bindings: AgentBayTest.ok([
          { ContextId: work.contextId, Path: work.path },
          { ContextId: notes.contextId, Path: notes.path }
        ]),
        polls: [
          lists(upload("Success"), ofNotes("Running")),
          lists(ofNotes("Running"), upload("Success")),
          lists(upload("Success"), ofNotes("Success"))
        ]
      })
      const result = succeeded(seen)
      assert.strictEqual(result.outcome, "Completed")
      assert.strictEqual(result.polls, 3)
      assert.strictEqual(result.contextStatusData.length, 2)
      assert.deepStrictEqual(result.untouched, [])
    })
  )
})
