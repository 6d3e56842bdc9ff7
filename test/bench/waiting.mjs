// What 10,000 waiters hold while they wait, and what they leave behind.
import { note, report } from "./measure.mjs"
import { measured, withServer } from "./processes.mjs"

const count = 10_000
const intervalMillis = 200

export const run = (log) =>
  withServer("1 hour", async ({ sessions, ...server }) => {
    const [sessionId] = await sessions(1, count)
    const task = { ...server, count, intervalMillis, sessionId }
    const waiting = await measured("./waitingClient.mjs", task, {
      execArgv: ["--expose-gc"],
      seconds: 200
    })
    const { bare, bytesPerWaiter, interruptMillis, left, peakMiB } = waiting
    // The waiters and the one loop that they share.
    log(`${waiting.waiting} fibers wait`)
    if (waiting.waiting < count) throw new Error("some syncs ended before they were interrupted")
    return {
      figures: [
        note("a bare fiber that waits: heap", bare.bytes / 1024, "KiB"),
        note("a sync that waits: heap", bytesPerWaiter / 1024, "KiB", 6),
        note(`time until all ${count} are interrupted`, interruptMillis, "ms", 100),
        report(
          "the same, against bare fibers",
          {
            ours: interruptMillis,
            theirs: bare.interruptMillis,
            ratio: interruptMillis / bare.interruptMillis
          },
          "ms"
        ),
        note("fibers left then", left.fibers, "", 0),
        note(
          "timers and open connections that keep the process alive 100 ms later",
          left.open.length,
          "",
          0
        ),
        note("status requests after that", left.polls, "", 0),
        note("the same things left when the client is closed", left.afterClose.length, "", 0)
      ],
      count,
      intervalMillis,
      peakMiB,
      left
    }
  })
