import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { requests } from "./captures.js"
import { anyPolicy, faults } from "./policies.js"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const door = AgentBay.AgentBay
const path = "/mnt/d"
const contextId = "SdkCtx-1"
const service = () =>
  wired({
    script: {
      CreateMcpSession: AgentBayTest.ok({ SessionId: "session-1", Success: true }),
      GetContextInfo: AgentBayTest.status([
        { contextId, path, taskType: "download", status: "Success" }
      ]),
      BindContexts: AgentBayTest.ok(),
      GetSession: AgentBayTest.ok({ SessionId: "session-1", Success: true }),
      DescribeSessionContexts: AgentBayTest.ok([{ ContextId: contextId, Path: path }])
    }
  })

const create = (...contexts: ReadonlyArray<ContextSync.ContextSync>) =>
  Effect.flatMap(door, (agentBay) => agentBay.create({ contexts }))
const bind = (...contexts: ReadonlyArray<ContextSync.ContextSync>) =>
  Effect.gen(function* () {
    const { contextManager } = yield* Effect.flatMap(door, (agentBay) => agentBay.get("session-1"))
    return yield* contextManager.bind(contexts)
  })

/** The policies of the bindings that an action has sent, as texts. */
const policiesOf = (action: "CreateMcpSession" | "BindContexts") =>
  Effect.map(requestsOf(action), (sent) =>
    sent.map(({ parameters }): string | undefined => {
      const [binding] = JSON.parse(parameters["PersistenceDataList"] ?? "[]")
      return binding.Policy
    })
  )

const capturedPolicy = (n: number): string =>
  JSON.parse(requests.find((capture) => capture.n === n)?.form["PersistenceDataList"] ?? "[{}]")[0]
    .Policy

/** What no compiler has seen. */
const unchecked = (policy: unknown) => policy as SyncPolicy.SyncPolicy

const issueOf = (policy: unknown) => Effect.flip(SyncPolicy.validate(unchecked(policy)))

describe("SyncPolicy.make", () => {
  it("has all the defaults, letter for letter as the official builder (#39)", () => {
    assert.strictEqual(JSON.stringify(SyncPolicy.make()), capturedPolicy(39))
    assert.strictEqual(JSON.stringify(SyncPolicy.make({})), capturedPolicy(39))
    assert.strictEqual(JSON.stringify(SyncPolicy.standard), capturedPolicy(39))
  })

  it("changes only what it is told", () => {
    assert.deepStrictEqual(
      SyncPolicy.make({
        upload: { auto: false, mode: "Archive", period: 30 },
        download: { auto: false },
        delete: { syncLocalFile: false },
        extract: { extract: false, deleteSrcFile: false, toCurrentFolder: true },
        recycle: { lifecycle: "30Days", paths: ["/tmp"] },
        whiteLists: [{ path: "/src", excludePaths: ["/node_modules"] }, { path: "/doc" }],
        mapping: { path: "C:\\work" }
      }),
      {
        uploadPolicy: {
          autoUpload: false,
          uploadStrategy: "UploadBeforeResourceRelease",
          uploadMode: "Archive",
          period: 30
        },
        downloadPolicy: { autoDownload: false, downloadStrategy: "DownloadAsync" },
        deletePolicy: { syncLocalFile: false },
        extractPolicy: { extract: false, deleteSrcFile: false, extractToCurrentFolder: true },
        recyclePolicy: { lifecycle: "Lifecycle_30Days", paths: ["/tmp"] },
        bwList: {
          whiteLists: [
            { path: "/src", excludePaths: ["/node_modules"] },
            { path: "/doc", excludePaths: [] }
          ]
        },
        mappingPolicy: { path: "C:\\work" }
      }
    )
  })

  it.effect("knows each lifecycle with and without its prefix", () =>
    Effect.gen(function* () {
      for (const lifecycle of ["1Day", "Lifecycle_1Day", "Forever"] as const) {
        const policy = SyncPolicy.make({ recycle: { lifecycle } })
        yield* SyncPolicy.validate(policy)
        assert.strictEqual(
          policy.recyclePolicy?.lifecycle,
          `Lifecycle_${lifecycle.replace("Lifecycle_", "")}`
        )
      }
    })
  )

  it.effect("forgets no word that it does not know: the policy is refused when it is used", () =>
    Effect.gen(function* () {
      const build = (options: unknown) => SyncPolicy.make(options as SyncPolicy.Options)
      for (const [options, at] of [
        [{ uplaod: {} }, "policy.uplaod"],
        [{ upload: { moed: "Archive" } }, "policy.uploadPolicy.moed"],
        [{ download: { mode: 1 } }, "policy.downloadPolicy.mode"],
        [{ delete: { local: true } }, "policy.deletePolicy.local"],
        [{ extract: { to: "x" } }, "policy.extractPolicy.to"],
        [{ recycle: { days: 1 } }, "policy.recyclePolicy.days"],
        [{ recycle: { lifecycle: "7Days" } }, "policy.recyclePolicy.lifecycle"],
        [{ whiteLists: [{ path: "", exclude: [] }] }, "policy.bwList.whiteLists[0].exclude"],
        [{ whiteLists: "/a" }, "policy.bwList.whiteLists"],
        [{ mapping: "/x" }, "policy.mappingPolicy"]
      ] as const) {
        assert.strictEqual((yield* issueOf(build(options))).argument, at)
      }
    })
  )
})

