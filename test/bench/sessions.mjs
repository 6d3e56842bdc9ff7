// 1,000 sessions with one sync each: nothing to share, so what does one poll cost?
import { report } from "./measure.mjs"
import { measured, withServer } from "./processes.mjs"

const count = 1_000
const intervalMillis = 1_000
const rounds = 3
const windowMillis = 3_000

export const run = (log) =>
  withServer("1 hour", async ({ sessions, ...server }) => {
    const sessionIds = await sessions(count, 0)
    log(`${count} sessions are there`)
    const { ours, theirs } = await measured("./sessionsClient.mjs", {
      ...server,
      intervalMillis,
      rounds,
      sessionIds,
      windowMillis
    })
    const both = {
      ours: ours.micros,
      theirs: theirs.micros,
      ratio: ours.micros / theirs.micros
    }
    const title = `${count} sessions: CPU time per poll, against bare undici`
    return {
      figures: [report(title, both, "µs", 1.5)],
      count,
      intervalMillis,
      windowMillis,
      rounds,
      polls: { ours: ours.polls, theirs: theirs.polls }
    }
  })
