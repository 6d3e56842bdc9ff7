import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import {
  actions,
  download,
  failedWith,
  html,
  info,
  lists,
  manager,
  observe,
  outcomeOf,
  sessionGone,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))
const ended = { startTime: 1_600_000_000, finishTime: 1_600_000_060 }

const progress = Stream.unwrap(Effect.map(manager, (contexts) => contexts.progress(work)))

describe("defects of other clients", () => {
  it.effect("C1: an API error while polling is no success", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), {
        polls: [running, AgentBayTest.refuseSoftly({ code: "Some.Refusal", message: "no" }), done]
      })
      const error = failedWith(seen, "ApiError")
      assert.strictEqual(error.code, "Some.Refusal")
      assert.strictEqual(error.description, "no")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
    })
  )

  it.effect("C2: a network that fails while polling is no success", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [AgentBayTest.fault("ENETDOWN")] })
      assert.strictEqual(failedWith(seen, "TransportError").code, "ENETDOWN")
    })
  )

  it.effect("C3: a status text that cannot be read is an error, also half-way", () =>
    Effect.gen(function* () {
      const good = { type: "data", data: JSON.stringify([upload("Success")]) }
      for (const text of [
        "not json",
        JSON.stringify([good, { type: "data", data: "[{" }]),
        JSON.stringify([{ type: "data", data: JSON.stringify([upload("Success"), "item"]) }])
      ]) {
        const reply = AgentBayTest.ok({ ContextStatus: text })
        const synced = yield* observe(sync(work), { polls: [reply] })
        assert.strictEqual(outcomeOf(synced), "TransportError Decode")
        const asked = yield* observe(info(), { before: [reply] })
        assert.strictEqual(failedWith(asked, "TransportError").reason, "Decode")
      }
    })
  )

  it.effect("C4: a soft error without a code is an error, of info and of sync", () =>
    Effect.gen(function* () {
      const refused = AgentBayTest.refuseSoftly({ message: "something is wrong" })
      const asked = yield* observe(info(), { before: [refused] })
      assert.strictEqual(failedWith(asked, "ApiError").description, "something is wrong")
      const triggered = yield* observe(sync(work), { trigger: refused })
      assert.strictEqual(failedWith(triggered, "ApiError").operation, "SyncContext")
    })
  )

  it.effect("C5: results of before do not end a sync, nor poison it", () =>
    Effect.gen(function* () {
      const old = [upload("Failed", ended), download("Success", ended)]
      const seen = yield* observe(sync(work), {
        before: [lists(...old)],
        polls: [
          lists(...old),
          lists(...old, upload("Running", { startTime: 1_700_000_000 })),
          lists(upload("Success", { startTime: 1_700_000_000 }), ...old)
        ]
      })
      assert.strictEqual(succeeded(seen).outcome, "Completed")
      assert.strictEqual(succeeded(seen).contextStatusData.length, 1)
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500, 3000])
    })
  )

  it.effect("C6: an empty list does not mean done", () =>
    Effect.gen(function* () {
      const late = yield* observe(sync(work), { polls: [lists(), lists(), done] })
      assert.strictEqual(succeeded(late).outcome, "Completed")
      assert.deepStrictEqual(late.statusTimes, [0, 0, 1500, 3000])
      const silent = yield* observe(sync(work), { polls: [lists()] })
      assert.strictEqual(succeeded(silent).outcome, "NothingToSync")
    })
  )

  it.effect("C7: timed out, failed and interrupted are three ends, with their reasons", () =>
    Effect.gen(function* () {
      const failed = yield* observe(sync(work), {
        polls: [lists(upload("Failed", { errorMessage: "disk is full" }))]
      })
      const error = failedWith(failed, "SyncFailed")
      assert.strictEqual(error.tasks[0].errorMessage, "disk is full")
      assert.include(error.message, "disk is full")
      const late = yield* observe(sync({ ...work, maxRetries: 1 }), { polls: [running] })
      assert.include(failedWith(late, "SyncTimeout").message, "Running")
      const stopped = yield* observe(sync(work).pipe(Effect.timeout("2 seconds")), {
        polls: [running]
      })
      assert.strictEqual(failedWith(stopped, "TimeoutException")._tag, "TimeoutException")
    })
  )

  it.effect("C8: a reader that throws ends the sync at once and is not called again", () =>
    Effect.gen(function* () {
      let calls = 0
      const reading = Stream.runForEach(progress, () =>
        Effect.sync(() => {
          calls += 1
          throw new Error("reader")
        })
      )
      const seen = yield* observe(reading, { polls: [running] })
      assert.isTrue(Exit.isFailure(seen.exit) && Cause.isDie(seen.exit.cause))
      assert.strictEqual(calls, 1)
      assert.deepStrictEqual(seen.statusTimes, [0, 0])
    })
  )

  it.effect("C9: a refused trigger reaches the caller in both ways of waiting", () =>
    Effect.gen(function* () {
      const trigger = AgentBayTest.refuse({ code: "InvalidParameter" })
      const synced = yield* observe(Effect.asVoid(sync(work)), { trigger })
      const streamed = yield* observe(Stream.runDrain(progress), { trigger })
      for (const seen of [synced, streamed]) {
        assert.strictEqual(failedWith(seen, "ApiError").reason, "InvalidParameter")
        assert.deepStrictEqual(actions(seen), ["GetContextInfo", "SyncContext"])
      }
    })
  )

  it.effect("C10: context and path come together, and blank texts are no texts", () =>
    Effect.gen(function* () {
      // The types forbid half a target; JavaScript callers can still pass one.
      const half = { contextId: work.contextId } as { contextId: string; path: string }
      const unpaired = yield* observe(sync(half))
      assert.strictEqual(failedWith(unpaired, "InvalidArgument").argument, "path")
      const blank = yield* observe(sync({ contextId: " ", path: " " }))
      assert.strictEqual(failedWith(blank, "InvalidArgument").argument, "contextId")
      assert.deepStrictEqual([...unpaired.requests, ...blank.requests], [])
    })
  )

  it.effect("C11: a deadline cuts a wait whose requests never come back", () =>
    Effect.gen(function* () {
      const aborted = Effect.flatMap(AgentBayTest.AgentBayTest, (service) => service.aborted)
      const limited = Effect.zip(
        Effect.either(sync(work).pipe(Effect.timeout("5 seconds"))),
        aborted
      )
      const seen = yield* observe(limited, { polls: [AgentBayTest.never] }, "5 seconds")
      const [result, cut] = succeeded(seen)
      assert.strictEqual(result._tag, "Left")
      assert.strictEqual(cut, 1)
    })
  )

  it.effect("C12: an answer that echoes the URL does not bring the key into an error", () =>
    Effect.gen(function* () {
      const apiKey = "akm-secret/+ %"
      const echo: AgentBayTest.Replies = ({ url, body }) =>
        AgentBayTest.raw(502, `${html} ${url} ${decodeURIComponent(url)} ${body}`)
      const seen = yield* observe(sync(work), { apiKey: Redacted.make(apiKey), trigger: echo })
      const sent = seen.requests.find(({ action }) => action === "SyncContext")
      assert.include(sent?.url, encodeURIComponent(apiKey))
      const error = failedWith(seen, "TransportError")
      const told = [error.message, error.stack, JSON.stringify(error), String(error)].join("\n")
      assert.notInclude(told, apiKey)
      assert.notInclude(told, encodeURIComponent(apiKey))
    })
  )

  it.effect("C13: sync returns when the transfer is over, not when it is accepted", () =>
    Effect.gen(function* () {
      const seen = yield* observe(sync(work), { polls: [running, done] })
      assert.deepStrictEqual(actions(seen), [
        "GetContextInfo",
        "SyncContext",
        "GetContextInfo",
        "GetContextInfo"
      ])
    })
  )

  it.effect("C14: an end at the last attempt is told once", () =>
    Effect.gen(function* () {
      const lastChance = Stream.unwrap(
        Effect.map(manager, (contexts) => contexts.progress({ ...work, maxRetries: 1 }))
      )
      const seen = yield* observe(Stream.runCollect(lastChance), { polls: [running, done] })
      const results = [...succeeded(seen)].map(({ result }) => result._tag)
      assert.deepStrictEqual(results, ["None", "Some"])
    })
  )

  it.effect("a session that is gone is told by info, hard and soft", () =>
    Effect.gen(function* () {
      for (const reply of [
        AgentBayTest.refuse(sessionGone),
        AgentBayTest.refuseSoftly(sessionGone)
      ]) {
        const seen = yield* observe(info(), { before: [reply] })
        assert.strictEqual(failedWith(seen, "ApiError").reason, "SessionNotFound")
      }
    })
  )
})
