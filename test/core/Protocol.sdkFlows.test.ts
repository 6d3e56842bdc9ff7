import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { decodedPairs, queryOf, rawPairs, requests, without } from "./captures.js"
import { inTime, wired } from "./wired.js"

const sessionId = "session-0001"
const region = "cn-hangzhou"

const captureOf = (n: number) => requests.find((capture) => capture.n === n)!

/** The policy that the official client builds for a browser: parts, and nulls. */
const browserPolicy: SyncPolicy.SyncPolicy = JSON.parse(
  JSON.parse(captureOf(41).form["PersistenceDataList"] ?? "[{}]")[0].Policy
)

/** A service that knows the one session of the captures and says yes to everything. */
const script: AgentBayTest.Script = {
  CreateMcpSession: AgentBayTest.ok({ SessionId: sessionId, Success: true }),
  GetSession: AgentBayTest.ok({ SessionId: sessionId, Success: true }),
  GetSessionDetail: AgentBayTest.ok({ Status: "FINISH" }),
  GetContext: AgentBayTest.ok({ Id: "SdkCtx-1", Name: "n" }),
  GetContextInfo: [
    AgentBayTest.status([]),
    AgentBayTest.status(
      ["upload", "download"].flatMap((taskType) => [
        { contextId: "SdkCtx-1", path: "/mnt/d", taskType, status: "Success" },
        { contextId: "SdkCtx-ft", path: "/tmp/ft/up.txt", taskType, status: "Success" }
      ])
    )
  ],
  SyncContext: AgentBayTest.ok(),
  BindContexts: AgentBayTest.ok(),
  DescribeSessionContexts: AgentBayTest.ok([{ ContextId: "SdkCtx-1", Path: "/mnt/d" }]),
  ListContexts: AgentBayTest.ok([], { NextToken: "" }),
  GetContextFileUploadUrl: AgentBayTest.ok({ Url: "https://files.test/a", ExpireTime: 3600 }),
  GetContextFileDownloadUrl: AgentBayTest.ok({ Url: "https://files.test/a", ExpireTime: 3600 }),
  DeleteContextFile: AgentBayTest.ok(),
  SetLabel: AgentBayTest.ok(),
  GetLabel: AgentBayTest.ok({ Labels: "{}" }),
  ListMcpTools: AgentBayTest.ok("[]"),
  DeleteSessionAsync: AgentBayTest.ok(),
  CallMcpTool: AgentBayTest.ok({ content: [{ type: "text", text: "" }], isError: false }),
  ListSession: [AgentBayTest.ok([], { NextToken: "tok==" }), AgentBayTest.ok([], { NextToken: "" })]
}

const agentBay = AgentBay.AgentBay
const session = Effect.flatMap(agentBay, (service) => service.get(sessionId))
const manager = Effect.map(session, ({ contextManager }) => contextManager)
const stored = Effect.map(agentBay, ({ contexts }) => contexts.files)
const one = { contextId: "SdkCtx-1", path: "/mnt/d" } as const
const transfer = { contextId: "SdkCtx-ft", path: "/tmp/ft/up.txt" } as const

type Run = Effect.Effect<unknown, unknown, AgentBay.AgentBay>

const info = (filter: { contextId: string; path: string; taskType?: "upload" | "download" }) =>
  Effect.flatMap(manager, (contexts) => contexts.info(filter))
const sync = (options: { contextId: string; path: string; mode: "upload" | "download" }) =>
  Effect.flatMap(manager, (contexts) => contexts.sync(options))

