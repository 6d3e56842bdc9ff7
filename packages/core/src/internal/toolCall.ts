import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type CallError, type InvalidArgument, ToolError } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import { CallMcpTool, type ToolDescription, type ToolResult } from "../Protocol.js"
import * as Arguments from "./arguments.js"
import { startOnce } from "./startOnce.js"
import type { DirectLink } from "./directLink.js"
import { callLink } from "./linkExchange.js"

/** The same operation, for tools that change nothing: they may be asked again. */
const AskMcpTool: typeof CallMcpTool = { ...CallMcpTool, kind: "read" }

/** The file tools that only read. */
const readingTools = new Set([
  "get_file_info",
  "list_directory",
  "read_file",
  "read_multiple_files",
  "search_files"
])

/** How long an answer that comes by a direct link may take. */
const linkTimeout = Duration.minutes(15)

/** The session whose tools are called. */
export interface Target {
  readonly sessionId: string
  readonly tools: ReadonlyArray<ToolDescription>
  readonly link: DirectLink | undefined
}

/** How long an answer may take: exactly, or at least, where the way allows less by itself. */
export interface Limits {
  readonly timeout?: Duration.Duration | undefined
  readonly atLeast?: Duration.Duration | undefined
}

/** What a tool answered, also when it calls that an error. */
export interface ToolReply {
  /** The text of the first element, where there is one. */
  readonly text: string | undefined
  readonly content: NonNullable<ToolResult["content"]>
  readonly requestId: string
  readonly isError: boolean
}

type Args = { readonly [name: string]: unknown }

/** Calls of the tools of one session, by whichever way leads to each. */
export interface ToolCalls {
  readonly sessionId: string
  readonly tools: ReadonlyArray<ToolDescription>
  /** Whether the calls of a tool go through the direct link. */
  readonly isLinked: (tool: string) => boolean
  /** Calls a tool and gives its answer, whatever it says. */
  readonly ask: (
    tool: string,
    args: Args,
    limits?: Limits
  ) => Effect.Effect<ToolReply, CallError | InvalidArgument>
  /** The same, with an answer that the tool calls an error as a `ToolError`. */
  readonly call: (
    tool: string,
    args: Args,
    limits?: Limits
  ) => Effect.Effect<ToolReply, CallError | InvalidArgument | ToolError>
  /** An answer of a tool as an error of ours. */
  readonly toError: (tool: string, description: string, requestId: string) => ToolError
}

const toReply = (requestId: string, result: ToolResult): ToolReply => {
  const content = result.content ?? []
  const first = content[0]
  const text = first?.text ?? first?.blob ?? first?.data
  return { text, content, requestId, isError: result.isError === true }
}

const limitOf = (standard: Duration.Duration, { atLeast, timeout }: Limits) =>
  timeout ?? Duration.max(standard, atLeast ?? Duration.zero)

export const make = (http: HttpService, target: Target): ToolCalls => {
  const { link, sessionId, tools } = target

  const serverOf = (name: string) =>
    tools.find((tool) => tool.name === name && tool.server !== "")?.server

  const byService = (name: string, args: string, limits: Limits) =>
    http.call(
      readingTools.has(name) ? AskMcpTool : CallMcpTool,
      { args, autoGenSession: false, name, server: "", sessionId },
      { timeout: limitOf(http.timeout, limits) }
    )

  // What a link was given may have been done, so only what never reached it is repeated.
  const byLink = (
    throughLink: DirectLink,
    call: { readonly tool: string; readonly server: string; readonly args: string },
    limits: Limits
  ) => {
    const timeout = limitOf(linkTimeout, limits)
    const once = callLink(http, { ...call, link: throughLink, sessionId, timeout })
    return readingTools.has(call.tool) ? startOnce(http, once) : once
  }

  const ask: ToolCalls["ask"] = (tool, args, limits = {}) =>
    Effect.flatMap(Arguments.jsonObject("args", args), (text) => {
      const server = serverOf(tool)
      return link === undefined || server === undefined
        ? Effect.map(byService(tool, text, limits), ({ reply, requestId }) =>
            toReply(requestId, reply.data)
          )
        : Effect.map(byLink(link, { tool, server, args: text }, limits), ({ reply, requestId }) =>
            toReply(requestId, reply)
          )
    })

  const toError: ToolCalls["toError"] = (tool, description, requestId) =>
    new ToolError({
      tool,
      description: description === "" ? "no message given" : http.redact(description, link?.token),
      requestId,
      sessionId
    })

  return {
    sessionId,
    tools,
    isLinked: (tool) => link !== undefined && serverOf(tool) !== undefined,
    ask,
    call: (tool, args, limits) =>
      Effect.flatMap(ask(tool, args, limits), (reply) =>
        reply.isError
          ? Effect.fail(toError(tool, reply.text ?? "", reply.requestId))
          : Effect.succeed(reply)
      ),
    toError
  }
}
