// `pnpm bench`: takes all figures of docs/performance.md in one run and writes them there.
// `pnpm bench --only NAME` takes those of one benchmark and only prints them; with `--write`
// they replace what the page has of it.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { cpus, tmpdir, totalmem } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { benchmarks } from "./benchmarks.mjs"
import { readResults, writePage } from "./page.mjs"
import { endAll } from "./processes.mjs"
import { tableOf } from "./table.mjs"

const names = benchmarks.map(({ name }) => name)

const versionOf = (name) => {
  const require = createRequire(import.meta.url)
  const folder = require.resolve
    .paths(name)
    .map((path) => join(path, name, "package.json"))
    .find((path) => {
      try {
        return readFileSync(path)
      } catch {
        return false
      }
    })
  return folder === undefined ? "unknown" : JSON.parse(readFileSync(folder, "utf8")).version
}

const fileSystemOf = (path) => {
  try {
    return execFileSync("stat", ["-f", "-c", "%T", path], { encoding: "utf8" }).trim()
  } catch {
    return "unknown"
  }
}

const machineOf = (home) => ({
  processor: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${process.arch}`,
  fileSystem: fileSystemOf(home)
})

const versions = () => ({
  node: process.versions.node,
  ...Object.fromEntries(
    ["effect", "undici", "@smithy/core", "@azure/core-lro"].map((name) => [name, versionOf(name)])
  )
})

const readOptions = () => {
  const { values } = parseArgs({
    options: { only: { type: "string" }, write: { default: false, type: "boolean" } }
  })
  if (values.only !== undefined && !names.includes(values.only)) {
    console.error(`--only takes one of: ${names.join(", ")}`)
    process.exit(2)
  }
  return values
}

const { only, write } = readOptions()
const home = mkdtempSync(join(tmpdir(), "agentbay-bench-"))
// Whatever a benchmark or one of its processes leaves behind, it leaves in there.
process.env.TMPDIR = home

const clean = () => {
  endAll()
  rmSync(home, { force: true, maxRetries: 5, recursive: true })
}
process.on("exit", clean)
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130))

const date = new Date().toISOString().slice(0, 10)
const benchmarksBefore = only === undefined ? {} : (readResults()?.benchmarks ?? {})
const results = { date, machine: machineOf(home), versions: versions(), benchmarks: {} }
const failed = []

for (const { load, name, title } of benchmarks) {
  if (only !== undefined && only !== name) continue
  const startedAt = performance.now()
  console.log(`\n${title} (${name})`)
  try {
    const run = await load()
    const data = await run((line) => console.log(`  ${line}`))
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    results.benchmarks[name] = { date, seconds, ...data }
    console.log(`\n${tableOf(data.figures)}\n(${seconds} s)`)
  } catch (error) {
    failed.push(name)
    console.error(`FAILED: ${error.message}`)
  }
}

if (failed.length > 0) {
  console.error(`\nNothing was written, since these failed: ${failed.join(", ")}.`)
  process.exitCode = 1
} else if (only === undefined || write) {
  writePage({ ...results, benchmarks: { ...benchmarksBefore, ...results.benchmarks } })
  console.log("\nWritten: docs/performance.md and docs/performance/")
}
