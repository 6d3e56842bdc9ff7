import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import { isDeepStrictEqual } from "node:util"
import { collecting, serving, temporaryDirectory } from "../node/local/life.js"
import * as Wire from "../node/local/wire.js"
import { rounds } from "../rounds.js"
import { random } from "../random.js"
import * as Damage from "./damage.js"

const { bytesOf, execute, filesOf, isKnown, putBack, refuses, visit, wayOut, worked } = Damage

describe("a damaged data directory", () => {
  const damages: ReadonlyArray<readonly [string, (state: string) => void]> = [
    ["is missing", (state) => NodeFs.rmSync(state)],
    ["is empty", (state) => NodeFs.truncateSync(state)],
    ["is a text", (state) => NodeFs.writeFileSync(state, "no database ".repeat(999))],
    ["is a short text", (state) => NodeFs.writeFileSync(state, "no database")],
    ["is cut off", (state) => NodeFs.truncateSync(state, NodeFs.statSync(state).size - 5000)],
    ["is all zeros", (state) => NodeFs.writeFileSync(state, Buffer.alloc(8192))],
    ["is another database", (state) => NodeFs.copyFileSync(`${state}.other`, state)]
  ]
  for (const [damage, make] of damages) {
    it.scopedLive(`whose state ${damage} is refused, and works again with the right one`, () =>
      Effect.gen(function* () {
        const place = yield* worked
        const other = yield* temporaryDirectory
        yield* Effect.void.pipe(serving(other))
        // A database that never held anything of ours.
        NodeFs.copyFileSync(`${other}/lock.sqlite`, `${place.state}.other`)
        const copy = NodeFs.readFileSync(place.state)
        make(place.state)
        yield* refuses(place, "State", place.directory, wayOut)
        // A second attempt finds things as the first one did.
        yield* refuses(place, "State", wayOut)
        putBack(place, copy)
        yield* isKnown(place).pipe(serving(place.directory))
      })
    )
  }

  for (const loss of ["missing", "empty"]) {
    it.scopedLive(`whose state is ${loss} is refused, even if no context had a file`, () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const state = `${directory}/state.sqlite`
        const contextId = yield* Wire.createContext("kept").pipe(serving(directory))
        const place = yield* Damage.copied({ directory, state, contextId, id: "" })
        for (const end of Damage.logs) NodeFs.rmSync(place.state + end, { force: true })
        if (loss === "missing") NodeFs.rmSync(place.state)
        else NodeFs.truncateSync(place.state)
        yield* refuses(place, "State", `state.sqlite is ${loss}, although there was one`, wayOut)
        // Another database takes its place just as little.
        yield* execute(place.state, "CREATE TABLE t (a)", "DROP TABLE t")
        yield* refuses(place, "State", "is not the state of this directory", wayOut)
      })
    )
  }

  it.scopedLive("whose very first start was cut off is none", () =>
    Effect.gen(function* () {
      const place = yield* worked
      // What is there before the first commit.
      const empty = `${place.directory}/empty`
      NodeFs.mkdirSync(empty)
      for (const name of ["lock.sqlite", "api-key", "admin-token"]) {
        NodeFs.copyFileSync(`${place.directory}/${name}`, `${empty}/${name}`)
      }
      NodeFs.writeFileSync(`${empty}/state.sqlite`, "")
      yield* Wire.createContext("c").pipe(serving(empty))
      // The state is whole, and was not noted yet.
      NodeFs.rmSync(`${place.directory}/state-made`)
      yield* isKnown(place).pipe(serving(place.directory))
      assert.isTrue(NodeFs.existsSync(`${place.directory}/state-made`))
    })
  )

  it.scopedLive("whose state a newer version wrote is refused", () =>
    Effect.gen(function* () {
      const place = yield* worked
      const copy = NodeFs.readFileSync(place.state)
      const newer = Buffer.from(copy)
      // Where SQLite keeps `user_version`.
      newer.writeUInt32BE(999, 60)
      putBack(place, newer)
      yield* refuses(place, "State", "newer version (999", "Update this library")
      putBack(place, copy)
      yield* isKnown(place).pipe(serving(place.directory))
    })
  )

  const spoils: ReadonlyArray<readonly [string, (state: string) => Effect.Effect<void>]> = [
    [
      "a value",
      (state) =>
        execute(
          state,
          "INSERT INTO store_versions VALUES (CAST(x'41FF42' AS TEXT), '/a', 1)",
          "PRAGMA wal_checkpoint(TRUNCATE)"
        )
    ],
    [
      "the name of a column",
      (state) =>
        Effect.sync(() => {
          const bytes = NodeFs.readFileSync(state)
          bytes[bytes.indexOf("image_id")] = 0xff
          NodeFs.writeFileSync(state, bytes)
        })
    ]
  ]
  for (const [where, spoil] of spoils) {
    it.scopedLive(
      `whose state has ${where} that is no text is refused, and nobody dies of it`,
      () =>
        Effect.gen(function* () {
          const place = yield* worked
          const copy = NodeFs.readFileSync(place.state)
          yield* spoil(place.state)
          yield* refuses(place, "State", "is no text", wayOut)
          putBack(place, copy)
          yield* isKnown(place).pipe(serving(place.directory))
        })
    )
  }

  it.scopedLive("whose state has a context in a state that is none is refused", () =>
    Effect.gen(function* () {
      const place = yield* worked
      const copy = NodeFs.readFileSync(place.state)
      // A sound database: only what it says makes no sense.
      yield* execute(
        place.state,
        "UPDATE contexts SET state = 'availabce'",
        "PRAGMA wal_checkpoint(TRUNCATE)"
      )
      yield* refuses(place, "State", "availabce", wayOut)
      putBack(place, copy)
      yield* isKnown(place).pipe(serving(place.directory))
    })
  )

  const count = rounds({ short: 60, long: 2000 })
  const seed = 20_261_127

  it.scopedLive(`with ${count} states of flipped bytes works or is refused (seed ${seed})`, () =>
    Effect.gen(function* () {
      const place = yield* worked
      const draws = random(seed)
      const good = NodeFs.readFileSync(place.state)
      const before = filesOf(place)
      let refused = 0
      for (let round = 0; round < count; round++) {
        const bad = Buffer.from(good)
        const at: Array<number> = []
        for (let flips = 1 + draws.below(20); flips > 0; flips--) {
          // Most of them in the pages of the schema and of the first tables.
          const position = draws.below(draws.chance(0.5) ? 8192 : bad.length)
          bad[position] = draws.below(256)
          at.push(position)
        }
        putBack(place, bad)
        const started = yield* Effect.exit(visit(place))
        const what = `round ${round}, bytes ${at.join()}`
        if (started._tag === "Failure") return assert.fail(`${what}: ${String(started.cause)}`)
        if (Either.isLeft(started.value)) {
          refused += 1
          assert.strictEqual(started.value.left.reason, "State", what)
          assert.isTrue(isDeepStrictEqual(bytesOf(place), [bad.toString("latin1"), ""]), what)
        }
        assert.deepStrictEqual(filesOf(place), before, what)
      }
      assert.isAbove(refused, 0)
      putBack(place, good)
      yield* isKnown(place).pipe(serving(place.directory))
    }).pipe(Effect.provide(collecting().layer))
  )

  it.scopedLive("whose lock is no lock is refused, and says what to do", () =>
    Effect.gen(function* () {
      const place = yield* worked
      const garbage = "garbage ".repeat(500)
      NodeFs.writeFileSync(`${place.directory}/lock.sqlite`, garbage)
      yield* refuses(place, "DataDirectory", "lock.sqlite", "delete it")
      assert.strictEqual(NodeFs.readFileSync(`${place.directory}/lock.sqlite`, "utf8"), garbage)
      NodeFs.rmSync(`${place.directory}/lock.sqlite`)
      yield* isKnown(place).pipe(serving(place.directory))
      NodeFs.writeFileSync(`${place.directory}/lock.sqlite`, "")
      yield* isKnown(place).pipe(serving(place.directory))
    })
  )

  for (const file of ["api-key", "admin-token"]) {
    it.scopedLive(
      `makes a new ${file} for one that is missing or empty, refuses one that is garbled`,
      () =>
        Effect.gen(function* () {
          const place = yield* worked
          const path = `${place.directory}/${file}`
          const first = NodeFs.readFileSync(path, "utf8")
          NodeFs.rmSync(path)
          yield* isKnown(place).pipe(serving(place.directory))
          NodeFs.writeFileSync(path, " \n")
          yield* isKnown(place).pipe(serving(place.directory))
          assert.notStrictEqual(NodeFs.readFileSync(path, "utf8").trim(), "")
          for (const garbled of [
            "two words",
            "two\nlines\n",
            "\0\0\0\0",
            Buffer.from([255, 254, 1])
          ]) {
            NodeFs.writeFileSync(path, garbled)
            yield* refuses(place, "ApiKey", file, "Delete")
            assert.deepStrictEqual(NodeFs.readFileSync(path), Buffer.from(garbled))
          }
          NodeFs.writeFileSync(path, first)
          yield* isKnown(place).pipe(serving(place.directory))
        })
    )
  }

  it.scopedLive("whose advertisement is garbled has no server, until one comes", () =>
    Effect.gen(function* () {
      const place = yield* worked
      const path = `${place.directory}/server.json`
      for (const garbled of ["", "{", "\0\0", '{"url":"http://127.0.0.1:1"}', "[]"]) {
        NodeFs.writeFileSync(path, garbled)
        assert.isTrue(Option.isNone(yield* LocalAgentBay.readAdvertised(place.directory)))
        yield* Effect.gen(function* () {
          yield* isKnown(place)
          const found = yield* LocalAgentBay.readAdvertised(place.directory)
          const { url } = yield* LocalAgentBay.LocalAgentBay
          assert.strictEqual(Option.getOrThrow(found).url, url)
        }).pipe(serving(place.directory, { advertise: true }))
      }
    })
  )

  it.scopedLive("names the files of contexts that its state does not know", () =>
    Effect.gen(function* () {
      const place = yield* worked
      const log = collecting()
      const early = yield* worked
      // The state of another directory, such as an older copy of its own.
      putBack(place, NodeFs.readFileSync(early.state))
      const before = filesOf(place)
      yield* Effect.void.pipe(serving(place.directory), Effect.provide(log.layer))
      assert.deepStrictEqual(filesOf(place)[0], before[0])
      assert.include(log.seen.join(), place.contextId)
      assert.include(log.seen.join(), place.id)
    })
  )
})
