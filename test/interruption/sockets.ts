/** The same over sockets and real files: what the process holds afterwards is what it held before. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import * as NodeFs from "node:fs"
import { Buffer } from "node:buffer"
import * as LocalFile from "../../packages/node/src/cli/LocalFile.js"
import { localClient } from "../node/localClient.js"
import { temporaryDirectory } from "../node/local/life.js"

const path = "/home/wuying/work"
const size = 300_000
const client = localClient(PollPolicy.spaced({ interval: "5 millis", maxRetries: 2000 }))

interface Place {
  readonly target: { readonly contextId: string; readonly path: string }
  readonly sessionId: string
  /** A folder of this machine with the file `source`. */
  readonly folder: string
}

type Program = (
  place: Place
) => Effect.Effect<unknown, unknown, AgentBay.AgentBay | FileSystem.FileSystem>

const agentBay = AgentBay.AgentBay
const existing = ({ sessionId }: Place) =>
  Effect.flatMap(agentBay, (service) => service.get(sessionId))

const programs: { readonly [name: string]: Program } = {
  sync: (place) =>
    Effect.flatMap(existing(place), ({ contextManager, files }) =>
      Effect.zipRight(files.write(`${path}/file`, "content"), contextManager.sync(place.target))
    ),
  "a scoped session with a bind and a sync": ({ target }) =>
    Effect.gen(function* () {
      const session = yield* (yield* agentBay).session()
      yield* session.contextManager.bind(target, { awaitDownload: true })
      yield* session.contextManager.sync()
    }).pipe(Effect.scoped),
  "create and delete": ({ target }) =>
    Effect.flatMap(agentBay, (service) =>
      Effect.acquireUseRelease(
        service.create({ contexts: [target] }),
        () => Effect.void,
        (session) => Effect.ignore(session.delete())
      )
    ),
  "put a file": ({ folder, target }) =>
    Effect.gen(function* () {
      const { files } = (yield* agentBay).contexts
      const content = yield* LocalFile.read(`${folder}/source`)
      yield* files.put(target.contextId, `${path}/stored`, content)
    }),
  "get a file": ({ folder, target }) =>
    Effect.gen(function* () {
      const { files } = (yield* agentBay).contexts
      yield* LocalFile.write(`${folder}/got`, files.get(target.contextId, `${path}/lasting`))
    })
}

/** Runs tasks as Effect's own scheduler does, and does something before the one of a number. */
const makeScheduler = (at: number, act: () => void) => {
  let turns = 0
  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => Scheduler.defaultScheduler.shouldYield(fiber),
    scheduleTask: (task, priority, fiber) =>
      Scheduler.defaultScheduler.scheduleTask(
        () => {
          turns += 1
          if (turns === at) act()
          task()
        },
        priority,
        fiber
      )
  }
  return { scheduler, turns: () => turns }
}

/** The files and sockets that are open; where the system does not tell, nothing. */
const openFiles = () => {
  try {
    return NodeFs.readdirSync("/proc/self/fd").length
  } catch {
    return 0
  }
}

/** What the event loop waits for, by kind. */
const resources = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>([["open files", openFiles()]])
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  // The turns of those who look.
  counts.delete("Immediate")
  return counts
}

/** How long it may take, in milliseconds, until all is given back: the machine may be busy. */
const longest = 30_000

const turnOfTheEventLoop = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Waits until there is nothing to object to. */
const untilFine = (where: string, objection: () => string | undefined) =>
  Effect.gen(function* () {
    const end = performance.now() + longest
    while (performance.now() < end) {
      if (objection() === undefined) return
      yield* turnOfTheEventLoop
    }
    assert.fail(`${where}: ${objection() ?? "it took too long"}`)
  })

const untilEqual = <E, R>(value: Effect.Effect<number, E, R>, expected: number) =>
  Effect.gen(function* () {
    const end = performance.now() + longest
    while (performance.now() < end && (yield* value) !== expected) yield* turnOfTheEventLoop
    assert.strictEqual(yield* value, expected, "sessions that live")
  })

const numbersFrom = (seed: number) => {
  let state = seed
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor(state / 65_536) % below
  }
}

