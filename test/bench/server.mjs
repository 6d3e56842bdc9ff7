// Local AgentBay in a process of its own, so that its CPU time is not counted as the
// client's. `process.argv[2]` says how long its transfers last, if they are to last. It makes
// the sessions of the benchmarks too: the measured processes begin with what is there.
import { AgentBay } from "@effect-agentbay/core"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted, Runtime } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { mount, targetPath } from "./targets.mjs"

const [, , lasts] = process.argv

const program = Effect.gen(function* () {
  const local = yield* LocalAgentBay.LocalAgentBay
  const agentBay = yield* AgentBay.AgentBay
  const context = yield* agentBay.contexts.getOrCreate("bench")
  const runPromise = Runtime.runPromise(yield* Effect.runtime())

  const makeSession = (targets) =>
    Effect.gen(function* () {
      const contexts = [{ contextId: context.id, path: mount }]
      const { sessionId } = yield* agentBay.create({ contexts })
      for (let target = 0; target < targets; target++) {
        mkdirSync(join(local.sessionDirectory(sessionId), targetPath(target)), { recursive: true })
      }
      return sessionId
    })
  process.on("message", ({ sessions, targets }) =>
    runPromise(Effect.replicateEffect(makeSession(targets), sessions, { concurrency: 8 })).then(
      (sessionIds) => process.connected && process.send({ sessionIds }),
      (error) => process.connected && process.send({ failed: String(error) })
    )
  )
  process.send({
    server: { apiKey: Redacted.value(local.apiKey), contextId: context.id, url: local.url }
  })
  yield* Effect.async((resume) => {
    process.once("disconnect", () => resume(Effect.void))
  })
}).pipe(
  Effect.provide(
    NodeAgentBay.layerLocalTest(
      lasts === undefined
        ? {}
        : { faults: [{ when: { taskType: "upload" }, then: { task: { lasts } } }] }
    )
  )
)

await Effect.runPromise(program)
