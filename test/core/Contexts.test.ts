import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as Contexts from "@effect-agentbay/core/Contexts"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { actions, requestsOf, wired } from "./wired.js"

const id = "SdkCtx-1"
const data = { Id: id, Name: "notes", State: "available" }

const contexts = Effect.map(AgentBay.AgentBay, (front) => front.contexts)

/** Asks one thing of the contexts of a service that answers by this script. */
const asking =
  (script: AgentBayTest.Script) =>
  <A, E>(ask: (service: Contexts.Service) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const exit = yield* Effect.either(Effect.flatMap(contexts, ask))
      return { answer: exit, sent: yield* actions }
    }).pipe(Effect.provide(wired({ script })))

const parametersOf = (action: AgentBayTest.Action) =>
  Effect.map(requestsOf(action), (requests) => requests.map(({ parameters }) => parameters))

/** Pages of contexts, by the token they are asked for with. */
const paged = (pages: {
  readonly [token: string]: { readonly ids: string; readonly next?: unknown }
}) =>
  wired({
    script: {
      ListContexts: ({ parameters }) => {
        const page = pages[parameters["NextToken"] ?? "first"]
        return page === undefined
          ? AgentBayTest.refuse({ code: "InvalidParameter" })
          : AgentBayTest.ok(
              page.ids.split("").map((letter) => ({ Id: letter })),
              { NextToken: page.next, MaxResults: 2, TotalCount: 5 }
            )
      }
    }
  })

const idsOf = (options?: Contexts.ListOptions) =>
  Effect.flatMap(contexts, (service) => Stream.runCollect(service.list(options))).pipe(
    Effect.map((all) =>
      Chunk.toReadonlyArray(all)
        .map((one) => one.id)
        .join("")
    )
  )

describe("one context", () => {
  it.effect("`create` asks to create, and gives back what there is [X1: no second call]", () =>
    Effect.gen(function* () {
      const created = yield* Effect.flatMap(contexts, (service) => service.create("notes"))
      assert.strictEqual(created.id, id)
      assert.deepStrictEqual(yield* parametersOf("GetContext"), [
        { AllowCreate: "true", Name: "notes" }
      ])
      assert.deepStrictEqual(yield* actions, ["GetContext"])
    }).pipe(Effect.provide(wired({ script: { GetContext: AgentBayTest.ok(data) } })))
  )

  it.effect("X1: `get` takes everything from its one answer", () =>
    Effect.gen(function* () {
      const { answer, sent } = yield* asking({
        GetContext: AgentBayTest.ok({
          ...data,
          CreateTime: "2026-03-06T10:00:00Z",
          LastUsedTime: "2026-03-06 11:00:00"
        }),
        // What another client reads name and times from.
        ListContexts: AgentBayTest.ok([
          { Id: id, Name: "another", CreateTime: "1999-01-01T00:00:00Z" }
        ])
      })((service) => service.get("notes"))
      assert.deepStrictEqual(sent, ["GetContext"])
      assert.isTrue(answer._tag === "Right")
      if (answer._tag !== "Right") return
      const { createdAt, lastUsedAt, ...rest } = answer.right
      assert.deepStrictEqual(rest, { id, name: "notes", state: "available" })
      assert.strictEqual(
        DateTime.formatIso(Option.getOrThrow(createdAt)),
        "2026-03-06T10:00:00.000Z"
      )
      // Without a zone it would be another moment on every machine.
      assert.isTrue(Option.isNone(lastUsedAt))
    })
  )

  for (const [name, empty] of Object.entries({
    "an empty object": {},
    "an empty id": { Id: "", Name: "notes" },
    "no id": { Name: "notes", State: "available" },
    "a null id": { Id: null },
    nothing: undefined
  })) {
    it.effect(`X2: ${name} as data is a decode error and never a context`, () =>
      Effect.gen(function* () {
        for (const ask of [
          (service: Contexts.Service) => service.get("notes"),
          (service: Contexts.Service) => service.getById(id),
          (service: Contexts.Service) => service.getOrCreate("notes"),
          (service: Contexts.Service) => service.create("notes")
        ]) {
          const { answer } = yield* asking({ GetContext: AgentBayTest.ok(empty) })(ask)
          assert.propertyVal(answer, "_tag", "Left")
          if (answer._tag !== "Left") continue
          assert.propertyVal(answer.left, "_tag", "TransportError")
          assert.propertyVal(answer.left, "reason", "Decode")
        }
      })
    )
  }

  it.effect("X2: one without an id in a list fails the list", () =>
    Effect.gen(function* () {
      const { answer } = yield* asking({
        ListContexts: AgentBayTest.ok([data, { Name: "lost" }])
      })((service) => service.listPage())
      assert.propertyVal(answer, "_tag", "Left")
    })
  )

  it.effect("`rename` sends the id and the new name", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(contexts, (service) => service.rename(id, "new name"))
      assert.deepStrictEqual(yield* parametersOf("ModifyContext"), [{ Id: id, Name: "new name" }])
    }).pipe(Effect.provide(wired({ script: { ModifyContext: AgentBayTest.ok() } })))
  )

  it.effect("`remove` sends the id", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(contexts, (service) => service.remove(id))
      assert.deepStrictEqual(yield* parametersOf("DeleteContext"), [{ Id: id }])
    }).pipe(Effect.provide(wired({ script: { DeleteContext: AgentBayTest.ok() } })))
  )
})

