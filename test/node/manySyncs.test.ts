/** Many syncs of one session, and handles that change hands, over sockets. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { LocalAgentBay } from "@effect-agentbay/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { localClient } from "./localClient.js"

const client = localClient(PollPolicy.spaced({ interval: "20 millis", maxRetries: 5000 }))
const service = Layer.provideMerge(client, LocalAgentBay.layerTest)

/** A session with so many bindings, whose transfers run for so many status requests. */
const sessionWith = (bindings: number, polls: number) =>
  Effect.gen(function* () {
    const agentBay = yield* AgentBay.AgentBay
    const { faults } = yield* LocalAgentBay.LocalAgentBay
    const contexts = yield* Effect.forEach(
      Array.from({ length: bindings }, (_, index) => index),
      (index) =>
        Effect.map(agentBay.contexts.getOrCreate(`notes-${index}`), ({ id }) => ({
          contextId: id,
          path: `/home/wuying/notes-${index}`
        })),
      { concurrency: 8 }
    )
    const session = yield* agentBay.create({ contexts })
    yield* faults.set([{ then: { task: { polls } } }])
    return { session, contexts, manager: session.contextManager }
  })

const callsOf = (action: string) =>
  Effect.gen(function* () {
    const { admin } = yield* LocalAgentBay.LocalAgentBay
    return (yield* admin.calls(10_000)).filter((call) => call.action === action).length
  })

describe("many syncs in one session, on Local AgentBay", () => {
  it.scopedLive("50 share one loop, also when one of them leaves", () =>
    Effect.gen(function* () {
      const { contexts, manager } = yield* sessionWith(50, 10)
      const before = yield* callsOf("GetContextInfo")
      const [first, ...others] = yield* Effect.forEach(contexts, (target) =>
        Effect.fork(manager.sync(target))
      )
      yield* Fiber.interrupt(first!)
      for (const fiber of others) {
        assert.strictEqual((yield* Fiber.join(fiber)).outcome, "Completed")
      }
      // Each alone would ask 11 times and once before: 600 requests.
      const asked = (yield* callsOf("GetContextInfo")) - before
      assert.isAtLeast(asked, 11)
      assert.isAtMost(asked, 200)
    }).pipe(Effect.provide(service))
  )

  it.scopedLive("the last one who leaves takes the request along", () =>
    Effect.gen(function* () {
      const { faults } = yield* LocalAgentBay.LocalAgentBay
      const { contexts, manager } = yield* sessionWith(1, 1)
      const handle = yield* manager.start(contexts[0]!)
      yield* faults.set([{ when: { action: "GetContextInfo" }, then: { latency: "1 hour" } }])
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(handle.await))
      yield* Effect.yieldNow()
      for (const fiber of fibers) {
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      }
      yield* faults.clear
      const before = yield* callsOf("GetContextInfo")
      yield* manager.info()
      // Beside this one, at most the one request of all three, if it came so far: it was cut off,
      // or the log would not have it for an hour.
      assert.isAtMost((yield* callsOf("GetContextInfo")) - before, 2)
    }).pipe(Effect.provide(service))
  )

  it.scopedLive("a token goes on in another client, and triggers nothing", () =>
    Effect.gen(function* () {
      const { contexts, manager, session } = yield* sessionWith(3, 3)
      const { token } = yield* manager.start(contexts[1])
      const all = yield* manager.start()
      const resumed = yield* Effect.gen(function* () {
        const elsewhere = yield* ContextManager.make({ sessionId: session.sessionId })
        const one = yield* elsewhere.resume(token)
        const everything = yield* elsewhere.resume(all.token)
        return yield* Effect.all([one.await, everything.await], { concurrency: 2 })
      }).pipe(Effect.provide(Layer.fresh(client)))
      assert.deepStrictEqual(
        resumed.map(({ contextStatusData, outcome }) => [outcome, contextStatusData.length]),
        [
          ["Completed", 1],
          ["Completed", 3]
        ]
      )
      assert.strictEqual(yield* callsOf("SyncContext"), 2)
    }).pipe(Effect.provide(service))
  )

  it.scopedLive("a timeout ends what never ends, while another goes on", () =>
    Effect.gen(function* () {
      const { faults } = yield* LocalAgentBay.LocalAgentBay
      const { contexts, manager } = yield* sessionWith(2, 1)
      yield* faults.set([
        { when: { contextId: contexts[0]!.contextId }, then: { task: { polls: 1_000_000 } } },
        { when: { contextId: contexts[1]!.contextId }, then: { task: { polls: 5 } } }
      ])
      const [late, well] = yield* Effect.all(
        [
          Effect.flip(manager.sync({ ...contexts[0]!, timeout: "300 millis" })),
          manager.sync(contexts[1]!)
        ],
        { concurrency: 2 }
      )
      assert.strictEqual(late._tag, "SyncTimeout")
      assert.match(late.message, /is Running|no task listed|Pending/)
      assert.strictEqual(well.outcome, "Completed")
    }).pipe(Effect.provide(service))
  )
})
