import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TaskLens from "../../../packages/node/src/local/faults/TaskLens.js"
import { collectGarbage } from "../../garbage.js"
import type { Task } from "../../../packages/node/src/local/sessions/Session.js"

const began = 1_000_000_500

const task: TaskLens.Shown = {
  id: "t",
  contextId: "c",
  path: "/p",
  type: "upload",
  status: "Success",
  errorMessage: "",
  started: 1_000_000,
  finished: 1_000_001,
  counts: { bytesDone: 100, bytesTotal: 100, filesDone: 4, filesTotal: 4 }
}

const lasts = Duration.seconds(10)

/** How the task is shown at its n-th poll, so many milliseconds after its start. */
const shown = (effect: TaskLens.Effect, poll: number, elapsed: number, actual = task) =>
  TaskLens.show(effect, { poll, began, now: began + elapsed }, actual, undefined)

describe("a task that lasts for a time", () => {
  it("runs until then, however often it is asked for, with a share of its counts", () => {
    for (const poll of [1, 2, 1000]) {
      const half = shown({ lasts }, poll, 5000)
      assert.strictEqual(half?.status, "Running")
      assert.strictEqual(half?.finished, 0)
      assert.deepInclude(half?.counts, { bytesDone: 50, filesDone: 2, bytesTotal: 100 })
    }
    assert.strictEqual(shown({ lasts }, 3, 9_999)?.status, "Running")
    assert.strictEqual(shown({ lasts }, 3, 0)?.counts.bytesDone, 0)
  })

  it("then is what it is, and did not finish before", () => {
    const end = shown({ lasts }, 1, 10_000)
    assert.strictEqual(end?.status, "Success")
    assert.strictEqual(end?.finished, 1_000_010)
    assert.deepStrictEqual(end?.counts, task.counts)
    const later = shown({ lasts }, 1, 60_000, { ...task, finished: 1_000_050 })
    assert.strictEqual(later?.finished, 1_000_050)
  })

  it("runs on when the transfer takes longer, with the counts of that", () => {
    const counts = { ...task.counts, bytesDone: 7 }
    const still = shown({ lasts }, 1, 60_000, { ...task, status: "Running", finished: 0, counts })
    assert.strictEqual(still?.status, "Running")
    assert.deepStrictEqual(still?.counts, counts)
  })

  it("with polls runs until both are over, and shows the smaller share", () => {
    const effect = { lasts, polls: 3 }
    assert.strictEqual(shown(effect, 4, 9_999)?.status, "Running")
    assert.strictEqual(shown(effect, 3, 60_000)?.status, "Running")
    assert.strictEqual(shown(effect, 4, 10_000)?.status, "Success")
    assert.strictEqual(shown(effect, 1, 9_000)?.counts.bytesDone, 25)
    assert.strictEqual(shown(effect, 3, 1_000)?.counts.bytesDone, 10)
  })

  it("is hidden and stale by polls alone, and fails and has other words as told", () => {
    const effect = {
      lasts,
      hidden: 1,
      stale: 2,
      status: "Uploading",
      fail: "full",
      endStatus: "End"
    }
    const before = { ...task, id: "before" }
    const at = (poll: number, elapsed: number) =>
      TaskLens.show(effect, { poll, began, now: began + elapsed }, task, before)
    assert.isUndefined(at(1, 60_000))
    assert.strictEqual(at(2, 60_000)?.id, "before")
    assert.strictEqual(at(3, 9_000)?.status, "Uploading")
    assert.deepInclude(at(3, 10_000), { status: "End", errorMessage: "full" })
    const { endStatus: _, ...failing } = effect
    assert.deepInclude(shown(failing, 3, 10_000), { status: "Failed", errorMessage: "full" })
  })
})

describe("a lens", () => {
  it.live("keeps no task but the one that is listed and the one before it", () =>
    Effect.gen(function* () {
      const lens = TaskLens.make([{ then: { task: { lasts } } }])
      const begin = (replaced: Task | undefined, id: string): Task => {
        const next: Task = {
          ...task,
          id,
          sessionId: "s",
          mount: "/p",
          status: "Success",
          ended: Effect.runSync(Deferred.make<void>())
        }
        lens?.onBegin(next, replaced, began)
        lens?.look([next], began)
        return next
      }
      const run = () => {
        const tasks = [begin(undefined, "0")]
        for (let count = 1; count < 10; count++) tasks.push(begin(tasks.at(-1), `${count}`))
        return { last: tasks[9], refs: tasks.map((each) => new WeakRef(each)) }
      }
      const { last, refs } = run()
      // A reference that was just made or looked at holds until the end of the turn.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      collectGarbage()
      const left = refs.map((ref) => ref.deref()?.id).filter((id) => id !== undefined)
      assert.deepStrictEqual(left, ["8", "9"])
      assert.strictEqual(last?.id, "9")
    })
  )
})
