import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as Harness from "./harness.js"

const bin = fileURLToPath(new URL("../../../packages/node/dist/bin.js", import.meta.url))

beforeAll(() => {
  assert.isTrue(
    NodeFs.existsSync(bin),
    "the command line is not built: run `tsc -b packages/core packages/node` first"
  )
})

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: string | null
    readonly stdout: string
    readonly stderr: string
  }>
  /** The output so far, once it matches. */
  readonly until: (pattern: RegExp) => Promise<string>
}

const start = (
  args: ReadonlyArray<string>,
  options: {
    readonly cwd: string
    readonly env?: { readonly [name: string]: string }
    /** A file that stdout goes to; it is captured otherwise. */
    readonly stdout?: number
    /** What is piped into it; nothing otherwise. */
    readonly stdin?: string
  }
) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const { AGENTBAY_API_KEY: _, ...inherited } = process.env
      const child = spawn(process.execPath, [bin, ...args], {
        cwd: options.cwd,
        env: { ...inherited, ...options.env },
        stdio: [options.stdin === undefined ? "ignore" : "pipe", options.stdout ?? "pipe", "pipe"]
      })
      child.stdin?.end(options.stdin)
      let stdout = ""
      let stderr = ""
      child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text))
      child.stderr?.setEncoding("utf8").on("data", (text) => (stderr += text))
      const ended = new Promise<Awaited<Running["ended"]>>((resolve) =>
        child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }))
      )
      const until = (pattern: RegExp) =>
        new Promise<string>((resolve, reject) => {
          const look = () => {
            if (pattern.test(stdout + stderr)) resolve(stdout + stderr)
          }
          child.stdout?.on("data", look)
          child.stderr?.on("data", look)
          child.once("close", () => reject(new Error(`ended early: ${stdout}${stderr}`)))
          look()
        })
      return { child, ended, until }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const end = ({ ended }: Running) => Effect.promise(() => ended)

const runBin = (...args: Parameters<typeof start>) => Effect.flatMap(start(...args), end)

/** A service whose only task never ends; `polled` resolves at the second status request. */
const endlessService = Effect.acquireRelease(
  Effect.promise(
    () =>
      new Promise<{
        readonly server: NodeHttp.Server
        readonly env: { readonly [name: string]: string }
        readonly polled: Promise<void>
      }>((resolve) => {
        let polls = 0
        let onPolled = () => {}
        const polled = new Promise<void>((done) => (onPolled = done))
        const server = NodeHttp.createServer((request, response) => {
          const isStatus = request.url?.includes("GetContextInfo") === true
          if (isStatus && ++polls > 1) onPolled()
          const task = { contextId: "c", path: "/work", taskType: "upload", status: "Running" }
          const status = JSON.stringify([
            { type: "data", data: JSON.stringify(polls > 1 ? [task] : []) }
          ])
          response.setHeader("content-type", "application/json")
          response.end(
            JSON.stringify({
              RequestId: "endless",
              Success: true,
              Code: "ok",
              ...(isStatus ? { Data: { ContextStatus: status } } : {})
            })
          )
        })
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          resolve({
            server,
            polled,
            env: {
              AGENTBAY_API_KEY: "akm-secret",
              AGENTBAY_ENDPOINT: `http://127.0.0.1:${port}`
            }
          })
        })
      })
  ),
  ({ server }) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)

const syncArgs = ["sync", "--session", "s", "--context", "c", "--path", "/work"]

