// One process that syncs many targets in one way, in sessions of its own, and tells what each
// round took. What the first of them compile and connect is no part of that: the sessions of
// `warmup` come before everything that is counted.
import { setTimeout } from "node:timers/promises"
import { connections } from "./bare.mjs"
import { countRequests } from "./measure.mjs"
import { answer } from "./processes.mjs"
import { targetsOf } from "./targets.mjs"

const ours = async (task) => {
  const { makeRuntime, managerOf, syncOf } = await import("./ours.mjs")
  const { Effect } = await import("effect")
  const runtime = makeRuntime(task)
  return {
    inSession: async (sessionId) => {
      const manager = await runtime.runPromise(managerOf(sessionId))
      await runtime.runPromise(manager.info())
      return (targets, concurrency) =>
        runtime.runPromise(
          Effect.forEach(targets, (target) => syncOf(manager, target, task.intervalMillis), {
            concurrency,
            discard: true
          })
        )
    },
    close: () => runtime.dispose()
  }
}

const bare = async (task) => {
  const { Agent } = await import("undici")
  const { makeWay } = await import("./ways.mjs")
  const agent = new Agent({ connections })
  return {
    inSession: async (sessionId) => {
      const { one, prepare } = makeWay({ ...task, sessionId }, agent)
      await prepare()
      return async (targets, concurrency) => {
        if (concurrency === "unbounded") return Promise.all(targets.map(one))
        for (const target of targets) await one(target)
      }
    },
    close: () => agent.destroy()
  }
}

/** The most memory that this process holds while something is done, in MiB. */
const withPeak = async (action) => {
  let most = 0
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss() / 2 ** 20)
  }
  const timer = setInterval(look, 50)
  await action()
  clearInterval(timer)
  look()
  return most
}

/** How long connections of before may still be open, in milliseconds. */
const keptOpen = 5_000

answer(async ({ steps, warmup, ...task }) => {
  const requests = countRequests()
  const way = await (task.way === "ours" ? ours(task) : bare(task))
  const targets = (count) => targetsOf({ contextId: task.contextId, count })

  const round = async (sessionId, { concurrency, count }) => {
    const run = await way.inSession(sessionId)
    const asked = requests.GetContextInfo
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    const peakMiB = await withPeak(() => run(targets(count), concurrency))
    const wallMillis = performance.now() - startedAt
    const { system, user } = process.cpuUsage(cpuBefore)
    return {
      wallMillis,
      cpuMillis: (system + user) / 1000,
      statusRequests: requests.GetContextInfo - asked,
      peakMiB
    }
  }

  for (const sessionId of warmup.sessionIds) {
    await round(sessionId, { concurrency: "unbounded", count: warmup.count })
  }
  // All begin with the one connection that their first request opens. Small steps take longer
  // than that, and come first.
  if (steps[0].count > connections) await setTimeout(keptOpen)
  const rounds = []
  for (const { sessionIds, ...step } of steps) {
    const results = []
    for (const sessionId of sessionIds) results.push(await round(sessionId, step))
    rounds.push(results)
  }
  await way.close()
  return rounds
})
