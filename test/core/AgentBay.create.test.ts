import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const sessionId = "session-1"
const work: ContextSync.ContextSync = { contextId: "SdkCtx-1", path: "/work" }
const data: ContextSync.ContextSync = { contextId: "SdkCtx-1", path: "/data" }
const download = (status: string, { contextId, path } = work, errorMessage = "") => ({
  contextId,
  path,
  taskType: "download",
  status,
  errorMessage
})
const lists = AgentBayTest.status

const create = (options?: AgentBay.CreateOptions) =>
  Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.create(options))

/** Options that no compiler has seen. */
const unchecked = (options: unknown) => create(options as AgentBay.CreateOptions)

const statusTimes = Effect.flatMap(AgentBayTest.AgentBayTest, (double) =>
  double.timesOf("GetContextInfo")
)
const sent = Effect.map(requestsOf("CreateMcpSession"), ([request]) => request?.parameters ?? {})

const service = (script: AgentBayTest.Script = {}, config: { readonly regionId?: string } = {}) =>
  wired({
    config,
    script: {
      CreateMcpSession: AgentBayTest.ok({ SessionId: sessionId, Success: true }),
      DeleteSessionAsync: AgentBayTest.ok(),
      GetContextInfo: lists([download("Success"), download("Success", data)]),
      ...script
    }
  })

describe("what create sends", () => {
  const cases: ReadonlyArray<
    readonly [string, AgentBay.CreateOptions, { readonly [name: string]: string }]
  > = [
    ["nothing by itself", {}, {}],
    ["policyId", { policyId: "pol-1" }, { McpPolicyId: "pol-1" }],
    ["networkId", { networkId: "net-1" }, { NetworkId: "net-1" }],
    ["enableBrowserReplay", { enableBrowserReplay: true }, { EnableRecord: "true" }],
    ["a replay that is off", { enableBrowserReplay: false }, { EnableRecord: "false" }],
    [
      "extraConfigs",
      { extraConfigs: { mobile: { lockResolution: true } } },
      { ExtraConfigs: '{"mobile":{"lockResolution":true}}' }
    ],
    ["loadSkills", { loadSkills: true }, { LoadSkill: "true" }],
    ["skills that are not loaded", { loadSkills: false }, { LoadSkill: "false" }],
    ["labels", { labels: { project: "demo" } }, { Labels: '{"project":"demo"}' }],
    ["no labels, where an empty map is given", { labels: {} }, { Labels: "{}" }],
    ["idleTimeout, in whole seconds", { idleTimeout: "1500 millis" }, { Timeout: "2" }],
    ["no contexts, where the list is empty", { contexts: [] }, {}]
  ]
  for (const [name, options, parameters] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        yield* create(options)
        const { SdkStats: _, ...others } = yield* sent
        assert.deepStrictEqual(others, parameters)
      }).pipe(Effect.provide(service()))
    )
  }

  it.effect("the list of skills as a JSON text beside the wish to load them (S6)", () =>
    Effect.gen(function* () {
      yield* create({ loadSkills: true, skillNames: ["pdf", "tables"] })
      const { LoadSkill, Skills } = yield* sent
      assert.deepStrictEqual([LoadSkill, Skills], ["true", '["pdf","tables"]'])
    }).pipe(Effect.provide(service()))
  )

  it.effect("the framework, and the region of the configuration", () =>
    Effect.gen(function* () {
      yield* create({ framework: "my-agent" })
      const { LoginRegionId, SdkStats = "" } = yield* sent
      assert.strictEqual(LoginRegionId, "cn-hangzhou")
      assert.strictEqual(JSON.parse(SdkStats).framework, "my-agent")
    }).pipe(Effect.provide(service({}, { regionId: "cn-hangzhou" })))
  )

  it.effect("is a copy: what it was given is not changed", () =>
    Effect.gen(function* () {
      const freeze = <A>(value: A): A => {
        if (typeof value === "object" && value !== null) Object.values(value).forEach(freeze)
        return Object.freeze(value)
      }
      const options = (): AgentBay.CreateOptions => ({
        labels: { a: "b" },
        contexts: [{ ...work, policy: SyncPolicy.make(), waitForDownload: true }],
        extraConfigs: { a: { b: [1] } },
        loadSkills: true,
        skillNames: ["pdf"]
      })
      const given = freeze(options())
      yield* inTime(create(given))
      assert.deepStrictEqual(given, options())
    }).pipe(Effect.provide(service()))
  )
})

