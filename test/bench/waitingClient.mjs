// One process with many waiters in one session: the heap that each holds, against that of a
// bare fiber, and what is left after all are interrupted. Wants `--expose-gc`.
import { subscribe } from "node:diagnostics_channel"
import { Chunk, Deferred, Effect, Fiber, ManagedRuntime, Layer, Supervisor } from "effect"
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

const kinds = (list) =>
  Object.fromEntries(
    [...new Set(list)].map((kind) => [kind, list.filter((other) => other === kind).length])
  )

answer(async ({ count, intervalMillis, supervised, ...server }) => {
  const bytesPerFiber = await bareFibers(count)
  const answers = countAnswers()
  const runtime = makeRuntime(server)
  const manager = await runtime.runPromise(managerOf(server.sessionId))
  await runtime.runPromise(manager.info())
  const supervisor = await runtime.runPromise(Supervisor.track)
  const alive = async () =>
    Chunk.size(Chunk.fromIterable(await runtime.runPromise(supervisor.value)))
  // The watching of fibers costs memory, so the heap is measured without it.
  const watched = supervised ? Effect.supervised(supervisor) : (effect) => effect
  const rootsBefore = Chunk.size(await runtime.runPromise(Fiber.roots))
  const targets = targetsOf({ ...server, count })

  const before = await settledHeap()
  const fibers = await runtime.runPromise(
    watched(
      Effect.forEach(targets, (target) =>
        Effect.forkDaemon(syncOf(manager, target, intervalMillis))
      )
    )
  )
  await until(() => answers.SyncContext >= count, "the start of all syncs", 100)
  // Connections that only the triggers needed close after four seconds.
  const polled = answers.GetContextInfo
  await until(() => answers.GetContextInfo > polled + 2, "the next polls", 30)
  await setTimeout(supervised ? 100 : 5_000)
  const bytesPerWaiter = ((await settledHeap()) - before) / count
  const peakMiB = process.resourceUsage().maxRSS / 1024

  const watchedBefore = await alive()
  const startedAt = performance.now()
  await runtime.runPromise(Fiber.interruptAll(fibers))
  const interruptMillis = performance.now() - startedAt
  let left = 0
  if (supervised) {
    await until(async () => (left = await alive()) === 0, "the end of all fibers", 10)
  }
  const goneMillis = performance.now() - startedAt
  const rootsLeft = Chunk.size(await runtime.runPromise(Fiber.roots)) - rootsBefore
  const polledAtEnd = answers.GetContextInfo
  await setTimeout(intervalMillis * 3)
  const latePolls = answers.GetContextInfo - polledAtEnd
  const open = kinds(resources())
  await runtime.dispose()
  await setTimeout(100)
  return {
    count,
    bytesPerFiber,
    bytesPerWaiter,
    peakMiB,
    watchedBefore,
    interruptMillis,
    goneMillis,
    left: { fibers: left, roots: rootsLeft, polls: latePolls, open, afterClose: kinds(resources()) }
  }
})
