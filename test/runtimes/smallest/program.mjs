// The smallest program, with its settings given and its results told: it looks at the tasks of a
// session, syncs, and looks again. It must run wherever there is `fetch`.
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const uploads = (contexts) =>
  Effect.map(contexts.info({ taskType: "upload" }), ({ contextStatusData }) =>
    contextStatusData.map(({ path, status }) => `${status} ${path}`)
  )

/** What there was before, how the sync ended, and what there was after it. */
export const run = ({ apiKey, endpoint, sessionId }) => {
  const layer = ContextManager.layer({ sessionId }).pipe(
    Layer.provide(AgentBayHttp.layer()),
    Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make(apiKey), endpoint })),
    Layer.provide(FetchHttpClient.layer)
  )
  const program = Effect.gen(function* () {
    const contexts = yield* ContextManager.ContextManager
    const before = yield* uploads(contexts)
    const { outcome } = yield* contexts.sync()
    return { before, outcome, after: yield* uploads(contexts) }
  })
  return Effect.runPromise(Effect.provide(program, layer))
}
