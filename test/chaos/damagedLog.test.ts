import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { serving, temporaryDirectory } from "../node/local/life.js"
import * as ServerProcess from "../node/local/serverProcess.js"
import * as Wire from "../node/local/wire.js"
import { rounds } from "../rounds.js"
import { random } from "../random.js"
import * as Damage from "./damage.js"

const headerSize = 32
const frameSize = 24 + 4096

/** A directory whose server was killed: what it acknowledged last stands in the log alone. */
const killed = Effect.fnUntraced(function* (
  before: (state: string) => Effect.Effect<void, never, LocalAgentBay.LocalAgentBay> = () =>
    Effect.void
) {
  const directory = yield* temporaryDirectory
  const state = `${directory}/state.sqlite`
  const { child, said } = yield* ServerProcess.start(directory)
  const ids = yield* Effect.zipRight(before(state), Damage.work).pipe(
    Effect.provideService(LocalAgentBay.LocalAgentBay, ServerProcess.connected(said, directory))
  )
  yield* ServerProcess.kill(child)
  const place: Damage.Place = { directory, state, ...ids }
  return place
})

/** The log, and how much of it counts: the rest is left of an older one. */
const logOf = ({ state }: Damage.Place) => {
  const bytes = NodeFs.readFileSync(`${state}-wal`)
  // Where the index says how many frames there are.
  const frames = NodeFs.readFileSync(`${state}-shm`).readUInt32LE(16)
  return { bytes, frames, end: headerSize + frames * frameSize }
}

type Change = (wal: string, place: Damage.Place) => void

const rewrite =
  (change: (bytes: Buffer, live: ReturnType<typeof logOf>) => Buffer): Change =>
  (wal, place) => {
    const live = logOf(place)
    NodeFs.writeFileSync(wal, change(Buffer.from(live.bytes), live))
  }

const withoutIndex =
  (change: Change): Change =>
  (wal, place) => {
    change(wal, place)
    NodeFs.rmSync(`${place.state}-shm`)
  }

const flip = (bytes: Buffer, at: number): Buffer => {
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  return bytes
}

const flipped = (at: (live: ReturnType<typeof logOf>) => number): Change =>
  rewrite((bytes, live) => flip(bytes, at(live)))

/** A frame that belongs to this log, but whose page was not written yet. */
const unfinishedFrame = (bytes: Buffer): Buffer => {
  const frame = Buffer.alloc(frameSize)
  frame.writeUInt32BE(1, 0)
  frame.writeUInt32BE(9, 4)
  bytes.copy(frame, 8, 16, 24)
  return frame
}

const refuses = (place: Damage.Place, ...words: ReadonlyArray<string>) =>
  Damage.refuses(place, "State", "its log state.sqlite-wal", "Put back", ...words)

const told = (what: string) => Effect.sync(() => console.error(`the log: ${what}`))

const contextNames = Effect.map(Wire.call("ListContexts", { MaxResults: "50" }), (body) => {
  const contexts = Wire.at(body, "Data")
  assert.isArray(contexts)
  return (contexts as ReadonlyArray<unknown>).map((context) => Wire.at(context, "Name"))
})

