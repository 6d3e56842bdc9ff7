/** The same over sockets and real files: what the process holds afterwards is what it held before. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import { Buffer } from "node:buffer"
import * as NodeFs from "node:fs"
import { localClient } from "../node/localClient.js"
import { temporaryDirectory } from "../node/local/life.js"
import { resources, surplus, turnOfTheEventLoop, untilFine } from "./resources.js"
import { isForgotten } from "./rounds.js"
import { path, type Place, type Program, programs } from "./socketPrograms.js"

const size = 300_000
const client = localClient(PollPolicy.spaced({ interval: "5 millis", maxRetries: 2000 }))
const agentBay = AgentBay.AgentBay

/** Does something with a client of its own. */
const withClient = <A, E>(effect: Effect.Effect<A, E, AgentBay.AgentBay>) =>
  Effect.provide(effect, Layer.fresh(client))

/** When something is done: before a turn, or so many turns of the event loop after it. */
interface Moment {
  readonly turn: number
  readonly after: number | undefined
}

/** Not at all. */
const never: Moment = { turn: Infinity, after: undefined }

const afterTurnsOfTheEventLoop = (turns: number, act: () => void): void => {
  if (turns === 0) act()
  else setImmediate(() => afterTurnsOfTheEventLoop(turns - 1, act))
}

/**
 * Runs tasks as Effect's own scheduler does, and does something at a moment. Before a turn
 * the answer that it begins with has come; after it, what the turn has sent is on its way.
 */
const makeScheduler = ({ after, turn }: Moment, act: () => void) => {
  let turns = 0
  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => Scheduler.defaultScheduler.shouldYield(fiber),
    scheduleTask: (task, priority, fiber) =>
      Scheduler.defaultScheduler.scheduleTask(
        () => {
          turns += 1
          const isDue = turns === turn
          if (isDue && after === undefined) act()
          task()
          if (isDue && after !== undefined) afterTurnsOfTheEventLoop(after, act)
        },
        priority,
        fiber
      )
  }
  return { scheduler, turns: () => turns }
}

/** Tells what the server was asked since the last time. */
const makeCalls = ({ admin }: LocalAgentBay.Service) => {
  let last: string | undefined
  return Effect.map(admin.calls(), (calls) => {
    const known = calls.findIndex(({ requestId }) => requestId === last)
    if (last !== undefined) assert.isAtLeast(known, 0, "the log goes back to the last look")
    last = calls.at(-1)?.requestId ?? last
    return calls.slice(known + 1)
  })
}

const opened = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const folder = yield* temporaryDirectory
  NodeFs.writeFileSync(`${folder}/source`, Buffer.alloc(size, "s"))
  const place = yield* withClient(
    Effect.gen(function* () {
      const service = yield* agentBay
      const { id: contextId } = yield* service.contexts.create("work")
      const content = { stream: Stream.make(Buffer.alloc(size, "l")), length: size }
      yield* service.contexts.files.put(contextId, `${path}/lasting`, content)
      const target = { contextId, path }
      // It outlasts the longest run, however little of it is asked for.
      const { sessionId } = yield* service.create({ contexts: [target], idleTimeout: "1 day" })
      return { target, sessionId, folder }
    })
  )
  return { place, server }
})

/** How many turns of the event loop other fibers may take to end once the program has. */
const mayTake = 10

/** One run of a program with a client of its own, interrupted at a moment. */
const round = ({ run }: Program, place: Place, at: Moment) =>
  Effect.gen(function* () {
    const supervisor = yield* Supervisor.track
    let running: Fiber.RuntimeFiber<unknown, unknown> | undefined
    const { scheduler, turns } = makeScheduler(at, () =>
      running?.unsafeInterruptAsFork(FiberId.none)
    )
    const context = yield* Layer.build(Layer.fresh(Layer.merge(client, NodeFileSystem.layer)))
    // Begins with its next turn, so that there is something to hold before its first.
    running = yield* Effect.forkDaemon(
      Effect.zipRight(Effect.yieldNow(), run(place)).pipe(
        Effect.provide(context),
        Effect.supervised(supervisor),
        Effect.locally(FiberRef.currentScheduler, scheduler)
      )
    )
    const exit = yield* Fiber.await(running)
    let fibers = yield* supervisor.value
    for (let left = mayTake; fibers.length > 0 && left > 0; left--) {
      yield* turnOfTheEventLoop
      fibers = yield* supervisor.value
    }
    assert.lengthOf(fibers, 0, "fibers that are left")
    const { pollHub } = Context.get(context, AgentBayHttp.AgentBayHttp)
    assert.isTrue(isForgotten(pollHub, place.sessionId), "the hub has forgotten the session")
    return { exit, turns: turns() }
  }).pipe(Effect.scoped)

