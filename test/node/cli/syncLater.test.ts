import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Environment from "../../../packages/node/src/cli/Environment.js"
import * as Harness from "./harness.js"

const item = (status: string, extra?: { readonly [key: string]: unknown }) => ({
  contextId: "SdkCtx-1",
  path: "/work",
  taskType: "upload",
  status,
  startTime: 1_800_000_000,
  ...extra
})

const nothing = AgentBayTest.status([])
const running = AgentBayTest.status([item("Running")])
const succeeded = AgentBayTest.status([item("Success", { finishTime: 1_800_000_002 })])

const session = ["--session", "session-1"]
const target = [...session, "--context", "SdkCtx-1", "--path", "/work"]

/** One service for several commands, and what it was asked. */
const serviceOf = (options: AgentBayTest.Options, serverInside = false) =>
  Effect.map(Layer.build(AgentBayTest.layer(options)), (services) => {
    const environment = Layer.succeed(Environment.Environment, {
      client: () =>
        Layer.merge(
          Layer.succeedContext(services),
          Layer.succeed(Environment.ServerInside, serverInside)
        ),
      local: () => Layer.die("no Local AgentBay in this test")
    })
    const asked = Context.get(services, AgentBayTest.AgentBayTest)
    return {
      agentBay: Context.get(services, AgentBay.AgentBay),
      run: (args: ReadonlyArray<string>, more?: Parameters<typeof Harness.run>[1]) =>
        Harness.runInTime(["sync", ...args], { environment, ...more }),
      /** The same while time stands still: a last look has little of it. */
      runAtOnce: (args: ReadonlyArray<string>) => Harness.run(["sync", ...args], { environment }),
      timesOf: asked.timesOf,
      actions: Effect.map(asked.requests, (requests) => requests.map(({ action }) => action))
    }
  })

const script = (...statuses: ReadonlyArray<AgentBayTest.Reply>): AgentBayTest.Options => ({
  script: { GetContextInfo: [nothing, ...statuses], SyncContext: AgentBayTest.ok() }
})

describe("sync --timeout", () => {
  it.scoped("ends with 3 at that time, and names what is open", () =>
    Effect.gen(function* () {
      const { run, timesOf } = yield* serviceOf(script(running))
      const { code, stderr, stdout } = yield* run([
        ...target,
        "--timeout",
        "5s",
        "--interval",
        "2s"
      ])
      assert.deepStrictEqual([code, stdout], [3, ""])
      assert.match(stderr, /\nagentbay: sync was not done .* in 5 s .*SdkCtx-1.*\/work.*Running/)
      // What is older, polls by the clock, and one last look.
      assert.deepStrictEqual(yield* timesOf("GetContextInfo"), [0, 0, 2000, 4000, 5000])
    })
  )

  /** Sessions, and what the first status of each says after the trigger. */
  const several = (statuses: ReadonlyArray<AgentBayTest.Reply>) =>
    Effect.gen(function* () {
      const ids: Array<string> = []
      const seen = new Set<string>()
      const service = yield* serviceOf({
        script: {
          GetContextInfo: ({ parameters }) => {
            const id = parameters["SessionId"] ?? ""
            const isFirst = !seen.has(id)
            seen.add(id)
            return isFirst ? nothing : statuses[ids.indexOf(id)]
          },
          SyncContext: AgentBayTest.ok()
        }
      })
      for (const _ of statuses) ids.push((yield* service.agentBay.create()).sessionId)
      return { ids, ...service }
    })

  it.scoped("is about each session with --all; late ones alone end it with 3", () =>
    Effect.gen(function* () {
      const { ids, run } = yield* several([succeeded, running])
      const { code, stderr, stdout } = yield* run(["--all", "--timeout", "5s", "--json"])
      const rows = stdout.split("\n").map((line) => JSON.parse(line))
      assert.sameMembers(
        rows.map(({ error, outcome, sessionId }) => `${sessionId} ${outcome ?? error}`),
        [`${ids[0]} Completed`, `${ids[1]} SyncTimeout`]
      )
      const late = rows.find(({ error }) => error !== undefined)
      assert.match(late.message, /SdkCtx-1.*\/work.*Running/)
      assert.strictEqual(code, 3)
      assert.match(stderr, /agentbay: 1 of 2 sessions could not be synced in time\.$/)
    })
  )

  it.scoped("with --all, a failed one beside a late one ends it with 1", () =>
    Effect.gen(function* () {
      const { run } = yield* several([AgentBayTest.status([item("Failed")]), running])
      const { code, stderr, stdout } = yield* run(["--all", "--timeout", "5s"])
      assert.strictEqual(code, 1)
      assert.match(stdout, /SyncFailed/)
      assert.match(stdout, /SyncTimeout/)
      assert.match(stderr, /agentbay: 2 of 2 sessions could not be synced\.$/)
    })
  )
})

