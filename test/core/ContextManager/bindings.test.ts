import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  actions,
  bindingsAre,
  download,
  everySecond,
  failedWith,
  lists,
  notes,
  observe,
  outcomeOf,
  sessionGone,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const ofNotes = (status: string, more: AgentBayTest.StatusItem = {}) =>
  upload(status, { ...notes, ...more })
const both = bindingsAre(work, notes)
const unknownAction = AgentBayTest.refuse({ code: "InvalidAction.NotFound", httpStatus: 404 })

describe("a sync of everything", () => {
  it.effect("asks for the bindings once, before the trigger; a single target does not", () =>
    Effect.gen(function* () {
      const all = yield* observe(sync(), {
        polls: [lists(upload("Running")), lists(upload("Success"))]
      })
      const asked = actions(all).indexOf("DescribeSessionContexts")
      assert.strictEqual(asked, actions(all).lastIndexOf("DescribeSessionContexts"))
      assert.isBelow(asked, actions(all).indexOf("SyncContext"))
      assert.deepStrictEqual(
        all.requests.find(({ action }) => action === "SyncContext")?.parameters,
        {
          SessionId: "session-1"
        }
      )
      const one = yield* observe(sync(work))
      assert.notInclude(actions(one), "DescribeSessionContexts")
    })
  )

  it.effect("one of two bindings shows late: its task is waited for", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: both,
        polls: [
          lists(upload("Success")),
          lists(upload("Success")),
          lists(upload("Success"), ofNotes("Running")),
          lists(upload("Success"), ofNotes("Success"))
        ]
      })
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000, 4500])
      assert.strictEqual(succeeded(seen).contextStatusData.length, 2)
      assert.deepStrictEqual(succeeded(seen).untouched, [])
    })
  )

  it.effect("one of two bindings never shows: Completed after the grace, and it is named", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: both,
        before: [lists(ofNotes("Success", { startTime: 1000, finishTime: 1001 }))],
        polls: [
          lists(
            upload("Success", { startTime: 2000 }),
            ofNotes("Success", { startTime: 1000, finishTime: 1001 })
          )
        ]
      })
      const result = succeeded(seen)
      assert.strictEqual(result.outcome, "Completed")
      assert.deepStrictEqual(result.untouched, [notes])
      assert.deepStrictEqual(
        result.contextStatusData.map(({ contextId }) => contextId),
        [work.contextId]
      )
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000, 4500, 6000])
    })
  )

  it.effect("one failed and the other never shows: SyncFailed after the grace", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), { bindings: both, polls: [lists(upload("Failed"))] })
      assert.strictEqual(failedWith(seen, "SyncFailed").tasks.length, 1)
      assert.strictEqual(seen.statusTimes.at(-1), 6000)
    })
  )

  it.effect("a failed task is not forgotten when the old one shows again in its place", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: both,
        before: [lists(upload("Success"))],
        polls: [
          lists(upload("Failed"), ofNotes("Running")),
          lists(upload("Success"), ofNotes("Success"))
        ]
      })
      assert.strictEqual(failedWith(seen, "SyncFailed").tasks[0].contextId, work.contextId)
    })
  )

  it.effect("a budget used up names the binding that never showed", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ maxRetries: 6 }), {
        bindings: both,
        polls: [lists(upload("Running"))]
      })
      assert.deepStrictEqual(failedWith(seen, "SyncTimeout").missing, [notes])
    })
  )

  it.effect("one context at two paths is two bindings", () =>
    Effect.gen(function* () {
      const second = { contextId: work.contextId, path: "/home/wuying/second" }
      const seen = yield* observe(sync(), {
        bindings: bindingsAre(work, second),
        polls: [lists(upload("Success")), lists(upload("Success"), upload("Success", second))]
      })
      assert.strictEqual(succeeded(seen).polls, 2)
      assert.strictEqual(succeeded(seen).contextStatusData.length, 2)
    })
  )

  it.effect("a session without bindings that lists nothing: NothingToSync at the first poll", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), { bindings: bindingsAre(), polls: [lists()] })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
      assert.deepStrictEqual(seen.statusTimes, [0, 0])
      assert.strictEqual(seen.triggerTimes.length, 1)
    })
  )

  it.effect("bindings that cannot be read end the sync before anything is triggered", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: AgentBayTest.fault("ECONNRESET"),
        retryPolicy: everySecond(1)
      })
      assert.strictEqual(outcomeOf(seen), "TransportError Transport")
      assert.deepStrictEqual(seen.triggerTimes, [])
      const gone = yield* observe(sync(), { bindings: AgentBayTest.refuse(sessionGone) })
      assert.strictEqual(outcomeOf(gone), "ApiError SessionNotFound")
      assert.deepStrictEqual(gone.triggerTimes, [])
    })
  )
})

