// The client of the load, in a process of its own: as many syncs wait as there are targets, and
// where one ends the next begins. Wants `--expose-gc`.
import { AgentBayMetrics, ContextManager, PollPolicy } from "@effect-agentbay/core"
import { NodeAgentBay } from "@effect-agentbay/node"
import {
  Cause,
  Chunk,
  Clock,
  Effect,
  Exit,
  Fiber,
  Metric,
  Option,
  Redacted,
  Schedule
} from "effect"

/** When all syncs have to be at their end that were begun before the end of the load. */
const patience = "10 minutes"

const waiting = Effect.map(Metric.value(AgentBayMetrics.waiters), ({ value }) => value)

const heap = Effect.sync(() => {
  globalThis.gc()
  return process.memoryUsage().heapUsed
})

const run = ({ apiKey, forMillis, intervalMillis, lastsMillis, sampleMillis, sessions, url }) => {
  const outcomes = {}
  const wrong = []
  let started = 0
  let ended = 0
  const time = { isOver: false }

  const note = (key) => {
    outcomes[key] = (outcomes[key] ?? 0) + 1
  }
  const isWrong = (what) => {
    if (wrong.length < 20) wrong.push(what)
    note("wrong")
  }

  const judge = (target, exit, tookMillis) => {
    const tasks = Exit.isSuccess(exit)
      ? exit.value.contextStatusData
      : Option.match(Cause.failureOption(exit.cause), {
          onNone: () => [],
          onSome: (error) => (error._tag === "SyncFailed" ? error.tasks : [])
        })
    const isAbout = tasks.length === 1 && tasks[0].path === target.path
    const error = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
    if (Exit.isSuccess(exit) && exit.value.outcome === "Completed") {
      // An older transfer would be there at once.
      if (target.fails || !isAbout || tookMillis < lastsMillis) {
        isWrong(`${target.path} completed after ${tookMillis} ms: ${JSON.stringify(tasks)}`)
      } else note("completed")
    } else if (Option.isSome(error) && error.value._tag === "SyncFailed") {
      if (!target.fails || !isAbout || tookMillis < lastsMillis) {
        isWrong(`${target.path} failed after ${tookMillis} ms: ${error.value.message}`)
      } else note("failed by rule")
    } else if (Option.isSome(error) && error.value.operation === "SyncContext") {
      // What became of a trigger whose answer is lost, nobody knows.
      note(`lost trigger, ${error.value.reason}`)
    } else {
      isWrong(
        `${target.path}: ${Exit.isFailure(exit) ? Cause.pretty(exit.cause) : exit.value.outcome}`
      )
    }
  }

  const again = (manager, target) =>
    Effect.gen(function* () {
      while (!time.isOver) {
        started += 1
        const before = yield* Clock.currentTimeMillis
        const { contextId, path } = target
        const exit = yield* Effect.exit(manager.sync({ contextId, path }))
        judge(target, exit, (yield* Clock.currentTimeMillis) - before)
        ended += 1
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
        fibers.push(yield* Effect.forkDaemon(Effect.delay(again(manager, target), delay)))
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
    const begunAt = yield* Clock.currentTimeMillis
    const samples = []
    const sample = Effect.gen(function* () {
      const at = (yield* Clock.currentTimeMillis) - begunAt
      const waits = yield* waiting
      samples.push({ at, heap: yield* heap, rss: process.memoryUsage.rss(), waits })
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
      started,
      ended,
      outcomes,
      wrong,
      allEnded: Option.isSome(all),
      waitsLeft: yield* waiting,
      rootsLeft: Chunk.size(yield* Fiber.roots) - rootsBefore,
      samples
    }
  }).pipe(
    Effect.provide(
      NodeAgentBay.layer({
        apiKey: Redacted.make(apiKey),
        endpoint: url,
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
