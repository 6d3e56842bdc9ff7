import { contextFileHandlers, fileRequest, type FileReply } from "./memory/contextFiles.js"
import { contextHandlers } from "./memory/contexts.js"
import { type Handler, type MemoryReply, ok, type Parameters, refusal } from "./memory/reply.js"
import { sessionHandlers } from "./memory/sessions.js"
import { callTool, toolList } from "./memory/tools.js"
import { makeWorld } from "./memory/world.js"

export type { FileReply } from "./memory/contextFiles.js"
export type { MemoryReply } from "./memory/reply.js"

/** The service in memory: it answers actions, and requests to the URLs of stored files. */
export interface MemoryService {
  readonly answer: (action: string, parameters: Parameters, at: number) => MemoryReply
  readonly fileRequest: (method: string, url: string, bytes: Uint8Array, at: number) => FileReply
}

/**
 * A small, well-behaved AgentBay without network and disk: contexts, sessions, files, and
 * transfers and changes of state that take a given number of status requests.
 */
export const makeMemoryService = (options: { readonly taskPolls: number }): MemoryService => {
  const world = makeWorld(options.taskPolls)
  const handlers: { readonly [action: string]: Handler } = {
    ...contextHandlers(world),
    ...contextFileHandlers(world),
    ...sessionHandlers(world, { CallMcpTool: callTool }),
    ListMcpTools: () => ok(toolList)
  }
  return {
    answer: (action, parameters, at) =>
      (Object.hasOwn(handlers, action) ? handlers[action] : undefined)?.(parameters, at) ??
      refusal("InvalidAction.NotFound", "Specified api is not found."),
    fileRequest: fileRequest(world)
  }
}
