import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as ContextSync from "@effect-agentbay/core/ContextSync"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import { stopped, temporaryDirectory } from "../node/local/life.js"
import { kill, type Said } from "../node/local/serverProcess.js"
import { rounds } from "../rounds.js"
import { bundle } from "./bundle.js"
import { living } from "./clients/living.js"
import { naming } from "./clients/naming.js"
import { clearing, storing } from "./clients/storing.js"
import { syncing, waiting } from "./clients/syncing.js"
import { clientsOf } from "./clientsOf.js"
import { writeVersion } from "./files.js"
import { leavesNothing, namesIn } from "./leftovers.js"
import { type Random, random } from "../random.js"
import * as ServerProcess from "./serverProcess.js"
import { checkEnd, type Client, inSession, mount, type World } from "./world.js"

/** How far away a point may lie, by the kind of step: so many come within a second or so. */
const reach: { readonly [kind in ServerProcess.Kind]: number } = {
  rename: 40,
  write: 40,
  remove: 8,
  make: 8,
  look: 60,
  commit: 25,
  answer: 40,
  any: 200
}

const kinds = Object.keys(reach) as ReadonlyArray<ServerProcess.Kind>

const pointOf = (random: Random, share = 1, kind = random.pick(kinds)): ServerProcess.Point => {
  return {
    kind,
    when: random.pick(["before", "after"]),
    count: 1 + random.below(Math.ceil(reach[kind] * share))
  }
}

const serving = (said: Said | undefined) => {
  if (said !== undefined && "url" in said) return said
  throw new Error(`no server: ${said?.message}`)
}

/** Commits at once, so that much of its time goes into them. */
const hurried: ServerProcess.Point = { ...ServerProcess.never, delay: 0 }

/** The end of a call whose server died. */
const isBroken = (error: AgentBayError): boolean =>
  error._tag === "TransportError" && error.reason === "Transport"

/** The next step of a kind: that is surely reached. */
const nextOf = (random: Random, kind: ServerProcess.Kind): ServerProcess.Point => ({
  ...pointOf(random, 1, kind),
  count: 1
})

const seed = 20_261_126

