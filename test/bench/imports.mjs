// How long whole processes take that do next to nothing but load.
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { median, report } from "./measure.mjs"

const programs = ["nothing", "effect", "core", "smallest"]
const rounds = 11

const place = (name) => fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url))

const once = async (program) => {
  const startedAt = performance.now()
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", place("tell"), place(program)],
    { timeout: 30_000 }
  )
  return { wallMillis: performance.now() - startedAt, ...JSON.parse(stdout) }
}

export const run = async () => {
  const runs = Object.fromEntries(programs.map((program) => [program, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const program of programs) {
      const figures = await once(program)
      // The first round fills the caches of the file system.
      if (round > 0) runs[program].push(figures)
    }
  }
  const middle = (program, key) => median(runs[program].map((figures) => figures[key]))
  const rows = programs.map((program) => ({
    program,
    wallMillis: middle(program, "wallMillis"),
    cpuMillis: middle(program, "cpuMillis"),
    peakMiB: middle(program, "peakMiB")
  }))
  const [, effect, core, smallest] = rows
  const against = (row, key) => ({
    ours: row[key],
    theirs: effect[key],
    ratio: row[key] / effect[key]
  })
  return {
    figures: [
      report("loading core, against effect alone", against(core, "wallMillis"), "ms"),
      report("the smallest program, against effect alone", against(smallest, "wallMillis"), "ms"),
      report("the same, CPU time", against(smallest, "cpuMillis"), "ms")
    ],
    rounds,
    rows
  }
}
