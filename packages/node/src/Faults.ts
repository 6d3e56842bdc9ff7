/**
 * Misbehaviour on demand: rules by which a Local AgentBay is slow, refuses, drops connections,
 * answers nonsense, or shows transfers differently from how they went. Rules are plain data,
 * in a program as in a JSON file.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ContentType, Count, HttpStatus, Ordinal, Time } from "./local/faults/FaultFields.js"
import { explain } from "./local/faults/FaultIssue.js"

/**
 * Which of the calls that fit are meant, counted from 1 since the rules were set:
 *
 * - a number, or a list of them: just these;
 * - `{ from, to }`: from one to another, both included; `to` may be left out;
 * - `{ probability, seed }`: each with this probability. The same seed (default 1) draws the
 *   same numbers, so a test that failed can be run again.
 *
 * @since 0.1.0
 * @category models
 */
export const Calls = Schema.Union(
  Ordinal,
  Schema.NonEmptyArray(Ordinal),
  Schema.Struct({ from: Ordinal, to: Schema.optionalWith(Ordinal, { exact: true }) }),
  Schema.Struct({
    probability: Schema.Number.pipe(
      Schema.between(0, 1, { message: () => "must be a number from 0 to 1" })
    ),
    seed: Schema.optionalWith(Schema.Int, { exact: true })
  })
).annotations({
  identifier: "Calls",
  message: () => ({
    message: "must be a number from 1, a list of such, { from, to } or { probability, seed }",
    override: true
  })
})

/**
 * What a rule is about. Everything that is given has to fit; nothing given fits everything.
 * For calls, ids and paths are those that the request names; `taskType` is its task type or
 * mode. For effects on tasks they are those of the task, and `calls` counts the tasks that
 * begin. Tasks that began before the rules were set are shown as they are.
 *
 * @since 0.1.0
 * @category models
 */
export const When = Schema.Struct({
  /** The name of an action of the protocol, such as `GetContextInfo`, or several. */
  action: Schema.optionalWith(
    Schema.Union(Schema.NonEmptyString, Schema.NonEmptyArray(Schema.NonEmptyString)).annotations({
      message: () => ({ message: "must be the name of an action, or a list", override: true })
    }),
    { exact: true }
  ),
  sessionId: Schema.optionalWith(Schema.String, { exact: true }),
  contextId: Schema.optionalWith(Schema.String, { exact: true }),
  path: Schema.optionalWith(Schema.String, { exact: true }),
  taskType: Schema.optionalWith(Schema.Literal("upload", "download"), { exact: true }),
  calls: Schema.optionalWith(Calls, { exact: true })
})

/**
 * A refusal. Hard ones travel under `httpStatus` (default 400) as the gateway's error body,
 * soft ones under HTTP 200 with `Success: false`. `code` may be left out of a soft one, as
 * some services do. `retryAfter` is sent as `Retry-After` and `x-acs-retry-after`.
 *
 * @since 0.1.0
 * @category models
 */
export const Refusal = Schema.Struct({
  httpStatus: Schema.optionalWith(HttpStatus, { exact: true }),
  code: Schema.optionalWith(Schema.String, { exact: true }),
  message: Schema.optionalWith(Schema.String, { exact: true }),
  retryAfter: Schema.optionalWith(Time, { exact: true }),
  soft: Schema.optionalWith(Schema.Boolean, { exact: true })
})

/**
 * An answer that is none:
 *
 * - `html`: the page of a proxy, under HTTP 200;
 * - `empty`: no body;
 * - `cut`: the JSON of the real answer, with its second half missing;
 * - `noData`: an answer without `Data`;
 * - `status`: a `ContextStatus` that is no JSON;
 * - `items`: a `ContextStatus` whose list of tasks is no JSON;
 * - or any text, with a content type (default JSON) and an HTTP status (default 200).
 *
 * The call itself is carried out.
 *
 * @since 0.1.0
 * @category models
 */
export const Malformed = Schema.Union(
  Schema.Literal("html", "empty", "cut", "noData", "status", "items"),
  Schema.Struct({
    text: Schema.String,
    contentType: Schema.optionalWith(ContentType, { exact: true }),
    httpStatus: Schema.optionalWith(HttpStatus, { exact: true })
  })
).annotations({
  identifier: "Malformed",
  message: () => ({
    message: 'must be "html", "empty", "cut", "noData", "status", "items" or { text }',
    override: true
  })
})

/**
 * How a transfer is shown by `GetContextInfo`. A poll is one such request that asks for the
 * task. The files themselves are moved as always.
 *
 * - `hidden`: for so many polls the task is not listed at all.
 * - `stale`: for so many polls the task that it replaced is listed in its place; none, when it
 *   replaced none.
 * - `polls`: for so many polls after that, it runs.
 * - `lasts`: it runs until this long after its start, by the server's clock, however often it is
 *   asked for: milliseconds, or a text such as `"2 seconds"`. With `polls`, until both are over.
 *   Its finish time is not before that either.
 * - `status`: the word for a task that runs, instead of `Running`.
 * - `fail`: it ends as `Failed`, with this message.
 * - `endStatus`: the word for its end, whatever that is.
 *
 * @since 0.1.0
 * @category models
 */
