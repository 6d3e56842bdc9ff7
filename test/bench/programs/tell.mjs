// Loaded before a program: tells the CPU time and the memory of the whole process at its end.
import { writeSync } from "node:fs"

process.on("exit", () => {
  const { system, user } = process.cpuUsage()
  const { maxRSS } = process.resourceUsage()
  writeSync(1, JSON.stringify({ cpuMillis: (system + user) / 1000, peakMiB: maxRSS / 1024 }))
})
