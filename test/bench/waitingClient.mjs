// One process with many waiters in one session: the heap that each holds, against that of a
// bare fiber, and what is left after all are interrupted. Wants `--expose-gc`.
import { subscribe } from "node:diagnostics_channel"
import { Chunk, Deferred, Fiber, Layer, ManagedRuntime } from "effect"
import { setTimeout } from "node:timers/promises"
import { makeRuntime, managerOf, syncOf } from "./ours.mjs"
import { answer } from "./processes.mjs"
import { targetsOf } from "./targets.mjs"

const warmup = 200

/** When all has to be gone after an interruption, in milliseconds. */
const grace = 100

/** What is used between two polls: while an answer is read, its text is there besides. */
const settledHeap = async () => {
  let least = Infinity
  for (let round = 0; round < 10; round++) {
    globalThis.gc()
    least = Math.min(least, process.memoryUsage().heapUsed)
    await setTimeout(100)
  }
  return least
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

const forkAll = (runtime, effects) => effects.map((effect) => runtime.runFork(effect))

const interruptAll = async (runtime, fibers) => {
  const startedAt = performance.now()
  await runtime.runPromise(Fiber.interruptAll(fibers))
  return performance.now() - startedAt
}

const bareFibers = async (count) => {
  const runtime = ManagedRuntime.make(Layer.empty)
  const before = await settledHeap()
  const deferred = await runtime.runPromise(Deferred.make())
  const fibers = forkAll(runtime, Array(count).fill(Deferred.await(deferred)))
  const bytes = ((await settledHeap()) - before) / count
  const interruptMillis = await interruptAll(runtime, fibers)
  await runtime.dispose()
  return { bytes, interruptMillis }
}

/** What keeps the event loop alive, without the pipe to the parent. */
const resources = () =>
  process.getActiveResourcesInfo().filter((kind) => kind !== "PipeWrap" && kind !== "TTYWrap")

answer(async ({ count, intervalMillis, ...server }) => {
  const bare = await bareFibers(count)
  const answers = countAnswers()
  const runtime = makeRuntime(server)
  const manager = await runtime.runPromise(managerOf(server.sessionId))
  const syncs = targetsOf({ ...server, count }).map((target) =>
    syncOf(manager, target, intervalMillis)
  )
  // What is compiled and kept once is no part of what each waiter holds.
  const first = forkAll(runtime, syncs.slice(0, warmup))
  await until(() => answers.SyncContext >= warmup, "the start of the first syncs", 30)
  await interruptAll(runtime, first)

  // All that waits is forked as a root: the waiters by us, the loop by the library.
  const roots = async () => Chunk.size(await runtime.runPromise(Fiber.roots))
  const rootsBefore = await roots()
  const triggered = answers.SyncContext + count
  const before = await settledHeap()
  const fibers = forkAll(runtime, syncs)
  await until(() => answers.SyncContext >= triggered, "the start of all syncs", 150)
  const polled = answers.GetContextInfo
  await until(() => answers.GetContextInfo > polled + 2, "the next polls", 30)
  // Connections that only the triggers needed close after four seconds.
  await setTimeout(5_000)
  const bytesPerWaiter = ((await settledHeap()) - before) / count
  const peakMiB = process.resourceUsage().maxRSS / 1024
  const waiting = (await roots()) - rootsBefore

  const interruptMillis = await interruptAll(runtime, fibers)
  const fibersLeft = (await roots()) - rootsBefore
  await setTimeout(Math.max(0, grace - interruptMillis))
  const open = resources()
  const polledAtEnd = answers.GetContextInfo
  await setTimeout(intervalMillis * 3)
  const latePolls = answers.GetContextInfo - polledAtEnd
  await runtime.dispose()
  await setTimeout(100)
  return {
    bare,
    bytesPerWaiter,
    peakMiB,
    waiting,
    interruptMillis,
    left: { fibers: fibersLeft, open, polls: latePolls, afterClose: resources() }
  }
})
