import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as Path from "node:path"
import * as Environment from "../../../packages/node/src/cli/Environment.js"
import * as Wire from "../local/wire.js"
import * as Harness from "./harness.js"

/** A server beside the commands, as `agentbay serve` runs it, and a way to call them. */
const serving = Effect.gen(function* () {
  const folder = yield* Harness.temporaryDirectory
  const data = Path.join(folder, "data")
  const services = yield* Layer.build(LocalAgentBay.layer({ dataDirectory: data, advertise: true }))
  const call = (...args: ReadonlyArray<string>) =>
    Harness.run([...args, "--data", data], { environment: Environment.layer })
  /** A command that has to end well; gives its lines. */
  const lines = (...args: ReadonlyArray<string>) =>
    Effect.map(call(...args), ({ code, stderr, stdout }) => {
      assert.strictEqual(code, 0, `${args.join(" ")}: ${stderr}`)
      return stdout.split("\n")
    })
  const json = (...args: ReadonlyArray<string>) =>
    Effect.map(lines(...args, "--json"), (found) =>
      found.filter((line) => line !== "").map((line) => JSON.parse(line))
    )
  const server = Context.get(services, LocalAgentBay.LocalAgentBay)
  return { folder, call, lines, json, server }
})

const mount = "/home/wuying/notes"

describe("agentbay context", () => {
  it.scopedLive("creates, lists page by page, renames and removes", () =>
    Effect.gen(function* () {
      const { call, json, lines } = yield* serving
      for (const name of ["one", "two", "three"]) {
        const [id] = yield* lines("context", "create", name)
        assert.match(id!, /^SdkCtx-\w+$/)
        assert.deepStrictEqual(
          yield* lines("context", "create", name),
          [id],
          "found, not made anew"
        )
      }
      const names = (found: ReadonlyArray<{ readonly name: string }>) =>
        found.map(({ name }) => name)
      assert.deepStrictEqual(names(yield* json("context", "list")), ["three", "two", "one"])
      const page = ["--page-size", "2", "--page"]
      assert.deepStrictEqual(names(yield* json("context", "list", ...page, "1")), ["three", "two"])
      assert.deepStrictEqual(names(yield* json("context", "list", ...page, "2")), ["one"])
      const past = yield* call("context", "list", ...page, "3")
      assert.deepStrictEqual([past.code, past.stdout], [1, ""])
      assert.match(past.stderr, /There is no page 3/)
      yield* lines("context", "rename", "one", "uno")
      assert.match((yield* lines("context", "list")).join("\n"), /^NAME +CONTEXT +STATE/)
      assert.strictEqual((yield* call("context", "remove", "one")).code, 1)
      yield* lines("context", "remove", "uno")
      assert.deepStrictEqual(names(yield* json("context", "list")), ["three", "two"])
    })
  )

  it.scopedLive("puts, lists, gets and deletes files, and folders of them", () =>
    Effect.gen(function* () {
      const { call, folder, json, lines } = yield* serving
      const [id] = yield* lines("context", "create", "notes")
      const tree = Path.join(folder, "tree")
      const bytes = NodeCrypto.randomBytes(300_000)
      NodeFs.mkdirSync(Path.join(tree, "deep/er"), { recursive: true })
      NodeFs.writeFileSync(Path.join(tree, "a b.bin"), bytes)
      NodeFs.writeFileSync(Path.join(tree, "deep/er/日本.txt"), "deep")
      const put = yield* lines("context", "put", "notes", tree, mount, "-r")
      assert.match(put[0]!, /^Put 2 files, 293 KiB$/)
      const listed = yield* json("context", "ls", id!, mount)
      assert.deepStrictEqual(
        listed.map(({ kind, name, size }) => [name, kind, kind === "file" ? size : null]),
        [
          ["a b.bin", "file", 300_000],
          ["deep", "directory", null]
        ]
      )
      const shown = yield* lines("context", "ls", "notes", mount)
      assert.match(shown.join("\n"), /^NAME +SIZE +MODIFIED\na b\.bin +293 KiB .*\ndeep\/ +/)

      const back = Path.join(folder, "back")
      yield* lines("context", "get", "notes", mount, back, "--recursive")
      assert.isTrue(NodeFs.readFileSync(Path.join(back, "a b.bin")).equals(bytes))
      assert.strictEqual(NodeFs.readFileSync(Path.join(back, "deep/er/日本.txt"), "utf8"), "deep")
      const one = Path.join(folder, "one")
      yield* lines("context", "get", "notes", `${mount}/a b.bin`, one)
      assert.isTrue(NodeFs.readFileSync(one).equals(bytes))
      yield* lines("context", "get", "notes", `${mount}/a b.bin`, `${folder}/into/`)
      assert.isTrue(NodeFs.readFileSync(Path.join(folder, "into/a b.bin")).equals(bytes))
      assert.deepStrictEqual(
        yield* lines("context", "get", "notes", `${mount}/deep/er/日本.txt`, "-"),
        ["deep"]
      )

      yield* lines("context", "rm", "notes", `${mount}/a b.bin`)
      const gone = yield* call("context", "get", "notes", `${mount}/a b.bin`, one)
      assert.strictEqual(gone.code, 1)
      assert.isTrue(NodeFs.readFileSync(one).equals(bytes), "what was there stays")
      assert.deepStrictEqual(
        NodeFs.readdirSync(folder).filter((name) => name.includes("part")),
        []
      )
      yield* lines("context", "clear", "notes")
      assert.deepStrictEqual(yield* json("context", "ls", "notes", "/"), [])
    })
  )

  it.scopedLive("refuses what is no file, and names what is missing", () =>
    Effect.gen(function* () {
      const { call, folder, lines } = yield* serving
      const file = Path.join(folder, "a.txt")
      NodeFs.writeFileSync(file, "a")
      yield* lines("context", "put", "notes", file, `${mount}/`)
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
        [["put", "notes", folder, mount], 1, /is no file.*--recursive/],
        [
          ["put", "notes", Path.join(folder, "none"), mount],
          1,
          /none cannot be read: it does not exist/
        ],
        [["put", "SdkCtx-none", folder, mount, "-r"], 1, /Context.NotFound/],
        [["get", "notes", "relative/path"], 2, /path/],
        [["get", "notes", mount], 1, /notes is a folder\. Folders need --recursive/],
        [["get", "notes", mount, "-"], 1, /notes is a folder\. Folders need --recursive/],
        [["get", "notes", `${mount}/none`], 1, /FileNotExist/],
        [["get", "notes", `${mount}/a.txt`, folder], 1, /cannot be written: it is a folder/],
        [["get", "notes", "/none", folder, "-r"], 1, /No folder is stored at \/none/],
        [["clear", "none"], 1, /Context.NotFound/]
      ]
      for (const [args, code, message] of cases) {
        const ended = yield* call("context", ...args)
        assert.strictEqual(ended.code, code, args.join(" "))
        assert.match(ended.stderr, message)
      }
    })
  )
})

