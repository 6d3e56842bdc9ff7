// Our client against the server of the benchmarks.
import { NodeAgentBay } from "@effect-agentbay/node"
import { ContextManager } from "@effect-agentbay/core"
import { Effect, ManagedRuntime, Redacted } from "effect"

/** A runtime with the client; it has a connection pool of its own. */
export const makeRuntime = ({ apiKey, url }) =>
  ManagedRuntime.make(NodeAgentBay.layer({ apiKey: Redacted.make(apiKey), endpoint: url }))

/** One sync that has to move something. */
export const syncOf = (manager, target, intervalMillis) =>
  Effect.flatMap(
    manager.sync({ ...target, maxRetries: 100_000, retryInterval: `${intervalMillis} millis` }),
    ({ outcome }) =>
      outcome === "Completed" ? Effect.void : Effect.dieMessage(`a sync ended as ${outcome}`)
  )

export const managerOf = (sessionId) => ContextManager.make({ sessionId })
