// One process with many waiters in one session: the heap that each holds, against that of a
// bare fiber, and what is left after all are interrupted. Wants `--expose-gc`.
import { subscribe } from "node:diagnostics_channel"
import { Chunk, Deferred, Effect, Fiber, Layer, ManagedRuntime } from "effect"
import { setTimeout } from "node:timers/promises"
import { makeRuntime, managerOf, syncOf } from "./ours.mjs"
import { answer } from "./processes.mjs"
import { targetsOf } from "./targets.mjs"

const settledHeap = async () => {
  for (let round = 0; round < 3; round++) {
    globalThis.gc()
    await setTimeout(50)
  }
  return process.memoryUsage().heapUsed
}

/** Answers that have come, by action. */
const countAnswers = () => {
  const answers = { GetContextInfo: 0, SyncContext: 0 }
  subscribe("undici:request:trailers", ({ request }) => {
    const [, action] = /Action=(\w+)/.exec(request.path) ?? []
    answers[action] = (answers[action] ?? 0) + 1
  })
  return answers
}

const until = async (isTrue, what, seconds) => {
  const deadline = performance.now() + seconds * 1000
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen in ${seconds} s`)
    await setTimeout(20)
  }
}

const forkAll = (runtime, effects) =>
  runtime.runPromise(Effect.forEach(effects, (effect) => Effect.forkDaemon(effect)))

const bareFibers = async (count) => {
  const runtime = ManagedRuntime.make(Layer.empty)
  const before = await settledHeap()
  const wait = Effect.flatMap(Deferred.make(), Deferred.await)
  const fibers = await forkAll(runtime, Array(count).fill(wait))
  const after = await settledHeap()
  await runtime.runPromise(Fiber.interruptAll(fibers))
  await runtime.dispose()
  return (after - before) / count
}

/** What keeps the event loop alive, without the pipe to the parent. */
const resources = () =>
  process.getActiveResourcesInfo().filter((kind) => kind !== "PipeWrap" && kind !== "TTYWrap")

answer(async ({ count, intervalMillis, ...server }) => {
  const bytesPerFiber = await bareFibers(count)
  const answers = countAnswers()
  const runtime = makeRuntime(server)
  const manager = await runtime.runPromise(managerOf(server.sessionId))
  await runtime.runPromise(manager.info())
  // All that waits is forked as a root: the waiters by us, the loop by the library.
  const roots = async () => Chunk.size(await runtime.runPromise(Fiber.roots))
  const rootsBefore = await roots()
  const targets = targetsOf({ ...server, count })

  const before = await settledHeap()
  const fibers = await forkAll(
    runtime,
    targets.map((target) => syncOf(manager, target, intervalMillis))
  )
  await until(() => answers.SyncContext >= count, "the start of all syncs", 150)
  const polled = answers.GetContextInfo
  await until(() => answers.GetContextInfo > polled + 2, "the next polls", 30)
  // Connections that only the triggers needed close after four seconds.
  await setTimeout(5_000)
  const bytesPerWaiter = ((await settledHeap()) - before) / count
  const peakMiB = process.resourceUsage().maxRSS / 1024
  const waiting = (await roots()) - rootsBefore

  const startedAt = performance.now()
  await runtime.runPromise(Fiber.interruptAll(fibers))
  const interruptMillis = performance.now() - startedAt
  const fibersLeft = (await roots()) - rootsBefore
  const open = resources()
  const polledAtEnd = answers.GetContextInfo
  await setTimeout(intervalMillis * 3)
  const latePolls = answers.GetContextInfo - polledAtEnd
  await runtime.dispose()
  await setTimeout(100)
  return {
    bytesPerFiber,
    bytesPerWaiter,
    peakMiB,
    waiting,
    interruptMillis,
    left: { fibers: fibersLeft, open, polls: latePolls, afterClose: resources() }
  }
})
