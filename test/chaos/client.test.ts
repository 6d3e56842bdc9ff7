import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import * as NodeFs from "node:fs"
import { fileURLToPath } from "node:url"
import {
  many,
  mount,
  serving,
  sessionWithFiles,
  stopped,
  temporaryDirectory
} from "../node/local/life.js"
import { build, kill } from "../node/local/serverProcess.js"
import * as Wire from "../node/local/wire.js"

const bin = fileURLToPath(new URL("../../packages/node/dist/bin.js", import.meta.url))

const start = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { AGENTBAY_API_KEY: _, AGENTBAY_ENDPOINT: __, ...env } = process.env
      const child = spawn(process.execPath, [bin, ...args], {
        env,
        stdio: ["ignore", "pipe", "pipe"]
      })
      let stdout = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
      child.stderr.resume()
      const ended = new Promise<{ readonly code: number | null; readonly stdout: string }>(
        (resolve) => child.once("close", (code) => resolve({ code, stdout }))
      )
      return { child: child as ChildProcess, ended }
    }),
    ({ child }) => kill(child)
  )

/** A command that is left to its end. */
const run = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(start(...args), ({ ended }) => Effect.promise(() => ended))

const statuses = (stdout: string): ReadonlyArray<unknown> => {
  const tasks = Wire.at(JSON.parse(stdout), "contextStatusData")
  assert.isArray(tasks, stdout)
  return (tasks as ReadonlyArray<unknown>)
    .filter((task) => Wire.at(task, "taskType") === "upload")
    .map((task) => Wire.at(task, "status"))
}

const uploads = (id: string) => Wire.info(id, { TaskType: "upload" })

/** A session full of files at a server that the commands find, and what its command line is. */
const atServer = <A, E>(
  use: (it: {
    readonly about: ReadonlyArray<string>
    readonly id: string
    /** Where its files are stored. */
    readonly store: string
  }) => Effect.Effect<A, E, LocalAgentBay.LocalAgentBay | Scope.Scope>
) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory
    return yield* Effect.gen(function* () {
      const { contextId, id, server } = yield* sessionWithFiles(many)
      const about = ["--data", directory, "--session", id]
      return yield* use({ about, id, store: `${server.contextDirectory(contextId)}${mount}` })
    }).pipe(Effect.scoped, serving(directory, { advertise: true }))
  })

describe("a client that is killed", () => {
  beforeAll(build, 120_000)

  it.scopedLive(
    "does not take its transfer with it; who asks later is told the truth",
    () =>
      atServer(({ about, id, store }) =>
        Effect.gen(function* () {
          const detached = yield* run("sync", ...about, "--detach")
          const token = detached.stdout.trim()
          const waiting = yield* start("sync", ...about, "--resume", token)
          yield* Wire.eventually(uploads(id), ([task]) => task !== undefined && task.filesDone > 0)
          yield* kill(waiting.child)
          const resumed = yield* run("sync", ...about, "--resume", token, "--json")
          assert.strictEqual(resumed.code, 0)
          assert.lengthOf(NodeFs.readdirSync(store), many)
        })
      ),
    180_000
  )

  it.scopedLive(
    "that started it itself does not take it with it either",
    () =>
      atServer(({ about, id, store }) =>
        Effect.gen(function* () {
          const syncing = yield* start("sync", ...about)
          yield* Wire.eventually(uploads(id), ([task]) => task !== undefined)
          yield* kill(syncing.child)
          yield* Wire.settled(id)
          const told = yield* run("info", ...about, "--json")
          assert.strictEqual(told.code, 0)
          assert.deepStrictEqual(statuses(told.stdout), ["Success"])
          assert.lengthOf(NodeFs.readdirSync(store), many)
        })
      ),
    180_000
  )

  it.scopedLive(
    "with the server inside leaves a transfer that failed, and no half of it",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const { contextId, id, server } = yield* sessionWithFiles(many).pipe(serving(directory))
        const about = ["--data", directory, "--session", id]
        const syncing = yield* start("sync", ...about)
        const store = `${server.contextDirectory(contextId)}${mount}`
        yield* Wire.eventually(
          Effect.sync(() => (NodeFs.existsSync(store) ? NodeFs.readdirSync(store).length : 0)),
          (length) => length > 0
        )
        yield* kill(syncing.child)
        for (const name of NodeFs.readdirSync(store)) {
          assert.strictEqual(NodeFs.statSync(`${store}/${name}`).size, 1)
        }
        const told = yield* run("info", ...about, "--json")
        assert.deepStrictEqual(statuses(told.stdout), ["Failed"])
        assert.include(told.stdout, stopped)
        assert.deepStrictEqual(NodeFs.readdirSync(`${directory}/staging`), [])
        const again = yield* run("sync", ...about)
        assert.strictEqual(again.code, 0)
        assert.lengthOf(NodeFs.readdirSync(store), many)
      }),
    180_000
  )
})
