/**
 * Calls of the tools inside a session.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ToolListing } from "../internal/toolListCodec.js"
import { BooleanText, key, make, optionalParameter } from "./Operation.js"

/**
 * A tool that a session offers. `server` is the part of the session that runs it, and may
 * be empty; `inputSchema` is the JSON schema of its arguments, `tool` the name that it has
 * on its server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolDescription {
  readonly name: string
  readonly server: string
  readonly description?: string
  readonly inputSchema?: unknown
  readonly tool?: string
}

const ToolContent = Schema.Struct({
  type: Schema.optionalWith(Schema.String, { nullable: true }),
  text: Schema.optionalWith(Schema.String, { nullable: true }),
  blob: Schema.optionalWith(Schema.String, { nullable: true }),
  data: Schema.optionalWith(Schema.String, { nullable: true })
})

/** An answer of a tool, by the elements that its content consists of. */
const toolResult = <Content extends Schema.Schema.AnyNoContext>(element: Content) =>
  Schema.Struct({
    content: Schema.optionalWith(Schema.Array(element), { nullable: true }),
    isError: Schema.optionalWith(Schema.Boolean, { nullable: true })
  }).pipe(
    // Silence is no success: the tool may not have been called at all.
    Schema.filter(
      ({ content, isError }) =>
        content !== undefined ||
        isError !== undefined ||
        "it has neither a content nor a word on whether that is an error"
    )
  )

/**
 * What a tool answered. The text of the first content element counts: `text`, else
 * `blob`, else `data`. An answer that has neither `content` nor `isError` is none.
 *
 * @since 0.1.0
 * @category models
 */
export const ToolResult = toolResult(ToolContent)

/**
 * @since 0.1.0
 * @category models
 */
export type ToolResult = typeof ToolResult.Type

// By the direct link an element of the content may be its text alone.
const LinkContent = Schema.Union(
  ToolContent,
  Schema.transform(Schema.String, Schema.typeSchema(ToolContent), {
    strict: true,
    decode: (text) => ({ type: "text", text }),
    encode: (content) => content.text ?? ""
  })
)

const LinkData = Schema.Struct({
  result: toolResult(LinkContent)
})

/**
 * What a tool answered through the direct link of its session: `data` comes as an object or
 * as the JSON text of one.
 *
 * @since 0.1.0
 * @category models
 */
export const LinkToolReply = Schema.Struct({
  data: Schema.Union(LinkData, Schema.parseJson(LinkData))
})

/**
 * Calls a tool in a session. `Args` is a JSON text of the tool's own arguments; `Data`
 * comes as an object or as the JSON text of one.
 *
 * @since 0.1.0
 * @category operations
 */
export const CallMcpTool = make({
  action: "CallMcpTool",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({
    args: key("Args", Schema.String),
    autoGenSession: optionalParameter("AutoGenSession", BooleanText),
    externalUserId: optionalParameter("ExternalUserId", Schema.String),
    imageId: optionalParameter("ImageId", Schema.String),
    name: key("Name", Schema.String),
    server: optionalParameter("Server", Schema.String),
    sessionId: key("SessionId", Schema.String),
    tool: optionalParameter("Tool", Schema.String)
  }),
  reply: Schema.Struct({
    data: key("Data", Schema.Union(ToolResult, Schema.parseJson(ToolResult)))
  })
})

/**
 * The tools that sessions of an image offer; without an image, those of `linux_latest`.
 *
 * @since 0.1.0
 * @category operations
 */
export const ListMcpTools = make({
  action: "ListMcpTools",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({ imageId: optionalParameter("ImageId", Schema.String) }),
  reply: Schema.Struct({ data: key("Data", ToolListing) })
})
