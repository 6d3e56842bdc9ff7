import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { read } from "../docs/blocks.js"
import { effects } from "./effects.js"
import { begin, end, page } from "./page.js"

const file = "docs/reliability.md"

describe("the page on reliability", () => {
  it("shows the fault matrix as the table has it", () => {
    const text = read(file)
    const shown = text.slice(text.indexOf(begin), text.indexOf(end) + end.length)
    assert.strictEqual(shown, page(), "out of date: node scripts/fault-matrix.mjs")
  })
})

/** What sends nothing: values, and rooms whose members are looked at by themselves. */
const silent = [
  "agentBay.contexts",
  "contexts.files",
  "contextManager.sessionId",
  "session.sessionId",
  "session.resourceUrl",
  "session.contextManager",
  "session.files",
  "session.tools",
  "session.labels",
  "syncHandle.token",
  "syncHandle.sessionId",
  "syncHandle.requestId",
  // Below the matrix, which is about what comes over it: wire.test.ts has its faults.
  "agentBayHttp.transport",
  // Settings, and how polls are shared.
  "agentBayHttp.pollPolicy",
  "agentBayHttp.maxConsecutiveErrors",
  "agentBayHttp.pollHub",
  "agentBayHttp.retryPolicy",
  "agentBayHttp.regionId",
  "agentBayHttp.timeout",
  "agentBayHttp.redact"
]

describe("the fault matrix", () => {
  it.effect("has every member of the public services", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.create()
      const syncHandle = yield* session.contextManager.start()
      const agentBayHttp = yield* AgentBayHttp.AgentBayHttp
      const services = {
        agentBay,
        contexts: agentBay.contexts,
        "contexts.files": agentBay.contexts.files,
        session,
        "session.labels": session.labels,
        "session.tools": session.tools,
        "session.files": session.files,
        contextManager: session.contextManager,
        syncHandle,
        agentBayHttp
      }
      const members = Object.entries(services).flatMap(([name, service]) =>
        Object.keys(service).map((member) => `${name}.${member}`)
      )
      const named = new Set(effects.map(({ name }) => /^[\w.]+/.exec(name)?.[0] ?? ""))
      assert.deepStrictEqual(
        members.filter((member) => !named.has(member) && !silent.includes(member)),
        []
      )
      assert.deepStrictEqual(
        [...named].filter((name) => !members.includes(name)),
        []
      )
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )
})
