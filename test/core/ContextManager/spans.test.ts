import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { named, ownAttributes, traced } from "../tracing.js"
import {
  failedWith,
  html,
  info,
  lists,
  manager,
  observe,
  sessionId,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))
describe("the spans of a sync", () => {
  it.effect("say what it was about and how it ended", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(sync({ ...work, mode: "upload" }))
      succeeded(yield* observe(effect, { polls: [running, done] }))
      const [span, ...others] = named(spans, "ContextManager.sync")
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(ownAttributes(span), {
        "agentbay.session_id": sessionId,
        "agentbay.context_id": work.contextId,
        "agentbay.path": work.path,
        "agentbay.mode": "upload",
        "agentbay.polls": 2,
        "agentbay.outcome": "Completed"
      })
      assert.isTrue(span?.exit !== undefined && Exit.isSuccess(span.exit))
    })
  )

  it.effect("say so for everything, by default an upload, and for NothingToSync", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(sync({ graceRetries: 0 }))
      succeeded(yield* observe(effect, { polls: [lists()] }))
      assert.deepStrictEqual(ownAttributes(named(spans, "ContextManager.sync")[0]), {
        "agentbay.session_id": sessionId,
        "agentbay.context_id": "all",
        "agentbay.path": "all",
        "agentbay.mode": "upload",
        "agentbay.polls": 1,
        "agentbay.outcome": "NothingToSync"
      })
    })
  )

  it.effect("have one client span per request below them, and no other", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(sync(work))
      yield* observe(effect, { polls: [running, AgentBayTest.fault("EPIPE"), done] })
      const requests = spans.filter(({ name }) => name !== "ContextManager.sync")
      assert.deepStrictEqual(
        requests.map(({ kind, name, parent }) => [name, parent, kind]),
        ["GetContextInfo", "SyncContext", "GetContextInfo", "GetContextInfo", "GetContextInfo"].map(
          (action) => [`AgentBayHttp.${action}`, "ContextManager.sync", "client"]
        )
      )
      assert.deepStrictEqual(
        requests.map(({ exit }) => exit?._tag),
        ["Success", "Success", "Success", "Failure", "Success"]
      )
      const [answered] = named(requests, "AgentBayHttp.SyncContext")
      assert.strictEqual(answered?.attributes.get("http.response.status_code"), 200)
      assert.strictEqual(answered?.attributes.get("agentbay.request_id"), "TEST-REQUEST")
    })
  )

  it.effect("end with the error of a sync that failed", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(sync(work))
      const seen = yield* observe(effect, { polls: [lists(upload("Failed"))] })
      const error = failedWith(seen, "SyncFailed")
      const [span] = named(spans, "ContextManager.sync")
      assert.isTrue(Equal.equals(span?.exit, Exit.fail(error)))
    })
  )

  it.effect("belong to progress when that is read", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(
        Effect.flatMap(manager, (contexts) => Stream.runDrain(contexts.progress(work)))
      )
      yield* observe(effect, { polls: [running, done] })
      assert.strictEqual(named(spans, "ContextManager.progress").length, 1)
      assert.deepStrictEqual(
        new Set(spans.slice(1).map(({ parent }) => parent)),
        new Set(["ContextManager.progress"])
      )
      assert.strictEqual(named(spans, "AgentBayHttp.GetContextInfo").length, 3)
    })
  )

  it.effect("of info are those of its requests", () =>
    Effect.gen(function* () {
      const { effect, spans } = traced(info())
      yield* observe(effect)
      assert.deepStrictEqual(
        spans.map(({ kind, name }) => [name, kind]),
        [["AgentBayHttp.GetContextInfo", "client"]]
      )
      assert.strictEqual(spans[0]?.attributes.get("agentbay.request_id"), "TEST-REQUEST")
    })
  )

  it.effect("never hold the key, whatever an answer echoes", () =>
    Effect.gen(function* () {
      const apiKey = "akm-ä/+ %key"
      const echo: AgentBayTest.Replies = ({ body, url }) =>
        AgentBayTest.raw(502, `${html} ${url} ${decodeURIComponent(url)} ${body}`)
      const refusal: AgentBayTest.Replies = ({ url }) =>
        AgentBayTest.refuse({ code: `Odd ${apiKey}`, message: decodeURIComponent(url) })
      for (const trigger of [AgentBayTest.ok(), echo, refusal]) {
        const { effect, spans } = traced(sync(work))
        const seen = yield* observe(effect, { apiKey: Redacted.make(apiKey), trigger })
        assert.isTrue(seen.requests.some(({ url }) => url.includes(encodeURIComponent(apiKey))))
        assert.isAtLeast(spans.length, 3)
        const told = JSON.stringify(
          spans.map(({ attributes, exit, ...rest }) => [
            rest,
            [...attributes],
            exit,
            exit !== undefined && Exit.isFailure(exit) ? String(exit.cause) : ""
          ])
        )
        for (const form of [apiKey, encodeURIComponent(apiKey)]) assert.notInclude(told, form)
      }
    })
  )
})
