// 1,000 sessions with one sync each: nothing to share, so what does one poll cost?
import { measured, withServer } from "./processes.mjs"

const count = Number(process.env.N ?? 1_000)
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
    return {
      count,
      intervalMillis,
      windowMillis,
      rounds,
      ours,
      theirs,
      ratio: ours.micros / theirs.micros
    }
  })
