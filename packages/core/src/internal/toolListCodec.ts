import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { ToolDescription } from "../Protocol/ToolOperations.js"

const text = Schema.optionalWith(Schema.String, { nullable: true })

/** A tool in any of the spellings that clients of the protocol understand. */
const Tool = Schema.Struct({
  name: text,
  Name: text,
  server: text,
  Server: text,
  serverName: text,
  description: text,
  inputSchema: Schema.optionalWith(Schema.Unknown, { nullable: true }),
  tool: text
})

const Tools = Schema.Array(Tool)
const AnyTools = Schema.Union(Tools, Schema.parseJson(Tools))

const decodeList = Schema.decodeUnknownOption(AnyTools)

const ToolDescriptionSchema: Schema.Schema<ToolDescription> = Schema.Struct({
  name: Schema.String,
  server: Schema.String,
  description: Schema.optionalWith(Schema.String, { exact: true }),
  inputSchema: Schema.optionalWith(Schema.Unknown, { exact: true }),
  tool: Schema.optionalWith(Schema.String, { exact: true })
})

const toDescription = ({
  description,
  inputSchema,
  Name,
  name = Name,
  tool,
  ...of
}: typeof Tool.Type): ToolDescription | undefined =>
  name === undefined
    ? undefined
    : {
        name,
        server: of.server ?? of.Server ?? of.serverName ?? "",
        ...(description === undefined ? {} : { description }),
        ...(inputSchema === undefined ? {} : { inputSchema }),
        ...(tool === undefined ? {} : { tool })
      }

const encode = (tools: ReadonlyArray<ToolDescription>) => JSON.stringify(tools)

/**
 * The list of tools that a session comes with: a JSON text or a list. It only hints at what
 * the session can do, so an unreadable one reads as empty: a session must not be lost over
 * it.
 */
export const ToolListText: Schema.Schema<
  ReadonlyArray<ToolDescription>,
  unknown
> = Schema.transform(Schema.Unknown, Schema.Array(ToolDescriptionSchema), {
  strict: true,
  decode: (input) =>
    Option.getOrElse(decodeList(input), () => [])
      .map(toDescription)
      .filter((tool) => tool !== undefined),
  encode
})

/**
 * The list of tools that was asked for. Here an unreadable one, or a tool without a name,
 * is an error: an empty list would be a wrong answer.
 */
export const ToolListing: Schema.Schema<
  ReadonlyArray<ToolDescription>,
  unknown
> = Schema.transformOrFail(Schema.Unknown, Schema.Array(ToolDescriptionSchema), {
  strict: true,
  decode: (input, _, ast) =>
    ParseResult.flatMap(ParseResult.decodeUnknown(AnyTools)(input), (tools) => {
      const described = tools.map(toDescription)
      return described.includes(undefined)
        ? ParseResult.fail(new ParseResult.Type(ast, input, "a tool has no name"))
        : ParseResult.succeed(described.filter((tool) => tool !== undefined))
    }),
  encode: (tools) => ParseResult.succeed(encode(tools))
})