describe("agentbay context, for scripts", () => {
  it.scopedLive("calls the id of a context contextId, whatever it does", () =>
    Effect.gen(function* () {
      const { folder, json } = yield* serving
      const file = Path.join(folder, "a.txt")
      NodeFs.writeFileSync(file, "a")
      const [{ contextId }] = yield* json("context", "create", "notes")
      assert.match(contextId, /^SdkCtx-/)
      const stored = `${mount}/a.txt`
      const calls = [
        ["list"],
        ["put", "notes", file, stored],
        ["get", "notes", stored, Path.join(folder, "b.txt")],
        ["rm", "notes", stored],
        ["clear", "notes"],
        ["rename", "notes", "other"],
        ["remove", "other"]
      ]
      for (const args of calls) {
        const [answer] = yield* json("context", ...args)
        assert.strictEqual(answer.contextId, contextId, args.join(" "))
        assert.notProperty(answer, "id")
      }
    })
  )

  it.scopedLive("a session tells its bindings alike when it is created and when it is shown", () =>
    Effect.gen(function* () {
      const { json } = yield* serving
      const [created] = yield* json("session", "create", "--context", `n=${mount}`)
      const [{ contextId }] = yield* json("context", "list")
      const binding = { contextId, contextName: "n", path: mount }
      assert.deepStrictEqual(created.bindings, [binding])
      const [shown] = yield* json("session", "show", created.sessionId)
      assert.deepInclude(shown.bindings[0], binding)
    })
  )

  it.scopedLive("says what of a folder it leaves out", () =>
    Effect.gen(function* () {
      const { call, folder } = yield* serving
      const tree = Path.join(folder, "tree")
      NodeFs.mkdirSync(Path.join(tree, "empty"), { recursive: true })
      NodeFs.writeFileSync(Path.join(tree, "a.txt"), "a")
      NodeFs.symlinkSync("a.txt", Path.join(tree, "link"))
      const put = yield* call("context", "put", "notes", tree, mount, "-r")
      assert.deepStrictEqual([put.code, put.stdout], [0, "Put 1 file, 1 B"])
      assert.match(put.stderr, /Left out: 1 empty folder and 1 link or special file/)
    })
  )
})

