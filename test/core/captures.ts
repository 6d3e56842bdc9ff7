/** What the official client was seen to send and receive, read from the fixture files. */
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })

const CapturedRequest = Schema.Struct({
  n: Schema.Number,
  source: Schema.String,
  call: Schema.String,
  variant: Schema.String,
  action: Schema.NullOr(Schema.String),
  requestLine: Schema.String,
  method: Schema.String,
  path: Schema.String,
  headers: Texts,
  rawBody: Schema.String,
  form: Schema.optionalWith(Texts, { default: () => ({}) })
})

/** A request of the official client, as a recording server saw it. */
export type CapturedRequest = typeof CapturedRequest.Type

const SampleResponse = Schema.Struct({
  action: Schema.String,
  case: Schema.String,
  httpStatus: Schema.Number,
  body: Schema.Unknown
})

/** An answer of the service. */
export type SampleResponse = typeof SampleResponse.Type

const read = <A, I>(file: string, schema: Schema.Schema<A, I>): ReadonlyArray<A> =>
  NodeFs.readFileSync(new URL(`../fixtures/protocol/${file}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Schema.decodeSync(Schema.parseJson(schema))(line))

export const requests = read("requests.jsonl", CapturedRequest)

export const responses = read("responses.jsonl", SampleResponse)

/** The pairs of a query or a form, by name, still encoded. */
export const rawPairs = (text: string): { readonly [name: string]: string } =>
  Object.fromEntries(
    text
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const at = pair.indexOf("=")
        return [pair.slice(0, at), pair.slice(at + 1)]
      })
  )

/** The same pairs, decoded as a server of the protocol decodes them (a plus sign stays one). */
export const decodedPairs = (raw: {
  readonly [name: string]: string
}): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [
      decodeURIComponent(name),
      decodeURIComponent(value)
    ])
  )

/** What stands behind the question mark of a URL or of a request line. */
export const queryOf = (text: string): string =>
  (text.split(" ").find((part) => part.includes("?")) ?? "").replace(/^[^?]*\?/, "")

/** Some keys left out. */
export const without = (
  record: { readonly [name: string]: string },
  ...names: ReadonlyArray<string>
): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)))
