// Runs the tests in the other runtimes that we promise to run in, and the smallest program in
// all of them: `node test/runtimes/main.mjs [--short] [WORD...]`. With words, only the parts
// whose names have one of them. `--short` is for every change; without it all tests are run,
// which takes an hour on two cores.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { chosen } from "./chosen.mjs"
import * as Peers from "./peers.mjs"
import { endAll, run } from "./processes.mjs"
import * as Programs from "./programs.mjs"
import { bun, chromium, deno, fetchRuntimes, nodes, workerd } from "./runtimes.mjs"
import { runSuite } from "./suite.mjs"

const { positionals: words, values } = parseArgs({
  allowPositionals: true,
  options: { short: { type: "boolean", default: false } }
})
const { short } = values

const home = mkdtempSync(join(tmpdir(), "agentbay-runtimes-"))
process.on("exit", () => {
  endAll()
  rmSync(home, { force: true, maxRetries: 5, recursive: true })
})
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1))

/** Done once, when the first part needs it. */
const once = (make) => {
  let made
  return () => (made ??= make())
}
const installed = once(() => Programs.install(home))

const counted = ({ passed, total }) =>
  passed === total ? `${passed} tests passed` : `${passed} tests passed, ${total - passed} left out`

const limits = short ? { seconds: 600, workers: 1 } : { seconds: 3600 }
const ofCore = short ? chosen.core : ["test/core"]

const suite = (name, files) => (runtime) => ({
  name: `${name}'s tests on ${runtime.name}`,
  runtime,
  // All runtimes have to run as many.
  same: name,
  run: () => runSuite(runtime, name, files, limits)
})

const program = (runtime, ways) => ({
  name: `the smallest program on ${runtime.name}`,
  runtime,
  run: async () => void (await ways(await installed(), runtime))
})

const withPeers = (which) => ({
  name: `core's tests with the ${which} peers`,
  runtime: { name: "node", kind: "node" },
  run: async () => {
    const { folder, versions } = await Peers.prepare(home, which)
    const node = {
      command: [process.execPath],
      kind: "node",
      name: `node ${process.versions.node}`
    }
    const counts = await Peers.runWithPeers(node, which, folder, ofCore, limits)
    return { ...counts, note: versions }
  }
})

const processes = [...nodes, bun, deno]

const parts = [
  ...processes.map((runtime) => program(runtime, Programs.inProcess)),
  program(workerd, Programs.inWorker),
  program(chromium, Programs.inPage),
  ...processes.map(suite("core", ofCore)),
  ...(short ? nodes.slice(-1) : nodes).map(suite("node", short ? chosen.node : ["test/node"])),
  ...Peers.ends.map(withPeers)
].filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(0)} s`

const tell = (word, name, text) => console.log(`${word.padEnd(8)}${name}: ${text}`)

const totals = new Map()

/** Runs a part; tells whether it is as it should be. */
const isFine = async ({ name, run: perform, runtime, same }) => {
  if (runtime.impossible !== undefined) {
    tell("left out", ` ${name}`, runtime.impossible)
    return true
  }
  const began = performance.now()
  try {
    const fault = runtime.fault?.()
    if (fault !== undefined) throw new Error(fault)
    const result = await perform()
    if (result !== undefined && same !== undefined) {
      const first = totals.get(same) ?? result.total
      totals.set(same, first)
      if (first !== result.total) throw new Error(`${result.total} tests, elsewhere ${first}`)
    }
    const said = result === undefined ? [] : [counted(result), result.note ?? []].flat()
    tell("ok", name, [...said, seconds(began)].join(", "))
    return true
  } catch (error) {
    tell("FAILED", name, `${error.message} (${seconds(began)})`)
    return false
  }
}

await fetchRuntimes()
// The packages are packed, and the command line tested, as they are built.
const built = await run(
  [process.execPath, "node_modules/typescript/bin/tsc", "-b", "packages/core", "packages/node"],
  { cwd: fileURLToPath(new URL("../..", import.meta.url)), seconds: 300 }
)
if (built.code !== 0) throw new Error(built.printed)

let failed = parts.length === 0 ? 1 : 0
const queue = [...parts]
const work = async () => {
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    if (!(await isFine(part))) failed++
  }
}
// Short parts do without a second process each, which loads all modules once more.
await Promise.all(short ? [work(), work(), work()] : [work()])
console.log(failed === 0 ? "All is well." : `${failed} of ${parts.length} parts failed.`)
process.exit(failed === 0 ? 0 : 1)
