/** The whole library over a scripted HTTP client, with a configuration of the test's own. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import type * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { makeScriptedClient } from "../../packages/core/src/internal/scriptedClient.js"

export const wired = (
  options: AgentBayHttp.Options & {
    readonly script?: AgentBayTest.Script
    readonly taskPolls?: number
    readonly config?: Partial<AgentBayConfig.Options>
  } = {}
) => {
  const { client, service } = makeScriptedClient({
    script: options.script ?? {},
    taskPolls: options.taskPolls ?? 1
  })
  return AgentBay.layerHttp(options).pipe(
    Layer.provide(
      AgentBayConfig.layer({
        apiKey: Redacted.make("akm-test"),
        endpoint: "agentbay.test",
        ...options.config
      })
    ),
    Layer.provideMerge(
      Layer.succeedContext(
        Context.make(AgentBayTest.AgentBayTest, service).pipe(
          Context.add(HttpClient.HttpClient, client)
        )
      )
    )
  )
}

/** Every request of one action the double has seen. */
export const requestsOf = (action: AgentBayTest.Action) =>
  Effect.gen(function* () {
    const double = yield* AgentBayTest.AgentBayTest
    return (yield* double.requests).filter((request) => request.action === action)
  })

/** The actions the double has seen, in order. */
export const actions = Effect.gen(function* () {
  const double = yield* AgentBayTest.AgentBayTest
  return (yield* double.requests).map((request) => request.action)
})

/** Runs an effect to its end while the test clock goes on for an hour. */
export const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })
