import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ToolDescription } from "../Protocol/ToolOperations.js"

const Tool = Schema.Struct({
  name: Schema.optional(Schema.String),
  Name: Schema.optional(Schema.String),
  server: Schema.optional(Schema.String),
  Server: Schema.optional(Schema.String),
  serverName: Schema.optional(Schema.String),
  inputSchema: Schema.optional(Schema.Unknown)
})

const decodeList = Schema.decodeUnknownOption(
  Schema.Union(Schema.Array(Tool), Schema.parseJson(Schema.Array(Tool)))
)

const ToolDescriptionSchema = Schema.Struct({
  name: Schema.String,
  server: Schema.String,
  inputSchema: Schema.optionalWith(Schema.Unknown, { exact: true })
})

/**
 * The list of tools of a session: a JSON text or a list. It only hints at what the session
 * can do, so an unreadable one reads as empty: a session must not be lost over it.
 */
export const ToolListText: Schema.Schema<
  ReadonlyArray<ToolDescription>,
  unknown
> = Schema.transform(Schema.Unknown, Schema.Array(ToolDescriptionSchema), {
  strict: true,
  decode: (input) =>
    Option.getOrElse(decodeList(input), () => []).flatMap((tool) => {
      const name = tool.name ?? tool.Name
      const server = tool.server ?? tool.Server ?? tool.serverName ?? ""
      return name === undefined
        ? []
        : [
            tool.inputSchema === undefined
              ? { name, server }
              : { name, server, inputSchema: tool.inputSchema }
          ]
    }),
  encode: (tools) => JSON.stringify(tools)
})
