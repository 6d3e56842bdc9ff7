/** The library, as the clients of a server that keeps dying use it. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

/** One that gives up when the server is gone, and one that goes on asking. */
export const clientsOf = (server: { readonly url: string; readonly apiKey: string }) =>
  Effect.gen(function* () {
    const client = (maxConsecutiveErrors: number) =>
      Effect.map(
        Layer.build(
          NodeAgentBay.layer({
            apiKey: Redacted.make(server.apiKey),
            endpoint: server.url,
            pollPolicy: PollPolicy.spaced({ interval: "10 millis", maxRetries: 100_000 }),
            maxConsecutiveErrors,
            retryPolicy: Schedule.stop
          })
        ),
        Context.get(AgentBay.AgentBay)
      )
    return { agentBay: yield* client(1), patient: yield* client(100_000) }
  })
