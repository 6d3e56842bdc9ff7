import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { collecting, serving, temporaryDirectory } from "../node/local/life.js"
import { localClient } from "../node/localClient.js"
import * as Wire from "../node/local/wire.js"
import { rounds } from "../rounds.js"
import { contentOf, versionsIn, writeVersion } from "./files.js"
import * as Model from "./model.js"
import { random } from "../random.js"
import { inSession, mount, newVersion, stored } from "./world.js"

const mountTmpfs = (at: string, options: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", at], { stdio: "pipe" })

/** Why this process cannot mount a file system; undefined when it can. */
const obstacle = ((): string | undefined => {
  const probe = NodeFs.mkdtempSync("/tmp/agentbay-mount-")
  try {
    mountTmpfs(probe, "size=64k")
    execFileSync("umount", [probe])
    return undefined
  } catch (cause) {
    return String(cause).split("\n")[0]
  } finally {
    NodeFs.rmdirSync(probe)
  }
})()

const smallDisk = (size: string) =>
  Effect.tap(temporaryDirectory, (path) =>
    Effect.acquireRelease(
      Effect.sync(() => mountTmpfs(path, `size=${size}`)),
      () => Effect.sync(() => execFileSync("umount", ["-l", path]))
    )
  )

const sealedCopy = (disk: string) =>
  Effect.tap(temporaryDirectory, (path) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        execFileSync("mount", ["--bind", disk, path])
        execFileSync("mount", ["-o", "remount,bind,ro", path])
      }),
      () => Effect.sync(() => execFileSync("umount", ["-l", path]))
    )
  )

const client = Effect.provide(
  localClient(PollPolicy.spaced({ interval: "5 millis", maxRetries: 10_000 }))
)

/** Takes all that is left on a disk, to the last block, and gives it back. */
const filler = (disk: string) => {
  const path = `${disk}/filler`
  return {
    fill: () => {
      const file = NodeFs.openSync(path, "a")
      try {
        for (let size = 1 << 20; size >= 512; size >>= 1) {
          try {
            for (;;) NodeFs.writeSync(file, Buffer.alloc(size))
          } catch {
            // Smaller pieces may still fit.
          }
        }
      } finally {
        NodeFs.closeSync(file)
      }
    },
    empty: () => NodeFs.rmSync(path, { force: true })
  }
}

const log = collecting()

const seed = 20_261_128
const count = rounds({ short: 12, long: 200 })

describe("a clear that fails", () => {
  it.scopedLive("is tried until it succeeds, and never takes what was stored after it", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const id = yield* Effect.gen(function* () {
        const { contexts } = yield* AgentBay.AgentBay
        const { id } = yield* contexts.create("c")
        yield* contexts.files.put(id, `${mount}/a`, contentOf("a", 1))
        // Nothing can be thrown away while a file stands where the trash should be.
        NodeFs.rmSync(`${directory}/trash`, { recursive: true, force: true })
        NodeFs.writeFileSync(`${directory}/trash`, "")
        yield* contexts.clearStarted(id)
        yield* Wire.eventually(
          Effect.sync(() => log.seen.join()),
          (seen) => seen.includes("ERROR")
        )
        NodeFs.rmSync(`${directory}/trash`)
        yield* contexts.files.put(id, `${mount}/b`, contentOf("b", 1))
        return id
      }).pipe(client, serving(directory))
      yield* Effect.gen(function* () {
        const { contexts } = yield* AgentBay.AgentBay
        yield* Wire.eventually(contexts.clearStatus(id), (word) => word === "available")
        const versions = versionsIn(stored({ directory }, id))
        assert.deepStrictEqual([...versions.keys()], ["b"])
      }).pipe(client, serving(directory))
    }).pipe(Effect.provide(log.layer))
  )
})