describe("what is sent of a policy", () => {
  const partial = { bwList: { whiteLists: [{ path: "/a" }] }, uploadPolicy: { autoUpload: false } }

  for (const [name, policy, text] of [
    ["none", undefined, undefined],
    ["an empty one", {}, "{}"],
    ["the standard one", SyncPolicy.standard, capturedPolicy(39)],
    ["parts, in the order given", partial, JSON.stringify(partial)],
    ["nulls (#41)", JSON.parse(capturedPolicy(41)), capturedPolicy(41)],
    [
      "a mapping",
      { mappingPolicy: { path: "/old" } },
      JSON.stringify({ mappingPolicy: { path: "/old" } })
    ],
    [
      "a mapping beside the defaults",
      SyncPolicy.make({ mapping: { path: "/old" } }),
      `${capturedPolicy(39).slice(0, -1)},"mappingPolicy":{"path":"/old"}}`
    ]
  ] as const) {
    it.effect(`${name}: create and bind send the same text (B4)`, () =>
      Effect.gen(function* () {
        const binding = { contextId, path, policy }
        yield* inTime(create(binding))
        yield* inTime(bind(binding))
        assert.deepStrictEqual(yield* policiesOf("CreateMcpSession"), [text])
        assert.deepStrictEqual(yield* policiesOf("BindContexts"), [text])
      }).pipe(Effect.provide(service()))
    )
  }

  it.effect("mappingPolicy is sent, by make and in a plain object (X5)", () =>
    Effect.gen(function* () {
      const mappingPolicy = { path: "/old" }
      for (const policy of [SyncPolicy.make({ mapping: mappingPolicy }), { mappingPolicy }]) {
        yield* inTime(create({ contextId, path, policy }))
      }
      for (const text of yield* policiesOf("CreateMcpSession")) {
        assert.deepStrictEqual(JSON.parse(text ?? "{}").mappingPolicy, mappingPolicy)
      }
      assert.strictEqual((yield* policiesOf("CreateMcpSession")).length, 2)
    }).pipe(Effect.provide(service()))
  )

  it("any valid policy reads as it was written, and is sent alike by create and bind (B4)", () => {
    const through = (policy: SyncPolicy.SyncPolicy, way: "create" | "bind") => {
      const list = [{ contextId, path, policy }]
      const text =
        way === "create"
          ? Schema.encodeSync(Protocol.CreateMcpSession.payload, { propertyOrder: "original" })({
              persistenceDataList: list
            }).PersistenceDataList
          : Schema.encodeSync(Protocol.BindContexts.payload, { propertyOrder: "original" })({
              sessionId: "s",
              persistenceDataList: list
            }).PersistenceDataList
      return text ?? ""
    }
    const read = Schema.decodeSync(Protocol.BindContexts.payload)
    FastCheck.assert(
      FastCheck.property(anyPolicy, (policy) => {
        const text = through(policy, "create")
        assert.strictEqual(through(policy, "bind"), text)
        const [back] = read({ SessionId: "s", PersistenceDataList: text }).persistenceDataList
        assert.deepStrictEqual(back?.policy, policy)
        assert.strictEqual(JSON.parse(text)[0].Policy, JSON.stringify(policy))
      })
    )
  })
})

describe("SyncPolicy.validate", () => {
  it("accepts any valid policy", () =>
    FastCheck.assert(
      FastCheck.property(anyPolicy, (policy) => {
        const checked = Effect.runSync(Effect.either(SyncPolicy.validate(policy)))
        assert.isTrue(Either.isRight(checked), JSON.stringify(policy))
      })
    ))

  it("refuses any policy with one fault, and names its place", () => {
    assert.isAbove(faults.length, 60)
    FastCheck.assert(
      FastCheck.property(anyPolicy, FastCheck.constantFrom(...faults), (policy, { at, fault }) => {
        const refused = Effect.runSync(issueOf({ ...policy, ...fault }))
        assert.strictEqual(refused.argument, `policy.${at}`)
      }),
      { numRuns: 500 }
    )
  })

  for (const { at, fault, name, says } of faults) {
    it.effect(`says what is wrong: ${name}`, () =>
      Effect.gen(function* () {
        const refused = yield* issueOf(fault)
        assert.strictEqual(refused.argument, `policy.${at}`)
        for (const words of says) assert.include(refused.issue, words)
      })
    )
  }

  it.effect("is not stopped by what is inherited or hides in a prototype", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* issueOf({ toString: 1 })).argument, "policy.toString")
      assert.strictEqual(
        (yield* issueOf({ uploadPolicy: { constructor: 1 } })).argument,
        "policy.uploadPolicy.constructor"
      )
    })
  )

  for (const policy of [null, 7, "{}", [], () => ({}), Symbol("x"), Object.create(null)]) {
    it.effect(`what is no policy at all: ${typeof policy}`, () =>
      Effect.gen(function* () {
        const checked = yield* Effect.either(SyncPolicy.validate(unchecked(policy)))
        // An object without a prototype is as good as `{}`.
        const isPlain = typeof policy === "object" && policy !== null && !Array.isArray(policy)
        assert.strictEqual(Either.isRight(checked), isPlain)
      })
    )
  }
})

describe("a policy with a fault is refused before anything is sent", () => {
  it.effect("by create and by bind, in plain objects too, with the place in the list", () =>
    Effect.gen(function* () {
      const good = { contextId: "SdkCtx-2", path: "/other", policy: SyncPolicy.standard }
      const { contextManager } = yield* Effect.flatMap(door, (front) => front.get("session-1"))
      const before = yield* actions
      for (const { at, fault } of faults) {
        const bad = { contextId, path, policy: unchecked(fault) }
        for (const refused of [
          yield* Effect.flip(create(good, bad)),
          yield* Effect.flip(contextManager.bind([good, bad]))
        ]) {
          assert.deepInclude(refused, {
            _tag: "InvalidArgument",
            argument: `contexts[1].policy.${at}`
          })
          assert.include(refused.message, "Nothing was sent.")
        }
      }
      assert.deepStrictEqual(yield* actions, before)
    }).pipe(Effect.provide(service()))
  )
})