describe("agentbay session", () => {
  it.scopedLive("shows and changes the state and the labels of a session", () =>
    Effect.gen(function* () {
      const { call, json, lines } = yield* serving
      const [id] = yield* lines("session", "create", "--context", `n=${mount}`, "--label", "a=b")
      const [shown] = yield* json("session", "show", id!)
      assert.deepInclude(shown, { sessionId: id, status: "RUNNING", labels: { a: "b" } })
      assert.deepStrictEqual(
        shown.bindings.map(({ contextName, path }: { contextName: string; path: string }) => [
          contextName,
          path
        ]),
        [["n", mount]]
      )
      assert.match((yield* lines("session", "show", id!)).join("\n"), /Status +RUNNING\n/)

      yield* lines("session", "label", id!, "c=d=e")
      assert.deepStrictEqual(yield* lines("session", "label", id!), ["a=b", "c=d=e"])
      yield* lines("session", "label", id!, "--remove", "a")
      assert.deepStrictEqual(yield* lines("session", "label", id!), ["c=d=e"])
      const none = yield* call("session", "label", id!, "--remove", "c")
      assert.strictEqual(none.code, 2)

      assert.deepStrictEqual(yield* json("session", "keep-alive", id!), [
        { sessionId: id, keptAlive: true }
      ])
      yield* lines("session", "pause", id!)
      assert.deepInclude((yield* json("session", "list", "--status", "PAUSED"))[0], {
        sessionId: id,
        status: "PAUSED"
      })
      yield* lines("session", "resume", id!)
      assert.deepInclude((yield* json("session", "show", id!))[0], { status: "RUNNING" })
    })
  )

  it.scopedLive("runs a command inside a session, or says why it cannot", () =>
    Effect.gen(function* () {
      const { call, json, lines } = yield* serving
      const [id] = yield* lines("session", "create")
      const isolated = spawnSync("bwrap", ["--ro-bind", "/", "/", "true"]).status === 0
      const ended = yield* call("session", "shell", id!, "echo out; echo err >&2; exit 7")
      if (!isolated) {
        assert.strictEqual(ended.code, 1)
        assert.match(ended.stderr, /bubblewrap|bwrap/)
        return
      }
      assert.deepStrictEqual([ended.code, ended.stdout, ended.stderr], [7, "out\n", "err\n"])
      const [result] = yield* json("session", "shell", id!, "pwd; echo $A", "--env", "A=1")
      assert.deepInclude(result, { exitCode: 0, stdout: "/home/wuying\n1\n" })
    })
  )
})

describe("agentbay file", () => {
  it.scopedLive("writes, appends, reads and lists", () =>
    Effect.gen(function* () {
      const { folder, json, lines, server } = yield* serving
      const [id] = yield* lines("session", "create")
      const from = Path.join(folder, "from")
      NodeFs.writeFileSync(from, Buffer.from([0, 255, 10, 128]))
      const path = "/home/wuying/x.bin"
      yield* lines("file", "write", "--session", id!, path, "--from", from)
      yield* lines("file", "write", "--session", id!, path, "--from", from, "--append")
      const stored = NodeFs.readFileSync(server.sessionDirectory(id!) + path)
      assert.deepStrictEqual([...stored], [0, 255, 10, 128, 0, 255, 10, 128])
      const [read] = yield* json("file", "read", "--session", id!, path)
      assert.deepInclude(read, { size: 8, base64: stored.toString("base64") })
      assert.deepStrictEqual(yield* json("file", "ls", "--session", id!), [
        { name: "x.bin", kind: "file" }
      ])
    })
  )
})

