// All of core.
import * as Core from "@effect-agentbay/core"
import { Effect } from "effect"

await Effect.runPromise(Effect.succeed(Core.AgentBay.AgentBay))
