import * as Effect from "effect/Effect"
import { type CallError, ToolError } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import { CallMcpTool } from "../Protocol.js"

/** The same operation, for tools that change nothing: they may be asked again. */
const AskMcpTool: typeof CallMcpTool = { ...CallMcpTool, kind: "read" }

/** The file tools that only read. */
const readingTools = new Set(["get_file_info", "list_directory", "read_file"])

/**
 * Calls a tool of a session and gives the text of its answer. An answer that the tool
 * itself calls an error is a `ToolError`.
 */
export const callTool = (
  http: HttpService,
  sessionId: string,
  name: string,
  args: { readonly [name: string]: unknown }
): Effect.Effect<string, CallError | ToolError> =>
  http
    .call(readingTools.has(name) ? AskMcpTool : CallMcpTool, {
      args: JSON.stringify(args),
      autoGenSession: false,
      name,
      server: "",
      sessionId
    })
    .pipe(
      Effect.flatMap(({ reply, requestId }) => {
        const first = reply.data.content?.[0]
        const text = first?.text ?? first?.blob ?? first?.data ?? ""
        return reply.data.isError === true
          ? Effect.fail(
              new ToolError({
                tool: name,
                description: text === "" ? "no message given" : http.redact(text),
                requestId,
                sessionId
              })
            )
          : Effect.succeed(text)
      })
    )