describe("sync --detach", () => {
  it.scoped("triggers and does not wait; the token is alone on stdout", () =>
    Effect.gen(function* () {
      const { actions, run } = yield* serviceOf(script(running))
      const { code, stderr, stdout } = yield* run([...target, "--detach"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout, /^agentbay-sync-1\.[\w.%-]+$/)
      assert.deepStrictEqual(yield* actions, ["GetContextInfo", "SyncContext"])
    })
  )

  it.scoped("tells on a terminal how to go on, on stderr", () =>
    Effect.gen(function* () {
      const { run } = yield* serviceOf(script(running))
      const surface = Harness.terminal({ colour: false })
      const { stderr, stdout } = yield* run([...target, "--detach"], { surface })
      assert.match(stdout, /^agentbay-sync-1\.[\w.%-]+$/)
      assert.strictEqual(stderr, "Wait for it: agentbay sync --session session-1 --resume TOKEN")
    })
  )

  it.scoped("writes an object with --json", () =>
    Effect.gen(function* () {
      const { run } = yield* serviceOf(script(running))
      const surface = Harness.terminal({ colour: false })
      const { stderr, stdout } = yield* run([...target, "--detach", "--json"], { surface })
      const told = JSON.parse(stdout)
      assert.hasAllKeys(told, ["sessionId", "requestId", "token"])
      assert.strictEqual(told.sessionId, "session-1")
      assert.match(told.requestId, /./)
      assert.match(told.token, /^agentbay-sync-1\./)
      assert.strictEqual(stderr, "")
    })
  )

  it.scoped("ends with 1 and no token when the service refuses", () =>
    Effect.gen(function* () {
      const { run } = yield* serviceOf({
        script: {
          GetContextInfo: nothing,
          SyncContext: AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })
        }
      })
      const { code, stderr, stdout } = yield* run([...target, "--detach"])
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.match(stderr, /^agentbay: .*InvalidMcpSession\.NotFound/)
    })
  )

  it.scoped("stays until nothing runs when the server is in the command, without a limit", () =>
    Effect.gen(function* () {
      const failed = AgentBayTest.status([item("Failed", { errorMessage: "disk full" })])
      const { run, timesOf } = yield* serviceOf(script(running, running, running, failed), true)
      const args = [...target, "--detach", "--timeout", "100ms", "--max-retries", "0"]
      const { code, stderr, stdout } = yield* run(args)
      // How it ended is for who resumes.
      assert.strictEqual(code, 0)
      assert.match(stdout, /^agentbay-sync-1\.[\w.%-]+$/)
      assert.match(stderr, /^Local AgentBay runs in this command.*\n(.*\n)*Transferring: /)
      assert.deepStrictEqual(yield* timesOf("GetContextInfo"), [0, 0, 0, 200, 400])
    })
  )
})

