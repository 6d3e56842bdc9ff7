/** Links in sessions and in the store, there before and coming while the server works. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as NodeFs from "node:fs"
import { get, http, listed, put, urlFor } from "../node/local/files.js"
import { isolates, run } from "../node/local/isolation.js"
import * as Wire from "../node/local/wire.js"
import { mount, prepare, tree, write } from "../node/local/workspace.js"
import { rounds } from "../rounds.js"
import * as Canary from "./canary.js"
import { swapping } from "./racer.js"

const names = ["a", "b", "c"]

/** A session on a context, and canaries beside the folders of the server. */
const scene = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const at = yield* prepare()
  const outside = `${server.dataDirectory}/outside`
  const aside = `${server.dataDirectory}/aside`
  Canary.put(outside, names)
  NodeFs.mkdirSync(aside)
  const before = Canary.state(outside)
  write(at.session, { a: "own", "dir/a": "own", "dir/b": "own", "dir/c": "own" })
  const spots = (folder: string) => [
    { path: `${folder}/dir`, target: outside, kind: "directory" as const },
    { path: `${folder}/a`, target: `${outside}/a`, kind: "file" as const }
  ]
  const unharmed = (what: string) => assert.deepStrictEqual(Canary.state(outside), before, what)
  return { ...at, aside, outside, spots, unharmed, dataDirectory: server.dataDirectory }
})

const provided = Effect.provide(LocalAgentBay.layerTest)

const count = rounds({ short: 8, long: 2000 })

const answerText = (answer: unknown) => JSON.stringify(answer)

