import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { SyncTimeout } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as Contexts from "@effect-agentbay/core/Contexts"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const id = "SdkCtx-1"
const contexts = Effect.map(AgentBay.AgentBay, (front) => front.contexts)

/** A reading: a state word, `-` for an answer without one, or a reply of its own. */
type Reading = string | AgentBayTest.Reply

const reply = (reading: Reading): AgentBayTest.Reply =>
  typeof reading === "string"
    ? AgentBayTest.ok({ Id: id, ...(reading === "-" ? {} : { State: reading }) })
    : reading

/** Clears a context whose state reads as given; tells the times of the readings. */
const clearing = (
  readings: string | ReadonlyArray<Reading>,
  options?: Contexts.ClearOptions,
  started: AgentBayTest.Reply = AgentBayTest.ok()
) =>
  Effect.gen(function* () {
    const begin = yield* Clock.currentTimeMillis
    const since = (times: ReadonlyArray<number>) => times.map((time) => time - begin)
    const end = yield* inTime(
      Effect.either(Effect.flatMap(contexts, (service) => service.clear(id, options)))
    )
    const double = yield* AgentBayTest.AgentBayTest
    return {
      end,
      times: since(yield* double.timesOf("GetContext")),
      starts: since(yield* double.timesOf("ClearContext"))
    }
  }).pipe(
    Effect.provide(
      wired({
        script: {
          ClearContext: started,
          GetContext: (typeof readings === "string" ? readings.split(" ") : readings).map(reply)
        }
      })
    )
  )

const isDone = Either.isRight

const timeoutOf = (end: Either.Either<void, unknown>): SyncTimeout => {
  if (Either.isRight(end)) throw new Error("it did end")
  assert.propertyVal(end.left, "_tag", "SyncTimeout")
  // The tag was looked at.
  return end.left as SyncTimeout
}

