// Local AgentBay in a process of its own, so that its CPU time is not counted as the
// client's. Tells its address and key to the parent and lives until the parent lets go.
import { LocalAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted } from "effect"

const program = Effect.gen(function* () {
  const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
  process.send({ apiKey: Redacted.value(apiKey), url })
  yield* Effect.async((resume) => {
    process.once("disconnect", () => resume(Effect.void))
  })
}).pipe(Effect.provide(LocalAgentBay.layerTest))

await Effect.runPromise(program)
