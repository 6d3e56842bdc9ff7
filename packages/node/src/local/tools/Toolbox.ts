/**
 * The tools that sessions offer, and the one way to call them.
 *
 * @since 0.1.0
 */
import type { ToolResult } from "@effect-agentbay/core/Protocol"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DataDirectory } from "../DataDirectory.js"
import type * as Refusal from "../actions/Refusal.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"
import { Shell } from "../shell/Shell.js"
import * as FileTools from "./FileTools.js"
import type { Tool } from "./Tool.js"

/**
 * @since 0.1.0
 */
export interface Service {
  readonly tools: ReadonlyArray<Tool>
  /**
   * Calls a tool with the JSON text of its arguments. What the tool calls an error is a
   * result as well. The session is not released before the tool is done; when the caller
   * leaves, a command is killed.
   */
  readonly call: (
    sessionId: string,
    name: string,
    args: string
  ) => Effect.Effect<ToolResult, Refusal.Refusal>
}

/**
 * @since 0.1.0
 */
export class Toolbox extends Context.Tag("@effect-agentbay/node/local/tools/Toolbox")<
  Toolbox,
  Service
>() {}

const result = (text: string, isError: boolean): ToolResult => ({
  content: [{ type: "text", text }],
  isError
})

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, never, DataDirectory | SessionRegistry | Shell> =
  Effect.gen(function* () {
    const directory = yield* DataDirectory
    const registry = yield* SessionRegistry
    const tools = [...(yield* Shell), ...FileTools.all]
    const byName = new Map(tools.map((tool) => [tool.name, tool]))
    return {
      tools,
      call: (sessionId, name, args) =>
        registry.within(sessionId, (session) => {
          const tool = byName.get(name)
          if (tool === undefined) return Effect.succeed(result(`tool not found: ${name}`, true))
          const place = {
            session,
            root: directory.sessionRoot(session.id),
            staging: directory.staging,
            mounts: session.bindings.map((binding) => binding.mount)
          }
          return Effect.match(tool.call(place, args), {
            onSuccess: (text) => result(text, false),
            onFailure: ({ message }) => result(message, true)
          })
        })
    }
  })

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Toolbox, never, DataDirectory | SessionRegistry | Shell> =
  Layer.effect(Toolbox, make)
