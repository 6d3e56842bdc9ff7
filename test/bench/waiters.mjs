// Many syncs in one session: what does waiting for 1 to 10,000 transfers cost?
import { measured, withServer } from "./processes.mjs"
import { median, note, report } from "./measure.mjs"

const intervalMillis = 200
const peers = ["aws", "azure", "loop"]

const atOnce = (count, rounds = 1) => ({ count, rounds, concurrency: "unbounded" })
const small = [atOnce(1), atOnce(10), atOnce(100, 3)]
const large = [atOnce(1_000), atOnce(10_000)]
const inTurn = { count: 10, rounds: 1, concurrency: 1 }

/**
 * What each way does. 10,000 pollers of their own are too many for the server. Bare triggers
 * come last: what they leave behind keeps it busy for a while.
 */
const plan = {
  ours: [...small, ...large, inTurn],
  aws: small,
  azure: small,
  loop: small,
  triggers: [...small, ...large]
}

// A thousand loops that ask every 200 ms would be 5,000 requests a second, more than the
// server answers: it would be measured, not they.
const crowd = { count: 1_000, intervalMillis: 500, lasts: "5 seconds" }

const crowdPlan = Object.fromEntries(Object.keys(plan).map((way) => [way, [atOnce(crowd.count)]]))

/**
 * A program that has been running for a while is meant, on both sides. A poller of its own makes
 * some ten requests, where we make one.
 */
const warmupOf = (way) => ({ count: peers.includes(way) ? 300 : 1_000, rounds: 1 })

const middle = (runs, key) => median(runs.map((run) => run[key]))

const summary = (way, { concurrency, count }, interval, runs) => {
  const wallMillis = middle(runs, "wallMillis")
  const statusRequests = middle(runs, "statusRequests")
  return {
    way,
    count,
    concurrency,
    wallMillis,
    statusRequests,
    requestsPerTick: statusRequests / (wallMillis / interval + 1),
    cpuPerSyncMicros: (middle(runs, "cpuMillis") * 1000) / count,
    peakMiB: middle(runs, "peakMiB")
  }
}

/** Measures ways one after the other, a process for each and a session for each round. */
const measureAll = async (steps, interval, { sessions, ...server }, log) => {
  const rows = []
  for (const [way, plan] of Object.entries(steps)) {
    const prepared = []
    for (const step of [warmupOf(way), ...plan]) {
      prepared.push({ ...step, sessionIds: await sessions(step.rounds, step.count) })
    }
    const [first, ...rest] = prepared
    const task = { ...server, way, intervalMillis: interval, warmup: first, steps: rest }
    const rounds = await measured("./client.mjs", task, { seconds: 240 })
    for (const [index, step] of plan.entries()) {
      const row = summary(way, step, interval, rounds[index])
      rows.push(row)
      log(
        `${way}, ${row.count} ${row.concurrency === 1 ? "in turn" : "at once"}: ` +
          `${row.wallMillis.toFixed(0)} ms, ${row.statusRequests} status requests`
      )
    }
  }
  return rows
}

const onServer = (lasts, steps, interval, log) =>
  withServer(lasts, (server) => measureAll(steps, interval, server, log))

const syncs = (count) => `${count} ${count === 1 ? "sync" : "syncs"}`

const figuresOf = (rows, crowdRows) => {
  const of = (way) => rows.filter((row) => row.way === way && row.concurrency !== 1)
  const ours = of("ours")
  const triggers = of("triggers")
  const [one] = ours
  const figures = []
  for (const { count, requestsPerTick } of ours) {
    figures.push(note(`${syncs(count)}: status requests per tick`, requestsPerTick, "", 1.2))
  }
  for (const { count, wallMillis } of ours.slice(1)) {
    const triggering = triggers.find((other) => other.count === count).wallMillis
    const allowed = one.wallMillis + intervalMillis + 1.5 * triggering
    const title = `${syncs(count)}: time, against one + an interval + 1.5 × their bare triggers`
    const both = { ours: wallMillis, theirs: allowed, ratio: wallMillis / allowed }
    figures.push(report(title, both, "ms", 1))
  }
  const sequential = rows.find(({ concurrency }) => concurrency === 1)
  const each = sequential.wallMillis / sequential.count
  for (const { count, wallMillis } of ours.filter((row) => row.count > 1 && row.count <= 100)) {
    const speed = (each * count) / wallMillis
    figures.push(
      report(
        `${syncs(count)} at once: times as fast as in turn, per sync`,
        { ours: speed, theirs: count, ratio: speed / count },
        "×",
        0.9,
        { atLeast: true }
      )
    )
  }
  const cpuOf = (way) => crowdRows.find((row) => row.way === way).cpuPerSyncMicros
  for (const way of peers) {
    const both = { ours: cpuOf("ours"), theirs: cpuOf(way), ratio: cpuOf("ours") / cpuOf(way) }
    const title = `${syncs(crowd.count)}: CPU time per sync, against ${names[way]}`
    figures.push(report(title, both, "µs", way === "aws" ? 0.25 : undefined))
  }
  const title = "of which the trigger alone, by bare undici"
  figures.push(note(title, cpuOf("triggers"), "µs"))
  return figures
}

const names = { aws: "the AWS waiter", azure: "the Azure poller", loop: "a plain loop" }

const withoutTriggers = (rows) => rows.filter(({ way }) => way !== "triggers")

export const run = async (log) => {
  const rows = await onServer("2 seconds", plan, intervalMillis, log)
  const crowdRows = await onServer(crowd.lasts, crowdPlan, crowd.intervalMillis, log)
  return {
    figures: figuresOf(rows, crowdRows),
    intervalMillis,
    rows: withoutTriggers(rows).filter(({ concurrency }) => concurrency !== 1),
    triggers: rows.filter(({ way }) => way === "triggers"),
    crowd: { ...crowd, rows: withoutTriggers(crowdRows) }
  }
}