describe.skipIf(obstacle !== undefined)(
  obstacle === undefined
    ? "a disk of its own"
    : `a disk of its own: cannot be mounted (${obstacle})`,
  () => {
    it.scopedLive(`that is full keeps what was acknowledged, ${count} times (seed ${seed})`, () =>
      Effect.gen(function* () {
        const disk = yield* smallDisk("16m")
        const directory = `${disk}/data`
        const draws = random(seed)
        const { empty, fill } = filler(disk)
        const files = Model.files()
        const synced = Model.files()
        const current = new Map<string, number>()
        let refused = 0

        const { contextId, sessionId, syncedId } = yield* Effect.gen(function* () {
          const agentBay = yield* AgentBay.AgentBay
          const { id: contextId } = yield* agentBay.contexts.create("stored")
          const { id: syncedId } = yield* agentBay.contexts.create("synced")
          const contexts = [ContextSync.make(syncedId, mount)]
          const { sessionId } = yield* agentBay.create({ contexts, idleTimeout: "1 day" })
          return { contextId, sessionId, syncedId }
        }).pipe(client, serving(directory))

        /** Fails typed, or does what it says. */
        const attempt = <A, E>(call: Effect.Effect<A, E>) =>
          Effect.tap(Effect.either(call), (result) => {
            if (Either.isRight(result)) return
            refused += 1
            assert.isTrue(AgentBayError.isAgentBayError(result.left), String(result.left))
          })

        const change = Effect.gen(function* () {
          const agentBay = yield* AgentBay.AgentBay
          const session = yield* agentBay.get(sessionId)
          if (draws.chance(0.6)) fill()
          for (let step = 0; step < 3; step++) {
            const name = draws.pick(["a", "b", "large-c"])
            const version = newVersion()
            files.expect(name, version)
            const put = agentBay.contexts.files.put(
              contextId,
              `${mount}/${name}`,
              contentOf(name, version)
            )
            if (Either.isRight(yield* attempt(put))) files.acknowledge(name, version)
          }
          const name = draws.pick(["a", "b", "large-c"])
          const version = newVersion()
          try {
            writeVersion(inSession({ directory }, sessionId), name, version)
            current.set(name, version)
          } catch {
            // The session itself met the full disk: what is left there is its own affair.
            NodeFs.rmSync(`${inSession({ directory }, sessionId)}/${name}`, { force: true })
            current.delete(name)
          }
          synced.expectAll(current)
          const sync = session.contextManager.sync()
          if (Either.isRight(yield* attempt(sync))) synced.acknowledgeAll(current)
        })

        const check = Effect.gen(function* () {
          const agentBay = yield* AgentBay.AgentBay
          files.check("stored", versionsIn(stored({ directory }, contextId)))
          synced.check("synced", versionsIn(stored({ directory }, syncedId)))
          const { contextStatusData } = yield* (yield* agentBay.get(
            sessionId
          )).contextManager.info()
          assert.isTrue(contextStatusData.every(({ status }) => status !== "Running"))
          assert.deepStrictEqual(NodeFs.readdirSync(`${directory}/staging`), [])
        })

        for (let round = 0; round < count; round++) {
          yield* change.pipe(
            Effect.ensuring(Effect.sync(empty)),
            Effect.zipRight(check),
            client,
            serving(directory)
          )
          // The next server sees the same.
          yield* check.pipe(client, serving(directory))
        }
        assert.isAbove(refused, 0)
        // With room again, everything works.
        const put = Effect.flatMap(AgentBay.AgentBay, ({ contexts }) =>
          contexts.files.put(contextId, `${mount}/a`, contentOf("a", 1))
        )
        yield* put.pipe(client, serving(directory))
      }).pipe(Effect.provide(collecting().layer))
    )

    it.scopedLive("that is full keeps a server from starting, and loses nothing", () =>
      Effect.gen(function* () {
        const disk = yield* smallDisk("8m")
        const { empty, fill } = filler(disk)
        const directory = `${disk}/data`
        const id = yield* Wire.createContext("kept").pipe(serving(directory))
        fill()
        const started = yield* Effect.either(Effect.void.pipe(serving(directory)))
        if (Either.isLeft(started)) {
          assert.oneOf(started.left.reason, ["DataDirectory", "State"])
          assert.include(started.left.message, "free space")
        }
        const fresh = yield* Effect.void.pipe(serving(`${disk}/new`), Effect.flip)
        assert.include(fresh.message, "free space")
        empty()
        assert.strictEqual(yield* Wire.createContext("kept").pipe(serving(directory)), id)
        yield* Wire.createContext("c").pipe(serving(`${disk}/new`))
      })
    )

    it.scopedLive("that cannot be written keeps a server from starting, and loses nothing", () =>
      Effect.gen(function* () {
        const disk = yield* smallDisk("8m")
        const directory = `${disk}/data`
        const id = yield* Wire.createContext("kept").pipe(serving(directory))
        // The same files, seen through a place where nothing can be written.
        const sealed = yield* sealedCopy(disk)
        for (const path of [`${sealed}/data`, `${sealed}/new`]) {
          const error = yield* Effect.void.pipe(serving(path), Effect.flip)
          assert.strictEqual(error.reason, "DataDirectory")
          assert.include(error.message, path)
          assert.include(error.message, "Check its permissions and the free space")
        }
        assert.strictEqual(yield* Wire.createContext("kept").pipe(serving(directory)), id)
      })
    )
  }
)