describe("what create refuses before anything is sent", () => {
  const loop: { [key: string]: unknown } = {}
  loop["self"] = loop
  for (const [options, argument] of [
    [{ imageId: " " }, "imageId"],
    [{ policyId: "" }, "policyId"],
    [{ networkId: 7 }, "networkId"],
    [{ framework: "" }, "framework"],
    [{ enableBrowserReplay: "true" }, "enableBrowserReplay"],
    [{ loadSkills: 1 }, "loadSkills"],
    // S6: a list of skills is sent or refused, never forgotten.
    [{ skillNames: ["pdf"] }, "skillNames"],
    [{ loadSkills: false, skillNames: ["pdf"] }, "skillNames"],
    [{ loadSkills: true, skillNames: [] }, "skillNames"],
    [{ loadSkills: true, skillNames: "pdf" }, "skillNames"],
    [{ loadSkills: true, skillNames: ["pdf", ""] }, "skillNames[1]"],
    [{ extraConfigs: "{}" }, "extraConfigs"],
    [{ extraConfigs: [] }, "extraConfigs"],
    [{ extraConfigs: loop }, "extraConfigs"],
    [{ labels: null }, "labels"],
    [{ labels: [] }, "labels"],
    [{ labels: { " ": "x" } }, "labels"],
    [{ labels: { a: "b", c: " " } }, "labels.c"],
    [{ labels: { a: 1 } }, "labels.a"],
    [{ idleTimeout: 0 }, "idleTimeout"],
    [{ contexts: work }, "contexts"]
  ] as const) {
    it.effect(
      `${argument}: ${Object.entries(options)
        .map(([key]) => key)
        .join(", ")}`,
      () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(unchecked(options))
          assert.deepInclude(error, { _tag: "InvalidArgument", argument })
          assert.deepStrictEqual(yield* actions, [])
        }).pipe(Effect.provide(service()))
    )
  }
})

describe("the initial downloads of create", () => {
  it.effect("that fail are an error, with the session's id; nothing is released (S1)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inTime(create({ contexts: [work, data] })))
      assert.deepInclude(error, { _tag: "SyncFailed", operation: "create", sessionId })
      assert.deepStrictEqual(yield* actions, ["CreateMcpSession", "GetContextInfo"])
    }).pipe(
      Effect.provide(
        service({ GetContextInfo: lists([download("Success"), download("Failed", data)]) })
      )
    )
  )

  it.effect("that never end are an error, with the session's id (S1)", () =>
    Effect.gen(function* () {
      const pollPolicy = PollPolicy.spaced({ interval: "1 second", maxRetries: 2 })
      const error = yield* Effect.flip(inTime(create({ contexts: [work], pollPolicy })))
      assert.deepInclude(error, { _tag: "SyncTimeout", operation: "create", sessionId, polls: 3 })
      assert.deepStrictEqual(yield* statusTimes, [0, 1000, 2000])
    }).pipe(Effect.provide(service({ GetContextInfo: lists([download("Running")]) })))
  )

  it.effect("are told apart by path, where one context is mounted twice (S2)", () =>
    Effect.gen(function* () {
      yield* inTime(create({ contexts: [work, data] }))
      assert.deepStrictEqual(yield* statusTimes, [0, 1500, 3000])
    }).pipe(
      Effect.provide(
        service({
          GetContextInfo: [
            lists([download("Success")]),
            lists([download("Success"), download("Running", data)]),
            lists([download("Success"), download("Success", data)])
          ]
        })
      )
    )
  )

  it.effect("of which one is not waited for: neither its time nor its end matters", () =>
    Effect.gen(function* () {
      const session = yield* inTime(
        create({ contexts: [work, { ...data, waitForDownload: false }] })
      )
      assert.strictEqual(session.sessionId, sessionId)
      assert.deepStrictEqual(yield* statusTimes, [0, 1500, 3000])
      assert.notInclude((yield* sent)["PersistenceDataList"], "ait")
    }).pipe(
      Effect.provide(
        service({
          GetContextInfo: [
            lists([download("Running", data)]),
            lists([download("Running"), download("Failed", data)]),
            lists([download("Success"), download("Failed", data)])
          ]
        })
      )
    )
  )

  it.effect("of which none is waited for are not asked for", () =>
    Effect.gen(function* () {
      yield* create({ contexts: [{ ...work, waitForDownload: false }] })
      assert.deepStrictEqual(yield* actions, ["CreateMcpSession"])
    }).pipe(Effect.provide(service({ GetContextInfo: AgentBayTest.never })))
  )
})

describe("a fault once the session exists", () => {
  for (const [name, reply] of [
    ["a refusal", AgentBayTest.refuse({ code: "NOT_LOGIN" })],
    ["an unreadable status", AgentBayTest.ok({ ContextStatus: "{" })],
    ["lost connections", AgentBayTest.fault("ECONNRESET")]
  ] as const) {
    it.effect(`${name}: the error carries the id of the session (S8)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inTime(create({ contexts: [work] })))
        assert.deepInclude(error, { sessionId })
        assert.notInclude(yield* actions, "DeleteSessionAsync")
      }).pipe(Effect.provide(service({ GetContextInfo: reply })))
    )
  }
})

describe("a creation that is refused", () => {
  for (const [name, reply] of [
    ["softly", AgentBayTest.refuseSoftly({ code: "Quota.Exceeded", message: "too many" })],
    ["hard", AgentBayTest.refuse({ code: "Quota.Exceeded", message: "too many" })]
  ] as const) {
    it.effect(`${name}, is told with the service's code and message (S9)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(create())
        assert.deepInclude(error, {
          _tag: "ApiError",
          code: "Quota.Exceeded",
          description: "too many"
        })
      }).pipe(Effect.provide(service({ CreateMcpSession: reply })))
    )
  }
})
