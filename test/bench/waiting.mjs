// What 10,000 waiters hold while they wait, and what they leave behind.
import { note } from "./measure.mjs"
import { measured, withServer } from "./processes.mjs"

const count = 10_000
const intervalMillis = 200

export const run = (log) =>
  withServer("1 hour", async ({ sessions, ...server }) => {
    const once = async (supervised) => {
      const [sessionId] = await sessions(1, count)
      const task = { ...server, count, intervalMillis, sessionId, supervised }
      return measured("./waitingClient.mjs", task, { execArgv: ["--expose-gc"], seconds: 150 })
    }
    const heap = await once(false)
    log(`${count} waiters hold ${Math.round(heap.bytesPerWaiter)} bytes each`)
    const interruption = await once(true)
    const { left } = interruption
    const things = (kinds) => Object.values(kinds).reduce((sum, number) => sum + number, 0)
    return {
      figures: [
        note("a bare fiber that waits: heap", heap.bytesPerFiber / 1024, "KiB"),
        note(`${count} waiters: heap of each`, heap.bytesPerWaiter / 1024, "KiB", 6),
        note(`${count} waiters: time until all are interrupted`, heap.interruptMillis, "ms", 100),
        note("fibers left then", left.fibers, "", 0),
        note("timers and sockets left that keep the process alive", things(left.open), "", 0),
        note("status requests after that", left.polls, "", 0),
        note("timers and sockets left when the client is closed", things(left.afterClose), "", 0)
      ],
      count,
      intervalMillis,
      peakMiB: heap.peakMiB
    }
  })
