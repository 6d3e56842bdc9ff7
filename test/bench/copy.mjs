// How long a sync takes to move real files, against `cp -r` of the same folder: client and
// server in one process, as in a test or a demonstration.
import { AgentBay } from "@effect-agentbay/core"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { Effect, ManagedRuntime } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { compare, report, wallMillis } from "./measure.mjs"

const mount = "/tmp/bench"
const rounds = 7
const goal = 3

const fill = async (folder) => {
  const bytes = Buffer.alloc(4096, 7)
  for (let file = 0; file < 1_000; file++) {
    await writeFile(join(folder, `file-${file}.bin`), bytes)
  }
}

const copyTree = async (from, to) => {
  const [code] = await once(spawn("cp", ["-r", from, to], { stdio: "inherit" }), "exit")
  if (code !== 0) throw new Error(`cp ended with ${code}`)
}

/** Syncs a folder into a context that has never seen it, each round a new one. */
const benchFolder = async (runtime, home) => {
  const source = join(home, "source")
  await mkdir(source)
  await fill(source)
  const prepare = (round) =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const local = yield* LocalAgentBay.LocalAgentBay
      const context = yield* agentBay.contexts.getOrCreate(`round ${round}`)
      const session = yield* agentBay.create({ contexts: [{ contextId: context.id, path: mount }] })
      const folder = join(local.sessionDirectory(session.sessionId), mount)
      yield* Effect.promise(() => cp(source, folder, { recursive: true }))
      return session
    })
  // Made before anything is timed: writing the files is not what is measured.
  const prepared = []
  for (let round = 0; round <= rounds; round++) {
    prepared.push(await runtime.runPromise(prepare(round)))
  }
  let copies = 0
  return compare({
    measure: wallMillis,
    rounds,
    ours: () =>
      runtime.runPromise(
        prepared.pop().contextManager.sync({ retryInterval: "5 millis", maxRetries: 100_000 })
      ),
    theirs: () => copyTree(source, join(home, `copy-${copies++}`))
  })
}

export const run = async () => {
  const home = await mkdtemp(join(tmpdir(), "agentbay-bench-"))
  const runtime = ManagedRuntime.make(
    NodeAgentBay.layerLocal({ dataDirectory: join(home, "data") })
  )
  try {
    const result = await benchFolder(runtime, home)
    const title = "`sync` of 1,000 files of 4 KiB in one process, against cp -r"
    return { figures: [report(title, result, "ms", goal)] }
  } finally {
    await runtime.dispose()
    await rm(home, { recursive: true, force: true })
  }
}
