/** The limits of the service, over real sockets. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

const with429 = { httpStatus: 429, code: "Throttling.User" }

/**
 * Makes a session and asks for its labels, so many times at one moment, under these faults.
 * The time it takes is seen by the client, which keeps the limits: it can only be longer.
 */
const labels = (count: number, faults: Parameters<LocalAgentBay.Service["faults"]["set"]>[0]) =>
  Effect.gen(function* () {
    const agentBay = yield* AgentBay.AgentBay
    const server = yield* LocalAgentBay.LocalAgentBay
    yield* server.faults.set(faults)
    const [time, results] = yield* Effect.timed(
      Effect.flatMap(agentBay.create(), (session) =>
        Effect.forEach(Array.from({ length: count }), () => Effect.either(session.labels.get), {
          concurrency: "unbounded"
        })
      )
    )
    const calls = yield* server.admin.calls()
    const requests = calls.filter(({ action }) => action === "GetLabel").length
    return { results, millis: Duration.toMillis(time), requests }
  })

const under = (options: AgentBayHttp.Options) =>
  Effect.provide(NodeAgentBay.layerLocalTest({ retryPolicy: Schedule.stop, ...options }))

const slowly = [{ when: { action: "GetLabel" }, then: { latency: "100 millis" } }] as const

describe("limits over real sockets", () => {
  it.scopedLive("maxConcurrency keeps requests apart that the server would answer at once", () =>
    Effect.gen(function* () {
      const { millis, requests, results } = yield* labels(4, slowly)
      assert.isTrue(results.every(Either.isRight))
      assert.strictEqual(requests, 4)
      // One after the other; a timer may be a millisecond early.
      assert.isAtLeast(millis, 396)
    }).pipe(under({ maxConcurrency: 1 }))
  )

  it.scopedLive("rateLimit spreads them over its intervals", () =>
    Effect.gen(function* () {
      const { millis, results } = yield* labels(5, [])
      assert.isTrue(results.every(Either.isRight))
      // Six with the creation: three intervals with two each.
      assert.isAtLeast(millis, 400)
    }).pipe(under({ rateLimit: { limit: 2, interval: "200 millis" } }))
  )

  it.scopedLive("a throttled call slows those after it, and comes back by its retry", () =>
    Effect.gen(function* () {
      const { millis, requests, results } = yield* labels(1, [
        { when: { action: "GetLabel", calls: { from: 1, to: 3 } }, then: { error: with429 } }
      ])
      assert.isTrue(results.every(Either.isRight))
      assert.strictEqual(requests, 4)
      // The retries wait for nothing but the pace: not at first, then 100 ms and 400 ms.
      assert.isAtLeast(millis, 500)
    }).pipe(under({ retryPolicy: Schedule.recurs(3) }))
  )

  it.scopedLive("a crowd that is throttled uses up the budget of retries, and no more", () =>
    Effect.gen(function* () {
      const { requests, results } = yield* labels(10, [
        { when: { action: "GetLabel" }, then: { error: with429 } }
      ])
      for (const result of results) {
        assert.deepInclude(Either.merge(result), { _tag: "ApiError", reason: "Throttled" })
      }
      assert.strictEqual(requests, 10 + 5)
    }).pipe(
      under({
        adaptive: false,
        retryBudget: { burst: 5, ratio: 0 },
        retryPolicy: Schedule.recurs(3)
      })
    )
  )

  it.scopedLive("a layer for Node refuses limits that cannot be", () =>
    Effect.gen(function* () {
      for (const layer of [
        NodeAgentBay.layer({ apiKey: Redacted.make("akm-test"), maxConcurrency: 0 }),
        NodeAgentBay.layerLocalTest({ maxConcurrency: 0 }),
        NodeAgentBay.layerLocalTest({ maxConcurrency: 0, transformClient: (client) => client })
      ]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument: "maxConcurrency" })
      }
    })
  )
})