describe("a server that is killed at any moment", () => {
  let built = ""
  beforeAll(async () => {
    built = await bundle()
  }, 120_000)
  afterAll(() => NodeFs.rmSync(built, { force: true }))

  const count = rounds({ short: 50, long: 500 })

  it.scopedLive(
    `keeps what it acknowledged, ${count} times (seed ${seed})`,
    () =>
      Effect.gen(function* () {
        const dataDirectory = yield* temporaryDirectory
        const draws = random(seed)
        const warm = ServerProcess.warm(built)
        let dead = false
        let served = 0
        const died: { [kind: string]: number } = {}

        const note = (kind: string) => {
          died[kind] = (died[kind] ?? 0) + 1
        }

        /** One that serves; some die before they do. */
        const serve = Effect.fnUntraced(function* (process: ServerProcess.Process, port: number) {
          const options = { dataDirectory, port }
          served += 1
          if (served % 10 === 2) {
            const point = served === 2 ? nextOf(draws, "any") : pointOf(draws, 0.1)
            const said = yield* ServerProcess.start(process, options, point)
            // It may still come to that point after it has begun to serve.
            const lives =
              said !== undefined && (yield* ServerProcess.arm(process, ServerProcess.never))
            if (lives) return { process, said }
            note("start")
            const next = yield* warm
            return { process: next, said: yield* ServerProcess.start(next, options) }
          }
          return { process, said: yield* ServerProcess.start(process, options) }
        })

        const first = yield* serve(yield* warm, 0)
        let { process } = first
        const said = serving(first.said)
        const port = Number(new URL(said.url).port)
        const world: World = {
          ...(yield* clientsOf(said)),
          directory: dataDirectory,
          random: draws,
          isDead: () => dead,
          isExcuse: (message) => message.includes(stopped),
          forgetsEnds: false
        }
        const patient = yield* waiting(world, "waiting")
        const clients: ReadonlyArray<Client> = [
          yield* syncing(world, {
            name: "files",
            uploadMode: "File",
            names: ["a", "b", "c", "d", "e", "f", "g", "h", "large-i", "huge-j"]
          }),
          yield* syncing(world, {
            name: "archive",
            uploadMode: "Archive",
            names: ["a", "b", "c", "d", "large-e"]
          }),
          yield* storing(world, "storing"),
          yield* clearing(world, "clearing"),
          yield* naming(world, "naming"),
          yield* living(world, "living"),
          patient.client
        ]

        for (let round = 0; round < count; round++) {
          const firstOfKind = kinds[round]
          const point = firstOfKind === undefined ? pointOf(draws) : nextOf(draws, firstOfKind)
          // What lies within a step, such as in the midst of a commit, only a clock can meet.
          const clock = round % 4 === 3 ? draws.below(400) : undefined
          yield* Effect.gen(function* () {
            dead = false
            yield* ServerProcess.arm(process, clock === undefined ? point : hurried)
            const { child, ended } = process
            const work = yield* Effect.forEach(clients, ({ step }) =>
              Effect.fork(Effect.repeat(step, { until: world.isDead }))
            )
            const spare = yield* Effect.fork(warm)
            const atStep = Deferred.await(ended).pipe(
              Effect.timeoutTo({
                duration: "1 second",
                onSuccess: Effect.succeed,
                // A point that is too far away: then at the next step of any kind.
                onTimeout: () =>
                  ServerProcess.arm(process, { ...point, kind: "any", count: 1 }).pipe(
                    Effect.zipRight(Deferred.await(ended)),
                    Effect.timeoutTo({
                      duration: "1 second",
                      onSuccess: (kind) => kind,
                      onTimeout: () => undefined
                    })
                  )
              }),
              Effect.flatten
            )
            const kind = yield* clock === undefined
              ? atStep
              : Effect.as(Effect.sleep(clock), undefined)
            yield* kill(child)
            dead = true
            note(kind ?? "clock")
            assert.strictEqual(process.logged(), "")
            const unfinished = namesIn(`${dataDirectory}/staging`)
            const server = yield* serve(yield* Fiber.join(spare), port)
            process = server.process
            serving(server.said)
            // It may be at work already, but not on those.
            const staging = namesIn(`${dataDirectory}/staging`)
            assert.deepStrictEqual(
              unfinished.filter((name) => staging.includes(name)),
              []
            )
            for (const [index, fiber] of work.entries()) {
              checkEnd(clients[index]?.name ?? "", yield* Fiber.await(fiber), isBroken)
            }
            yield* Effect.forEach(clients, ({ check }) => check, { discard: true })
            yield* leavesNothing(world)
            assert.deepStrictEqual(
              NodeFs.readdirSync(dataDirectory).filter((name) => name.endsWith(".new")),
              []
            )
          }).pipe(
            Effect.tapErrorCause(() =>
              Effect.sync(() =>
                console.error(
                  `seed ${seed}, round ${round}, killed at ${JSON.stringify(clock ?? point)}`
                )
              )
            )
          )
        }
        // It did die at all kinds of steps, and somebody waited through it.
        assert.includeMembers(Object.keys(died), [
          "start",
          "write",
          "rename",
          "commit",
          "answer",
          "clock"
        ])
        assert.isAbove(patient.lived(), 0)
      }),
    3_600_000
  )

  it.scopedLive("tells no success that the next server would take back", () =>
    Effect.gen(function* () {
      const dataDirectory = yield* temporaryDirectory
      const process = yield* ServerProcess.warm(built)
      const { agentBay } = yield* clientsOf(
        serving(yield* ServerProcess.start(process, { dataDirectory }))
      )
      const context = yield* agentBay.contexts.create("c")
      const session = yield* agentBay.create({ contexts: [ContextSync.make(context.id, mount)] })
      writeVersion(inSession({ directory: dataDirectory }, session.sessionId), "a", 1)
      // The task is listed, its upload begins, its end: the third is not written.
      const point = { kind: "commit", when: "before", count: 3, delay: 500 } as const
      yield* ServerProcess.arm(process, point)
      const told = yield* Effect.either(session.contextManager.sync())
      assert.strictEqual(yield* Deferred.await(process.ended), "commit")
      const next = yield* ServerProcess.warm(built)
      const server = serving(yield* ServerProcess.start(next, { dataDirectory }))
      const { agentBay: again } = yield* clientsOf(server)
      const { contextManager } = yield* again.get(session.sessionId)
      const { contextStatusData } = yield* contextManager.info({ taskType: "upload" })
      assert.deepStrictEqual(
        contextStatusData.map(({ status }) => status),
        [Either.isRight(told) ? "Success" : "Failed"]
      )
    })
  )
})
