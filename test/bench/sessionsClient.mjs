// One process in which 1,000 sessions are polled at the same pace, by our syncs and by plain
// loops in turns. Counted is a window in which all of them do nothing but poll.
import { Effect, Fiber } from "effect"
import { setTimeout } from "node:timers/promises"
import { Agent } from "undici"
import { connections, makeBare } from "./bare.mjs"
import { countRequests, median } from "./measure.mjs"
import { makeRuntime, managerOf, syncOf } from "./ours.mjs"
import { answer } from "./processes.mjs"
import { mount } from "./targets.mjs"

answer(async ({ intervalMillis, rounds, sessionIds, windowMillis, ...server }) => {
  const target = { contextId: server.contextId, path: mount }
  const runtime = makeRuntime(server)
  const agent = new Agent({ connections })
  const bare = makeBare(server, agent)
  const requests = countRequests()
  // Spread over one interval, as sessions of the world are.
  const delayOf = (index) => (index * intervalMillis) / sessionIds.length

  const ours = () => {
    const waiting = Effect.forEach(
      sessionIds,
      (sessionId, index) =>
        managerOf(sessionId).pipe(
          Effect.flatMap((manager) => syncOf(manager, target, intervalMillis)),
          Effect.delay(delayOf(index))
        ),
      { concurrency: "unbounded", discard: true }
    )
    const fiber = runtime.runFork(waiting)
    return () => runtime.runPromise(Fiber.interrupt(fiber))
  }

  const theirs = () => {
    const stopped = new AbortController()
    const loops = sessionIds.map(async (sessionId, index) => {
      await setTimeout(delayOf(index))
      await bare.trigger(sessionId, target)
      while (!stopped.signal.aborted) {
        const tasks = await bare.tasks(sessionId)
        if (!tasks.some(({ status }) => status === "Running")) throw new Error("a sync has ended")
        await setTimeout(intervalMillis)
      }
    })
    return () => {
      stopped.abort()
      return Promise.all(loops)
    }
  }

  const perPoll = async (start) => {
    const triggered = requests.SyncContext + sessionIds.length
    const stop = start()
    const deadline = performance.now() + 30_000
    while (requests.SyncContext < triggered) {
      if (performance.now() > deadline) throw new Error("the syncs did not start within 30 s")
      await setTimeout(50)
    }
    await setTimeout(intervalMillis / 2)
    const polled = requests.GetContextInfo
    const before = process.cpuUsage()
    await setTimeout(windowMillis)
    const { system, user } = process.cpuUsage(before)
    const polls = requests.GetContextInfo - polled
    await stop()
    return { micros: (system + user) / polls, polls }
  }

  const figures = { ours: [], theirs: [] }
  for (let round = 0; round <= rounds; round++) {
    const mine = await perPoll(ours)
    const other = await perPoll(theirs)
    // The first round warms up.
    if (round === 0) continue
    figures.ours.push(mine)
    figures.theirs.push(other)
  }
  await agent.destroy()
  await runtime.dispose()
  const of = (side) => ({
    micros: median(figures[side].map(({ micros }) => micros)),
    polls: median(figures[side].map(({ polls }) => polls))
  })
  return { ours: of("ours"), theirs: of("theirs") }
})