/** How long after a turn, in turns of the event loop: until a request has arrived, or longer. */
const pauses = [undefined, 0, 1, 2, 4, 8]

const divisor = (one: number, other: number): number =>
  other === 0 ? one : divisor(other, one % other)

/** All moments of so many turns, spread evenly, and each once before any comes again. */
const spread = (turns: number) => {
  const count = turns * pauses.length
  let step = Math.max(1, Math.round(count * 0.618))
  while (divisor(count, step) !== 1) step += 1
  const nth = (time: number): Moment => {
    const number = (time * step) % count
    return { turn: 1 + (number % turns), after: pauses[Math.floor(number / turns)] }
  }
  return { count, nth }
}

const rounds = (program: Program, times: number) =>
  Effect.gen(function* () {
    const before = resources()
    const { place, server } = yield* opened
    const calls = makeCalls(server)
    const staging = `${server.dataDirectory}/staging`

    const objection = Effect.gen(function* () {
      // The server watches the idle time of the session that lasts.
      const more = surplus(before, 1)
      if (more !== undefined) return more
      const unfinished = NodeFs.readdirSync(staging)
      if (unfinished.length > 0) return `in staging: ${unfinished.join()}`
      const own = NodeFs.readdirSync(place.folder).filter((name) => name.includes("part"))
      if (own.length > 0) return `left beside: ${own.join()}`
      const live = (yield* server.admin.state).sessions.map(({ id }) => id)
      return live.join() === place.sessionId ? undefined : `sessions that live: ${live.join()}`
    })

    /** A round, and what has to hold after it. */
    const checked = (at: Moment, where: string) =>
      Effect.gen(function* () {
        const sessionId =
          program.ownSession === true
            ? (yield* withClient(Effect.flatMap(agentBay, ({ create }) => create()))).sessionId
            : place.sessionId
        yield* calls
        const { exit, turns } = yield* round(program, { ...place, sessionId }, at)
        if (Exit.isFailure(exit) && !Exit.isInterrupted(exit)) {
          assert.fail(`${where}: ${Cause.pretty(exit.cause)}`)
        }
        const left = program.left({ sessionId, exit, calls: yield* calls })
        yield* withClient(
          Effect.forEach(left, (id) =>
            Effect.flatMap(agentBay, (service) =>
              Effect.flatMap(service.get(id), (session) => session.delete())
            )
          )
        )
        yield* untilFine(where, objection)
        return { isInterrupted: Exit.isInterrupted(exit), turns }
      })

    const whole = yield* checked(never, "before")
    assert.isFalse(whole.isInterrupted)
    const moments = spread(whole.turns)
    let interrupted = 0
    for (let time = 1; interrupted < times; time++) {
      const at = moments.nth(time)
      const told = `time ${time}, turn ${at.turn} of ${whole.turns}, ${at.after ?? "before it"}`
      const { isInterrupted } = yield* checked(at, told)
      if (isInterrupted) interrupted += 1
      // At some of its last moments it has ended already. Those rounds do not count, and are
      // not more than the others, but for what the order of the moments does.
      else assert.isAtMost(time - interrupted, times + moments.count, "rounds without interruption")
    }
    const last = yield* checked(never, "after it ran through again")
    assert.isFalse(last.isInterrupted)
    return interrupted
  })

/** Tests that interrupt each program so often; `atLeast` is how often that is in all. */
export const overSockets = (times: number, atLeast: number): void => {
  let interrupted = 0

  for (const [name, program] of Object.entries(programs)) {
    it.scopedLive(`${name}, ${times} times`, () =>
      Effect.provide(rounds(program, times), LocalAgentBay.layerTest).pipe(
        Effect.map((count) => {
          interrupted += count
        })
      )
    )
  }

  it.effect(`at least ${atLeast} times in all`, () =>
    Effect.sync(() => assert.isAtLeast(interrupted, atLeast))
  )
}
