// Which benchmarks there are. Each gives plain data: `figures`, as `report` and `note` of
// measure.mjs make them, and whatever its charts need besides. What the page says about each
// stands here too, so that nothing has to be measured to write it.
import { ways } from "./charts.mjs"
import { digits, markdownRows } from "./table.mjs"

/** What each number of syncs took, by each way. */
const syncTable = ({ crowd, intervalMillis, rows }) =>
  markdownRows(
    ["Syncs, every", "Way", "Time", "Status requests", "CPU time per sync", "Peak memory"],
    [
      ...rows.toSorted((one, other) => one.count - other.count).map((row) => [intervalMillis, row]),
      ...crowd.rows.map((row) => [crowd.intervalMillis, row])
    ].map(([every, row]) => [
      `${row.count.toLocaleString("en")}, ${every} ms`,
      ways[row.way].name,
      `${digits(Math.round(row.wallMillis))} ms`,
      digits(row.statusRequests),
      `${digits(Math.round(row.cpuPerSyncMicros))} µs`,
      `${digits(Math.round(row.peakMiB))} MiB`
    ])
  )

/** Loads the module of a benchmark only when it is run. */
export const benchmarks = [
  {
    name: "waiters",
    title: "Many syncs in one session",
    load: async () => (await import("./waiters.mjs")).run,
    text:
      "Each sync has a target of its own and a task of 2 s; everyone asks every 200 ms. " +
      "A tick is one interval. Each way has a process of its own, which has done hundreds of syncs " +
      "before anything is counted. In the last rows a thousand syncs with tasks of 5 s ask twice a " +
      "second, since a thousand separate loops at 200 ms would be more requests than the server " +
      "answers. The others ask for their own target alone, so their answers are small.",
    detail: syncTable,
    charts: ["waiters-requests", "waiters-time", "waiters-cpu"]
  },
  {
    name: "waiting",
    title: "Ten thousand that wait",
    load: async () => (await import("./waiting.mjs")).run,
    text: "Heap that is used after a garbage collection, while 10,000 syncs wait in one session, and what is left when all of them are interrupted."
  },
  {
    name: "sessions",
    title: "A thousand sessions",
    load: async () => (await import("./sessions.mjs")).run,
    text: "One sync in each of 1,000 sessions: nothing can be shared. Each session is asked once a second; counted is a window in which nothing but that happens."
  },
  {
    name: "info",
    title: "One status request",
    load: async () => (await import("./info.mjs")).run
  },
  {
    name: "imports",
    title: "Loading",
    load: async () => (await import("./imports.mjs")).run,
    text: "Whole processes, from start to end. *Effect alone* imports `effect` and runs `Effect.void`; the smallest program builds the client of Node and closes it."
  },
  {
    name: "size",
    title: "Size",
    load: async () => (await import("./size.mjs")).run
  },
  {
    name: "copy",
    title: "Files",
    load: async () => (await import("./copy.mjs")).run
  },
  {
    name: "localRequests",
    title: "Local AgentBay: requests",
    load: async () => {
      const { benchLocalRequests } = await import("./localRequests.mjs")
      return async () => ({ figures: await benchLocalRequests() })
    }
  },
  {
    name: "localCopy",
    title: "Local AgentBay: files",
    load: async () => {
      const { benchLocalCopy } = await import("./localCopy.mjs")
      return async () => ({ figures: await benchLocalCopy() })
    }
  }
]