/** By the number of the capture: the same thing asked of our library. */
const flows: { readonly [n: number]: Run } = {
  3: Effect.flatMap(manager, (contexts) => contexts.info()),
  4: info({ ...one, taskType: "upload" }),
  9: Effect.flatMap(agentBay, ({ contexts }) => contexts.getOrCreate("my ctx+ü&=%")),
  10: Effect.flatMap(agentBay, ({ contexts }) => contexts.getById("SdkCtx-1")),
  22: session,
  24: Effect.flatMap(agentBay, (service) => Stream.runDrain(service.list())),
  25: Effect.flatMap(agentBay, (service) =>
    Stream.runDrain(service.list({ labels: { project: "demo" }, pageSize: 2, status: "RUNNING" }))
  ),
  38: Effect.flatMap(agentBay, (service) => service.create()),
  39: Effect.flatMap(agentBay, (service) =>
    service.create({
      imageId: "linux_latest",
      idleTimeout: "5 minutes",
      labels: { project: "demo" },
      contexts: [{ ...one, policy: SyncPolicy.make() }],
      enableBrowserReplay: false,
      policyId: "pol-1",
      loadSkills: true,
      framework: "fw"
    })
  ),
  40: Effect.flatMap(agentBay, (service) => service.create({ contexts: [one] })),
  41: Effect.flatMap(agentBay, (service) =>
    service.create({
      contexts: [{ ...one, path: "/tmp/agentbay_browser", policy: browserPolicy }]
    })
  ),
  43: Effect.flatMap(agentBay, ({ contexts }) => contexts.getOrCreate("n")),
  45: Effect.flatMap(agentBay, ({ contexts }) => contexts.listPage()),
  46: Effect.flatMap(manager, (contexts) => contexts.sync()),
  47: Effect.flatMap(manager, (contexts) => contexts.sync()),
  48: sync({ ...one, mode: "upload" }),
  49: info(one),
  52: Effect.flatMap(manager, (contexts) => contexts.bind(one)),
  53: Effect.flatMap(manager, (contexts) => contexts.bindings),
  54: Effect.flatMap(session, ({ shell }) => shell("echo hi", { timeout: "1 second" })),
  55: Effect.flatMap(session, ({ files }) => files.write("/tmp/a.txt", "abc")),
  56: Effect.flatMap(session, ({ tools }) => tools.list),
  57: Effect.flatMap(session, ({ status }) => status),
  58: Effect.flatMap(session, ({ labels }) => labels.set({ a: "b" })),
  59: Effect.flatMap(session, ({ labels }) => labels.get),
  60: Effect.flatMap(agentBay, (service) =>
    Stream.runDrain(service.list({ labels: { project: "demo" }, pageSize: 2, status: "RUNNING" }))
  ),
  61: Effect.flatMap(session, (live) => live.delete({ sync: true })),
  62: Effect.flatMap(session, (live) => live.delete({ sync: true })),
  63: Effect.flatMap(session, (live) => live.delete({ sync: true })),
  64: Effect.flatMap(session, (live) => live.delete({ sync: true })),
  70: Effect.flatMap(session, ({ files }) => files.list("/tmp")),
  72: Effect.flatMap(stored, (files) => files.uploadUrl(transfer.contextId, transfer.path)),
  74: sync({ ...transfer, mode: "download" }),
  75: info(transfer),
  76: info({ ...transfer, taskType: "download" }),
  77: Effect.flatMap(stored, (files) => files.remove(transfer.contextId, transfer.path)),
  78: sync({ ...transfer, mode: "upload" }),
  79: info(transfer),
  80: info({ ...transfer, taskType: "upload" }),
  81: Effect.flatMap(stored, (files) => files.downloadUrl(transfer.contextId, transfer.path)),
  83: Effect.flatMap(stored, (files) => files.remove(transfer.contextId, transfer.path))
}

/** Captures of our actions that no method of ours repeats, and why. */
const notOurs: { readonly [n: number]: string } = {
  42: "the status request of 41, which equals that of 40",
  44: "defect X1 of the official client: its get lists contexts, too; ours does not",
  50: "defect C10 of the official client: two blank texts pass its check; ours refuses them",
  51: "the same defect",
  65: "the same request as 38, by a client without a region",
  71: "files go straight to a context and back; nobody has to ask for an internal one"
}

