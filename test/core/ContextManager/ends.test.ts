import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  bindingsAre,
  download,
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

const ofNotes = (status: string) => upload(status, notes)

describe("how a task ends", () => {
  it.effect("Failed: SyncFailed with the task, its word and its message", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [
          lists(upload("Running")),
          lists(upload("Failed", { errorMessage: "no space left" }))
        ]
      })
      const error = failedWith(seen, "SyncFailed")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
      assert.strictEqual(error.requestId, "TEST-REQUEST")
      assert.strictEqual(error.sessionId, "session-1")
      assert.strictEqual(error.tasks.length, 1)
      const { contextId, errorMessage, path, status } = error.tasks[0]
      assert.deepStrictEqual(
        [contextId, path, status, errorMessage],
        [work.contextId, work.path, "Failed", "no space left"]
      )
    })
  )

  for (const word of ["Cancelled", "failed", "success", "SUCCESS", "Completed", ""]) {
    it.effect(`"${word}" without a finish time is still running`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), {
          polls: [lists(upload(word)), lists(upload(word)), lists(upload("Success"))]
        })
        assert.strictEqual(succeeded(seen).outcome, "Completed")
        assert.strictEqual(succeeded(seen).polls, 3)
      })
    )

    it.effect(`"${word}" with a finish time has ended, but not well`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync(work), {
          polls: [lists(upload(word, { startTime: 1000, finishTime: 1001 }))]
        })
        assert.strictEqual(failedWith(seen, "SyncFailed").tasks[0].status, word)
        assert.deepStrictEqual(seen.statusTimes, [0, 0])
      })
    )
  }

  it.effect("Success is an end without a finish time", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [lists(upload("Success"))] })
      assert.strictEqual(outcomeOf(seen), "Completed")
      assert.deepStrictEqual(seen.statusTimes, [0, 0])
    })
  )

  it.effect("one failed, one running: all ends are waited for, then SyncFailed", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: bindingsAre(work, notes),
        polls: [
          lists(upload("Failed"), ofNotes("Running")),
          lists(upload("Failed"), ofNotes("Running")),
          lists(upload("Failed"), ofNotes("Success"))
        ]
      })
      const error = failedWith(seen, "SyncFailed")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000])
      assert.deepStrictEqual(
        error.tasks.map(({ contextId, status }) => [contextId, status]),
        [[work.contextId, "Failed"]]
      )
    })
  )

  it.effect("all failed: every one is in the error", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: bindingsAre(work, notes),
        polls: [lists(upload("Failed"), ofNotes("Failed"))]
      })
      assert.deepStrictEqual(
        failedWith(seen, "SyncFailed").tasks.map(({ contextId }) => contextId),
        [work.contextId, notes.contextId]
      )
    })
  )

  it.effect("tasks of other types neither end a sync nor hold it up", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: bindingsAre(work),
        polls: [
          lists(
            upload("Running", { taskType: "custom" }),
            upload("Failed", { taskType: "" }),
            upload("Success")
          )
        ]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).contextStatusData.length, 1)
    })
  )
})

describe("the mode", () => {
  it.effect("download counts downloads only, and is sent", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, mode: "download" }), {
        polls: [
          lists(upload("Failed")),
          lists(upload("Failed"), download("Running")),
          lists(upload("Failed"), download("Success"))
        ]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).polls, 3)
      assert.deepStrictEqual(seen.requests[1]?.parameters, {
        SessionId: "session-1",
        ContextId: work.contextId,
        Path: work.path,
        Mode: "download"
      })
    })
  )

  it.effect("none given: nothing is sent for it, and uploads count", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [lists(download("Success")), lists(download("Success"), upload("Success"))]
      })
      assert.strictEqual(succeeded(seen).polls, 2)
      assert.deepStrictEqual(seen.requests[1]?.parameters, {
        SessionId: "session-1",
        ContextId: work.contextId,
        Path: work.path
      })
    })
  )

  it.effect("upload is sent as it is", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ ...work, mode: "upload" }))
      assert.strictEqual(seen.requests[1]?.parameters["Mode"], "upload")
    })
  )
})
