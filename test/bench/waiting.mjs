// What 10,000 waiters hold while they wait, and what they leave behind.
import { measured, withServer } from "./processes.mjs"

const count = Number(process.env.N ?? 10_000)
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
    return {
      count,
      intervalMillis,
      bytesPerFiber: heap.bytesPerFiber,
      bytesPerWaiter: heap.bytesPerWaiter,
      peakMiB: heap.peakMiB,
      interruptMillis: heap.interruptMillis,
      goneMillis: interruption.goneMillis,
      watchedBefore: interruption.watchedBefore,
      left: interruption.left
    }
  })