/** Every call of the service, with the operation that it begins with. */
const calls: ReadonlyArray<
  readonly [
    name: string,
    action: AgentBayTest.Action,
    ask: (service: Contexts.Service) => Effect.Effect<unknown, unknown>
  ]
> = [
  ["get", "GetContext", (service) => service.get("notes")],
  ["getById", "GetContext", (service) => service.getById(id)],
  ["create", "GetContext", (service) => service.create("notes")],
  ["getOrCreate", "GetContext", (service) => service.getOrCreate("notes")],
  ["list", "ListContexts", (service) => Stream.runDrain(service.list())],
  ["listPage", "ListContexts", (service) => service.listPage()],
  ["rename", "ModifyContext", (service) => service.rename(id, "new")],
  ["remove", "DeleteContext", (service) => service.remove(id)],
  ["clear", "ClearContext", (service) => service.clear(id)],
  ["clearStarted", "ClearContext", (service) => service.clearStarted(id)],
  ["clearStatus", "GetContext", (service) => service.clearStatus(id)],
  ["files.put", "GetContextFileUploadUrl", ({ files }) => files.put(id, "/a", "text")],
  ["files.get", "GetContextFileDownloadUrl", ({ files }) => Stream.runDrain(files.get(id, "/a"))],
  ["files.list", "DescribeContextFiles", ({ files }) => Stream.runDrain(files.list(id, "/"))],
  ["files.listPage", "DescribeContextFiles", ({ files }) => files.listPage(id, "/")],
  ["files.remove", "DeleteContextFile", ({ files }) => files.remove(id, "/a")],
  ["files.uploadUrl", "GetContextFileUploadUrl", ({ files }) => files.uploadUrl(id, "/a")],
  ["files.downloadUrl", "GetContextFileDownloadUrl", ({ files }) => files.downloadUrl(id, "/a")]
]

describe("X4: every call says no in one way", () => {
  const refusals: { readonly [name: string]: AgentBayTest.Reply } = {
    "a hard refusal": AgentBayTest.refuse({
      code: "Context.NotFound",
      message: "Context not found"
    }),
    "a soft refusal": AgentBayTest.refuseSoftly({ code: "Context.NotFound", message: "no" }),
    "a soft refusal without code": AgentBayTest.refuseSoftly({ message: "no" })
  }
  for (const [name, action, ask] of calls) {
    for (const [kind, refusal] of Object.entries(refusals)) {
      it.effect(`${name}, ${kind}`, () =>
        Effect.gen(function* () {
          const { answer, sent } = yield* asking({ [action]: refusal })(ask)
          assert.deepStrictEqual(sent, [action])
          assert.propertyVal(answer, "_tag", "Left")
          if (answer._tag !== "Left") return
          assert.propertyVal(answer.left, "_tag", "ApiError")
          assert.propertyVal(answer.left, "operation", action)
          if (kind !== "a soft refusal without code") {
            assert.propertyVal(answer.left, "reason", "ContextNotFound")
            assert.propertyVal(answer.left, "code", "Context.NotFound")
          }
        })
      )
    }
  }
})

describe("X6: an answer that does not say yes is no success", () => {
  const silent: { readonly [name: string]: AgentBayTest.Reply } = {
    "no Success and no Code": AgentBayTest.raw(200, JSON.stringify({ RequestId: "R" })),
    "Success null": AgentBayTest.raw(200, JSON.stringify({ RequestId: "R", Success: null })),
    "an empty object": AgentBayTest.raw(200, "{}")
  }
  for (const [name, action, ask] of calls) {
    it.effect(name, () =>
      Effect.gen(function* () {
        for (const reply of Object.values(silent)) {
          const { answer } = yield* asking({ [action]: reply })(ask)
          assert.propertyVal(answer, "_tag", "Left")
          if (answer._tag !== "Left") continue
          assert.propertyVal(answer.left, "_tag", "TransportError")
          assert.propertyVal(answer.left, "reason", "Decode")
        }
      })
    )
  }
})

