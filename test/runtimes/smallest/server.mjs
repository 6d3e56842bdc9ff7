// Local AgentBay with one session whose folder holds a file. It tells where, as one line of
// JSON, and ends with its standard input.
import { AgentBay } from "@effect-agentbay/core"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const path = "/home/wuying/work"
const options = JSON.parse(process.env.LOCAL)

const program = Effect.gen(function* () {
  const local = yield* LocalAgentBay.LocalAgentBay
  const agentBay = yield* AgentBay.AgentBay
  const context = yield* agentBay.contexts.getOrCreate("smallest")
  const { sessionId } = yield* agentBay.create({ contexts: [{ contextId: context.id, path }] })
  const folder = join(local.sessionDirectory(sessionId), path)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "file.txt"), "from the session\n")
  console.log(
    JSON.stringify({
      settings: { apiKey: Redacted.value(local.apiKey), endpoint: local.url, sessionId },
      synced: path,
      stored: join(local.contextDirectory(context.id), path, "file.txt")
    })
  )
  yield* Effect.async((resume) => {
    process.stdin.resume().once("end", () => resume(Effect.void))
  })
}).pipe(Effect.provide(NodeAgentBay.layerLocalTest(options)))

await Effect.runPromise(program)
