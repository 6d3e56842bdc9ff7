import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as StatusText from "../../../packages/node/src/local/actions/StatusText.js"
import type { Task } from "../../../packages/node/src/local/sessions/Session.js"
import * as TaskList from "../../../packages/node/src/local/sessions/TaskList.js"

const ended = Effect.runSync(Deferred.make<void>())

const task = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  sessionId: "s",
  contextId: "c",
  path: "/p",
  mount: "/p",
  type: "upload",
  started: 1_700_000_000,
  status: "Running",
  errorMessage: "",
  finished: 0,
  counts: { bytesDone: 1, bytesTotal: 2, filesDone: 0, filesTotal: 1 },
  ended,
  ...more
})

const encode = Schema.encodeSync(Protocol.GetContextInfo.reply)

/** What the protocol itself makes of the tasks. */
const encoded = (tasks: ReadonlyArray<Task>) =>
  encode({
    data: {
      contextStatus: tasks.map((task) => ({
        contextId: task.contextId,
        path: task.path,
        errorMessage: task.errorMessage,
        status: task.status,
        startTime: Option.some(DateTime.unsafeMake(task.started * 1000)),
        finishTime:
          task.finished === 0
            ? Option.none()
            : Option.some(DateTime.unsafeMake(task.finished * 1000)),
        taskType: task.type,
        taskId: task.id,
        ...task.counts,
        ...(task.skipped === undefined
          ? {}
          : { skipped: task.skipped.count, skippedPaths: task.skipped.paths })
      }))
    }
  })

describe("the text of a status", () => {
  it("is the one that the protocol would write, for tasks of every kind", () => {
    const write = StatusText.make()
    const lists = [
      [],
      [task("a")],
      [
        task("a", { path: '/a "quoted" \\ path\n', status: "Success", finished: 1_700_000_009 }),
        task("b", { type: "download", status: "Failed", finished: 1_700_000_008 }),
        task("c", { errorMessage: "é\u2028", skipped: { count: 2, paths: ["x", 'y"'] } })
      ]
    ]
    for (const list of lists) {
      assert.deepStrictEqual({ Data: { ContextStatus: write(list) } }, encoded(list))
    }
  })

  it("changes with every change of a task", () => {
    const write = StatusText.make()
    const changing = task("a")
    const list = [task("before"), changing]
    const changes: ReadonlyArray<() => void> = [
      () => (changing.counts = { ...changing.counts, bytesDone: 2 }),
      () => (changing.skipped = { count: 1, paths: ["x"] }),
      () => (changing.errorMessage = "full"),
      () => (changing.status = "Failed"),
      () => (changing.finished = 1_700_000_001)
    ]
    for (const change of changes) {
      change()
      assert.deepStrictEqual({ Data: { ContextStatus: write(list) } }, encoded(list))
    }
  })
})

describe("the tasks of a session", () => {
  it("are found by every filter in the order in which they were listed last", () => {
    const tasks = TaskList.make([
      task("1"),
      task("2", { path: "/q" }),
      task("3", { type: "download" }),
      task("4", { contextId: "d" })
    ])
    const ids = (filter: TaskList.Filter) => tasks.find(filter).map(({ id }) => id)
    assert.deepStrictEqual(ids({}), ["1", "2", "3", "4"])
    tasks.put(task("5"))
    assert.deepStrictEqual(ids({}), ["2", "3", "4", "5"])
    assert.deepStrictEqual(ids({ contextId: "", path: "", taskType: "" }), ["2", "3", "4", "5"])
    assert.deepStrictEqual(ids({ path: "/p" }), ["3", "4", "5"])
    assert.deepStrictEqual(ids({ contextId: "c" }), ["2", "3", "5"])
    assert.deepStrictEqual(ids({ contextId: "c", path: "/p" }), ["3", "5"])
    assert.deepStrictEqual(ids({ taskType: "upload" }), ["2", "4", "5"])
    assert.deepStrictEqual(ids({ contextId: "c", path: "/p", taskType: "upload" }), ["5"])
    assert.deepStrictEqual(ids({ path: "/none" }), [])
    assert.deepStrictEqual(ids({ contextId: "none", taskType: "upload" }), [])
    assert.strictEqual(tasks.get(task("any"))?.id, "5")
  })
})