describe("links that come while the server works", () => {
  it.scopedLive("tools neither read nor write nor delete through them", () =>
    Effect.gen(function* () {
      const { aside, id, session, spots, unharmed } = yield* scene
      const race = yield* swapping(aside, spots(session))
      const calls: ReadonlyArray<readonly [string, object]> = [
        ["read_file", { path: `${mount}/dir/a` }],
        ["read_file", { path: `${mount}/a` }],
        ["read_multiple_files", { paths: [`${mount}/dir/b`, `${mount}/a`] }],
        ["list_directory", { path: `${mount}/dir` }],
        ["search_files", { path: mount, pattern: "*" }],
        ["get_file_change", { path: mount }],
        ["get_file_info", { path: `${mount}/dir/a` }],
        ["write_file", { path: `${mount}/dir/a`, content: "own" }],
        ["write_file", { path: `${mount}/dir/new`, content: "own" }],
        ["write_file", { path: `${mount}/a`, content: "own", mode: "append" }],
        ["write_file", { path: `${mount}/dir/c`, content: "own", mode: "append" }],
        ["edit_file", { path: `${mount}/dir/b`, edits: [{ oldText: "o", newText: "o" }] }],
        ["create_directory", { path: `${mount}/dir/made` }],
        ["move_file", { source: `${mount}/dir/b`, destination: `${mount}/b` }],
        ["move_file", { source: `${mount}/b`, destination: `${mount}/dir/b` }],
        ["delete_file", { path: `${mount}/dir/new` }],
        ["delete_file", { path: `${mount}/dir/c` }]
      ]
      for (let round = 0; round < count; round++) {
        for (const [name, args] of calls) {
          const { text } = yield* Wire.tool(id, name, args)
          Canary.assertSilent(`round ${round}: ${name} ${answerText(args)}`, text)
        }
        unharmed(`round ${round}`)
      }
      assert.isAbove(race.swaps(), count)
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("syncs neither store nor overwrite what they lead to", () =>
    Effect.gen(function* () {
      const { aside, contextId, dataDirectory, id, session, spots, unharmed } = yield* scene
      const race = yield* swapping(aside, spots(session))
      for (let round = 0; round < count; round++) {
        yield* Wire.sync(id)
        unharmed(`upload ${round}`)
        yield* Wire.sync(id, { Mode: "download" })
        unharmed(`download ${round}`)
        yield* put(contextId, `${mount}/dir/b`, `changed ${round}`)
        assert.deepStrictEqual(Canary.leaks(`${dataDirectory}/contexts`), [], `round ${round}`)
      }
      assert.isAbove(race.swaps(), count)
      yield* Wire.release(id)
      unharmed("release")
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("binding makes no folders through them", () =>
    Effect.gen(function* () {
      const { aside, id, session, spots, unharmed } = yield* scene
      const race = yield* swapping(aside, spots(session))
      for (let round = 0; round < count; round++) {
        const contextId = yield* Wire.createContext(`other-${round}`)
        yield* Wire.request("BindContexts", {
          SessionId: id,
          PersistenceDataList: [{ ContextId: contextId, Path: `${mount}/dir/bound-${round}` }]
        })
        unharmed(`round ${round}`)
      }
      assert.isAbove(race.swaps(), count)
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("stored files are neither fetched, replaced, listed nor deleted through them", () =>
    Effect.gen(function* () {
      const { aside, contextId, id, spots, store, unharmed } = yield* scene
      yield* Wire.sync(id)
      const race = yield* swapping(aside, spots(store))
      const one = Effect.fnUntraced(function* (round: number) {
        for (const path of [`${mount}/dir/a`, `${mount}/a`]) {
          const fetched = yield* get(contextId, path).pipe(Effect.catchAllDefect(Effect.succeed))
          Canary.assertSilent(`round ${round}: ${path}`, answerText(fetched))
          const url = yield* urlFor("Upload", contextId, path)
          const { status } = yield* http(url, { method: "PUT", body: "own" })
          assert.oneOf(status, [200, 403, 404, 409, 500])
        }
        const { body } = yield* Wire.request("DescribeContextFiles", {
          ContextId: contextId,
          ParentFolderPath: `${mount}/dir`,
          PageNumber: 1,
          PageSize: 50
        })
        Canary.assertSilent(`round ${round}: list`, answerText(body))
        yield* Wire.request("DeleteContextFile", {
          ContextId: contextId,
          FilePath: `${mount}/dir/b`
        })
        unharmed(`round ${round}`)
      })
      for (let round = 0; round < count; round++) yield* one(round)
      assert.isAbove(race.swaps(), count)
      yield* Wire.call("ClearContext", { Id: contextId })
      yield* Wire.eventually(listed(contextId, "/"), ({ count }) => count === 0)
      unharmed("clear")
    }).pipe(Effect.scoped, provided, Logger.withMinimumLogLevel(LogLevel.None))
  )
})

describe.runIf(isolates)("links that commands make", () => {
  it.scopedLive("a command that swaps all the time gets nothing stored", () =>
    Effect.gen(function* () {
      const { dataDirectory, id, outside, unharmed } = yield* scene
      const command = `cd ${mount}; while :; do mv dir real; ln -s ${outside} dir; rm dir; mv real dir; done`
      const racing = yield* Effect.fork(run(id, command, { timeout_ms: 3_600_000 }))
      for (let round = 0; round < count; round++) yield* Wire.sync(id)
      assert.isNull(racing.unsafePoll(), "it was a race")
      yield* Fiber.interrupt(racing)
      assert.deepStrictEqual(Canary.leaks(`${dataDirectory}/contexts`), [])
      unharmed("syncs")
    }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("one that stands in the root of the session is not shown to commands", () =>
    Effect.gen(function* () {
      const { id, outside } = yield* scene
      yield* run(id, `ln -s ${outside} /tmp/link`)
      const moved = yield* Wire.tool(id, "move_file", { source: "/tmp/link", destination: "/way" })
      assert.isTrue(moved.isError, moved.text)
      const seen = yield* run(id, "ls -a / /way; cat /way/a")
      Canary.assertSilent("seen", answerText(seen))
    }).pipe(Effect.scoped, provided)
  )
})

describe("hard links that come while the server works", () => {
  // The content of a hard link is a file of the session's like any: a process that can make one
  // can read what it links. What must not happen is that the server writes where it could not.
  it.scopedLive("syncs never write, shorten, remove or give other modes to what they link", () =>
    Effect.gen(function* () {
      const { aside, id, outside, session, unharmed } = yield* scene
      yield* Wire.sync(id)
      const spots = ["a", "dir/b"].map((name) => ({
        path: `${session}/${name}`,
        target: `${outside}/${name.replace("dir/", "")}`,
        kind: "file" as const,
        hard: true
      }))
      const race = yield* swapping(aside, spots)
      for (let round = 0; round < count; round++) {
        yield* Wire.sync(id, { Mode: "download" })
        unharmed(`download ${round}`)
        yield* Wire.sync(id)
        unharmed(`upload ${round}`)
      }
      assert.isAbove(race.hardLinks(), count)
      assert.isAbove(race.swaps(), count)
      yield* Wire.release(id)
      unharmed("release")
    }).pipe(Effect.scoped, provided)
  )
})

describe("hard links between a session and the store", () => {
  it.scopedLive("a sync parts them, so that a write to one does not change the other", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* scene
      yield* Wire.sync(id)
      for (const name of ["a", "dir/a"]) {
        NodeFs.rmSync(`${session}/${name}`)
        NodeFs.linkSync(`${store}/${name}`, `${session}/${name}`)
      }
      yield* Wire.sync(id)
      yield* Wire.tool(id, "write_file", { path: `${mount}/a`, content: "!", mode: "append" })
      yield* Wire.tool(id, "write_file", { path: `${mount}/dir/a`, content: "new" })
      assert.strictEqual(NodeFs.readFileSync(`${session}/a`, "utf8"), "own!")
      assert.deepInclude(tree(store), { a: "own", "dir/a": "own" })
      NodeFs.rmSync(`${session}/dir/b`)
      NodeFs.linkSync(`${store}/dir/b`, `${session}/dir/b`)
      yield* Wire.sync(id, { Mode: "download" })
      NodeFs.appendFileSync(`${session}/dir/b`, "!")
      assert.deepInclude(tree(store), { "dir/b": "own" })
    }).pipe(Effect.scoped, provided)
  )
})