const opened = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const folder = yield* temporaryDirectory
  NodeFs.writeFileSync(`${folder}/source`, Buffer.alloc(size, "s"))
  const place = yield* Effect.gen(function* () {
    const service = yield* agentBay
    const { id: contextId } = yield* service.contexts.create("work")
    const content = { stream: Stream.make(Buffer.alloc(size, "l")), length: size }
    yield* service.contexts.files.put(contextId, `${path}/lasting`, content)
    const target = { contextId, path }
    const { sessionId } = yield* service.create({ contexts: [target] })
    return { target, sessionId, folder }
  }).pipe(Effect.provide(Layer.fresh(client)))
  return { place, server }
})

/** One run of a program with a client of its own, interrupted at one of its turns. */
const round = (program: Program, place: Place, at: number) =>
  Effect.gen(function* () {
    const supervisor = yield* Supervisor.track
    let running: Fiber.RuntimeFiber<unknown, unknown> | undefined
    const { scheduler, turns } = makeScheduler(at, () =>
      running?.unsafeInterruptAsFork(FiberId.none)
    )
    const context = yield* Layer.build(Layer.fresh(Layer.merge(client, NodeFileSystem.layer)))
    // Begins with its next turn, so that there is something to hold before its first.
    running = yield* Effect.forkDaemon(
      Effect.zipRight(Effect.yieldNow(), program(place)).pipe(
        Effect.provide(context),
        Effect.supervised(supervisor),
        Effect.locally(FiberRef.currentScheduler, scheduler)
      )
    )
    const exit = yield* Fiber.await(running)
    let fibers = yield* supervisor.value
    for (let left = 10_000; fibers.length > 0 && left > 0; left--) {
      yield* turnOfTheEventLoop
      fibers = yield* supervisor.value
    }
    assert.lengthOf(fibers, 0, "fibers that are left")
    return { exit, turns: turns() }
  }).pipe(Effect.scoped)

const liveSessions = Effect.flatMap(agentBay, (service) => Stream.runCount(service.list())).pipe(
  Effect.provide(Layer.fresh(client))
)

const rounds = (program: Program, times: number, seed: number) =>
  Effect.gen(function* () {
    const before = resources()
    const { place, server } = yield* opened
    // The server has a session now, whose idle time it watches.
    const timers = (before.get("Timeout") ?? 0) + 1
    const number = numbersFrom(seed)
    const whole = yield* round(program, place, Infinity)
    if (Exit.isFailure(whole.exit)) assert.fail(Cause.pretty(whole.exit.cause))
    const lives = yield* liveSessions
    const staging = `${server.dataDirectory}/staging`
    const objection = () => {
      for (const [kind, count] of resources()) {
        const allowed = kind === "Timeout" ? timers : (before.get(kind) ?? 0)
        if (count > allowed) return `${count} ${kind}, and ${allowed} before`
      }
      const unfinished = NodeFs.readdirSync(staging)
      if (unfinished.length > 0) return `in staging: ${unfinished.join()}`
      const own = NodeFs.readdirSync(place.folder).filter((name) => name.includes("part"))
      return own.length > 0 ? `left beside: ${own.join()}` : undefined
    }
    for (let time = 1; time <= times; time++) {
      const at = 1 + number(whole.turns)
      const { exit } = yield* round(program, place, at)
      const where = `time ${time} of seed ${seed}, at turn ${at} of ${whole.turns}`
      if (Exit.isFailure(exit) && !Exit.isInterrupted(exit)) {
        assert.fail(`${where}: ${Cause.pretty(exit.cause)}`)
      }
      yield* untilFine(where, objection)
    }
    yield* untilEqual(liveSessions, lives)
    const last = yield* round(program, place, Infinity)
    if (Exit.isFailure(last.exit)) assert.fail(Cause.pretty(last.exit.cause))
    yield* untilFine("after it ran through again", objection)
  })

/** Tests that interrupt each program so often. */
export const overSockets = (times: number, seed: number): void => {
  for (const [name, program] of Object.entries(programs)) {
    it.scopedLive(`${name}, ${times} times`, () =>
      Effect.provide(rounds(program, times, seed), LocalAgentBay.layerTest)
    )
  }
}
