import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ToolDescription } from "../Protocol/ToolOperations.js"

const Tool = Schema.Struct({
  name: Schema.optional(Schema.String),
  Name: Schema.optional(Schema.String),
  server: Schema.optional(Schema.String),
  Server: Schema.optional(Schema.String),
  serverName: Schema.optional(Schema.String),
  description: Schema.optionalWith(Schema.String, { nullable: true }),
  inputSchema: Schema.optional(Schema.Unknown),
  tool: Schema.optionalWith(Schema.String, { nullable: true })
})

const decodeList = Schema.decodeUnknownOption(
  Schema.Union(Schema.Array(Tool), Schema.parseJson(Schema.Array(Tool)))
)

const ToolDescriptionSchema = Schema.Struct({
  name: Schema.String,
  server: Schema.String,
  description: Schema.optionalWith(Schema.String, { exact: true }),
  inputSchema: Schema.optionalWith(Schema.Unknown, { exact: true }),
  tool: Schema.optionalWith(Schema.String, { exact: true })
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
    Option.getOrElse(decodeList(input), () => []).flatMap(
      ({ description, inputSchema, Name, name = Name, tool, ...of }) =>
        name === undefined
          ? []
          : [
              {
                name,
                server: of.server ?? of.Server ?? of.serverName ?? "",
                ...(description === undefined ? {} : { description }),
                ...(inputSchema === undefined ? {} : { inputSchema }),
                ...(tool === undefined ? {} : { tool })
              }
            ]
    ),
  encode: (tools) => JSON.stringify(tools)
})
