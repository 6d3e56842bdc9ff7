// One process that syncs many targets in one session, in one way, and tells what it took.
import { countRequests } from "./measure.mjs"
import { connections } from "./bare.mjs"
import { answer } from "./processes.mjs"
import { targetsOf } from "./targets.mjs"

const ours = async (task) => {
  const { makeRuntime, managerOf, syncOf } = await import("./ours.mjs")
  const { Effect } = await import("effect")
  const runtime = makeRuntime(task)
  const manager = await runtime.runPromise(managerOf(task.sessionId))
  return {
    prepare: () => runtime.runPromise(manager.info()),
    run: (targets, concurrency) =>
      runtime.runPromise(
        Effect.forEach(targets, (target) => syncOf(manager, target, task.intervalMillis), {
          concurrency,
          discard: true
        })
      ),
    close: () => runtime.dispose()
  }
}

const bare = async (task) => {
  const { Agent } = await import("undici")
  const { makeWay } = await import("./ways.mjs")
  const agent = new Agent({ connections })
  const { one, prepare } = makeWay(task, agent)
  return {
    prepare,
    run: async (targets, concurrency) => {
      if (concurrency === "unbounded") return Promise.all(targets.map(one))
      for (const target of targets) await one(target)
    },
    close: () => agent.destroy()
  }
}

answer(async (task) => {
  const way = await (task.way === "ours" ? ours(task) : bare(task))
  await way.prepare()
  const targets = targetsOf(task)
  // Done before anything is counted, where many syncs of a running program are meant.
  const first = targets.splice(0, task.warmup ?? 0)
  await way.run(first, "unbounded")
  const requests = countRequests()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await way.run(targets, task.concurrency ?? "unbounded")
  const wallMillis = performance.now() - startedAt
  const { system, user } = process.cpuUsage(cpuBefore)
  await way.close()
  return {
    wallMillis,
    cpuMillis: (system + user) / 1000,
    statusRequests: requests.GetContextInfo,
    // `maxRSS` is in KiB.
    peakMiB: process.resourceUsage().maxRSS / 1024
  }
})
