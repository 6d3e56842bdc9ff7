import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import { isUnderWay, writeMany } from "./life.js"
import * as Wire from "./wire.js"
import { mount, prepare, tree, write } from "./workspace.js"

/** Enough that the first sync still runs when the second one comes. */
const many = 2500

const provided = Effect.provide(LocalAgentBay.layerTest)

/** The session as another process would have it: a client with a connection of its own. */
const client = (sessionId: string) =>
  Effect.gen(function* () {
    const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
    const pollPolicy = PollPolicy.spaced({ interval: "10 millis", maxRetries: 2000 })
    const context = yield* Layer.build(NodeAgentBay.layer({ apiKey, endpoint: url, pollPolicy }))
    return yield* Effect.provide(
      Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.get(sessionId)),
      context
    )
  })

const taskIds = (result: {
  readonly contextStatusData: ReadonlyArray<{ taskId?: string | undefined }>
}) => result.contextStatusData.map((task) => task.taskId)

describe("two syncs of one target at once", () => {
  it.scopedLive("the one that was replaced while it ran ends with the one in its place", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      writeMany(session, many)
      const target = { contextId, path: mount }
      const [one, other] = [yield* client(id), yield* client(id)]
      const first = yield* Effect.fork(one.contextManager.sync(target))
      const running = yield* Wire.eventually(Wire.info(id), isUnderWay)
      write(session, { late: "written while the first ran" })
      const second = yield* other.contextManager.sync(target)
      const ended = yield* Fiber.join(first)
      // Both end with the task that came last, and all files are stored by then.
      assert.deepStrictEqual([ended.outcome, second.outcome], ["Completed", "Completed"])
      assert.deepStrictEqual(taskIds(ended), taskIds(second))
      assert.notInclude(taskIds(second), running.find((item) => item.taskType === "upload")?.taskId)
      assert.strictEqual(
        NodeFs.readFileSync(`${store}/late`, "utf8"),
        "written while the first ran"
      )
      assert.lengthOf(NodeFs.readdirSync(store), many + 1)
    }).pipe(provided)
  )

  it.scopedLive("what fails in the later one fails for both", () =>
    Effect.gen(function* () {
      const { contextId, id, session } = yield* prepare()
      writeMany(session, many)
      const target = { contextId, path: mount }
      const [one, other] = [yield* client(id), yield* client(id)]
      const first = yield* Effect.fork(Effect.flip(one.contextManager.sync(target)))
      yield* Wire.eventually(Wire.info(id), isUnderWay)
      const second = yield* Effect.fork(Effect.flip(other.contextManager.sync(target)))
      yield* Wire.eventually(
        Wire.info(id, { TaskType: "upload" }),
        ([task]) => task !== undefined && task.filesTotal === 0
      )
      // The first one is in the middle of its files; the second finds no folder at all.
      NodeFs.renameSync(session, `${session}-moved`)
      const failures = [yield* Fiber.join(first), yield* Fiber.join(second)]
      assert.deepStrictEqual(
        failures.map((failure) => failure._tag),
        ["SyncFailed", "SyncFailed"]
      )
    }).pipe(provided)
  )

  it.scopedLive("an upload and a download of one target both end, one after the other", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      write(session, { a: "1" })
      const target = { contextId, path: mount }
      const [one, other] = [yield* client(id), yield* client(id)]
      const results = yield* Effect.all(
        [
          one.contextManager.sync({ ...target, mode: "upload" }),
          other.contextManager.sync({ ...target, mode: "download" })
        ],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(
        results.map((result) => result.contextStatusData.map((task) => task.taskType)),
        [["upload"], ["download"]]
      )
      assert.deepStrictEqual([tree(session), tree(store)], [{ a: "1" }, { a: "1" }])
    }).pipe(provided)
  )
})
