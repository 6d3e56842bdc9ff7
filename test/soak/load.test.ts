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
import { type Action, actions, kindNames, type KindName, plan, rulesOf } from "./faultPlan.js"
import {
  type Call,
  early,
  grouped,
  judge,
  type Sample,
  type Shown,
  statusOf,
  type Sync,
  unexplained
} from "./judge.js"
import { laterHalf, type Point, trend } from "./trend.js"

const sessions = rounds({ short: 4, long: 20 })
const targets = rounds({ short: 250, long: 500 })
const lastsMillis = rounds({ short: 15_000, long: 180_000 })
const intervalMillis = rounds({ short: 500, long: 1500 })
const forMillis = rounds({ short: 15_000, long: 600_000 })
const sampleMillis = rounds({ short: 500, long: 5000 })

/** Of each block of so many calls one is spoilt; more of them where there are few. */
const blocks = {
  GetContextInfo: rounds({ short: 10, long: 100 }),
  SyncContext: rounds({ short: 30, long: 100 })
}

/** How often each fault is met by each action, at least. */
const metAtLeast = rounds({ short: 2, long: 10 })

/** More calls than there will be. */
const planned = 200_000

const plans = {
  GetContextInfo: plan(blocks.GetContextInfo, planned, 1),
  SyncContext: plan(blocks.SyncContext, planned, 2)
}

/** How many bytes for each sync the heap may grow by from the middle of the time to its end. */
const growthPerSync = rounds({ short: 10 * 1024, long: 256 })

/** How many good polls of its session a sync may let pass once one has shown its end. */
const pollsLetPass = 8

/** How long after the answer to a trigger its sync is taken for waiting, in milliseconds. */
const graceMillis = 2000

interface Server {
  readonly apiKey: string
  readonly url: string
  readonly sessions: ReadonlyArray<unknown>
}

interface Result {
  readonly count: number
  readonly ended: number
  readonly allEnded: boolean
  readonly waitsLeft: number
  readonly rootsLeft: number
}

/** What the two processes tell. */
interface Message {
  readonly server?: Server
  readonly call?: Call
  readonly shown?: Shown
  readonly sync?: Sync
  readonly sample?: Sample
  readonly heap?: number
  readonly result?: Result
  readonly failed?: string
}

// Waiting is loaded, and not the disk that thousands of folders are made on. A server that is
// killed leaves its files behind.
const memory = Effect.acquireRelease(
  Effect.sync(() =>
    mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "agentbay-load-"))
  ),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
)

/** Starts a module of this folder in a process of its own; it is killed at the end at the latest. */
const started = (home: string, file: string, execArgv: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      fork(fileURLToPath(new URL(file, import.meta.url)), [], {
        execArgv: [...execArgv],
        env: { ...process.env, TMPDIR: home }
      })
    ),
    ServerProcess.kill
  )

/** Looks at each message of a process until it is the one that is waited for. */
const listening = <A>(child: ChildProcess, look: (message: Message) => A | undefined) =>
  Effect.async<A>((resume) => {
    const onMessage = (message: Message) => {
      const found = look(message)
      if (message.failed !== undefined) resume(Effect.dieMessage(message.failed))
      else if (found !== undefined) resume(Effect.succeed(found))
    }
    const onExit = (code: number | null) => resume(Effect.dieMessage(`it ended with ${code}`))
    child.on("message", onMessage).once("exit", onExit)
    return Effect.sync(() => child.off("message", onMessage).off("exit", onExit))
  })

const MiB = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

