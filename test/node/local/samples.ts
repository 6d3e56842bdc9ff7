/** The captured requests and sample answers of the protocol, and whether an answer is like one. */
import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"

const read = <A, I>(name: string, schema: Schema.Schema<A, I>): ReadonlyArray<A> =>
  NodeFs.readFileSync(new URL(`../../fixtures/protocol/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Schema.decodeUnknownSync(Schema.parseJson(schema))(line))

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })

const Request = Schema.Struct({
  n: Schema.Number,
  method: Schema.String,
  action: Schema.NullOr(Schema.String),
  query: Schema.optionalWith(Texts, { nullable: true, default: () => ({}) }),
  form: Schema.optionalWith(Texts, { nullable: true, default: () => ({}) }),
  rawBody: Schema.optional(Schema.NullishOr(Schema.String))
})

export type Request = typeof Request.Type

export const requests = read("requests.jsonl", Request)

export const responses = read(
  "responses.jsonl",
  Schema.Struct({
    action: Schema.String,
    case: Schema.String,
    httpStatus: Schema.Number,
    body: Schema.Unknown
  })
)

export const requestOf = (n: number): Request => {
  const found = requests.find((request) => request.n === n)
  if (found === undefined) throw new Error(`no captured request ${n}`)
  return found
}

export const sampleOf = (action: string, name: string) => {
  const found = responses.find((sample) => sample.action === action && sample.case === name)
  if (found === undefined) throw new Error(`no sample ${action}: ${name}`)
  return found
}

const readJson = (text: string): Option.Option<unknown> =>
  /^[[{]/.test(text) ? Option.liftThrowable<[], unknown>(() => JSON.parse(text))() : Option.none()

/** The paths of all keys with the kinds of their values; JSON texts are read. */
const shapeOf = (value: unknown, at = ""): ReadonlyArray<string> => {
  if (typeof value === "string") {
    const inside = Option.map(readJson(value), (json) => shapeOf(json, `${at}(json)`))
    return [`${at}: string`, ...Option.getOrElse(inside, () => [])]
  }
  if (Array.isArray(value)) {
    return [`${at}: list`, ...value.flatMap((element) => shapeOf(element, `${at}[]`))]
  }
  if (typeof value !== "object" || value === null) return [`${at}: ${typeof value}`]
  return [
    `${at}: object`,
    ...Object.entries(value).flatMap(([key, inner]) => shapeOf(inner, `${at}.${key}`))
  ]
}

/** The answer has the status of the sample, and in the same place as it every key and kind. */
export const assertShape = (answer: Wire.Answer, action: string, name: string): void => {
  const sample = sampleOf(action, name)
  assert.strictEqual(answer.status, sample.httpStatus, `${action}: ${name}`)
  const given = new Set(shapeOf(answer.body))
  const missing = shapeOf(sample.body).filter((key) => !given.has(key))
  assert.deepStrictEqual(missing, [], `${action}: ${name}`)
}

/** Also code, message and success are those of the sample. */
export const assertSame = (answer: Wire.Answer, action: string, name: string): void => {
  assertShape(answer, action, name)
  for (const key of ["Code", "Message", "Success", "HttpStatusCode"]) {
    assert.strictEqual(
      Wire.at(answer.body, key),
      Wire.at(sampleOf(action, name).body, key),
      `${action}: ${name}`
    )
  }
}

/**
 * Sends a captured request as it was, with the key of this server, and with each text as
 * `translate` makes it: the captures name ids of another server.
 */
export const sendCaptured = (
  server: LocalAgentBay.Service,
  request: Request,
  translate: (text: string) => string = (text) => text
) => {
  const key = `Bearer ${Redacted.value(server.apiKey)}`
  const encode = (texts: { readonly [name: string]: string }) =>
    Wire.encode(
      Object.fromEntries(
        Object.entries(texts).map(([name, value]) => [
          name,
          name === "Authorization" ? key : translate(value)
        ])
      )
    )
  return Wire.send(`${server.url}/?${encode(request.query)}`, {
    method: request.method,
    ...(request.method === "GET"
      ? {}
      : {
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: encode(request.form)
        })
  })
}
