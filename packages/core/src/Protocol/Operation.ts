/**
 * What an operation of the AgentBay API is: one value that says its name, where each
 * parameter travels and how request and reply are encoded. The client encodes requests
 * with it, Local AgentBay decodes them with the same value.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { nullable } from "../internal/nullableField.js"

/**
 * The API version every request names.
 *
 * @since 0.1.0
 * @category constants
 */
export const apiVersion = "2025-05-06"

/**
 * Request parameters as they travel: flat texts, in the query or in the form body.
 *
 * @since 0.1.0
 * @category models
 */
export type Parameters = { readonly [name: string]: string | undefined }

/**
 * One operation of the API.
 *
 * - `kind`: a `read` may be repeated after a lost answer, a `write` never.
 * - `inQuery`: the parameters that travel in the URL; all others travel in the form body.
 * - `payload`: typed arguments ⇄ flat texts.
 * - `reply`: typed reply ⇄ what stands beside the envelope keys (`Data` and paging keys).
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation<
  Action extends string,
  Payload,
  PayloadEncoded extends Parameters,
  Reply,
  ReplyEncoded
> {
  readonly action: Action
  readonly kind: "read" | "write"
  readonly inQuery: ReadonlyArray<string>
  readonly payload: Schema.Schema<Payload, PayloadEncoded>
  readonly reply: Schema.Schema<Reply, ReplyEncoded>
  /**
   * Reads the usual form of a reply faster than `reply` does, to the same end; nothing for any
   * other form. For what is polled.
   */
  readonly usualReply?: (body: unknown) => Reply | undefined
}

/**
 * Any operation, when its types do not matter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Any {
  readonly action: string
  readonly kind: "read" | "write"
  readonly inQuery: ReadonlyArray<string>
  readonly payload: Schema.Schema.AnyNoContext
  readonly reply: Schema.Schema.AnyNoContext
}

/**
 * Builds an operation; the literal types of its parts are kept.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <
  const Action extends string,
  Payload,
  PayloadEncoded extends Parameters,
  Reply,
  ReplyEncoded
>(
  operation: Operation<Action, Payload, PayloadEncoded, Reply, ReplyEncoded>
): Operation<Action, Payload, PayloadEncoded, Reply, ReplyEncoded> => operation

/**
 * A required key whose wire name differs from ours.
 *
 * @since 0.1.0
 * @category fields
 */
export const key = <A, I>(name: string, schema: Schema.Schema<A, I>) =>
  Schema.propertySignature(schema).pipe(Schema.fromKey(name))

/**
 * An optional key whose wire name differs from ours. `null` reads as absent, since the
 * service sends either.
 *
 * @since 0.1.0
 * @category fields
 */
export const optionalKey = <A, I>(name: string, schema: Schema.Schema<A, I>) =>
  nullable(schema).pipe(Schema.fromKey(name))

/**
 * An optional request parameter whose wire name differs from ours; unset ones are not sent.
 *
 * @since 0.1.0
 * @category fields
 */
export const optionalParameter = <A>(name: string, schema: Schema.Schema<A, string>) =>
  Schema.optional(schema).pipe(Schema.fromKey(name))

// Not every program needs every field below: the marks tell bundlers that they may leave out
// the ones that are not used.

/**
 * A truth value as text: written `true` or `false`, read without regard to case, since
 * Python clients send `True` and `False`.
 *
 * @since 0.1.0
 * @category fields
 */
export const BooleanText: Schema.Schema<boolean, string> = /* @__PURE__ */ Schema.transform(
  /* @__PURE__ */ Schema.compose(Schema.Lowercase, /* @__PURE__ */ Schema.Literal("true", "false")),
  Schema.Boolean,
  {
    strict: true,
    decode: (text) => text === "true",
    encode: (value) => (value ? ("true" as const) : ("false" as const))
  }
)

/**
 * A whole number as decimal text.
 *
 * @since 0.1.0
 * @category fields
 */
export const IntText: Schema.Schema<number, string> = /* @__PURE__ */ Schema.NumberFromString.pipe(
  /* @__PURE__ */ Schema.int()
)

/**
 * The labels of a session: a flat map of texts.
 *
 * @since 0.1.0
 * @category fields
 */
export const Labels = /* @__PURE__ */ Schema.Record({ key: Schema.String, value: Schema.String })

/**
 * The reply of an operation that answers with the envelope alone. Nothing of it is kept.
 *
 * @since 0.1.0
 * @category replies
 */
export const EmptyReply = Schema.transform(Schema.Object, Schema.Struct({}), {
  strict: true,
  decode: () => ({}),
  encode: () => ({})
})

/**
 * The paging keys that list operations put beside `Data`.
 *
 * @since 0.1.0
 * @category replies
 */
export const pagingFields = {
  maxResults: /* @__PURE__ */ optionalKey("MaxResults", Schema.Int),
  nextToken: /* @__PURE__ */ optionalKey("NextToken", Schema.String),
  totalCount: /* @__PURE__ */ optionalKey("TotalCount", Schema.Int)
}