describe("load", () => {
  beforeAll(ServerProcess.build, 120_000)

  it.scopedLive(
    `${sessions * targets} syncs wait for ${forMillis / 1000} s, with faults in between`,
    () =>
      Effect.gen(function* () {
        const home = yield* memory
        const serving = { lastsMillis, plans, rules: rulesOf(plans), sessions, targets }
        const server = yield* started(home, "./loadServer.mjs", ["--expose-gc"])
        const calls: Array<Call> = []
        const serverHeap: Array<Point> = []
        const ends: Array<Shown> = []
        server.on("message", ({ call, heap, shown }: Message) => {
          if (shown !== undefined) ends.push(shown)
          if (call !== undefined) calls.push(call)
          if (heap !== undefined) serverHeap.push({ x: Date.now(), y: heap })
        })
        server.send(serving)
        const place = yield* listening(server, (message) => message.server)
        const client = yield* started(home, "./loadClient.mjs", ["--expose-gc"])
        const syncs: Array<Sync> = []
        const samples: Array<Sample> = []
        client.on("message", ({ sample, sync }: Message) => {
          if (sync !== undefined) syncs.push(sync)
          if (sample === undefined) return
          samples.push(sample)
          server.send({})
        })
        const result = yield* Effect.zipRight(
          Effect.sync(() =>
            client.send({ ...place, forMillis, intervalMillis, lastsMillis, sampleMillis })
          ),
          listening(client, (message) => message.result)
        )
        // What it answers after all that it has told of the calls.
        server.send({})
        yield* listening(server, ({ heap }) => heap)

        const judgement = judge(syncs, calls, ends)
        const tooEarly = early(calls)
        const met = (action: Action, kind?: KindName) =>
          calls.filter((call) => call.action === action && (!kind || call.kind === kind)).length
        const trends = {
          client: trend(laterHalf(samples.map(({ at, heap }) => ({ x: at, y: heap })))),
          // The last is of the time after the load.
          server: trend(laterHalf(serverHeap.slice(0, samples.length)))
        }
        const missing = samples.map((sample) =>
          unexplained(sample, result.count, judgement.beginnings, graceMillis)
        )
        const outcomes = grouped(syncs, ({ outcome }) => outcome)
        console.log(
          [
            ...[...outcomes].map(([name, all]) => `${name}: ${all.length}`),
            `waiting: ${Math.min(...samples.map(({ waits }) => waits))} at least of ${result.count}`,
            `without a reason: ${Math.max(...missing)} fewer`,
            ...Object.entries(trends).map(
              ([name, { growth, mean, noise }]) =>
                `heap of the ${name}: ${MiB(mean)}, growth ${MiB(growth)} ± ${MiB(noise)}`
            ),
            ...actions.map((action) => `${action}: ${met(action)}`),
            `polls let pass after an end: ${judgement.late}`,
            `too early: ${tooEarly.length}`
          ].join("\n")
        )

        for (const action of actions) {
          for (const kind of kindNames) {
            const floor = Math.floor(met(action) / (blocks[action] * kindNames.length))
            assert.isAtLeast(met(action, kind), Math.max(floor, metAtLeast), `${action} ${kind}`)
          }
        }
        assert.deepStrictEqual(
          calls.filter((call) => statusOf(call) !== call.status),
          [],
          "faults that were not as planned"
        )
        assert.isTrue(
          calls.every(({ sent }) => sent > 0),
          "it is known when each was sent"
        )
        assert.deepStrictEqual(tooEarly, [], "requests that were to stay away")
        assert.deepStrictEqual(judgement.objections, [])
        assert.strictEqual(result.ended, syncs.length)
        assert.isAtLeast(outcomes.get("failed by rule")?.length ?? 0, result.count / 10)
        assert.isAtMost(judgement.late, pollsLetPass, "polls after an end")
        assert.isTrue(result.allEnded, "all syncs end")
        assert.strictEqual(result.waitsLeft, 0)
        assert.strictEqual(result.rootsLeft, 0)
        assert.isAtMost(Math.max(...missing), result.count / 100, "syncs that do not wait")
        for (const [name, { growth, noise }] of Object.entries(trends)) {
          const allowed = Math.max(3 * noise, growthPerSync * result.count)
          assert.isBelow(growth, allowed, `growth of the heap of the ${name}`)
        }
      }),
    // Only there so that a hang ends: the machine may be busy with something else.
    rounds({ short: 300_000, long: 3_600_000 })
  )
})
