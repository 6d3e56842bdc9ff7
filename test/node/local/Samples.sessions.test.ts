import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assertSame, assertShape, requestOf, sendCaptured } from "./samples.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("samples of the actions of sessions", () => {
  it.scopedLive("replies have the shape of the samples", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("my-project")
      const created = yield* Wire.request("CreateMcpSession", {
        Labels: { project: "demo", env: "test" },
        PersistenceDataList: [{ ContextId: contextId, Path: "/home/wuying/work" }]
      })
      const id = Wire.textAt(created.body, "Data", "SessionId")
      const session = { SessionId: id }
      const ask = (action: string, form: Wire.Form = {}) =>
        Wire.request(action, { ...session, ...form })
      const bind = ask("BindContexts", {
        PersistenceDataList: [{ ContextId: contextId, Path: "/tmp/test" }]
      })
      assertSame(yield* bind, "BindContexts", "accepted")
      assertSame(yield* bind, "BindContexts", "path taken")
      assertSame(yield* ask("GetLabel"), "GetLabel", "ok")
      assertSame(yield* ask("SetLabel", { Labels: "{}" }), "SetLabel", "ok")
      assertSame(yield* ask("GetLabel"), "GetLabel", "none")
      assertSame(yield* ask("RefreshSessionIdleTime"), "RefreshSessionIdleTime", "ok")
      assertSame(yield* ask("GetMcpResource"), "GetMcpResource", "ok")
      assertSame(yield* ask("GetLink"), "GetLink", "ok")
      assertSame(yield* ask("PauseSessionAsync"), "PauseSessionAsync", "ok")
      assertShape(yield* ask("GetSession"), "GetSession", "pausing")
      yield* Wire.eventually(
        ask("GetSession"),
        (answer) => Wire.at(answer.body, "Data", "Status") === "PAUSED"
      )
      assertSame(yield* ask("ResumeSessionAsync"), "ResumeSessionAsync", "ok")
    }).pipe(provided)
  )

  it.scopedLive("refusals have the shape of the samples", () =>
    Effect.gen(function* () {
      const form = { SessionId: "session-none", Labels: "{}" }
      for (const action of [
        "SetLabel",
        "PauseSessionAsync",
        "ResumeSessionAsync",
        "RefreshSessionIdleTime"
      ]) {
        assertSame(yield* Wire.request(action, form), action, "session gone")
      }
      for (const action of ["GetLabel", "GetMcpResource", "GetLink", "BindContexts"]) {
        const answer = yield* Wire.request(action, { ...form, PersistenceDataList: "[]" })
        assert.strictEqual(Wire.at(answer.body, "Code"), "InvalidMcpSession.NotFound", action)
      }
    }).pipe(provided)
  )

  it.scopedLive("links name scheme, session and port, and refuse what is none", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const id = yield* Wire.createSession()
      const link = (form: Wire.Form) => Wire.request("GetLink", { SessionId: id, ...form })
      const url = (form: Wire.Form) =>
        Effect.map(link(form), (answer) => Wire.textAt(answer.body, "Data", "Url"))
      assert.strictEqual(yield* url({}), `wss://${server.endpoint}/sessions/${id}`)
      assert.strictEqual(
        yield* url({ ProtocolType: "https", Port: "30100", Option: "o" }),
        `https://${server.endpoint}/sessions/${id}/ports/30100`
      )
      for (const form of [{ Port: "0" }, { Port: "65536" }, { ProtocolType: "a b" }]) {
        assert.strictEqual(Wire.at((yield* link(form)).body, "Code"), "InvalidParameter")
      }
    }).pipe(provided)
  )

  it.scopedLive("captured requests are understood, all parameters of a creation included", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      // The captures name sessions and contexts of another server.
      const known = { session: "" }
      const translate = (text: string) =>
        text
          .replaceAll(/SdkCtx-[12]\b/g, contextId)
          .replaceAll("session-0001", known.session)
          .replaceAll("/mnt/d", "/tmp/d")
      const send = (n: number) => sendCaptured(server, requestOf(n), translate)
      const accepted = (n: number) =>
        Effect.map(send(n), ({ body }) => {
          assert.strictEqual(Wire.at(body, "Success"), true, `${n}: ${JSON.stringify(body)}`)
          return body
        })
      const creations = [1, 2, 38, 39, 41]
      for (const n of creations) {
        known.session = Wire.textAt(yield* accepted(n), "Data", "SessionId")
        // The identifier that a request proposes is not taken.
        assert.notStrictEqual(known.session, "s-given")
      }
      const full = Wire.textAt(yield* accepted(2), "Data", "SessionId")
      const detail = yield* Wire.call("GetSessionDetail", { SessionId: full })
      assert.deepInclude(Object(Wire.at(detail, "Data")), {
        ImageId: "linux_latest",
        PolicyId: "policy-1",
        RegionId: "cn-hangzhou"
      })
      const labels = yield* Wire.call("GetLabel", { SessionId: full })
      assert.strictEqual(Wire.at(labels, "Data", "Labels"), '{"project":"demo"}')

      const plain = [22, 23, 24, 26, 27, 28, 34, 35, 36, 40, 42, 57, 58, 59, 60, 61, 62]
      for (const n of [7, 8, ...plain]) yield* accepted(n)
      const page = yield* send(25)
      assert.include(Wire.textAt(page.body, "Message"), "NextToken")
      yield* accepted(29)
      const status = Effect.map(Wire.call("GetSession", { SessionId: known.session }), (body) =>
        Wire.at(body, "Data", "Status")
      )
      yield* Wire.eventually(status, (word) => word === "PAUSED")
      yield* accepted(30)
      yield* Wire.eventually(status, (word) => word === "RUNNING")
      for (const n of [20, 21, 63]) {
        yield* accepted(n)
        yield* Wire.eventually(accepted(64), (body) => Wire.at(body, "Data", "Status") === "FINISH")
        known.session = Wire.textAt(yield* accepted(38), "Data", "SessionId")
      }
    }).pipe(provided)
  )
})
