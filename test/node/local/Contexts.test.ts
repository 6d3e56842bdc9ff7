import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { mount } from "./life.js"
import * as Wire from "./wire.js"
import { prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const page = (form: Wire.Form = {}) =>
  Effect.map(Wire.call("ListContexts", form), (body) => ({
    names: (Wire.at(body, "Data") as ReadonlyArray<unknown>).map((one) => Wire.textAt(one, "Name")),
    nextToken: Wire.textAt(body, "NextToken"),
    maxResults: Wire.at(body, "MaxResults"),
    totalCount: Wire.at(body, "TotalCount")
  }))

const stateOf = (contextId: string) =>
  Effect.map(Wire.call("GetContext", { ContextId: contextId, AllowCreate: "false" }), (body) =>
    Wire.at(body, "Data", "State")
  )

/** Code and status of a refusal. */
const refused = (action: string, form: Wire.Form) =>
  Effect.map(Wire.request(action, form), ({ body, status }) => {
    assert.notStrictEqual(Wire.at(body, "Success"), true)
    return [status, Wire.at(body, "Code"), Wire.at(body, "HttpStatusCode")]
  })

const cleared = (contextId: string) =>
  Wire.eventually(stateOf(contextId), (state) => state === "available")

describe("the contexts of the account", () => {
  it.scopedLive("are listed newest first, page by page, whatever comes in between", () =>
    Effect.gen(function* () {
      for (let index = 0; index < 15; index++) yield* Wire.createContext(`c${index}`)
      const first = yield* page()
      assert.deepStrictEqual(
        first.names,
        Array.from({ length: 10 }, (_, index) => `c${14 - index}`)
      )
      assert.strictEqual(first.maxResults, 10)
      assert.strictEqual(first.totalCount, 15)
      yield* Wire.createContext("late")
      const rest = yield* page({ NextToken: first.nextToken })
      assert.deepStrictEqual(rest.names, ["c4", "c3", "c2", "c1", "c0"])
      assert.strictEqual(rest.nextToken, "")
      assert.strictEqual(rest.totalCount, 16)
      const pages: Array<string> = []
      let token = ""
      do {
        const next = yield* page({ MaxResults: 4, NextToken: token })
        assert.strictEqual(next.maxResults, 4)
        pages.push(...next.names)
        token = next.nextToken
      } while (token !== "")
      assert.strictEqual(pages.length, 16)
      assert.strictEqual(new Set(pages).size, 16)
      assert.strictEqual((yield* page({ MaxResults: 1_000_000_000 })).names.length, 16)
      assert.strictEqual((yield* page({ MaxResults: Number.MAX_SAFE_INTEGER })).names.length, 16)
      for (const wrong of [
        { MaxResults: 0 },
        { MaxResults: -1 },
        { MaxResults: "many" },
        { NextToken: "Mg==" }
      ]) {
        assert.deepStrictEqual(yield* refused("ListContexts", wrong), [
          400,
          "InvalidParameter",
          undefined
        ])
      }
    }).pipe(provided)
  )

  it.scopedLive("of a session are those that it mounts", () =>
    Effect.gen(function* () {
      const one = yield* Wire.createContext("one")
      yield* Wire.createContext("two")
      const three = yield* Wire.createContext("three")
      const session = yield* Wire.createSession(
        { contextId: one, path: "/tmp/one" },
        { contextId: three, path: "/tmp/three" },
        { contextId: one, path: "/tmp/again" }
      )
      const listed = yield* page({ SessionId: session })
      assert.deepStrictEqual(listed.names, ["three", "one"])
      assert.strictEqual(listed.totalCount, 2)
      const bare = yield* Wire.createSession()
      assert.deepStrictEqual((yield* page({ SessionId: bare })).names, [])
      assert.deepStrictEqual(yield* refused("ListContexts", { SessionId: "session-none" }), [
        400,
        "InvalidMcpSession.NotFound",
        undefined
      ])
    }).pipe(provided)
  )

  it.scopedLive("are renamed: the new name leads to them, the old one does not", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createContext("old")
      yield* Wire.createContext("other")
      yield* Wire.call("ModifyContext", { Id: id, Name: "new ünï\n" })
      const found = yield* Wire.call("GetContext", { Name: "new ünï\n" })
      assert.strictEqual(Wire.at(found, "Data", "Id"), id)
      assert.deepStrictEqual(yield* refused("GetContext", { Name: "old" }), [
        400,
        "Context.NotFound",
        undefined
      ])
      // Its own name is no clash, that of another is.
      yield* Wire.call("ModifyContext", { Id: id, Name: "new ünï\n" })
      const taken = yield* refused("ModifyContext", { Id: id, Name: "other" })
      assert.deepStrictEqual(taken, [200, "Context.AlreadyExists", 400])
      assert.strictEqual((yield* page()).names.length, 2)
      for (const Name of ["", "  "]) {
        assert.deepStrictEqual(yield* refused("ModifyContext", { Id: id, Name }), [
          400,
          "InvalidParameter",
          undefined
        ])
      }
      // The old name is free again.
      assert.notStrictEqual(yield* Wire.createContext("old"), id)
    }).pipe(provided)
  )

  it.scopedLive("two that are renamed to one name at once: one gets it", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.forEach(["a", "b", "c"], Wire.createContext)
      const answers = yield* Effect.forEach(
        ids,
        (Id) => Wire.request("ModifyContext", { Id, Name: "same" }),
        { concurrency: "unbounded" }
      )
      const codes = answers.map(({ body }) => Wire.textAt(body, "Code")).toSorted()
      assert.deepStrictEqual(codes, ["Context.AlreadyExists", "Context.AlreadyExists", "ok"])
    }).pipe(provided)
  )

  it.scopedLive("are deleted with all that is stored in them", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, id, session, store } = yield* prepare()
      write(session, { "a/b.txt": "b" })
      yield* Wire.sync(id)
      // Its session would have nowhere to put its files.
      assert.deepStrictEqual(yield* refused("DeleteContext", { Id: contextId }), [
        200,
        "Context.InUse",
        400
      ])
      assert.deepStrictEqual(tree(store), { "a/b.txt": "b" })
      yield* Wire.release(id)
      yield* Wire.call("DeleteContext", { Id: contextId })
      assert.deepStrictEqual(yield* refused("DeleteContext", { Id: contextId }), [
        200,
        "Context.NotFound",
        400
      ])
      assert.deepStrictEqual((yield* page()).names, [])
      // The name is free at once, and leads to a new and empty context.
      const next = yield* prepare()
      assert.notStrictEqual(next.contextId, contextId)
      assert.deepStrictEqual(tree(next.session), {})
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(server.contextDirectory(contextId))),
        (exists) => !exists
      )
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.readdirSync(`${server.dataDirectory}/trash`)),
        (names) => names.length === 0
      )
      assert.deepStrictEqual(
        yield* refused("SyncContext", {
          SessionId: next.id,
          ContextId: contextId,
          Path: "/tmp/x"
        }),
        [400, "Context.NotFound", undefined]
      )
    }).pipe(provided)
  )

  it.scopedLive("that are unknown are said to be absent", () =>
    Effect.gen(function* () {
      for (const [action, form] of [
        ["ModifyContext", { Name: "x" }],
        ["DeleteContext", {}],
        ["ClearContext", {}]
      ] as const) {
        for (const Id of ["SdkCtx-none", "", "../x"]) {
          assert.deepStrictEqual(yield* refused(action, { Id, ...form }), [
            200,
            "Context.NotFound",
            400
          ])
        }
      }
    }).pipe(provided)
  )

  it.scopedLive("a clear keeps id and name, and may be asked for again at once", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      write(session, { "a/b": "1" })
      yield* Wire.sync(id)
      yield* Wire.call("ClearContext", { Id: contextId })
      yield* Wire.call("ClearContext", { Id: contextId })
      yield* cleared(contextId)
      assert.isFalse(NodeFs.existsSync(store))
      const found = yield* Wire.call("GetContext", { Name: "project" })
      assert.strictEqual(Wire.at(found, "Data", "Id"), contextId)
      // What is asked for after a clear is done after it.
      yield* Wire.call("ClearContext", { Id: contextId })
      const [after] = yield* Wire.sync(id)
      assert.strictEqual(after?.status, "Success")
      assert.deepStrictEqual(tree(store), { "a/b": "1" })
    }).pipe(provided)
  )

  it.scopedLive("an empty context can be cleared", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("empty")
      yield* Wire.call("ClearContext", { Id: contextId })
      assert.strictEqual(yield* cleared(contextId), "available")
    }).pipe(provided)
  )

  it.scopedLive("after a clear a session that knew the old files carries no deletions", () =>
    Effect.gen(function* () {
      const { contextId, id, session, store } = yield* prepare()
      write(session, { mine: "1" })
      yield* Wire.sync(id)
      yield* Wire.call("ClearContext", { Id: contextId })
      yield* cleared(contextId)
      const other = yield* Wire.createSession({ contextId, path: mount })
      const server = yield* LocalAgentBay.LocalAgentBay
      write(server.sessionDirectory(other) + mount, { other: "2" })
      yield* Wire.sync(other)
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { mine: "1", other: "2" })
    }).pipe(provided)
  )
})
