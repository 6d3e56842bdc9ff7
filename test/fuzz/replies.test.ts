import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import type * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ContextStatusData } from "@effect-agentbay/core/ContextStatus"
import { makeExchange } from "../../packages/core/src/internal/exchange.js"
import { callLink } from "../../packages/core/src/internal/linkExchange.js"
import { statusReading } from "../../packages/core/src/internal/statusReads.js"
import * as Decision from "../../packages/core/src/internal/syncDecision.js"
import { rounds } from "../rounds.js"
import { breath, named, ofCase } from "./random.js"
import { type Answer, anyAnswer, isYes } from "./replies.js"

// Most of what can go wrong with an answer goes wrong where it is read: here every answer goes
// through a call of its operation, with nothing in between.
const count = rounds({ short: 95_000, long: 950_000 })

let current: Answer = { status: 200, headers: {}, text: "" }

const transport = HttpTransport.HttpTransport.of({
  post: () => Effect.succeed(current),
  put: () => Effect.die("nothing is put here"),
  get: () => Effect.die("nothing is fetched here")
})

const config = AgentBayConfig.make({
  apiKey: Redacted.make("akm-test"),
  endpoint: "agentbay.test"
})

/** Fits every operation: what one does not know it does not look at. */
const payload = {
  args: "{}",
  contextId: "SdkCtx-1",
  filePath: "/a",
  id: "SdkCtx-1",
  labels: {},
  name: "n",
  persistenceDataList: [],
  sessionId: "session-1"
}

// Their types differ, and do not matter here.
const operations = Object.values(Protocol.operations) as ReadonlyArray<
  Protocol.Operation<string, unknown, Protocol.Parameters, unknown, unknown>
>

const subject: Decision.SyncSubject = {
  operation: "sync",
  sessionId: "session-1",
  requestId: "r",
  mode: "upload",
  target: undefined,
  expected: [{ contextId: "SdkCtx-1", path: "/a" }],
  graceRetries: 1
}

/** What a sync makes of a list of tasks, before and after it. */
const decided = (tasks: ReadonlyArray<ContextStatusData>) => {
  const reading = statusReading({ requestId: "r", contextStatusData: tasks })
  const spent = () => ({ elapsed: Duration.zero, polls: 1, lastError: undefined })
  const decide = Decision.decide(subject)
  return [
    decide(Decision.initial([]), reading, spent, true),
    decide(Decision.initial(tasks), reading, spent, true)
  ]
}

/** How long a description may be at most, whatever it is about. */
const longest = 1200

// Without the words of an assertion: they would cost more than the calls.
const check = <A>(exit: Exit.Exit<A, AgentBayError.CallError>): void => {
  const wrong = (what: string) => {
    throw new Error(what, { cause: exit })
  }
  if (Exit.isSuccess(exit)) {
    if (!isYes(current.status)) wrong("a success that its status denies")
    return
  }
  if (!Cause.isFailType(exit.cause)) throw Cause.squash(exit.cause)
  const { error } = exit.cause
  if (!AgentBayError.isAgentBayError(error)) wrong("an error of somebody else")
  if (error._tag !== "TransportError" && error._tag !== "ApiError") wrong("another error")
  if (error.message.length > 2 * longest) wrong("a message of any length")
  if (JSON.stringify(error).length > 6 * longest) wrong("an error of any size")
  if (Duration.toMillis(AgentBayError.retryAfter(error)) > 30_000) wrong("an endless pause")
}

const isReply = new Map(
  operations.map((operation) => [operation.action, Schema.is(Schema.typeSchema(operation.reply))])
)

const readers = new Map(
  operations.map(({ action, reply }) => [action, ParseResult.decodeUnknownEither(reply)])
)

const part = count / 10

describe("any answer to a call", () => {
  for (let first = 0; first < count; first += part) {
    it.effect(`is a reply of its type or a typed error: ${first} to ${first + part}`, () =>
      Effect.gen(function* () {
        const { exchange } = makeExchange(yield* config, transport)
        const timeout = Duration.minutes(1)
        for (let number = first; number < first + part; number++) {
          if (number % 100 === 0) yield* breath
          const random = ofCase(number)
          const operation = random.pick(operations)
          current = anyAnswer(operation.action, random)
          try {
            const exit = yield* Effect.exit(exchange(operation, payload, timeout))
            check(exit)
            if (Exit.isFailure(exit)) continue
            const { reply } = exit.value.answered
            if (isReply.get(operation.action)?.(reply) !== true) {
              throw new Error("a reply of another type", { cause: reply })
            }
            if (operation.usualReply === undefined) continue
            // Two ways lead to this one, and a wait goes on from it.
            const body: unknown = JSON.parse(current.text.replace(/^\uFEFF/, ""))
            assert.deepStrictEqual(readers.get(operation.action)?.(body), Either.right(reply))
            decided(
              // The only operation of this kind.
              (reply as typeof Protocol.GetContextInfo.reply.Type).data?.contextStatus ?? []
            )
          } catch (cause) {
            throw new Error(named(number, [operation.action, current]), { cause })
          }
        }
      })
    )
  }

  const links = rounds({ short: 5000, long: 50_000 })
  it.effect(`through a direct link is so too, ${links} times`, () =>
    Effect.gen(function* () {
      const { redact } = makeExchange(yield* config, transport)
      // All that the way through the link takes of the service.
      const service = { redact, transport } as AgentBayHttp.Service
      const call = {
        link: {
          url: "http://link.test/callTool",
          origin: "http://link.test",
          token: Redacted.make("tok-SECRET-1")
        },
        sessionId: "session-1",
        tool: "read_file",
        server: "s",
        args: "{}",
        timeout: Duration.minutes(1)
      }
      for (let number = 0; number < links; number++) {
        if (number % 100 === 0) yield* breath
        current = anyAnswer("(link) callTool", ofCase(number))
        try {
          check(yield* Effect.exit(callLink(service, call)))
        } catch (cause) {
          throw new Error(named(number, current), { cause })
        }
      }
    })
  )
})
