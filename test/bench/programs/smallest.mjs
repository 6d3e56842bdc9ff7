// The smallest program that could make a call: the client of Node, built and closed again.
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import { NodeAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted } from "effect"

const layer = NodeAgentBay.layer({
  apiKey: Redacted.make("a key"),
  endpoint: "http://127.0.0.1:1"
})

await Effect.runPromise(Effect.provide(AgentBay.AgentBay, layer))
