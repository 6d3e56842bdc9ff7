import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { serving, temporaryDirectory } from "../node/local/life.js"
import * as ServerProcess from "../node/local/serverProcess.js"
import * as Wire from "../node/local/wire.js"

const inUse = { refused: "DataDirectoryInUse" }

/** Reads every file of a directory in this process, as a program does that makes a copy of it. */
const readAll = (directory: string): ReadonlyArray<string> => {
  const files = NodeFs.readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => NodePath.join(entry.parentPath, entry.name))
  for (const file of files) NodeFs.readFileSync(file)
  return files.map((file) => NodePath.relative(directory, file))
}

describe("a second server on the same directory", () => {
  beforeAll(ServerProcess.build, 120_000)

  it.scopedLive("is kept out while the first one lives, and no longer", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { child } = yield* ServerProcess.start(directory)
      const error = yield* Effect.void.pipe(serving(directory), Effect.flip)
      assert.strictEqual(error.reason, "DataDirectoryInUse")
      const second = yield* ServerProcess.start(directory)
      assert.deepInclude(second.said, inUse)
      assert.isTrue(Option.isSome(yield* LocalAgentBay.readAdvertised(directory)))
      yield* ServerProcess.kill(child)
      assert.isTrue(NodeFs.existsSync(`${directory}/server.json`))
      assert.isTrue(Option.isNone(yield* LocalAgentBay.readAdvertised(directory)))
      yield* Wire.createContext("c").pipe(serving(directory))
    })
  )

  // Systems other than Linux have only the lock in a file, which the process loses then.
  it.scopedLive.skipIf(process.platform !== "linux")(
    "is kept out when the program that serves has read all its files",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        yield* Effect.gen(function* () {
          yield* Wire.createContext("c")
          assert.includeMembers([...readAll(directory)], ["lock.sqlite", "state.sqlite"])
          const second = yield* ServerProcess.start(directory)
          assert.deepInclude(second.said, inUse)
          const inside = yield* Effect.void.pipe(serving(directory), Effect.flip)
          assert.strictEqual(inside.reason, "DataDirectoryInUse")
        }).pipe(Effect.scoped, serving(directory))
        const next = yield* ServerProcess.start(directory)
        assert.property(next.said, "url")
      })
  )

  it.scopedLive.skipIf(process.platform !== "linux")(
    "is kept out when somebody has deleted the file of the lock",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        yield* Effect.gen(function* () {
          NodeFs.rmSync(`${directory}/lock.sqlite`)
          const second = yield* Effect.void.pipe(serving(directory), Effect.flip)
          assert.strictEqual(second.reason, "DataDirectoryInUse")
        }).pipe(serving(directory))
        yield* Wire.createContext("c").pipe(serving(directory))
      })
  )

  it.scopedLive("serves in the place of a directory that was moved away or deleted", () =>
    Effect.gen(function* () {
      const directory = `${yield* temporaryDirectory}/data`
      yield* Effect.gen(function* () {
        NodeFs.renameSync(directory, `${directory}.old`)
        const moved = yield* Effect.void.pipe(serving(`${directory}.old`), Effect.flip)
        assert.strictEqual(moved.reason, "DataDirectoryInUse")
        yield* Wire.createContext("c").pipe(serving(directory))
        NodeFs.rmSync(`${directory}.old`, { recursive: true })
        // The system may give a new directory the number of one that is gone.
        for (let index = 0; index < 3; index++) {
          yield* Wire.createContext("c").pipe(serving(`${directory}.${index}`))
        }
      }).pipe(serving(directory))
    })
  )
})
