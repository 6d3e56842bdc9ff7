import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type { Operation, Parameters } from "../Protocol.js"

interface Codec<Payload, Reply> {
  readonly encode: (payload: Payload) => Either.Either<Parameters, ParseResult.ParseIssue>
  readonly decode: (body: unknown) => Either.Either<Reply, ParseResult.ParseIssue>
}

const codecs = new WeakMap<object, unknown>()

/** The compiled codec of an operation; compiling it at every call would cost more than the call. */
export const codecOf = <Action extends string, Payload, Encoded extends Parameters, Reply, R>(
  operation: Operation<Action, Payload, Encoded, Reply, R>
): Codec<Payload, Reply> => {
  const known = codecs.get(operation)
  // The map only ever holds, for each operation, the codec made from it below.
  if (known !== undefined) return known as Codec<Payload, Reply>
  const decode = ParseResult.decodeUnknownEither(operation.reply)
  const { usualReply } = operation
  const codec: Codec<Payload, Reply> = {
    // Texts inside, such as policies, keep the order of keys that the caller gave them.
    encode: ParseResult.encodeEither(operation.payload, { propertyOrder: "original" }),
    decode:
      usualReply === undefined
        ? decode
        : (body) => {
            const usual = usualReply(body)
            return usual === undefined ? decode(body) : Either.right(usual)
          }
  }
  codecs.set(operation, codec)
  return codec
}
