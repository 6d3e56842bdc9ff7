/**
 * Actions on the tools of a session.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import { DataDirectory } from "./DataDirectory.js"
import * as FileTools from "./FileTools.js"
import { type Entry, handle } from "./Operation.js"
import { SessionRegistry } from "./SessionRegistry.js"

const result = (text: string, isError: boolean) => ({
  data: { content: [{ type: "text", text }], isError }
})

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ReadonlyArray<Entry>,
  never,
  DataDirectory | SessionRegistry
> = Effect.gen(function* () {
  const directory = yield* DataDirectory
  const registry = yield* SessionRegistry

  const callTool = (sessionId: string, name: string, args: string) => {
    const tool = FileTools.tools.get(name)
    if (tool === undefined) return Effect.succeed(result(`tool not found: ${name}`, true))
    const place = { root: directory.sessionRoot(sessionId), staging: directory.staging }
    return tool.call(place, args).pipe(
      Effect.map((text) => result(text, false)),
      Effect.catchTag("ToolFailed", (failed) => Effect.succeed(result(failed.message, true)))
    )
  }

  return [
    handle(
      Protocol.CallMcpTool,
      Effect.fn("LocalAgentBay.CallMcpTool")((payload) =>
        registry.within(payload.sessionId, (session) =>
          callTool(session.id, payload.name, payload.args)
        )
      )
    )
  ]
})
