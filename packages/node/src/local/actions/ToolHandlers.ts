/**
 * Actions on the tools of a session.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import { type Entry, handle } from "./Operation.js"
import { Toolbox } from "../tools/Toolbox.js"

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<ReadonlyArray<Entry>, never, Toolbox> = Effect.gen(function* () {
  const toolbox = yield* Toolbox
  // Sessions of every image have the same tools.
  const list = {
    data: toolbox.tools.map(({ description, inputSchema, name, server }) => ({
      name,
      description,
      inputSchema,
      server,
      tool: name
    }))
  }
  return [
    handle(
      Protocol.CallMcpTool,
      Effect.fn("LocalAgentBay.CallMcpTool")(function* ({ args, name, sessionId }) {
        return { data: yield* toolbox.call(sessionId, name, args) }
      }),
      // A command that nobody waits for any more is not to go on.
      { endsWithCaller: true }
    ),
    handle(
      Protocol.ListMcpTools,
      Effect.fn("LocalAgentBay.ListMcpTools")(() => Effect.succeed(list))
    )
  ]
})
