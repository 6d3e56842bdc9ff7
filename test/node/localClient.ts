/** The client of a program that knows where Local AgentBay is, and how often it wants to ask. */
import type * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export const localClient = (pollPolicy: PollPolicy.PollPolicy) =>
  Layer.unwrapEffect(
    Effect.map(LocalAgentBay.LocalAgentBay, ({ apiKey, url }) =>
      NodeAgentBay.layer({ apiKey, endpoint: url, pollPolicy })
    )
  )
