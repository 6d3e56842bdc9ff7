import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { actions, requestsOf, wired } from "./wired.js"

type Options = AgentBay.ListOptions & { readonly page?: number }

const listPage = (options?: Options) =>
  Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.listPage(options))
const list = (options?: Options) =>
  Effect.flatMap(AgentBay.AgentBay, (agentBay) => Stream.runCollect(agentBay.list(options)))

/** Options that no compiler has seen. */
const unchecked = (options: unknown) => options as Options

const page = (ids: ReadonlyArray<string>, NextToken?: string, more = {}) =>
  AgentBayTest.ok(
    ids.map((SessionId) => ({ SessionId, SessionStatus: "RUNNING" })),
    { NextToken, TotalCount: 3, ...more }
  )
const pages = [page(["c"], "t1"), page(["b"], "t2"), page(["a"], "")]
const service = (ListSession: AgentBayTest.Replies = pages) => wired({ script: { ListSession } })

describe("AgentBay.listPage", () => {
  it.effect("is the first page unless told otherwise, in one request", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* listPage(), {
        items: [{ sessionId: "c", status: "RUNNING" }],
        nextToken: "t1",
        totalCount: 3,
        requestId: "TEST-REQUEST"
      })
      const [request, ...more] = yield* requestsOf("ListSession")
      assert.deepStrictEqual(request?.parameters, { Labels: "{}", MaxResults: "10" })
      assert.deepStrictEqual(more, [])
    }).pipe(Effect.provide(service()))
  )

  it.effect("walks the tokens to page n, with every filter on every page (S9)", () =>
    Effect.gen(function* () {
      const third = yield* listPage({
        page: 3,
        pageSize: 1,
        status: "PAUSED",
        labels: { a: "b" }
      })
      assert.deepStrictEqual(
        third.items.map(({ sessionId }) => sessionId),
        ["a"]
      )
      assert.isUndefined(third.nextToken)
      const filter = { Labels: '{"a":"b"}', MaxResults: "1", Status: "PAUSED" }
      assert.deepStrictEqual(
        (yield* requestsOf("ListSession")).map(({ parameters }) => parameters),
        [filter, { ...filter, NextToken: "t1" }, { ...filter, NextToken: "t2" }]
      )
    }).pipe(Effect.provide(service()))
  )

  it.effect("an empty page is a page", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* listPage({ page: 2 })).items, [])
    }).pipe(Effect.provide(service([page(["a"], "t1"), page([])])))
  )

  for (const [name, last] of [
    ["absent", page(["b"])],
    ["empty", page(["b"], "")],
    ["repeated", page(["b"], "t1")]
  ] as const) {
    it.effect(`a page that cannot be reached is refused by name (token ${name})`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(listPage({ page: 4 }))
        assert.deepInclude(error, {
          _tag: "InvalidArgument",
          argument: "page",
          issue: "4 cannot be reached, no more pages: the last is 2",
          requestId: "TEST-REQUEST"
        })
        assert.include(error.message, "Found by request TEST-REQUEST.")
        assert.notInclude(error.message, "Nothing was sent")
        assert.strictEqual((yield* actions).length, 2)
      }).pipe(Effect.provide(service([page(["a"], "t1"), last])))
    )
  }

  it.effect("fails with the error of a page on its way", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(listPage({ page: 3 }))
      assert.deepInclude(error, { _tag: "ApiError", reason: "NotLoggedIn" })
    }).pipe(
      Effect.provide(service([page(["a"], "t1"), AgentBayTest.refuse({ code: "NOT_LOGIN" })]))
    )
  )

  for (const status of [
    "RUNNING",
    "PAUSING",
    "PAUSED",
    "RESUMING",
    "DELETING",
    "DELETED"
  ] as const) {
    it.effect(`can ask for ${status}`, () =>
      Effect.gen(function* () {
        yield* listPage({ status })
        assert.strictEqual((yield* requestsOf("ListSession"))[0]?.parameters["Status"], status)
      }).pipe(Effect.provide(service()))
    )
  }

  for (const [options, argument] of [
    [{ page: 0 }, "page"],
    [{ page: -1 }, "page"],
    [{ page: 1.5 }, "page"],
    [{ page: "2" }, "page"],
    [{ pageSize: 0 }, "pageSize"],
    [{ status: "running" }, "status"],
    [{ status: "FINISH" }, "status"],
    [{ status: "" }, "status"],
    [{ labels: { "": "x" } }, "labels"],
    [{ labels: { a: "" } }, "labels.a"],
    [{ labels: "a=b" }, "labels"]
  ] as const) {
    it.effect(`refuses ${JSON.stringify(options)} before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(listPage(unchecked(options)))
        assert.deepInclude(error, { _tag: "InvalidArgument", argument })
        assert.include(error.message, "Nothing was sent.")
        if (argument !== "page") {
          const streamed = yield* Effect.flip(list(unchecked(options)))
          assert.deepInclude(streamed, { _tag: "InvalidArgument", argument })
        }
        assert.deepStrictEqual(yield* actions, [])
      }).pipe(Effect.provide(service()))
    )
  }
})
