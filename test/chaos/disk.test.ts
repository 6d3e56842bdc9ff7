import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as NodeFs from "node:fs"
import { collecting, serving, temporaryDirectory } from "../node/local/life.js"
import { localClient } from "../node/localClient.js"
import * as Wire from "../node/local/wire.js"
import { filler, obstacle, ownDisk, sealedCopy, smallDisk } from "./disks.js"
import { contentOf, versionsIn } from "./files.js"
import { mount, stored } from "./world.js"

const client = Effect.provide(
  localClient(PollPolicy.spaced({ interval: "5 millis", maxRetries: 10_000 }))
)

const log = collecting()

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

describe.skipIf(obstacle !== undefined)(ownDisk, () => {
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
})
