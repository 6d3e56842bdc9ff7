// Many syncs in one session: what does waiting for 1 to 10,000 transfers cost?
import { measured, withServer } from "./processes.mjs"
import { median } from "./measure.mjs"

const intervalMillis = 200
const lasts = "2 seconds"
const sequential = 10

/** How often each is measured, and how long one may take. 10,000 are too many for the others. */
const plan = [
  { count: 1, rounds: 3, ways: ["ours", "loop", "aws", "azure"] },
  { count: 10, rounds: 3, ways: ["ours", "loop", "aws", "azure"] },
  { count: 100, rounds: 3, ways: ["ours", "loop", "aws", "azure"] },
  { count: 1_000, rounds: 1, ways: ["ours", "loop", "aws", "azure"] },
  { count: 10_000, rounds: 1, ways: ["ours"] }
]

const middle = (runs, key) => median(runs.map((run) => run[key]))

const summary = (way, count, runs) => {
  const wallMillis = middle(runs, "wallMillis")
  const statusRequests = middle(runs, "statusRequests")
  return {
    way,
    count,
    wallMillis,
    statusRequests,
    requestsPerTick: statusRequests / (wallMillis / intervalMillis + 1),
    cpuPerSyncMicros: (middle(runs, "cpuMillis") * 1000) / count,
    peakMiB: middle(runs, "peakMiB")
  }
}

export const run = (log) =>
  withServer(lasts, async ({ sessions, ...server }) => {
    const once = async (way, count, concurrency) => {
      const [sessionId] = await sessions(1, count)
      const task = { ...server, concurrency, count, intervalMillis, sessionId, way }
      return measured("./client.mjs", task, { seconds: 90 })
    }
    const several = async (way, count, rounds, concurrency) => {
      const runs = []
      for (let round = 0; round < rounds; round++) runs.push(await once(way, count, concurrency))
      const result = summary(way, count, runs)
      log(
        `${way} ${count}: ${result.wallMillis.toFixed(0)} ms, ${result.statusRequests} status requests`
      )
      return result
    }

    const rows = []
    const triggers = []
    for (const { count, rounds, ways } of plan) {
      for (const way of ways) rows.push(await several(way, count, rounds))
      const { wallMillis } = await several("triggers", count, rounds)
      triggers.push({ count, wallMillis })
    }
    const { wallMillis } = await several("ours", sequential, 1, 1)
    return {
      intervalMillis,
      lasts,
      rows,
      triggers,
      sequential: { count: sequential, wallMillis }
    }
  })
