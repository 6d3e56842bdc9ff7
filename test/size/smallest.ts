import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const layer = ContextManager.layer({ sessionId: "session-1" }).pipe(
  Layer.provide(AgentBayHttp.layer()),
  Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make("akm-example") })),
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.flatMap(ContextManager.ContextManager, (contexts) => contexts.sync())

Effect.runPromise(Effect.provide(program, layer)).then(console.log, console.error)
