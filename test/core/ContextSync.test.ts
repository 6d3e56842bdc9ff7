import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { actions, wired } from "./wired.js"

const contextId = "SdkCtx-1"

/** What no compiler has seen. */
const unchecked = (bindings: unknown) => bindings as ReadonlyArray<ContextSync.ContextSync>

const refused = (bindings: unknown) => Effect.flip(ContextSync.validateAll(unchecked(bindings)))

describe("ContextSync.make", () => {
  it("is the binding, with a policy only where there is one", () => {
    assert.deepStrictEqual(ContextSync.make(contextId, "/a"), { contextId, path: "/a" })
    assert.deepStrictEqual(ContextSync.make(contextId, "/a", SyncPolicy.standard), {
      contextId,
      path: "/a",
      policy: SyncPolicy.standard
    })
  })
})

describe("ContextSync.validateAll", () => {
  it.effect("accepts what can be mounted", () =>
    ContextSync.validateAll([
      ContextSync.make(contextId, "/home/wuying/a"),
      ContextSync.make(contextId, "/home/wuying/a/inside"),
      ContextSync.make("SdkCtx-2", "C:\\work", SyncPolicy.standard),
      { contextId: "SdkCtx-3", path: "/b/", waitForDownload: false }
    ])
  )

  for (const [name, bindings, argument] of [
    ["no list", { contextId, path: "/a" }, "contexts"],
    ["null in the list", [null], "contexts[0]"],
    ["a text in the list", ["/a"], "contexts[0]"],
    ["no context id", [{ path: "/a" }], "contexts[0].contextId"],
    ["a context id that is a number", [{ contextId: 1, path: "/a" }], "contexts[0].contextId"],
    ["a blank path", [{ contextId, path: " " }], "contexts[0].path"],
    ["a relative path", [{ contextId, path: "a" }], "contexts[0].path"],
    ["a path that leads out", [{ contextId, path: "/a/../b" }], "contexts[0].path"],
    ["a path with NUL", [{ contextId, path: "/a\0" }], "contexts[0].path"],
    ["the root", [{ contextId, path: "/./" }], "contexts[0].path"],
    [
      "one path twice, written in two ways",
      [ContextSync.make(contextId, "/a/b"), ContextSync.make("SdkCtx-2", "/a//b/")],
      "contexts[1].path"
    ],
    [
      "a word for a truth value",
      [{ contextId, path: "/a", waitForDownload: "no" }],
      "contexts[0].waitForDownload"
    ],
    ["null for a policy", [{ contextId, path: "/a", policy: null }], "contexts[0].policy"],
    [
      "a fault in a policy",
      [
        ContextSync.make(contextId, "/a"),
        { contextId, path: "/b", policy: { bwList: { whiteLists: [{ path: "*" }] } } }
      ],
      "contexts[1].policy.bwList.whiteLists[0].path"
    ]
  ] as const) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* refused(bindings)).argument, argument)
      })
    )
  }

  it.effect("create asks for it before anything is sent", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const error = yield* Effect.flip(agentBay.create({ contexts: unchecked([{ contextId }]) }))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "contexts[0].path" })
      assert.deepStrictEqual(yield* actions, [])
    }).pipe(Effect.provide(wired()))
  )
})