describe("Contexts.clear", () => {
  it.effect("X3: the state of before is not taken for the end", () =>
    Effect.gen(function* () {
      const { end, starts, times } = yield* clearing("available clearing clearing available")
      assert.isTrue(isDone(end))
      assert.deepStrictEqual(starts, [0])
      assert.deepStrictEqual(times, [0, 1500, 3000, 4500])
    })
  )

  it.effect("X3: not even when it is told several times", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing(
        "available available available available clearing available"
      )
      assert.isTrue(isDone(end))
      assert.lengthOf(times, 6)
    })
  )

  it.effect("ends at the first `available` after `clearing` or `pre-available`", () =>
    Effect.gen(function* () {
      for (const word of ["clearing", "pre-available"]) {
        const { end, times } = yield* clearing(`${word} available`)
        assert.isTrue(isDone(end))
        assert.deepStrictEqual(times, [0, 1500])
      }
    })
  )

  it.effect("ends after four further quiet readings when it was over before the first", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing("available")
      assert.isTrue(isDone(end))
      assert.deepStrictEqual(times, [0, 1500, 3000, 4500, 6000])
    })
  )

  it.effect("takes another number of them", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* clearing("available", { graceRetries: 0 })).times, [0])
      assert.deepStrictEqual((yield* clearing("available", { graceRetries: 1 })).times, [0, 1500])
    })
  )

  it.effect("X3: a missing state is never the end", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing("-", {
        pollPolicy: PollPolicy.spaced({ interval: "1 second", maxRetries: 20 })
      })
      assert.strictEqual(timeoutOf(end).polls, 21)
      assert.lengthOf(times, 21)
    })
  )

  it.effect("nor does it count as a quiet reading, or hide that the clear was seen", () =>
    Effect.gen(function* () {
      assert.lengthOf(
        (yield* clearing("available - - - - - - available clearing available")).times,
        10
      )
      assert.lengthOf((yield* clearing("clearing - - available")).times, 4)
    })
  )

  it.effect("ends at `in-use` only when the clear was seen", () =>
    Effect.gen(function* () {
      assert.lengthOf((yield* clearing("clearing in-use")).times, 2)
      const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 9 })
      assert.strictEqual(timeoutOf((yield* clearing("in-use", { pollPolicy })).end).polls, 10)
    })
  )

  it.effect("goes on at a word that nobody knows", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing("Clearing AVAILABLE scrubbing clearing available")
      assert.isTrue(isDone(end))
      assert.lengthOf(times, 5)
    })
  )

  it.effect("X3: is not ended by one status call that fails", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing([
        "clearing",
        AgentBayTest.raw(502, "<html>"),
        AgentBayTest.fault("ECONNRESET"),
        AgentBayTest.refuse({ code: "Throttling", headers: { "retry-after": "10" } }),
        "available"
      ])
      assert.isTrue(isDone(end))
      assert.deepStrictEqual(times, [0, 1500, 3000, 4500, 14_500])
    })
  )

  it.effect("ends at once with a failure that does not pass", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing([
        "clearing",
        AgentBayTest.refuse({ code: "Context.NotFound" })
      ])
      assert.isTrue(Either.isLeft(end))
      if (Either.isRight(end)) return
      assert.propertyVal(end.left, "reason", "ContextNotFound")
      assert.deepStrictEqual(times, [0, 1500])
    })
  )

  it.effect("fails with a timeout that names the context when the budget is used up", () =>
    Effect.gen(function* () {
      const { end, times } = yield* clearing(["clearing", AgentBayTest.raw(503, "")], {
        pollPolicy: PollPolicy.spaced({ interval: "2 seconds", maxRetries: 3 })
      })
      const error = timeoutOf(end)
      assert.deepStrictEqual(times, [0, 2000, 4000, 6000])
      assert.strictEqual(error.operation, "clear")
      assert.strictEqual(error.contextId, id)
      assert.isUndefined(error.sessionId)
      assert.strictEqual(error.requestId, "TEST-REQUEST")
      assert.strictEqual(error.polls, 4)
      assert.strictEqual(Duration.toMillis(error.elapsed), 6000)
      assert.propertyVal(error.lastError, "status", 503)
      assert.include(error.message, id)
      assert.include(error.message, "4 status requests")
      assert.notInclude(error.message, "undefined")
    })
  )

  it.effect("obeys a schedule of one's own", () =>
    Effect.gen(function* () {
      const { times } = yield* clearing("clearing clearing clearing available", {
        pollPolicy: PollPolicy.fromSchedule(Schedule.exponential("1 second"))
      })
      assert.deepStrictEqual(times, [0, 1000, 3000, 7000])
    })
  )

  it.effect("refuses a policy that cannot be, before anything is sent", () =>
    Effect.gen(function* () {
      const { end, starts } = yield* clearing("available", {
        pollPolicy: PollPolicy.spaced({ interval: 0 })
      })
      assert.isTrue(Either.isLeft(end))
      assert.deepStrictEqual(starts, [])
    })
  )

  it.effect("does not wait for a clear that was refused, and asks for it once", () =>
    Effect.gen(function* () {
      for (const refusal of [
        AgentBayTest.refuse({ code: "Context.NotFound" }),
        AgentBayTest.fault("ECONNRESET"),
        AgentBayTest.raw(502, "")
      ]) {
        const { end, starts, times } = yield* clearing("available", {}, refusal)
        assert.isTrue(Either.isLeft(end))
        assert.deepStrictEqual(starts, [0])
        assert.deepStrictEqual(times, [])
      }
    })
  )

  it.effect("stops asking when its caller leaves", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(Effect.flatMap(contexts, (service) => service.clear(id)))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(yield* requestsOf("GetContext"), 3)
    }).pipe(
      Effect.provide(
        wired({ script: { ClearContext: AgentBayTest.ok(), GetContext: reply("clearing") } })
      )
    )
  )
})

describe("a clear in two steps", () => {
  it.effect("`clearStarted` only asks for it", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(contexts, (service) => service.clearStarted(id))
      assert.deepStrictEqual(yield* actions, ["ClearContext"])
      assert.deepStrictEqual(
        (yield* requestsOf("ClearContext")).map(({ parameters }) => parameters),
        [{ Id: id }]
      )
    }).pipe(Effect.provide(wired({ script: { ClearContext: AgentBayTest.ok() } })))
  )

  it.effect("`clearStatus` tells the word as it is", () =>
    Effect.gen(function* () {
      const service = yield* contexts
      assert.strictEqual(yield* service.clearStatus(id), "clearing")
      assert.strictEqual(yield* service.clearStatus(id), "in-use")
      const error = yield* Effect.flip(service.clearStatus(id))
      assert.propertyVal(error, "reason", "Decode")
      assert.deepStrictEqual((yield* requestsOf("GetContext")).at(0)?.parameters, {
        AllowCreate: "false",
        ContextId: id
      })
    }).pipe(
      Effect.provide(wired({ script: { GetContext: ["clearing", "in-use", "-"].map(reply) } }))
    )
  )
})
