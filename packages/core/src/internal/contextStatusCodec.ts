import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ContextStatusData } from "../ContextStatus.js"

/**
 * The list of status items as it travels: a JSON text of elements `{ type, data }`, where
 * the elements of type `data` hold the items in a JSON text of their own. Elements of
 * other types are free text and skipped. An empty text is an empty list; anything else
 * that cannot be read is a parse failure.
 */
const Elements = Schema.parseJson(
  Schema.Array(Schema.Struct({ type: Schema.String, data: Schema.optional(Schema.Unknown) }))
)

const Items = Schema.parseJson(Schema.Array(ContextStatusData))

const decodeElements = ParseResult.decode(Elements)
const decodeItems = ParseResult.decodeUnknown(Items)
const encodeItems = ParseResult.encode(Items)
const encodeElements = ParseResult.encode(Elements)

export const ContextStatusList: Schema.Schema<
  ReadonlyArray<ContextStatusData>,
  string
> = Schema.transformOrFail(Schema.String, Schema.Array(Schema.typeSchema(ContextStatusData)), {
  strict: true,
  decode: (text, _, ast) =>
    text === ""
      ? ParseResult.succeed([])
      : decodeElements(text).pipe(
          Effect.flatMap((elements) =>
            Effect.forEach(
              elements.filter((element) => element.type === "data" && element.data !== ""),
              (element) => decodeItems(element.data)
            )
          ),
          Effect.map((lists) => lists.flat()),
          Effect.mapError(
            (issue) => new ParseResult.Transformation(ast, text, "Transformation", issue)
          )
        ),
  encode: (items) =>
    encodeItems(items).pipe(Effect.flatMap((data) => encodeElements([{ type: "data", data }])))
})
