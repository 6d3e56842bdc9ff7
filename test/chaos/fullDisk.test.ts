import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import { assert, describe, it } from "@effect/vitest"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { collecting, serving, stopped } from "../node/local/life.js"
import { rounds } from "../rounds.js"
import { random } from "../random.js"
import { living } from "./clients/living.js"
import { naming } from "./clients/naming.js"
import { clearing, storing } from "./clients/storing.js"
import { syncing } from "./clients/syncing.js"
import { clientsOf } from "./clientsOf.js"
import { filler, obstacle, ownDisk, smallDisk } from "./disks.js"
import { leavesNothing } from "./leftovers.js"
import { checkEnd, type Client, type World } from "./world.js"

const seed = 20_261_128
const count = rounds({ short: 12, long: 200 })

/** What a transfer says of a full disk, of a state that could not be written, and of a restart. */
const excuses = ["no space", "half of what is free", "its log says more", stopped]

/** Which steps of a client failed, by its name. */
type Failures = { [name: string]: number }

/** Steps until one fails: how things are then, the next check finds out. */
const steps = (client: Client, failures: Failures, before: () => void) =>
  Effect.gen(function* () {
    for (let step = 0; step < 4; step++) {
      before()
      const exit = yield* Effect.exit(client.step)
      if (exit._tag === "Success") continue
      checkEnd(client.name, exit, AgentBayError.isAgentBayError)
      failures[client.name] = (failures[client.name] ?? 0) + 1
      return
    }
  })

describe.skipIf(obstacle !== undefined)(ownDisk, () => {
  it.scopedLive(`that is full keeps what was acknowledged, ${count} times (seed ${seed})`, () =>
    Effect.gen(function* () {
      const disk = yield* smallDisk("24m")
      const directory = `${disk}/data`
      const draws = random(seed)
      const { empty, fill } = filler(disk)
      const failures: Failures = {}

      // Another server each time, at the same address.
      const { apiKey, port, url } = yield* Effect.gen(function* () {
        const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
        return { apiKey, url, port: Number(new URL(url).port) }
      }).pipe(serving(directory))
      const served = <A>(effect: Effect.Effect<A, AgentBayError.AgentBayError>) =>
        effect.pipe(serving(directory, { port }))

      const world: World = {
        ...(yield* clientsOf({ url, apiKey: Redacted.value(apiKey) })),
        directory,
        random: draws,
        isDead: () => false,
        isExcuse: (message) => excuses.some((excuse) => message.includes(excuse)),
        forgetsEnds: true
      }
      const clients: ReadonlyArray<Client> = yield* served(
        Effect.all([
          syncing(world, { name: "files", uploadMode: "File", names: ["a", "b", "large-c"] }),
          syncing(world, { name: "archive", uploadMode: "Archive", names: ["a", "b", "large-c"] }),
          storing(world, "storing"),
          clearing(world, "clearing"),
          naming(world, "naming"),
          living(world, "living")
        ])
      )
      const check = Effect.forEach(clients, ({ check }) => check, { discard: true }).pipe(
        Effect.zipRight(leavesNothing(world))
      )

      const change = () => (draws.chance(0.6) ? fill() : empty())
      // Some wait for what can only be done with room: a clear, the release of a session.
      const relief = Effect.forever(Effect.zipRight(Effect.sleep("300 millis"), Effect.sync(empty)))

      for (let round = 0; round < count; round++) {
        yield* Effect.gen(function* () {
          yield* Effect.forEach(clients, (client) => steps(client, failures, change), {
            concurrency: "unbounded",
            discard: true
          }).pipe(Effect.raceFirst(relief), served)
          empty()
          // With room again, the next server sees what was acknowledged, and works.
          yield* served(check)
        }).pipe(
          Effect.tapErrorCause(() =>
            Effect.sync(() => console.error(`seed ${seed}, round ${round}`))
          )
        )
      }
      // Each of them met it.
      assert.hasAllKeys(
        failures,
        clients.map(({ name }) => name)
      )
    }).pipe(Effect.provide(collecting().layer))
  )
})