describe("wrong arguments are refused before anything is sent", () => {
  const wrong: ReadonlyArray<
    readonly [string, (service: Contexts.Service) => Effect.Effect<unknown, unknown>]
  > = [
    ["name", (service) => service.get(" ")],
    ["id", (service) => service.getById("")],
    ["name", (service) => service.create("")],
    ["name", (service) => service.getOrCreate("\t")],
    ["pageSize", (service) => Stream.runDrain(service.list({ pageSize: 0 }))],
    ["pageSize", (service) => service.listPage({ pageSize: 1.5 })],
    ["sessionId", (service) => Stream.runDrain(service.list({ sessionId: "" }))],
    ["sessionId", (service) => service.listPage({ sessionId: " " })],
    ["nextToken", (service) => service.listPage({ nextToken: "" })],
    ["id", (service) => service.rename("", "name")],
    ["name", (service) => service.rename(id, " ")],
    ["id", (service) => service.remove(" ")],
    ["id", (service) => service.clear("")],
    ["graceRetries", (service) => service.clear(id, { graceRetries: -1 })],
    ["id", (service) => service.clearStarted("")],
    ["id", (service) => service.clearStatus("")]
  ]
  it.effect.each(wrong)("%s", ([argument, ask]) =>
    Effect.gen(function* () {
      const { answer, sent } = yield* asking({})(ask)
      assert.deepStrictEqual(sent, [])
      assert.propertyVal(answer, "_tag", "Left")
      if (answer._tag !== "Left") return
      assert.propertyVal(answer.left, "_tag", "InvalidArgument")
      assert.propertyVal(answer.left, "argument", argument)
    })
  )
})

describe("lists of contexts", () => {
  const three = () =>
    paged({
      first: { ids: "ab", next: "2" },
      "2": { ids: "cd", next: "3" },
      "3": { ids: "e", next: "" }
    })

  it.effect("give the items of all pages, and ask with each token once", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* idsOf({ pageSize: 2, sessionId: "session-1" }), "abcde")
      const common = { MaxResults: "2", SessionId: "session-1" }
      assert.deepStrictEqual(yield* parametersOf("ListContexts"), [
        common,
        { ...common, NextToken: "2" },
        { ...common, NextToken: "3" }
      ])
    }).pipe(Effect.provide(three()))
  )

  it.effect("ask for a page only when the one before it is read", () =>
    Effect.gen(function* () {
      const service = yield* contexts
      yield* Stream.runDrain(Stream.take(service.list({ pageSize: 2 }), 1))
      assert.lengthOf(yield* requestsOf("ListContexts"), 1)
      yield* Stream.runDrain(Stream.take(service.list({ pageSize: 2 }), 3))
      assert.lengthOf(yield* requestsOf("ListContexts"), 3)
    }).pipe(Effect.provide(three()))
  )

  for (const [name, next] of Object.entries({
    absent: undefined,
    null: null,
    empty: "",
    "the one just used": "2"
  })) {
    it.effect(`end at a token that is ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* idsOf(), "abc")
        assert.lengthOf(yield* requestsOf("ListContexts"), 2)
      }).pipe(Effect.provide(paged({ first: { ids: "ab", next: "2" }, "2": { ids: "c", next } })))
    )
  }

  it.effect("go on over an empty page that has a next one", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* idsOf(), "abc")
    }).pipe(
      Effect.provide(
        paged({
          first: { ids: "ab", next: "2" },
          "2": { ids: "", next: "3" },
          "3": { ids: "c" }
        })
      )
    )
  )

  it.effect("fail with the error of a later page, after the items before it", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const error = yield* Effect.flatMap(contexts, (service) =>
        Stream.runForEach(service.list(), (one) => Effect.sync(() => seen.push(one.id)))
      ).pipe(Effect.flip)
      assert.propertyVal(error, "reason", "InvalidParameter")
      assert.deepStrictEqual(seen, ["a", "b"])
    }).pipe(Effect.provide(paged({ first: { ids: "ab", next: "nowhere" } })))
  )

  it.effect("are none when there is nothing", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* idsOf(), "")
    }).pipe(Effect.provide(wired({ script: { ListContexts: AgentBayTest.ok() } })))
  )

  it.effect("tell of one page what the service told, and where the next one begins", () =>
    Effect.gen(function* () {
      const service = yield* contexts
      const first = yield* service.listPage({ pageSize: 2 })
      assert.deepStrictEqual(
        first.items.map((one) => one.id),
        ["a", "b"]
      )
      assert.strictEqual(first.nextToken, "2")
      assert.strictEqual(first.totalCount, 5)
      assert.strictEqual(first.requestId, "TEST-REQUEST")
      const last = yield* service.listPage({ nextToken: "3" })
      assert.isUndefined(last.nextToken)
      assert.deepStrictEqual((yield* parametersOf("ListContexts")).at(1), {
        MaxResults: "10",
        NextToken: "3"
      })
    }).pipe(Effect.provide(three()))
  )
})
