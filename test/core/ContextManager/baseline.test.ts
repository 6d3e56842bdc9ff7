import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  actions,
  download,
  everySecond,
  failedWith,
  lists,
  notes,
  observe,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const earlier = { startTime: 1000, finishTime: 1005 }
const later = { startTime: 2000, finishTime: 2005 }

describe("the baseline", () => {
  it.effect("is asked for before the trigger, for the whole session", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work))
      assert.deepStrictEqual(actions(seen), ["GetContextInfo", "SyncContext", "GetContextInfo"])
      assert.deepStrictEqual(seen.requests[0]?.parameters, { SessionId: "session-1" })
      assert.deepStrictEqual(seen.requests[2]?.parameters, { SessionId: "session-1" })
    })
  )

  it.effect("is read again after a fault, and the trigger waits for it", () =>
    Effect.gen(function* () {
      const fault = AgentBayTest.fault("ECONNRESET")
      const seen = yield* observe(sync(work), {
        before: [fault, fault, lists()],
        retryPolicy: everySecond(3)
      })
      assert.deepStrictEqual(seen.statusTimes, [0, 1000, 2000, 2000])
      assert.deepStrictEqual(seen.triggerTimes, [2000])
      assert.strictEqual(succeeded(seen).outcome, "Completed")
    })
  )

  it.effect("that cannot be read ends the sync before anything is triggered", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [AgentBayTest.fault("ECONNRESET")],
        polls: [AgentBayTest.fault("ECONNRESET")],
        retryPolicy: everySecond(2)
      })
      assert.strictEqual(failedWith(seen, "TransportError").code, "ECONNRESET")
      assert.deepStrictEqual(seen.statusTimes, [0, 1000, 2000])
      assert.deepStrictEqual(seen.triggerTimes, [])
    })
  )

  for (const status of ["Success", "Failed"]) {
    for (const [how, more] of [
      ["without times", {}],
      ["with times", earlier],
      ["with a task id", { ...earlier, taskId: "task-1" }]
    ] as const) {
      it.effect(`an old ${status} ${how} is not this sync's`, () =>
        Effect.gen(function* () {
          const old = lists(upload(status, more))
          const seen = yield* observe(sync(work), { before: [old], polls: [old] })
          const result = succeeded(seen)
          assert.strictEqual(result.outcome, "NothingToSync")
          assert.deepStrictEqual(result.contextStatusData, [])
        })
      )
    }
  }

  it.effect("an older task that was running and ends later is not this sync's", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(upload("Running", { startTime: 1000 }))],
        polls: [lists(upload("Running", { startTime: 1000 })), lists(upload("Success", earlier))]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
    })
  )

  it.effect("an older task without times that was running and ends later is not this sync's", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(upload("Running"))],
        polls: [lists(upload("Running")), lists(upload("Success"))]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
    })
  )

  it.effect("an older task that was waiting and gets its start time later is not this sync's", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(upload("Pending"))],
        polls: [lists(upload("Running", { startTime: 1000 })), lists(upload("Success", earlier))]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
    })
  )

  it.effect("beside an older task that was waiting, a new one counts", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(upload("Pending"))],
        polls: [lists(upload("Success", earlier), upload("Success", later))]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
    })
  )

  it.effect("an older task with an id that ends later is not this sync's", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(upload("Running", { taskId: "task-1" }))],
        polls: [lists(upload("Failed", { taskId: "task-1" }))]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
    })
  )

  it.effect("while an older task is open, the grace does not run", () =>
    Effect.gen(function* () {
      const open = lists(upload("Running", { startTime: 1000 }))
      const seen = yield* observe(sync(work), {
        before: [open],
        polls: [
          ...Array.from({ length: 8 }, () => open),
          lists(upload("Success", earlier), upload("Success", later))
        ]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).polls, 9)
    })
  )

  it.effect("a new task with another id is this sync's although all else is equal", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(upload("Success", { ...earlier, taskId: "task-1" }))],
        polls: [lists(upload("Success", { ...earlier, taskId: "task-2" }))]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).contextStatusData[0]?.taskId, "task-2")
    })
  )

  for (const [how, oldMore, newMore] of [
    ["without times", {}, {}],
    ["with times", earlier, later]
  ] as const) {
    for (const order of ["old first", "new first"]) {
      it.effect(`old and new of the same kind ${how}, ${order}: the new one decides`, () =>
        Effect.gen(function* () {
          const both = (...pair: readonly [AgentBayTest.StatusItem, AgentBayTest.StatusItem]) =>
            lists(...(order === "old first" ? pair : pair.toReversed()))
          const old = upload("Failed", oldMore)
          const seen = yield* observe(sync(work), {
            before: [lists(old)],
            polls: [
              both(old, upload("Running", { startTime: newMore === later ? 2000 : 0 })),
              both(old, upload("Success", newMore))
            ]
          })
          const result = succeeded(seen)
          assert.strictEqual(result.outcome, "Completed")
          assert.strictEqual(result.polls, 2)
          assert.deepStrictEqual(
            result.contextStatusData.map(({ status }) => status),
            ["Success"]
          )
        })
      )
    }
  }

  it.effect(
    "an old open and an old ended task of the same second, listed the other way round",
    () =>
      Effect.gen(function* () {
        const open = upload("Running", { startTime: 1000 })
        const ended = upload("Success", earlier)
        const seen = yield* observe(sync({ ...work, maxRetries: 3 }), {
          before: [lists(open, ended)],
          polls: [lists(ended, open)]
        })
        const error = failedWith(seen, "SyncTimeout")
        assert.deepStrictEqual(error.tasks, [])
        assert.deepStrictEqual(error.missing, [work])
      })
  )

  it.effect("an old open task and a new one of the same second that has ended, in any order", () =>
    Effect.gen(function* () {
      const open = upload("Running", { startTime: 1000 })
      const ended = upload("Success", earlier)
      for (const listed of [lists(open, ended), lists(ended, open)]) {
        const seen = yield* observe(sync(work), { before: [lists(open)], polls: [listed] })
        assert.strictEqual(succeeded(seen).outcome, "Completed")
        assert.deepStrictEqual(
          succeeded(seen).contextStatusData.map(({ status }) => status),
          ["Success"]
        )
      }
    })
  )

  it.effect("the download made at creation never ends an upload", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [lists(download("Success", later)), lists(download("Failed", later))]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
      assert.strictEqual(succeeded(seen).polls, 5)
    })
  )

  it.effect("an old download excuses no upload that looks like it", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        before: [lists(download("Success", earlier))],
        polls: [lists(download("Success", earlier), upload("Success", earlier))]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).polls, 1)
    })
  )

  it.effect("a task of another context or path is not this sync's", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [
          lists(
            upload("Failed", { contextId: notes.contextId }),
            upload("Failed", { path: `${work.path}/deeper` })
          )
        ]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
    })
  )

  it.effect("a path listed with a slash at its end is the same path", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [lists(upload("Success", { path: `${work.path}/` }))]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
    })
  )
})