describe("a log of the state that is damaged", () => {
  beforeAll(ServerProcess.build, 120_000)

  const losses: ReadonlyArray<readonly [string, Change]> = [
    ["is missing", (wal) => NodeFs.rmSync(wal)],
    ["is empty", (wal) => NodeFs.truncateSync(wal)],
    ["is cut off after a frame", rewrite((bytes, { end }) => bytes.subarray(0, end - frameSize))],
    ["is cut off within a frame", rewrite((bytes, { end }) => bytes.subarray(0, end - 100))],
    ["is cut off at its beginning", (wal) => NodeFs.truncateSync(wal, 20)],
    ["is all zeros", rewrite((bytes) => bytes.fill(0))],
    ["is all zeros, without its index", withoutIndex(rewrite((bytes) => bytes.fill(0)))],
    ["is a text", rewrite((bytes) => bytes.fill("no log "))],
    ["is that of another state", rewrite((bytes) => flip(flip(bytes, 5000), 17))],
    ["has another byte at its beginning", flipped(() => 3)],
    ["has another byte in the midst", flipped(() => headerSize + 2 * frameSize + 300)],
    ["has another byte in its last frame", flipped(({ end }) => end - 300)],
    [
      "has another byte in the midst, without its index",
      withoutIndex(flipped(() => headerSize + 2 * frameSize + 300))
    ],
    [
      "has another salt in the midst, without its index",
      withoutIndex(flipped(() => headerSize + 2 * frameSize + 9))
    ]
  ]
  it.scopedLive("is refused, and works again with the right one", () =>
    Effect.gen(function* () {
      const original = yield* killed()
      for (const [loss, change] of losses) {
        const place = yield* Damage.copied(original)
        change(`${place.state}-wal`, place)
        yield* Effect.tapErrorCause(refuses(place), () => told(loss))
        // The copy that a refusal asks for.
        for (const end of Damage.logs) {
          NodeFs.copyFileSync(original.state + end, place.state + end)
        }
        yield* Damage.isKnown(place).pipe(serving(place.directory))
      }
    })
  )

  it.scopedLive("is given up, with what stood in it alone, when it is removed with its index", () =>
    Effect.gen(function* () {
      const place = yield* killed((state) =>
        Effect.zipRight(
          Wire.createContext("older"),
          Damage.execute(state, "PRAGMA wal_checkpoint(RESTART)")
        )
      )
      flipped(() => headerSize)(`${place.state}-wal`, place)
      yield* refuses(place, "remove state.sqlite-wal and state.sqlite-shm")
      for (const end of Damage.logs) NodeFs.rmSync(place.state + end)
      const names = yield* contextNames.pipe(serving(place.directory))
      assert.deepStrictEqual(names, ["older"])
    })
  )

  const remains: ReadonlyArray<readonly [string, Change]> = [
    ["as it was", () => {}],
    ["without its index", withoutIndex(() => {})],
    ["with an index that was being made", (_, { state }) => NodeFs.truncateSync(`${state}-shm`, 3)],
    [
      "with half a frame more",
      rewrite((bytes) => Buffer.concat([bytes, unfinishedFrame(bytes).subarray(0, 999)]))
    ],
    [
      "with a frame that has no page yet",
      rewrite((bytes) => Buffer.concat([bytes, unfinishedFrame(bytes)]))
    ],
    [
      "with a frame that has no page yet, without its index",
      withoutIndex(rewrite((bytes) => Buffer.concat([bytes, unfinishedFrame(bytes)])))
    ]
  ]

  it.scopedLive("is not what a killed server leaves", () =>
    Effect.gen(function* () {
      const original = yield* killed()
      for (const [remain, change] of remains) {
        const place = yield* Damage.copied(original)
        change(`${place.state}-wal`, place)
        yield* Damage.isKnown(place).pipe(
          serving(place.directory),
          Effect.tapErrorCause(() => told(remain))
        )
      }
    })
  )

  const count = rounds({ short: 20, long: 1000 })
  const seed = 20_261_129

  it.scopedLive(
    `with ${count} flipped bytes is refused where it counts, and only there (seed ${seed})`,
    () =>
      Effect.gen(function* () {
        // What it was checkpointed and written over from its beginning leaves an older rest.
        const original = yield* killed((state) =>
          Effect.forEach([...Array(40).keys()], (index) =>
            Wire.createContext(`older ${index}`)
          ).pipe(Effect.zipRight(Damage.execute(state, "PRAGMA wal_checkpoint(RESTART)")))
        )
        const { bytes, end } = logOf(original)
        assert.isAbove(bytes.length, end)
        assert.isAbove(end, headerSize)
        const draws = random(seed)
        for (let round = 0; round < count; round++) {
          const place = yield* Damage.copied(original)
          const counts = draws.chance(0.8)
          const at = counts ? draws.below(end) : end + draws.below(bytes.length - end)
          flipped(() => at)(`${place.state}-wal`, place)
          const outcome = counts
            ? refuses(place)
            : Damage.isKnown(place).pipe(serving(place.directory))
          yield* Effect.tapErrorCause(outcome, () => told(`byte ${at} of ${end}`))
        }
      })
  )
})
