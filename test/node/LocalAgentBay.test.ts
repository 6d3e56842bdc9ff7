import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import * as NodeOs from "node:os"
import {
  collecting,
  isUnderWay,
  many,
  mount,
  serving,
  stopped,
  temporaryDirectory,
  writeMany
} from "./local/life.js"
import * as Wire from "./local/wire.js"
import { tree, write } from "./local/workspace.js"

describe("LocalAgentBay", () => {
  it.scopedLive("keeps files across sessions", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("project")
      const first = yield* Wire.createSession({ contextId, path: mount })
      yield* Wire.tool(first, "write_file", { path: `${mount}/a.txt`, content: "hello" })
      const [task] = yield* Wire.sync(first)
      assert.strictEqual(task?.status, "Success")
      assert.strictEqual(
        NodeFs.readFileSync(`${server.contextDirectory(contextId)}${mount}/a.txt`, "utf8"),
        "hello"
      )
      yield* Wire.release(first)
      const second = yield* Wire.createSession({ contextId, path: mount })
      const read = yield* Wire.tool(second, "read_file", { path: `${mount}/a.txt` })
      assert.deepStrictEqual(read, { text: "hello", isError: false })
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("layerTest leaves nothing behind", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.map(
        LocalAgentBay.LocalAgentBay,
        (server) => server.dataDirectory
      ).pipe(Effect.provide(LocalAgentBay.layerTest))
      assert.isFalse(NodeFs.existsSync(directory))
    })
  )

  it.scopedLive("a restart keeps key, contexts, sessions, tasks and files", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const before = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const contextId = yield* Wire.createContext("project")
        const id = yield* Wire.createSession({
          contextId,
          path: mount,
          policy: { bwList: { whiteLists: [{ path: "src" }] } }
        })
        yield* Wire.tool(id, "write_file", { path: `${mount}/src/a`, content: "1" })
        yield* Wire.sync(id)
        const ended = yield* Wire.createSession()
        yield* Wire.release(ended)
        return {
          key: Redacted.value(server.apiKey),
          contextId,
          id,
          ended,
          items: yield* Wire.info(id)
        }
      }).pipe(serving(directory))

      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        assert.strictEqual(Redacted.value(server.apiKey), before.key)
        assert.strictEqual(yield* Wire.createContext("project"), before.contextId)
        assert.deepStrictEqual(yield* Wire.info(before.id), before.items)
        const detail = yield* Wire.call("GetSessionDetail", { SessionId: before.ended })
        assert.strictEqual(Wire.at(detail, "Data", "Status"), "FINISH")
        const read = yield* Wire.tool(before.id, "read_file", { path: `${mount}/src/a` })
        assert.strictEqual(read.text, "1")
        // The policy holds, and the session still knows what is stored: a deletion is carried.
        const root = server.sessionDirectory(before.id)
        NodeFs.rmSync(`${root}${mount}/src/a`)
        NodeFs.writeFileSync(`${root}${mount}/src/b`, "2")
        NodeFs.writeFileSync(`${root}${mount}/outside`, "3")
        yield* Wire.sync(before.id)
        const store = `${server.contextDirectory(before.contextId)}${mount}`
        assert.deepStrictEqual(NodeFs.readdirSync(store), ["src"])
        assert.deepStrictEqual(NodeFs.readdirSync(`${store}/src`), ["b"])
      }).pipe(serving(directory))
    })
  )

  it.scopedLive("keeps its key, its advertisement and its directory to the owner", () =>
    Effect.gen(function* () {
      const parent = yield* temporaryDirectory
      const directory = `${parent}/data`
      const mode = (path: string) => (NodeFs.statSync(path).mode & 0o777).toString(8)
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        assert.strictEqual(mode(directory), "700")
        assert.strictEqual(mode(`${directory}/api-key`), "600")
        assert.strictEqual(mode(`${directory}/server.json`), "600")
        assert.strictEqual(NodeFs.readFileSync(`${directory}/.gitignore`, "utf8"), "*\n")
        const found = yield* LocalAgentBay.readAdvertised(directory)
        const advertised = Option.getOrThrow(found)
        assert.strictEqual(advertised.url, server.url)
        assert.strictEqual(Redacted.value(advertised.apiKey), Redacted.value(server.apiKey))
        assert.strictEqual(advertised.pid, process.pid)
        assert.match(advertised.startedAt, /^\d{4}-\d\d-\d\dT/)
      }).pipe(serving(directory, { advertise: true }))
      assert.isFalse(NodeFs.existsSync(`${directory}/server.json`))
      assert.isTrue(Option.isNone(yield* LocalAgentBay.readAdvertised(directory)))
      yield* Effect.void.pipe(serving(directory))
      for (const text of ["", "{}", "nonsense"]) {
        NodeFs.writeFileSync(`${directory}/server.json`, text)
        assert.isTrue(Option.isNone(yield* LocalAgentBay.readAdvertised(directory)))
      }
    })
  )

  it.scopedLive("a given key is the only one, and is not kept", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        assert.strictEqual(Redacted.value(server.apiKey), "akm-mine")
        yield* Wire.createContext("c")
        assert.isFalse(NodeFs.existsSync(`${directory}/api-key`))
      }).pipe(serving(directory, { apiKey: Redacted.make("akm-mine") }))
    })
  )

  it.scopedLive("refuses a directory another server of this process works on", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const error = yield* Effect.void.pipe(serving(directory), Effect.flip, serving(directory))
      assert.strictEqual(error.reason, "DataDirectoryInUse")
      assert.include(error.message, directory)
      assert.include(error.message, "choose another data directory")
      for (let again = 0; again < 10; again++) yield* Effect.void.pipe(serving(directory))
    })
  )

  it.scopedLive("two servers of one program share nothing, one that is used twice is one", () =>
    Effect.gen(function* () {
      const memoMap = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const build = (layer: Layer.Layer<LocalAgentBay.LocalAgentBay, unknown>) =>
        Layer.buildWithMemoMap(layer, memoMap, scope)
      const one = LocalAgentBay.layer({ dataDirectory: yield* temporaryDirectory })
      const other = LocalAgentBay.layer({ dataDirectory: yield* temporaryDirectory })
      const contexts = [yield* build(one), yield* build(other), yield* build(one)]
      const [first, second, third] = yield* Effect.forEach(contexts, (context) =>
        Effect.gen(function* () {
          const { url } = yield* LocalAgentBay.LocalAgentBay
          return { url, id: yield* Wire.createContext("same name") }
        }).pipe(Effect.provide(context))
      )
      assert.notStrictEqual(first?.id, second?.id)
      assert.notStrictEqual(first?.url, second?.url)
      assert.deepStrictEqual(third, first)
    })
  )

  it.scopedLive("says why it cannot start", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const reasonOf = (options: LocalAgentBay.Options) =>
        Effect.void.pipe(
          serving(`${directory}/data`, options),
          Effect.flip,
          Effect.map((error) => error.reason)
        )
      const taken = NodeNet.createServer()
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => {
          taken.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => taken.close())
      )
      const address = taken.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      assert.strictEqual(yield* reasonOf({ port }), "Listen")
      NodeFs.writeFileSync(`${directory}/file`, "")
      assert.strictEqual(yield* reasonOf({ dataDirectory: `${directory}/file` }), "DataDirectory")
      NodeFs.mkdirSync(`${directory}/broken`)
      NodeFs.writeFileSync(
        `${directory}/broken/state.sqlite`,
        "no database, but long enough".repeat(99)
      )
      assert.strictEqual(yield* reasonOf({ dataDirectory: `${directory}/broken` }), "State")
    })
  )

  it.scopedLive("touches nothing in a directory of something else", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const files = { ".gitignore": "mine\n", "staging/a": "1", "sessions/b/c": "2" }
      write(directory, files)
      const refusal = (dataDirectory: string) =>
        Effect.flip(Effect.void.pipe(serving(dataDirectory)))
      const foreign = yield* refusal(directory)
      assert.strictEqual(foreign.reason, "DataDirectory")
      assert.include(foreign.message, directory)
      assert.include(foreign.message, "Choose an empty or a new directory")
      assert.deepStrictEqual(tree(directory), files)
      for (const blank of ["", "  "]) {
        const error = yield* refusal(blank)
        assert.strictEqual(error.reason, "DataDirectory")
        assert.include(error.message, "blank")
      }
    })
  )

  it.scopedLive("takes an empty directory, and one where a server has worked", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.void.pipe(serving(directory))
      NodeFs.writeFileSync(`${directory}/.gitignore`, "mine\n")
      NodeFs.writeFileSync(`${directory}/notes`, "")
      for (const mark of ["lock.sqlite", "state.sqlite", "api-key"]) {
        const copy = yield* temporaryDirectory
        NodeFs.writeFileSync(`${copy}/notes`, "")
        NodeFs.copyFileSync(`${directory}/${mark}`, `${copy}/${mark}`)
        yield* Effect.void.pipe(serving(copy))
      }
      yield* Effect.void.pipe(serving(directory))
      assert.strictEqual(NodeFs.readFileSync(`${directory}/.gitignore`, "utf8"), "mine\n")
    })
  )

  it.scopedLive("keeps the files of sessions that the state does not know, and names them", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const ids = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        yield* server.admin.snapshot("early")
        const ids = [yield* Wire.createSession(), yield* Wire.createSession()]
        for (const id of ids) NodeFs.writeFileSync(`${server.sessionDirectory(id)}/tmp/a`, id)
        return ids
      }).pipe(serving(directory))
      for (const name of NodeFs.readdirSync(directory)) {
        if (name.startsWith("state.sqlite")) NodeFs.rmSync(`${directory}/${name}`)
      }
      // A new state would make them unknown; an older one does, and that is said.
      const error = yield* Effect.void.pipe(serving(directory), Effect.flip)
      assert.strictEqual(error.reason, "State")
      NodeFs.copyFileSync(`${directory}/snapshots/early/state.sqlite`, `${directory}/state.sqlite`)
      // Made for a session, by a server that died before it was written down.
      NodeFs.mkdirSync(`${directory}/sessions/session-bare/root/tmp`, { recursive: true })
      const log = collecting()
      yield* Effect.void.pipe(serving(directory), Effect.provide(log.layer))
      for (const id of ids) {
        const kept = NodeFs.readFileSync(`${directory}/sessions/${id}/root/tmp/a`, "utf8")
        assert.strictEqual(kept, id)
        assert.include(log.seen.join(), id)
      }
      assert.lengthOf(log.seen, 1)
      assert.match(log.seen.join(), /^WARN /)
      assert.lengthOf(NodeFs.readdirSync(`${directory}/sessions`), ids.length)
    })
  )

  it.scopedLive("removes at the start what is left of sessions that ended well", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const log = collecting()
      yield* Effect.gen(function* () {
        const id = yield* Effect.gen(function* () {
          const id = yield* Wire.createSession()
          yield* Wire.release(id)
          yield* Wire.eventually(
            Effect.sync(() => NodeFs.readdirSync(`${directory}/sessions`).length),
            (length) => length === 0
          )
          return id
        }).pipe(serving(directory))
        // As if the first server had died before it came to this.
        write(`${directory}/sessions/${id}/root`, { "tmp/a": "1" })
        yield* Effect.void.pipe(serving(directory))
        assert.deepStrictEqual(NodeFs.readdirSync(`${directory}/sessions`), [])
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.seen, [])
    })
  )

  it.scopedLive("refuses hosts and ports that cannot be, and a blank key", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const refusal = (options: LocalAgentBay.Options) =>
        Effect.flip(Effect.void.pipe(serving(directory, options)))
      for (const port of [-1, 1.5, 65_536, Number.NaN, Number.POSITIVE_INFINITY]) {
        const error = yield* refusal({ port })
        assert.strictEqual(error.reason, "Listen", `${port}`)
        assert.include(error.message, `the port ${port} is no whole number from 0 to 65535`)
      }
      for (const host of ["", " "]) {
        const error = yield* refusal({ host })
        assert.strictEqual(error.reason, "Listen")
        assert.include(error.message, "the host is blank")
      }
      // The system takes the last one, but no URL does.
      for (const host of ["[::1]", "http://x", "127.0.0.1\0b"]) {
        assert.strictEqual((yield* refusal({ host })).reason, "Listen", host)
      }
      for (const key of ["", " \n"]) {
        const error = yield* refusal({ apiKey: Redacted.make(key) })
        assert.strictEqual(error.reason, "ApiKey")
        assert.include(error.message, "it is blank")
      }
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.scopedLive("leaves the zone of an IPv6 address out of its URL", (context) =>
    Effect.gen(function* () {
      const { lo = [] } = NodeOs.networkInterfaces()
      if (!lo.some((address) => address.address === "::1")) context.skip()
      const { endpoint, url } = yield* LocalAgentBay.LocalAgentBay.pipe(
        serving(yield* temporaryDirectory, { host: "::1%lo" })
      )
      assert.match(url, /^http:\/\/\[::1\]:\d+$/)
      assert.strictEqual(url, `http://${endpoint}`)
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.scopedLive("warns when other machines can reach it", () =>
    Effect.gen(function* () {
      const warnings = (host: string) =>
        Effect.gen(function* () {
          const directory = yield* temporaryDirectory
          const seen: Array<string> = []
          const logger = Logger.make(({ message }) => seen.push(String(message)))
          yield* Wire.createContext("c").pipe(
            serving(directory, { host }),
            Effect.provide(Logger.replace(Logger.defaultLogger, logger))
          )
          return seen
        })
      assert.match((yield* warnings("0.0.0.0")).join(), /other machines can reach it/)
      assert.deepStrictEqual(yield* warnings("127.0.0.1"), [])
    })
  )

  it.scopedLive("closing ends running transfers as Failed and keeps the session", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        LocalAgentBay.layer({ dataDirectory: directory }),
        scope
      )
      const id = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const contextId = yield* Wire.createContext("c")
        const id = yield* Wire.createSession({ contextId, path: mount })
        writeMany(`${server.sessionDirectory(id)}${mount}`, many)
        yield* Wire.call("SyncContext", { SessionId: id })
        yield* Wire.eventually(Wire.info(id), isUnderWay)
        return id
      }).pipe(Effect.provide(context))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(NodeFs.readdirSync(`${directory}/staging`), [])
      yield* Effect.gen(function* () {
        const items = yield* Wire.info(id, { TaskType: "upload" })
        assert.deepStrictEqual(
          items.map((item) => [item.status, item.errorMessage]),
          [["Failed", stopped]]
        )
        assert.isAbove(items[0]?.finishTime ?? 0, 0)
      }).pipe(serving(directory))
    })
  )

  it.scopedLive("tells an address that its own clients can use when it listens on all", () =>
    Effect.gen(function* () {
      const dataDirectory = yield* temporaryDirectory
      const { url } = yield* Effect.provide(
        LocalAgentBay.LocalAgentBay,
        LocalAgentBay.layer({ dataDirectory, host: "0.0.0.0" })
      )
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )
})
