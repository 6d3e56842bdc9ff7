/**
 * Many syncs that wait at once, for a long time, at a server that misbehaves now and then. The
 * server and the client are processes of their own, so that the memory of each is its own.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, fork } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as ServerProcess from "../node/local/serverProcess.js"
import { rounds } from "../rounds.js"
import { trend } from "./trend.js"

const sessions = rounds({ short: 4, long: 20 })
const targets = rounds({ short: 250, long: 500 })
const lastsMillis = rounds({ short: 10_000, long: 180_000 })
const intervalMillis = rounds({ short: 500, long: 1500 })
const forMillis = rounds({ short: 15_000, long: 600_000 })
const sampleMillis = rounds({ short: 500, long: 5000 })
const retryAfterMillis = rounds({ short: 1000, long: 2000 })

/** One call of a hundred meets one of these, each as often as the others. */
const kinds = [
  { drop: "before" },
  { drop: "after" },
  { drop: "midway" },
  { error: { httpStatus: 500, code: "InternalError" } },
  { error: { httpStatus: 503, code: "ServiceUnavailable" } },
  { error: { httpStatus: 429, code: "Throttling", retryAfter: retryAfterMillis } },
  { malformed: "html" },
  { malformed: "cut" },
  { latency: 300 }
]
const faults = kinds.map((then, index) => ({
  when: {
    action: ["GetContextInfo", "SyncContext"],
    calls: { probability: 0.01 / kinds.length, seed: index + 1 }
  },
  then
}))

interface Server {
  readonly apiKey: string
  readonly url: string
  readonly sessions: ReadonlyArray<unknown>
}

interface Book {
  readonly counts: { readonly [actionAndStatus: string]: number }
  readonly early: ReadonlyArray<unknown>
  readonly earlyCount: number
  readonly missed: boolean
}

interface Result {
  readonly count: number
  readonly started: number
  readonly ended: number
  readonly outcomes: { readonly [outcome: string]: number }
  readonly wrong: ReadonlyArray<string>
  readonly allEnded: boolean
  readonly waitsLeft: number
  readonly rootsLeft: number
  readonly samples: ReadonlyArray<{
    readonly at: number
    readonly heap: number
    readonly rss: number
    readonly waits: number
  }>
}

type Message = { readonly server?: Server; readonly book?: Book; readonly result?: Result }

// Waiting is loaded, and not the disk that thousands of folders are made on. A server that is
// killed leaves its files behind.
const memory = Effect.acquireRelease(
  Effect.sync(() =>
    mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "agentbay-load-"))
  ),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
)

/** Starts a module of this folder in a process of its own; it is killed at the end at the latest. */
const started = (
  home: string,
  file: string,
  args: ReadonlyArray<string>,
  execArgv: ReadonlyArray<string> = []
) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      fork(fileURLToPath(new URL(file, import.meta.url)), [...args], {
        execArgv: [...execArgv],
        env: { ...process.env, TMPDIR: home }
      })
    ),
    ServerProcess.kill
  )

/** The next message of a process, after it was told something. */
const answer = (child: ChildProcess, told?: object) =>
  Effect.async<Message>((resume) => {
    child.once("message", (message: Message) => resume(Effect.succeed(message)))
    child.once("exit", (code) => resume(Effect.dieMessage(`it ended with ${code}`)))
    if (told !== undefined) child.send(told)
  })

const needed = <A>(value: A | undefined, message: Message): A =>
  value ?? assert.fail(`another message came: ${JSON.stringify(message)}`)

// A quarter of a minute is not enough for all code to be compiled, which grows the heap too.
const allowedGrowth = rounds({ short: 0.05, long: 0.02 })

const MiB = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

describe("load", () => {
  beforeAll(ServerProcess.build, 120_000)

  it.scopedLive(
    `${sessions * targets} syncs wait for ${forMillis / 1000} s, with 1 % of faults`,
    () =>
      Effect.gen(function* () {
        const home = yield* memory
        const serving = { faults, lastsMillis, retryAfterMillis, sessions, targets }
        const server = yield* started(home, "./loadServer.mjs", [JSON.stringify(serving)])
        const opened = yield* answer(server)
        const place = needed(opened.server, opened)
        const client = yield* started(home, "./loadClient.mjs", [], ["--expose-gc"])
        const times = { forMillis, intervalMillis, lastsMillis, sampleMillis }
        const ended = yield* answer(client, { ...place, ...times })
        const result = needed(ended.result, ended)
        const told = yield* answer(server, {})
        const book = needed(told.book, told)

        const { growth, mean, noise } = trend(
          result.samples.map(({ at, heap }) => ({ x: at, y: heap }))
        )
        const waits = result.samples.map((sample) => sample.waits)
        console.log(
          [
            `${result.started} syncs: ${JSON.stringify(result.outcomes)}`,
            `waiting: ${Math.min(...waits)} to ${Math.max(...waits)} of ${result.count}`,
            `heap: ${MiB(mean)}, growth in ${forMillis / 1000} s: ${MiB(growth)} ± ${MiB(noise)}`,
            `calls: ${JSON.stringify(book.counts)}; too early: ${book.earlyCount}`
          ].join("\n")
        )

        assert.deepStrictEqual(result.wrong, [])
        assert.isTrue(result.allEnded, "all syncs end")
        assert.strictEqual(result.ended, result.started)
        assert.strictEqual(result.waitsLeft, 0)
        assert.strictEqual(result.rootsLeft, 0)
        assert.isAbove(Math.min(...waits), 0.8 * result.count, "syncs that wait")
        assert.isAbove(result.outcomes["completed"] ?? 0, 0.8 * result.count)
        assert.isAbove(result.outcomes["failed by rule"] ?? 0, 0.08 * result.count)
        assert.isFalse(book.missed, "the book of the server is whole")
        assert.deepStrictEqual(book.early, [], "requests that came before they were to come")
        assert.isBelow(growth, Math.max(3 * noise, allowedGrowth * mean), "growth of the heap")
      }),
    // Only there so that a hang ends: the machine may be busy with something else.
    rounds({ short: 300_000, long: 3_600_000 })
  )
})
