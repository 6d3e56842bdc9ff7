/**
 * The values in rules of misbehaviour.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * How many; none is a number too.
 *
 * @since 0.1.0
 */
export const Count = Schema.Int.pipe(
  Schema.greaterThanOrEqualTo(0, { message: () => "must be a whole number, 0 or more" })
)

/**
 * Which one, from 1.
 *
 * @since 0.1.0
 */
export const Ordinal = Schema.Int.pipe(
  Schema.greaterThanOrEqualTo(1, { message: () => "must be a whole number, 1 or more" })
)

/**
 * A time: milliseconds as a number, or a text such as `"2 seconds"`.
 *
 * @since 0.1.0
 */
export const Time = Schema.transformOrFail(
  Schema.Union(Schema.Number, Schema.String),
  Schema.DurationFromSelf,
  {
    strict: true,
    decode: (input, _, ast) => {
      // Effect reads a time below zero as zero.
      const isNegative = typeof input === "number" ? input < 0 : input.trimStart().startsWith("-")
      const time = isNegative
        ? Option.none()
        : Option.filter(Duration.decodeUnknown(input), Duration.isFinite)
      return Option.match(time, {
        onNone: () =>
          ParseResult.fail(
            new ParseResult.Type(ast, input, 'must be milliseconds or a text such as "2 seconds"')
          ),
        onSome: ParseResult.succeed
      })
    },
    encode: (time) => ParseResult.succeed(Duration.toMillis(time))
  }
)

/**
 * A status that a server can answer with.
 *
 * @since 0.1.0
 */
export const HttpStatus = Schema.Int.pipe(
  Schema.between(200, 599, { message: () => "must be an HTTP status from 200 to 599" })
)

/**
 * No header can have another, and an answer with such a one would never be sent.
 *
 * @since 0.1.0
 */
export const ContentType = Schema.NonEmptyString.pipe(Schema.pattern(/^[\t\x20-\x7e\x80-\xff]*$/))
