// What one status request costs, and what reading a long answer costs.
import { note, report } from "./measure.mjs"
import { measured, withServer } from "./processes.mjs"

const pace = { batches: 300, batchSize: 16, everyMillis: 5, rounds: 5, warmup: 2 }
const items = 10_000

export const run = (log) =>
  withServer(undefined, async ({ sessions, ...server }) => {
    const [sessionId] = await sessions(1, 0)
    const call = await measured("./infoClient.mjs", { ...server, ...pace, sessionId })
    log(`info: ${call.ratio.toFixed(2)} times the CPU time of the bare request`)
    const decoding = await measured("./decodeClient.mjs", { items, rounds: 15 })
    return {
      figures: [
        note("`info`: requests per call", call.requestsPerCall, "", 1),
        report("`info`: CPU time per call, against bare undici", call, "µs", 1.5),
        report(`reading a list of ${items} tasks, against JSON.parse twice`, decoding, "ms", 3)
      ],
      pace,
      items
    }
  })