describe("the executable", { timeout: 60_000 }, () => {
  it.scopedLive("2 for wrong usage, and JSON alone on stdout", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const [wrong, unknown] = yield* Effect.all(
        [runBin(["sync"], { cwd }), runBin(["info", "--session", "nobody", "--json"], { cwd })],
        { concurrency: 2 }
      )
      assert.strictEqual(wrong.code, 2)
      assert.strictEqual(wrong.stdout, "")
      assert.match(wrong.stderr, /^agentbay: [^\n]*Try 'agentbay sync --help'\.\n$/)
      assert.strictEqual(unknown.code, 1)
      assert.strictEqual(unknown.stdout, "")
      assert.match(
        unknown.stderr,
        /^agentbay: [^\n]*InvalidMcpSession\.NotFound[^\n]*request[^\n]*\n$/
      )
      // Without a terminal nothing is coloured.
      assert.notInclude(wrong.stderr + unknown.stderr, "\u001B")

      const created = yield* runBin(["session", "create", "--json"], { cwd })
      assert.strictEqual(created.code, 0, created.stderr)
      assert.isString(JSON.parse(created.stdout).sessionId)
      assert.strictEqual(created.stderr, "")
    })
  )

  it.scopedLive("3 when the budget is used up", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const { env } = yield* endlessService
      const { code, stderr, stdout } = yield* runBin(
        [...syncArgs, "--max-retries", "1", "--interval", "10ms"],
        { cwd, env }
      )
      assert.strictEqual(code, 3, stderr)
      assert.strictEqual(stdout, "")
      assert.match(stderr, /^agentbay: [^\n]*\n$/m)
      assert.notInclude(stderr, "akm-secret")
      assert.isFalse(NodeFs.existsSync(Path.join(cwd, ".agentbay")))
    })
  )

  it.scopedLive("a detached sync is one line on stdout, and --resume - takes it from stdin", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const { env } = yield* endlessService
      const detached = yield* runBin([...syncArgs, "--detach"], { cwd, env })
      assert.deepStrictEqual([detached.code, detached.stderr], [0, ""])
      assert.match(detached.stdout, /^agentbay-sync-1\.[^\s]+\n$/)
      const { code, stderr, stdout } = yield* runBin(
        ["sync", "--session", "s", "--resume", "-", "--max-retries", "1", "--interval", "10ms"],
        { cwd, env, stdin: detached.stdout }
      )
      assert.deepStrictEqual([code, stdout], [3, ""], stderr)
      assert.match(stderr, /^agentbay: sync was not done after 2 .* c at \/work[^\n]*\n$/m)
      const blank = yield* runBin(["sync", "--session", "s", "--resume", "-"], {
        cwd,
        env,
        stdin: ""
      })
      assert.strictEqual(blank.code, 2)
      assert.match(blank.stderr, /^agentbay: --resume must be a token [^\n]*\n$/)
    })
  )

  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143]
  ] as const) {
    it.scopedLive(`${expected} after ${signal} during a sync`, () =>
      Effect.gen(function* () {
        const cwd = yield* Harness.temporaryDirectory
        const { env, polled } = yield* endlessService
        const running = yield* start(syncArgs, { cwd, env })
        yield* Effect.promise(() => polled)
        running.child.kill(signal)
        const { code, stderr } = yield* end(running)
        assert.strictEqual(code, expected)
        assert.match(stderr, /agentbay: interrupted\n$/)
      })
    )
  }

  for (const [output, seen] of [
    ["stdout", /Files that outlive/],
    ["stderr", /Opening a session/]
  ] as const) {
    it.scopedLive(`141 and no session left behind when nobody reads ${output} any longer`, () =>
      Effect.gen(function* () {
        const cwd = yield* Harness.temporaryDirectory
        const demo = yield* start(["demo"], { cwd })
        yield* Effect.promise(() => demo.until(seen))
        demo.child[output]?.destroy()
        const { code, stderr, stdout } = yield* end(demo)
        assert.strictEqual(code, 141, stderr)
        assert.notMatch(stderr, /agentbay: |\n {4}at /)
        assert.notInclude(stdout, "came back")
        const listed = yield* runBin(["session", "list"], { cwd })
        assert.deepStrictEqual([listed.code, listed.stdout], [0, ""])
      })
    )
  }

  it.scopedLive("141 when the only result is not read", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const running = yield* start(["--help"], { cwd })
      running.child.stdout?.destroy()
      const { code, stderr } = yield* end(running)
      assert.deepStrictEqual([code, stderr], [141, ""])
    })
  )

  const full = "/dev/full"
  it.scopedLive.skipIf(!NodeFs.existsSync(full))("1 when a result cannot be written", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const stdout = NodeFs.openSync(full, "w")
      const { code, stderr } = yield* runBin(["session", "create", "--json"], { cwd, stdout })
      NodeFs.closeSync(stdout)
      assert.strictEqual(code, 1)
      assert.match(stderr, /^agentbay: The output cannot be written: [^\n]*ENOSPC[^\n]*\n$/)
    })
  )

  it.scopedLive("serve is found by others, tells no key, and tidies up at SIGINT", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const serve = yield* start(["serve"], { cwd })
      const announced = yield* Effect.promise(() => serve.until(/Ctrl-C stops it/))
      const key = NodeFs.readFileSync(Path.join(cwd, ".agentbay/api-key"), "utf8").trim()
      assert.notInclude(announced, key)
      assert.match(announced, /export AGENTBAY_ENDPOINT=http:\/\/127\.0\.0\.1:\d+/)
      const listed = yield* runBin(["session", "list", "--json"], { cwd })
      assert.deepStrictEqual([listed.code, listed.stdout, listed.stderr], [0, "", ""])
      serve.child.kill("SIGINT")
      const { code } = yield* end(serve)
      assert.strictEqual(code, 130)
      assert.isFalse(NodeFs.existsSync(Path.join(cwd, ".agentbay/server.json")))
    })
  )

  it.scopedLive("1 in one line when the server is killed half way", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const serve = yield* start(["serve", "--json"], { cwd })
      yield* Effect.promise(() => serve.until(/\n/))
      const created = yield* runBin(["session", "create", "--context", "a=/work"], { cwd })
      const sessionId = created.stdout.trim()
      // Sparse here, but copied in full: long enough to be met half way.
      const work = Path.join(cwd, ".agentbay/sessions", sessionId, "root/work")
      NodeFs.mkdirSync(work, { recursive: true })
      NodeFs.closeSync(NodeFs.openSync(Path.join(work, "large"), "w"))
      NodeFs.truncateSync(Path.join(work, "large"), 400 * 1024 * 1024)
      const sync = yield* start(["sync", "--session", sessionId, "--interval", "20ms"], { cwd })
      const staging = Path.join(cwd, ".agentbay/staging")
      yield* Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            const watcher = NodeFs.watch(staging, { recursive: true }, () => {
              watcher.close()
              resolve()
            })
          })
      )
      serve.child.kill("SIGKILL")
      const { code, stderr } = yield* end(sync)
      assert.strictEqual(code, 1, stderr)
      assert.match(stderr, /\nagentbay: [^\n]*\n$|^agentbay: [^\n]*\n$/)
      assert.notInclude(stderr, "    at ")
      // The directory is free again for the next command, and the half file is gone.
      const info = yield* runBin(["info", "--session", sessionId, "--json"], { cwd })
      assert.strictEqual(info.code, 0, info.stderr)
      const tasks: ReadonlyArray<{ taskType: string; status: string }> = JSON.parse(
        info.stdout
      ).contextStatusData
      assert.isFalse(tasks.some((task) => task.taskType === "upload" && task.status === "Running"))
    })
  )
})