describe("sync --resume", () => {
  it.scoped("waits for what was started, and ends as a sync does", () =>
    Effect.gen(function* () {
      const { actions, run } = yield* serviceOf(script(running, succeeded))
      const { stdout: token } = yield* run([...target, "--detach"])
      const { code, stderr, stdout } = yield* run([...session, "--resume", token])
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /^CONTEXT .*\nSdkCtx-1 +\/work +upload +Success .*\nCompleted in /)
      assert.match(stderr, /^Syncing: /)
      const asked = yield* actions
      assert.strictEqual(asked.filter((action) => action === "SyncContext").length, 1)
    })
  )

  it.scoped("writes with --json what a sync writes", () =>
    Effect.gen(function* () {
      const { run } = yield* serviceOf(script(running, succeeded))
      const { stdout: token } = yield* run([...target, "--detach"])
      const { stdout } = yield* run([...session, "--resume", token, "--json"])
      const result = JSON.parse(stdout)
      assert.deepInclude(result, { sessionId: "session-1", outcome: "Completed" })
      assert.strictEqual(result.contextStatusData[0].status, "Success")
    })
  )

  it.scoped("ends with 1 and its message when the transfer failed meanwhile", () =>
    Effect.gen(function* () {
      const failed = item("Failed", { errorMessage: "disk is full" })
      const { run } = yield* serviceOf(script(AgentBayTest.status([failed])))
      const { stdout: token } = yield* run([...target, "--detach"])
      const { code, stderr, stdout } = yield* run([...session, "--resume", token])
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.match(stderr, /agentbay: .*disk is full/)
    })
  )

  it.scoped("keeps to the time of --detach, unless it has one of its own", () =>
    Effect.gen(function* () {
      const { run, runAtOnce, timesOf } = yield* serviceOf(script(running))
      const { stdout: token } = yield* runAtOnce([...target, "--detach", "--timeout", "4s"])
      yield* TestClock.setTime(60_000)
      const late = yield* runAtOnce([...session, "--resume", token])
      assert.strictEqual(late.code, 3)
      assert.match(late.stderr, /agentbay: sync was not done .*SdkCtx-1.*\/work.*Running/)
      const looks = yield* timesOf("GetContextInfo")
      assert.strictEqual(looks.filter((at) => at > 0).length, 1)

      yield* TestClock.setTime(120_000)
      const args = ["--timeout", "5s", "--interval", "2s"]
      const again = yield* run([...session, "--resume", token, ...args])
      assert.strictEqual(again.code, 3)
      const second = (yield* timesOf("GetContextInfo")).filter((at) => at >= 120_000)
      assert.deepStrictEqual(second, [120_000, 122_000, 124_000, 125_000])
    })
  )

  it.scoped("takes --max-retries and --interval of its own", () =>
    Effect.gen(function* () {
      const { run, timesOf } = yield* serviceOf(script(running))
      const { stdout: token } = yield* run([...target, "--detach"])
      yield* TestClock.setTime(60_000)
      const args = ["--max-retries", "2", "--interval", "3s"]
      const { code } = yield* run([...session, "--resume", token, ...args])
      assert.strictEqual(code, 3)
      const looks = (yield* timesOf("GetContextInfo")).filter((at) => at > 0)
      assert.deepStrictEqual(looks, [60_000, 63_000, 66_000])
    })
  )

  it.scoped("refuses the token of another session, and one that was cut, in one line", () =>
    Effect.gen(function* () {
      const { actions, run } = yield* serviceOf(script(running))
      const { stdout: token } = yield* run([...target, "--detach"])
      const asked = (yield* actions).length
      const other = yield* run(["--session", "session-2", "--resume", token])
      const cut = yield* run([...session, "--resume", token.slice(0, -1)])
      for (const { code, stderr, stdout } of [other, cut]) {
        assert.deepStrictEqual([code, stdout], [2, ""])
        assert.match(stderr, /^agentbay: --resume: the token [^\n]*'agentbay sync --help'\.$/)
      }
      assert.match(other.stderr, /is about session session-1, not session-2/)
      assert.match(cut.stderr, /is damaged/)
      assert.strictEqual((yield* actions).length, asked)
    })
  )

  it.scoped("counts in its rate only what was moved while it looked", () =>
    Effect.gen(function* () {
      const counts = (bytesDone: number) =>
        AgentBayTest.status([item("Running", { bytesDone, bytesTotal: 20_480, filesTotal: 1 })])
      const { run } = yield* serviceOf(script(counts(10_240), counts(12_288), succeeded))
      const { stdout: token } = yield* run([...target, "--detach"])
      const { stderr } = yield* run([...session, "--resume", token, "--interval", "2s"])
      assert.match(stderr, /12\.0 KiB\/20\.0 KiB, 1\.0 KiB\/s, 2\.0 s/)
    })
  )
})