describe("flows of the official client, asked of our methods", () => {
  it("covers every capture of an unmodified client", () => {
    const wanted = requests
      .filter(
        ({ action, source }) =>
          source.includes("unmodified") && action !== null && action in Protocol.operations
      )
      .map(({ n }) => n)
    const covered = [...Object.keys(flows), ...Object.keys(notOurs)].map(Number)
    assert.deepStrictEqual(
      wanted.filter((n) => !covered.includes(n)),
      []
    )
    assert.isAbove(wanted.length, 25)
  })

  for (const [number, run] of Object.entries(flows)) {
    const capture = captureOf(Number(number))
    it.effect(`#${number} ${capture.call} sends ${capture.action} as captured`, () =>
      Effect.gen(function* () {
        yield* inTime(run)
        const double = yield* AgentBayTest.AgentBayTest
        const wanted = {
          query: without(
            decodedPairs(rawPairs(queryOf(capture.requestLine))),
            "Timestamp",
            "SignatureNonce"
          ),
          form: without(capture.form, "SdkStats")
        }
        const sent = (yield* double.requests)
          .filter(({ action }) => action === capture.action)
          .map(({ body, url }) => ({
            query: without(decodedPairs(rawPairs(queryOf(url))), "Timestamp", "SignatureNonce"),
            form: without(decodedPairs(rawPairs(body)), "SdkStats")
          }))
        // One of several, where a flow asks more than once (baseline, pages).
        assert.deepInclude(sent, wanted)
      }).pipe(Effect.provide(wired({ script, config: { regionId: region } })))
    )
  }

  it.effect("#44 a context is got by one request, and told as it was answered (X1)", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(agentBay, ({ contexts }) => contexts.getOrCreate("n"))
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual(
        (yield* double.requests).map(({ action }) => action),
        ["GetContext"]
      )
    }).pipe(Effect.provide(wired({ script })))
  )

  it.effect("#50 two blank texts are refused before anything is sent", () =>
    Effect.gen(function* () {
      const contexts = yield* manager
      const double = yield* AgentBayTest.AgentBayTest
      const before = (yield* double.requests).length
      const error = yield* Effect.flip(contexts.sync({ contextId: "  ", path: "  " }))
      assert.strictEqual(error._tag, "InvalidArgument")
      assert.strictEqual((yield* double.requests).length, before)
    }).pipe(Effect.provide(wired({ script })))
  )

  it.effect("#65 without a region none is named", () =>
    Effect.gen(function* () {
      const service = yield* agentBay
      yield* service.create()
      yield* service.contexts.getOrCreate("n")
      const double = yield* AgentBayTest.AgentBayTest
      for (const { parameters } of yield* double.requests) {
        assert.notProperty(parameters, "LoginRegionId")
      }
    }).pipe(Effect.provide(wired({ script })))
  )

  it.effect("#39 tells the framework that it is told, letter for letter", () =>
    Effect.gen(function* () {
      yield* inTime(flows[39] ?? Effect.void)
      const double = yield* AgentBayTest.AgentBayTest
      const [sent] = yield* double.requests
      const wanted = rawPairs(captureOf(39).rawBody)
      const body = rawPairs(sent?.body ?? "")
      assert.deepStrictEqual(without(body, "SdkStats"), without(wanted, "SdkStats"))
      assert.deepInclude(JSON.parse(sent?.parameters["SdkStats"] ?? "{}"), {
        source: "sdk",
        framework: "fw"
      })
    }).pipe(Effect.provide(wired({ script, config: { regionId: region } })))
  )

  it.effect("tells who it is, as a JSON text of the same keys as the official client", () =>
    Effect.gen(function* () {
      const service = yield* agentBay
      yield* service.create()
      const double = yield* AgentBayTest.AgentBayTest
      const keysOf = (text: string | undefined) => Object.keys(JSON.parse(text ?? ""))
      assert.deepStrictEqual(
        keysOf((yield* double.requests)[0]?.parameters["SdkStats"]),
        keysOf(captureOf(38).form["SdkStats"])
      )
    }).pipe(Effect.provide(wired({ script })))
  )
})
