// Many syncs in one session: what does waiting for 1 to 10,000 transfers cost?
import { measured, withServer } from "./processes.mjs"
import { median, note, report } from "./measure.mjs"

const intervalMillis = 200
const peers = ["aws", "azure", "loop"]

/** How often each is measured. 10,000 pollers of their own are too many for the server. */
const plan = [
  { count: 1, rounds: 1, ways: ["ours", ...peers] },
  { count: 10, rounds: 1, ways: ["ours", ...peers] },
  { count: 100, rounds: 3, ways: ["ours", ...peers] },
  { count: 1_000, rounds: 1, ways: ["ours"] },
  { count: 10_000, rounds: 1, ways: ["ours"] }
]

// A thousand loops that ask every 200 ms would be 5,000 requests a second, more than the
// server answers: it would be measured, not they.
const crowd = { count: 1_000, intervalMillis: 500, lasts: "5 seconds", warmup: 300 }

const alone = { count: 10, ways: ["ours"] }

const middle = (runs, key) => median(runs.map((run) => run[key]))

const summary = (way, count, interval, runs) => {
  const wallMillis = middle(runs, "wallMillis")
  const statusRequests = middle(runs, "statusRequests")
  return {
    way,
    count,
    wallMillis,
    statusRequests,
    requestsPerTick: statusRequests / (wallMillis / interval + 1),
    cpuPerSyncMicros: (middle(runs, "cpuMillis") * 1000) / count,
    peakMiB: middle(runs, "peakMiB")
  }
}

/** Measures ways in turns, a session of its own for each run. */
const measurer = ({ sessions, ...server }, log) => {
  const once = async (way, { concurrency, count, interval, warmup }) => {
    const all = count + warmup
    const [sessionId] = await sessions(1, all)
    const polling = { concurrency, count: all, intervalMillis: interval, warmup }
    const task = { ...server, ...polling, sessionId, way }
    return measured("./client.mjs", task, { seconds: count > 1_000 ? 240 : 90 })
  }
  return async ({ rounds = 1, ways, ...given }) => {
    const step = { interval: intervalMillis, warmup: 0, ...given }
    const { concurrency, count, interval } = step
    const runs = ways.map(() => [])
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of ways.entries()) {
        runs[index].push(await once(way, step))
      }
    }
    const rows = ways.map((way, index) => summary(way, count, interval, runs[index]))
    for (const { statusRequests, wallMillis, way } of rows) {
      log(
        `${way}, ${count} ${concurrency === 1 ? "in turn" : "at once"}: ` +
          `${wallMillis.toFixed(0)} ms, ${statusRequests} status requests`
      )
    }
    return rows
  }
}

const many = (log) =>
  withServer("2 seconds", async (server) => {
    const measure = measurer(server, log)
    const rows = []
    const triggers = []
    for (const step of plan) {
      const measuredRows = await measure({ ...step, ways: [...step.ways, "triggers"] })
      const { wallMillis } = measuredRows.pop()
      triggers.push({ count: step.count, wallMillis })
      rows.push(...measuredRows)
    }
    const [sequential] = await measure({ ...alone, concurrency: 1 })
    return { rows, sequential, triggers }
  })

const crowded = (log) =>
  withServer(crowd.lasts, (server) =>
    measurer(
      server,
      log
    )({
      count: crowd.count,
      interval: crowd.intervalMillis,
      warmup: crowd.warmup,
      ways: ["ours", ...peers]
    })
  )

const figuresOf = ({ crowdRows, rows, sequential, triggers }) => {
  const ours = rows.filter(({ way }) => way === "ours")
  const [one] = ours
  const figures = []
  for (const { count, requestsPerTick } of ours) {
    figures.push(note(`${count} syncs: status requests per tick`, requestsPerTick, "", 1.2))
  }
  for (const { count, wallMillis } of ours.slice(1)) {
    const triggering = triggers.find((other) => other.count === count).wallMillis
    const allowed = one.wallMillis + intervalMillis + 1.5 * triggering
    const title = `${count} syncs: time, against one + an interval + 1.5 × their bare triggers`
    const both = { ours: wallMillis, theirs: allowed, ratio: wallMillis / allowed }
    figures.push(report(title, both, "ms", 1))
  }
  const each = sequential.wallMillis / sequential.count
  for (const { count, wallMillis } of ours.filter((row) => row.count > 1 && row.count <= 100)) {
    const speed = (each * count) / wallMillis
    figures.push(
      report(
        `${count} syncs at once: times as fast as in turn, per sync`,
        { ours: speed, theirs: count, ratio: speed / count },
        "×",
        0.9,
        { atLeast: true }
      )
    )
  }
  const [own, ...others] = crowdRows
  for (const { cpuPerSyncMicros, way } of others) {
    const both = {
      ours: own.cpuPerSyncMicros,
      theirs: cpuPerSyncMicros,
      ratio: own.cpuPerSyncMicros / cpuPerSyncMicros
    }
    const title = `${crowd.count} syncs: CPU time per sync, against ${names[way]}`
    figures.push(report(title, both, "µs", way === "aws" ? 0.25 : undefined))
  }
  return figures
}

const names = { aws: "the AWS waiter", azure: "the Azure poller", loop: "a plain loop" }

export const run = async (log) => {
  const { rows, sequential, triggers } = await many(log)
  const crowdRows = await crowded(log)
  return {
    figures: figuresOf({ crowdRows, rows, sequential, triggers }),
    intervalMillis,
    rows,
    triggers,
    sequential,
    crowd: { ...crowd, rows: crowdRows }
  }
}
