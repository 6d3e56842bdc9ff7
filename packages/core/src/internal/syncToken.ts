import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { InvalidArgument } from "../AgentBayError.js"
import { ContextStatusData, SyncMode } from "../ContextStatus.js"
import { refuse } from "./arguments.js"

const version = "agentbay-sync-1"

const Binding = Schema.Struct({ contextId: Schema.String, path: Schema.String })

/** Policies whose numbers say all. */
const Policy = Schema.Union(
  Schema.TaggedStruct("Spaced", {
    interval: Schema.Number,
    maxRetries: Schema.Number,
    jitter: Schema.Boolean
  }),
  Schema.TaggedStruct("Backoff", {
    initial: Schema.Number,
    factor: Schema.Number,
    cap: Schema.Number,
    maxRetries: Schema.Number,
    jitter: Schema.Boolean
  })
)

/** What a token says. Times are milliseconds, of the clock where they are points in time. */
export const TokenContent = Schema.Struct({
  sessionId: Schema.String,
  requestId: Schema.String,
  mode: SyncMode,
  target: Schema.optional(Binding),
  expected: Schema.optional(Schema.Array(Binding)),
  baseline: Schema.Array(ContextStatusData),
  since: Schema.Number,
  deadline: Schema.optional(Schema.Number),
  policy: Schema.optional(Policy),
  graceRetries: Schema.Number,
  maxConsecutiveErrors: Schema.Number
})

export type TokenContent = typeof TokenContent.Type

const Content = Schema.parseJson(TokenContent)
const encodeContent = Schema.encodeSync(Content)
const decodeContent = Schema.decodeEither(Content)

// FNV-1a, of 32 bits: it tells damage, it keeps nobody out. A token opens nothing that the key
// does not open anyway.
const checksum = (text: string): string => {
  let sum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  }
  return (sum >>> 0).toString(16).padStart(8, "0")
}

// It goes through shells and URLs as it is. Nothing in it can be ill-formed Unicode: it was sent.
export const encode = (content: TokenContent): string => {
  const text = encodeURIComponent(encodeContent(content)).replace(
    /[.!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`
  )
  return `${version}.${checksum(text)}.${text}`
}

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return ""
  }
}

const damaged = () =>
  refuse("token", "is damaged: it is not, whole and unchanged, what `start` gave")

/** Reads a token of some session. */
export const decode = (
  token: string,
  sessionId: string
): Effect.Effect<TokenContent, InvalidArgument> => {
  if (typeof token !== "string") return refuse("token", "must be the text that `start` gave")
  const [kind = "", sum, text = "", ...more] = token.trim().split(".")
  if (kind !== version) {
    return /^agentbay-sync-\d+$/.test(kind)
      ? refuse("token", `is of another version: ${kind}, where this one reads ${version}`)
      : damaged()
  }
  if (more.length > 0 || sum !== checksum(text)) return damaged()
  const content = decodeContent(unescaped(text))
  if (Either.isLeft(content)) return damaged()
  return content.right.sessionId === sessionId
    ? Effect.succeed(content.right)
    : refuse("token", `is about session ${content.right.sessionId}, not ${sessionId}`)
}
