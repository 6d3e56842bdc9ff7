import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

// `Schema.optionalWith` gives the same and brings along all that it can do besides.

/** A field that may be absent; `null` reads as absent, since the service sends either. */
export const nullable = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalToOptional(
    Schema.NullishOr(schema),
    Schema.UndefinedOr(Schema.typeSchema(schema)),
    { decode: Option.filter(Predicate.isNotNull), encode: identity }
  )

/** A text that is empty when it is absent or `null`. */
export const textOrEmpty = <A extends string, I extends string>(
  schema: Schema.Schema<A, I>,
  empty: A
) =>
  Schema.optionalToRequired(Schema.NullishOr(schema), Schema.typeSchema(schema), {
    decode: Option.match({ onNone: () => empty, onSome: (text) => text ?? empty }),
    encode: Option.some
  }).pipe(Schema.withConstructorDefault(() => empty))