export const TaskEffect = Schema.Struct({
  hidden: Schema.optionalWith(Count, { exact: true }),
  stale: Schema.optionalWith(Count, { exact: true }),
  polls: Schema.optionalWith(Count, { exact: true }),
  lasts: Schema.optionalWith(Time, { exact: true }),
  status: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  fail: Schema.optionalWith(Schema.String, { exact: true }),
  endStatus: Schema.optionalWith(Schema.NonEmptyString, { exact: true })
})

/**
 * What happens then.
 *
 * - `latency`: the call is carried out after this time.
 * - `drop`: the connection is cut, `before` the call is carried out, `after` it, or `midway`
 *   in the answer to it.
 * - `error`: the call is refused and not carried out.
 * - `malformed`: the call is carried out, and its answer is unreadable.
 * - `task`: transfers are shown differently. It stands alone; of `drop`, `error` and
 *   `malformed` there is one, with or without `latency`.
 *
 * @since 0.1.0
 * @category models
 */
export const Then = Schema.Struct({
  latency: Schema.optionalWith(Time, { exact: true }),
  drop: Schema.optionalWith(Schema.Literal("before", "after", "midway"), { exact: true }),
  error: Schema.optionalWith(Refusal, { exact: true }),
  malformed: Schema.optionalWith(Malformed, { exact: true }),
  task: Schema.optionalWith(TaskEffect, { exact: true })
})

const objection = ({
  then,
  when
}: {
  readonly when?: typeof When.Type
  readonly then: typeof Then.Type
}): string | undefined => {
  const outcomes = (["drop", "error", "malformed"] as const).filter(
    (name) => then[name] !== undefined
  )
  if (then.task !== undefined) {
    if (outcomes.length > 0 || then.latency !== undefined) {
      return "then: an effect on tasks stands alone; give what happens to calls in another rule"
    }
    return when?.action === undefined
      ? undefined
      : "when: an effect on tasks is about tasks, so it takes no action"
  }
  if (outcomes.length > 1)
    return `then: there is one outcome of a call, not ${outcomes.join(" and ")}`
  if (outcomes.length === 0 && then.latency === undefined) return "then: says nothing"
  return undefined
}

/**
 * One rule. Without `when` it is about every call (or every task).
 *
 * @example
 * ```ts
 * import { Faults } from "@effect-agentbay/node"
 *
 * // the third status request is refused, and every upload is seen running twice
 * export const rules: Faults.Input = [
 *   {
 *     when: { action: "GetContextInfo", calls: 3 },
 *     then: { error: { httpStatus: 500, code: "InternalError" } }
 *   },
 *   { when: { taskType: "upload" }, then: { task: { polls: 2 } } }
 * ]
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const Rule = Schema.Struct({
  /** What the rule is called in messages. */
  name: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  when: Schema.optionalWith(When, { exact: true }),
  then: Then
}).pipe(Schema.filter(objection))

/**
 * Rules in the order in which they are asked. A rule counts every call that it is about; the
 * first rule that means this one says what happens. Calls and tasks are asked for separately.
 *
 * @since 0.1.0
 * @category models
 */
export const Faults = Schema.Array(Rule)

/**
 * Rules as the server keeps them.
 *
 * @since 0.1.0
 * @category models
 */
export type Faults = typeof Faults.Type

/**
 * @since 0.1.0
 * @category models
 */
export type Rule = typeof Rule.Type

/**
 * Rules as a program or a JSON file writes them.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = typeof Faults.Encoded

/**
 * Rules that are not valid; `detail` names the rule, the part of it, and what is wrong there.
 *
 * @since 0.1.0
 * @category errors
 */
export class FaultsInvalid extends Schema.TaggedError<FaultsInvalid>(
  "@effect-agentbay/node/FaultsInvalid"
)("FaultsInvalid", { detail: Schema.String }) {
  override get message(): string {
    return `The rules of misbehaviour are not valid: ${this.detail}`
  }
}

const decodeUnknown = Schema.decodeUnknown(Faults, { onExcessProperty: "error" })

/**
 * Reads rules. An error names the rule by its place, from 1, and its name; unknown keys are
 * errors too.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (input: unknown): Effect.Effect<Faults, FaultsInvalid> =>
  Effect.mapError(
    decodeUnknown(input),
    (error) => new FaultsInvalid({ detail: explain(input, error) })
  )

const parseText = Schema.decodeUnknown(Schema.parseJson())

/**
 * Reads rules from the text of a JSON file.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeText = (text: string): Effect.Effect<Faults, FaultsInvalid> =>
  parseText(text).pipe(
    Effect.mapError(() => new FaultsInvalid({ detail: "they are not JSON" })),
    Effect.flatMap(decode)
  )

/**
 * Rules as data that can be written as JSON.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode: (faults: Faults) => Input = Schema.encodeSync(Faults)
