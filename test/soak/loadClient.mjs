// The client of the load, in a process of its own: as many syncs wait as there are targets, and
// where one ends the next begins. Wants `--expose-gc`.
import { AgentBayMetrics, ContextManager, PollPolicy } from "@effect-agentbay/core"
import { NodeAgentBay } from "@effect-agentbay/node"
import { Cause, Chunk, Effect, Exit, Fiber, Metric, Option, Redacted, Schedule } from "effect"
import { subscribe } from "node:diagnostics_channel"

/** When all syncs have to be at their end that were begun before the end of the load. */
const patience = "10 minutes"

// The steady clock, which all processes of a machine have in common: the other one can be set. With
// all its digits: one sync may end, and the next begin, within a millisecond.
const now = () => Number(process.hrtime.bigint()) / 1e6

subscribe("undici:request:create", ({ request }) => {
  request.addHeader("x-sent", String(now()))
})

const waiting = Effect.map(Metric.value(AgentBayMetrics.waiters), ({ value }) => value)

const heap = Effect.sync(() => {
  globalThis.gc()
  return process.memoryUsage().heapUsed
})

const run = ({ apiKey, forMillis, intervalMillis, lastsMillis, sampleMillis, sessions, url }) => {
  let ended = 0
  const time = { isOver: false }

  /** What became of a sync, and for one that cannot be right, what it is. */
  const judge = (target, exit, tookMillis) => {
    const error = Exit.isFailure(exit)
      ? Option.getOrUndefined(Cause.failureOption(exit.cause))
      : undefined
    const isSyncFailed = error?._tag === "SyncFailed"
    const tasks = Exit.isSuccess(exit)
      ? exit.value.contextStatusData
      : isSyncFailed
        ? error.tasks
        : []
    const isAbout = tasks.length === 1 && tasks[0].path === target.path
    // An older transfer would be there at once.
    const isOwn = isAbout && tookMillis >= lastsMillis
    if (Exit.isSuccess(exit) && exit.value.outcome === "Completed" && isOwn && !target.fails) {
      return { outcome: "completed" }
    }
    if (isSyncFailed && isOwn && target.fails) return { outcome: "failed by rule" }
    // What became of a trigger whose answer is lost, nobody knows.
    if (error?.operation === "SyncContext") return { outcome: "lost", reason: error.reason }
    const told = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : JSON.stringify(exit.value)
    return { outcome: "wrong", reason: `after ${tookMillis} ms: ${told}` }
  }

  const again = (manager, { sessionId, target }) =>
    Effect.gen(function* () {
      while (!time.isOver) {
        const begun = now()
        const { contextId, path } = target
        const exit = yield* Effect.exit(manager.sync({ contextId, path }))
        const told = now()
        ended += 1
        // The parent keeps it: what this process keeps is what is measured.
        process.send({
          sync: { sessionId, path, begun, told, ...judge(target, exit, told - begun) }
        })
      }
    })

  return Effect.gen(function* () {
    const rootsBefore = Chunk.size(yield* Fiber.roots)
    const fibers = []
    for (const { sessionId, targets } of sessions) {
      const manager = yield* ContextManager.make({ sessionId })
      for (const [index, target] of targets.entries()) {
        // Spread over the time that a sync lasts.
        const delay = (index * lastsMillis) / targets.length
        fibers.push(
          yield* Effect.forkDaemon(Effect.delay(again(manager, { sessionId, target }), delay))
        )
      }
    }
    const count = fibers.length
    // The trigger of one whose sync has just ended takes a moment.
    yield* Effect.repeat(Effect.zipRight(Effect.sleep("1 second"), waiting), {
      until: (waits) => waits >= 0.95 * count
    }).pipe(
      Effect.timeoutFail({
        duration: lastsMillis * 2 + 300_000,
        onTimeout: () => new Error("they never wait all at once")
      })
    )
    // What grows until each target has been synced once more is no leak: compiled code, and the
    // older tasks that a sync knows.
    yield* Effect.sleep(lastsMillis)
    const sample = Effect.gen(function* () {
      const at = now()
      const waits = yield* waiting
      process.send({ sample: { at, waits, heap: yield* heap } })
    })
    yield* Effect.repeat(sample, Schedule.spaced(sampleMillis)).pipe(
      Effect.timeout(forMillis),
      Effect.ignore
    )
    time.isOver = true
    const all = yield* Effect.timeoutOption(Fiber.awaitAll(fibers), patience)
    yield* Effect.sleep(intervalMillis)
    return {
      count,
      ended,
      allEnded: Option.isSome(all),
      waitsLeft: yield* waiting,
      rootsLeft: Chunk.size(yield* Fiber.roots) - rootsBefore
    }
  }).pipe(
    Effect.provide(
      NodeAgentBay.layer({
        apiKey: Redacted.make(apiKey),
        endpoint: url,
        // The gate would keep requests apart that have nothing to do with each other, and hide
        // who waits for what. It has tests of its own.
        adaptive: false,
        pollPolicy: PollPolicy.spaced({ interval: intervalMillis, maxRetries: 100_000 })
      })
    )
  )
}

process.once("message", (task) => {
  Effect.runPromise(run(task)).then(
    (result) => process.send({ result }, () => process.disconnect()),
    (error) => process.send({ failed: String(error?.stack ?? error) }, () => process.disconnect())
  )
})