describe("an endpoint that cannot tell the bindings", () => {
  it.effect("is judged by the tasks it lists", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: unknownAction,
        before: [lists(download("Success"))],
        polls: [
          lists(download("Success")),
          lists(download("Success"), upload("Running")),
          lists(download("Success"), upload("Success"))
        ]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000])
    })
  )

  it.effect("and expects nothing of tasks that are no transfers", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(), {
        bindings: unknownAction,
        polls: [lists(ofNotes("Running", { taskType: "custom" }), upload("Success"))]
      })
      assert.deepStrictEqual(succeeded(seen).untouched, [])
      assert.strictEqual(succeeded(seen).polls, 1)
    })
  )

  for (const [name, bindings] of [
    ["does not know the action", unknownAction],
    ["answers without Data", AgentBayTest.ok()],
    ["answers with null", AgentBayTest.ok(null)]
  ] as const) {
    it.effect(`and lists nothing at first: unknown bindings are not none (it ${name})`, () =>
      Effect.gen(function* () {
        const late = yield* observe(sync(), {
          bindings,
          polls: [lists(), lists(upload("Running")), lists(upload("Success"))]
        })
        assert.strictEqual(succeeded(late).outcome, "Completed")
        assert.deepStrictEqual(late.statusTimes, [0, 0, 1500, 3000])
        const silent = yield* observe(sync(), { bindings, polls: [lists()] })
        assert.strictEqual(succeeded(silent).outcome, "NothingToSync")
        assert.deepStrictEqual(silent.statusTimes, [0, 0, 1500, 3000, 4500, 6000])
      })
    )
  }
})

describe("the grace", () => {
  it.effect("by default: NothingToSync at the fifth poll", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [lists()] })
      const result = succeeded(seen)
      assert.strictEqual(result.outcome, "NothingToSync")
      assert.notStrictEqual(result.outcome, "Completed")
      assert.deepStrictEqual(result.untouched, [work])
      assert.strictEqual(result.polls, 5)
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000, 4500, 6000])
    })
  )

  for (const [graceRetries, times] of [
    [0, [0, 0]],
    [2, [0, 0, 1500, 3000]]
  ] as const) {
    it.effect(`graceRetries ${graceRetries}: ${times.length - 1} polls`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(sync({ ...work, graceRetries }), { polls: [lists()] })
        assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
        assert.deepStrictEqual(seen.statusTimes, times)
      })
    )
  }

  it.effect("a task that appears at the last moment of the grace is waited for", () =>
    Effect.gen(function* () {
      const silence = Array.from({ length: 4 }, () => lists())
      const seen = yield* observe(sync(work), {
        polls: [...silence, lists(upload("Running")), lists(upload("Success"))]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).polls, 6)
    })
  )

  it.effect("does not run while a task of this sync is open", () =>
    Effect.gen(function* () {
      const running = Array.from({ length: 4 }, () => lists(upload("Running")))
      const seen = yield* observe(sync({ graceRetries: 2 }), {
        bindings: both,
        polls: [...running, lists(upload("Success")), lists(upload("Success"), ofNotes("Success"))]
      })
      assert.deepStrictEqual(succeeded(seen).untouched, [])
      assert.strictEqual(succeeded(seen).contextStatusData.length, 2)
      assert.strictEqual(succeeded(seen).polls, 6)
    })
  )

  it.effect("starts anew when a task appears, even one that has ended already", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync({ graceRetries: 2 }), {
        bindings: both,
        polls: [lists(), lists(), lists(upload("Success"))]
      })
      assert.deepStrictEqual(succeeded(seen).untouched, [notes])
      assert.strictEqual(succeeded(seen).polls, 5)
    })
  )

  it.effect("faults are not silence: they do not use up the grace", () =>
    Effect.gen(function* () {
      const fault = AgentBayTest.fault("ECONNRESET")
      const seen = yield* observe(sync({ ...work, graceRetries: 2 }), {
        polls: [fault, fault, fault, lists(), fault, lists(), fault, lists()]
      })
      assert.strictEqual(succeeded(seen).outcome, "NothingToSync")
      assert.strictEqual(succeeded(seen).polls, 8)
    })
  )
})
