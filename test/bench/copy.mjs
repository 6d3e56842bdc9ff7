// How long a sync takes to move real files, against `cp -r` of the same folder.
import { AgentBay } from "@effect-agentbay/core"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { Effect, ManagedRuntime } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cp, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { compare, report, wallMillis } from "./measure.mjs"

const mount = "/tmp/bench"

const smallFiles = async (folder) => {
  const bytes = Buffer.alloc(4096, 7)
  for (let file = 0; file < 1_000; file++) {
    await writeFile(join(folder, `file-${file}.bin`), bytes)
  }
}

const largeFile = async (folder) => {
  const chunk = Buffer.alloc(1 << 20, 7)
  const file = await open(join(folder, "large.bin"), "w")
  for (let mebibyte = 0; mebibyte < 1024; mebibyte++) await file.write(chunk)
  await file.close()
}

const copyTree = async (from, to) => {
  const [code] = await once(spawn("cp", ["-r", from, to], { stdio: "inherit" }), "exit")
  if (code !== 0) throw new Error(`cp ended with ${code}`)
}

/** Syncs a folder into a context that has never seen it, each round a new one. */
const benchFolder = async (runtime, home, fill, { goal, rounds, title }) => {
  const source = join(home, title.replaceAll(/\W+/g, "-"))
  await mkdir(source)
  await fill(source)
  let round = 0
  const prepared = []
  const prepare = () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const local = yield* LocalAgentBay.LocalAgentBay
      const context = yield* agentBay.contexts.getOrCreate(`${title} ${round++}`)
      const session = yield* agentBay.create({ contexts: [{ contextId: context.id, path: mount }] })
      const folder = join(local.sessionDirectory(session.sessionId), mount)
      yield* Effect.promise(() => cp(source, folder, { recursive: true }))
      return session
    })
  // Made before anything is timed: writing the files is not what is measured.
  for (let count = 0; count <= rounds; count++) prepared.push(await runtime.runPromise(prepare()))
  let copies = 0
  const result = await compare({
    measure: wallMillis,
    rounds,
    ours: () =>
      runtime.runPromise(
        prepared.pop().contextManager.sync({ retryInterval: "5 millis", maxRetries: 100_000 })
      ),
    theirs: () => copyTree(source, join(home, `copy-${title.replaceAll(/\W+/g, "-")}-${copies++}`))
  })
  report(title, result, "ms", goal)
}

export const benchCopy = async () => {
  const home = await mkdtemp(join(tmpdir(), "agentbay-bench-"))
  const runtime = ManagedRuntime.make(
    NodeAgentBay.layerLocal({ dataDirectory: join(home, "data") })
  )
  try {
    await benchFolder(runtime, home, smallFiles, {
      goal: 3,
      rounds: 7,
      title: "sync of 1,000 files of 4 KiB against cp -r"
    })
    await benchFolder(runtime, home, largeFile, {
      goal: 1.3,
      rounds: 3,
      title: "sync of one file of 1 GiB against cp -r"
    })
  } finally {
    await runtime.dispose()
    await rm(home, { recursive: true, force: true })
  }
}