describe("agentbay sync --detach", () => {
  it.scopedLive("beside a server ends while the transfer runs, which --resume waits for", () =>
    Effect.gen(function* () {
      const { call, json, lines, server } = yield* serving
      const [id] = yield* lines("session", "create", "--context", `a=${mount}`)
      NodeFs.writeFileSync(`${server.sessionDirectory(id!)}${mount}/file`, "a")
      yield* server.faults.set([{ when: { taskType: "upload" }, then: { task: { polls: 3 } } }])
      const detached = yield* call("sync", "--session", id!, "--detach")
      assert.deepStrictEqual([detached.code, detached.stderr], [0, ""])
      const [info] = yield* json("info", "--session", id!, "--type", "upload")
      assert.strictEqual(info.contextStatusData[0].status, "Running")
      const resumed = yield* json("sync", "--session", id!, "--resume", detached.stdout)
      assert.deepInclude(resumed[0], { sessionId: id, outcome: "Completed" })
      // Whoever asks again is told the same.
      const again = yield* json("sync", "--session", id!, "--resume", detached.stdout)
      assert.strictEqual(again[0].outcome, "Completed")
    })
  )
})

describe("agentbay watch and sync --all", () => {
  it.scopedLive("tell of every session's transfers", () =>
    Effect.gen(function* () {
      const { call, json, lines, server } = yield* serving
      assert.match((yield* call("sync", "--all")).stderr, /No sessions/)
      const sessions: Array<string> = []
      for (const name of ["a", "b"]) {
        const [id] = yield* lines("session", "create", "--context", `${name}=${mount}`)
        NodeFs.writeFileSync(`${server.sessionDirectory(id!)}${mount}/file`, name)
        sessions.push(id!)
      }
      const results = yield* json("sync", "--all")
      assert.sameMembers(
        results.map(({ outcome, sessionId }) => `${sessionId} ${outcome}`),
        sessions.map((id) => `${id} Completed`)
      )
      const watched = yield* json("watch", "--session", sessions[0]!, "--until-done")
      assert.sameMembers(
        watched.map(({ status, taskType }) => `${taskType} ${status}`),
        ["download Success", "upload Success"]
      )

      NodeFs.rmSync(`${server.sessionDirectory(sessions[1]!)}${mount}`, { recursive: true })
      const partly = yield* call("sync", "--all")
      assert.strictEqual(partly.code, 1)
      assert.match(partly.stdout, /Completed[\s\S]*SyncFailed|SyncFailed[\s\S]*Completed/)
      assert.match(partly.stderr, /1 of 2 sessions could not be synced/)
      const failed = yield* call("watch", "--session", sessions[1]!, "--until-done")
      assert.strictEqual(failed.code, 1)
      assert.match(failed.stderr, /1 transfer failed/)
    })
  )

  it.scopedLive("watch goes on until it is interrupted, and redraws its table", () =>
    Effect.gen(function* () {
      const { folder, lines } = yield* serving
      const [id] = yield* lines("session", "create", "--context", `a=${mount}`)
      const seen: Array<string> = []
      const fiber = yield* Effect.fork(
        Harness.run(
          ["watch", "--session", id!, "--interval", "20ms", "--data", Path.join(folder, "data")],
          {
            environment: Environment.layer,
            surface: Harness.terminal({ colour: false }),
            onLine: (line) => seen.push(line)
          }
        )
      )
      yield* Wire.eventually(
        Effect.sync(() => seen.length),
        (count) => count >= 3
      )
      yield* Fiber.interrupt(fiber)
      assert.match(seen[0]!, /^CONTEXT[\s\S]*1 transfer: 0 running, 1 done/)
      const back = seen[0]!.split("\n").length
      assert.isTrue(seen[2]!.startsWith(`\u001B[${back}A\u001B[J`), seen[2])
    })
  )

  it.effect("watch draws no more than the screen holds", () =>
    Effect.gen(function* () {
      const items = Array.from({ length: 30 }, (_, index) => ({
        contextId: `SdkCtx-${index}`,
        path: "/work",
        taskType: "upload",
        status: "Success"
      }))
      const { stdout } = yield* Harness.run(["watch", "--session", "s", "--until-done"], {
        environment: Harness.scripted({ script: { GetContextInfo: AgentBayTest.status(items) } }),
        surface: Harness.terminal({ colour: false, rows: 12 })
      })
      const lines = stdout.split("\n")
      assert.isAtMost(lines.length, 11)
      assert.match(stdout, /\n… and 23 lines more\n\n30 transfers: 0 running, 30 done/)
    })
  )
})
