/**
 * The tools inside a session: what there is, and one generic call.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { CallError, InvalidArgument, ToolError } from "./AgentBayError.js"
import type { Service as HttpService } from "./AgentBayHttp.js"
import * as Arguments from "./internal/arguments.js"
import { describeIssue } from "./internal/parseIssue.js"
import type { ToolCalls } from "./internal/toolCall.js"
import {
  GetSessionDetail,
  ListMcpTools,
  type ToolDescription,
  type ToolResult
} from "./Protocol.js"

/**
 * @since 0.1.0
 * @category models
 */
export type ToolCallError = CallError | ToolError | InvalidArgument

/**
 * @since 0.1.0
 * @category models
 */
export interface CallOptions {
  /** How long the answer may take. Default: the client's timeout, 15 minutes by a direct link. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * What a tool answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolAnswer {
  /** The text of the first element: its `text`, else `blob`, else `data`; else empty. */
  readonly text: string
  readonly content: NonNullable<ToolResult["content"]>
  readonly requestId: string
}

/**
 * Calls go through the session's direct link when it came with one and its list names the
 * tool, else through the service. A call that was interrupted may have been received, and
 * then the tool works on.
 *
 * A tool may do anything, so a call is sent once. The exception are the tools that only
 * read files (`read_file`, `read_multiple_files`, `get_file_info`, `list_directory`,
 * `search_files`): they are repeated like other reads, by the direct link only when it was
 * not reached at all.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionTools {
  /**
   * The tools that sessions of this image offer. A session that was created without naming
   * an image, or comes from `get`, asks for its image first; where the service does not tell
   * it, these are the tools of `linux_latest`.
   */
  readonly list: Effect.Effect<ReadonlyArray<ToolDescription>, CallError>
  /**
   * Calls any tool by its name. An answer that the tool itself calls an error is a
   * `ToolError`, also that of a tool that is unknown. Arguments must be JSON.
   */
  readonly call: (
    name: string,
    args?: { readonly [name: string]: unknown },
    options?: CallOptions
  ) => Effect.Effect<ToolAnswer, ToolCallError>
  /**
   * The same for a tool that answers with a JSON text of a known shape. An answer of
   * another shape is a `ToolError`; the tool has been called all the same.
   */
  readonly callJson: <A, I>(
    schema: Schema.Schema<A, I>,
    name: string,
    args?: { readonly [name: string]: unknown },
    options?: CallOptions
  ) => Effect.Effect<A, ToolCallError>
}

const defaultImage = "linux_latest"

const imageOf = (http: HttpService, sessionId: string): Effect.Effect<string, CallError> =>
  Effect.map(http.call(GetSessionDetail, { sessionId }), ({ reply }) =>
    reply.data.imageId === undefined || reply.data.imageId === ""
      ? defaultImage
      : reply.data.imageId
  )

/** @internal */
export const fromHttp = (
  http: HttpService,
  calls: ToolCalls,
  imageId: string | undefined
): SessionTools => {
  const { sessionId } = calls

  const call = (name: string, args: { readonly [name: string]: unknown }, options: CallOptions) =>
    Effect.gen(function* () {
      yield* Effect.annotateCurrentSpan({
        "agentbay.session_id": sessionId,
        "agentbay.tool": name
      })
      yield* Arguments.notBlank("name", name)
      yield* Arguments.options(options)
      const timeout =
        options.timeout === undefined
          ? undefined
          : yield* Arguments.positiveTime("timeout", options.timeout)
      const { content, requestId, text = "" } = yield* calls.call(name, args, { timeout })
      const answer: ToolAnswer = { text, content, requestId }
      return answer
    })

  return {
    list: Effect.gen(function* () {
      const image = imageId ?? (yield* imageOf(http, sessionId))
      return (yield* http.call(ListMcpTools, { imageId: image })).reply.data
    }).pipe(
      Effect.withSpan("SessionTools.list", {
        attributes: { "agentbay.session_id": sessionId },
        captureStackTrace: false
      })
    ),
    call: Effect.fn("SessionTools.call")((name, args = {}, options = {}) =>
      call(name, args, options)
    ),
    callJson: Effect.fn("SessionTools.callJson")(function* <A, I>(
      schema: Schema.Schema<A, I>,
      name: string,
      args: { readonly [name: string]: unknown } = {},
      options: CallOptions = {}
    ) {
      if (!Schema.isSchema(schema)) return yield* Arguments.refuse("schema", "must be a Schema")
      const { requestId, text } = yield* call(name, args, options)
      return yield* Effect.mapError(
        ParseResult.decodeUnknown(Schema.parseJson(schema))(text),
        (issue) =>
          calls.toError(name, `its answer cannot be read: ${describeIssue(issue)}`, requestId)
      )
    })
  }
}
