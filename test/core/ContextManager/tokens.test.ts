/** What `resume` does with texts that are not, whole and unchanged, what `start` gave. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as SyncToken from "../../../packages/core/src/internal/syncToken.js"
import { manager, scenario, sessionId } from "./fixture.js"

const fc = FastCheck

const text = fc.string({ unit: "binary", maxLength: 12 })
const time = fc
  .option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined })
  .map((seconds) =>
    seconds === undefined ? Option.none() : Option.some(DateTime.unsafeMake(seconds * 1000))
  )
const binding = fc.record({ contextId: text, path: text })

const contents: FastCheck.Arbitrary<SyncToken.TokenContent> = fc.record({
  sessionId: fc.constant(sessionId),
  requestId: text,
  mode: fc.constantFrom("upload" as const, "download" as const),
  target: fc.option(binding, { nil: undefined }),
  expected: fc.option(fc.array(binding, { maxLength: 2 }), { nil: undefined }),
  baseline: fc.array(
    fc.record({
      contextId: text,
      path: text,
      taskType: text,
      status: text,
      errorMessage: text,
      startTime: time,
      finishTime: time
    }),
    { maxLength: 2 }
  ),
  since: fc.nat(),
  deadline: fc.option(fc.nat(), { nil: undefined }),
  policy: fc.constantFrom(
    undefined,
    { _tag: "Spaced" as const, interval: 0.5, maxRetries: 3, jitter: true },
    { _tag: "Backoff" as const, initial: 1, factor: 1.1, cap: 5000, maxRetries: 3, jitter: false }
  ),
  graceRetries: fc.nat(),
  maxConsecutiveErrors: fc.nat()
})

/** A text that is the same for values that are the same, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    Predicate.isRecord(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part
  )

const refusal = (token: string) => Effect.flip(SyncToken.decode(token, sessionId))

describe("a token", () => {
  it.effect.prop(
    "says all of what it was made of",
    { content: contents },
    ({ content }) =>
      Effect.gen(function* () {
        const again = yield* SyncToken.decode(` ${SyncToken.encode(content)}\n`, sessionId)
        assert.strictEqual(canonical(again), canonical(content))
      }),
    { fastCheck: { numRuns: 50 } }
  )

  it.effect("is refused when any one character is another or missing, and when it is cut", () =>
    Effect.gen(function* () {
      const [content] = fc.sample(contents, { numRuns: 1, seed: 7 })
      const token = SyncToken.encode(content!)
      for (let at = 0; at < token.length; at++) {
        for (const other of [token[at] === "A" ? "7" : "A", " ", ""]) {
          const damaged = token.slice(0, at) + other + token.slice(at + 1)
          assert.strictEqual((yield* refusal(damaged)).argument, "token")
        }
        assert.strictEqual((yield* refusal(token.slice(0, at))).argument, "token")
      }
    })
  )

  it.effect.prop(
    "is refused when it is any other text",
    { token: fc.string({ unit: "binary" }) },
    ({ token }) =>
      Effect.map(refusal(token), (error) => assert.strictEqual(error.argument, "token")),
    { fastCheck: { numRuns: 50 } }
  )

  it.effect("is refused with the reason", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const { token } = yield* contexts.start()
      const issues: ReadonlyArray<readonly [unknown, RegExp]> = [
        [token.slice(0, -1), /damaged/],
        ["", /damaged/],
        [token.replace("sync-1", "sync-2"), /another version: agentbay-sync-2, .* agentbay-sync-1/],
        [undefined, /text that `start` gave/],
        [{ token }, /text that `start` gave/]
      ]
      for (const [wrong, issue] of issues) {
        // A plain JavaScript caller may hand over anything.
        const error = yield* Effect.flip(contexts.resume(wrong as string))
        assert.strictEqual(error.argument, "token")
        assert.match(error.issue, issue)
      }
      const elsewhere = yield* Effect.flip(SyncToken.decode(token, "session-2"))
      assert.strictEqual(elsewhere.issue, "is about session session-1, not session-2")
    }).pipe(Effect.provide(scenario({})))
  )
})
