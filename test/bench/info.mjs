// CPU time and requests of `info`, against the same request made with bare undici.
import { AgentBay } from "@effect-agentbay/core"
import { NodeAgentBay } from "@effect-agentbay/node"
import { Effect, ManagedRuntime, Redacted } from "effect"
import { fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Agent } from "undici"
import { compare, cpuMillis, report } from "./measure.mjs"

const batches = 400
const batchSize = 16
const everyMillis = 5

// Both sides call at the same pace, as polling clients do. At full speed the faster side
// would keep the server awake, and the kernel would charge the waking of it to the slower.
const paced = (batch) => async () => {
  for (let count = 0; count < batches; count++) {
    await Promise.all([batch(), setTimeout(everyMillis)])
  }
}

export const benchInfo = async () => {
  const server = fork(fileURLToPath(new URL("./server.mjs", import.meta.url)))
  const [{ apiKey, url }] = await once(server, "message")
  const runtime = ManagedRuntime.make(
    NodeAgentBay.layer({
      apiKey: Redacted.make(apiKey),
      endpoint: url
    })
  )
  const agent = new Agent()
  try {
    const session = await runtime.runPromise(
      Effect.gen(function* () {
        const agentBay = yield* AgentBay.AgentBay
        const context = yield* agentBay.contexts.getOrCreate("bench")
        return yield* agentBay.create({ contexts: [{ contextId: context.id, path: "/tmp/bench" }] })
      })
    )
    const { contextManager, sessionId } = session

    const infos = Effect.repeatN(contextManager.info(), batchSize - 1)
    const ours = paced(() => runtime.runPromise(infos))
    const bareCall = async () => {
      const { body } = await agent.request({
        origin: url,
        method: "POST",
        path:
          "/?Action=GetContextInfo&Format=json&Version=2025-05-06" +
          "&Timestamp=2026-01-01T00%3A00%3A00Z&SignatureNonce=0",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `SessionId=${sessionId}&Authorization=Bearer%20${encodeURIComponent(apiKey)}`
      })
      const { Data } = JSON.parse(await body.text())
      JSON.parse(JSON.parse(Data.ContextStatus)[0].data)
    }
    const theirs = paced(async () => {
      for (let call = 0; call < batchSize; call++) await bareCall()
    })

    const result = await compare({ measure: cpuMillis, ours, rounds: 5, theirs })
    const calls = batches * batchSize
    const perCall = {
      ours: (result.ours * 1000) / calls,
      theirs: (result.theirs * 1000) / calls,
      ratio: result.ratio
    }
    report("info, CPU per call against bare undici", perCall, "µs", 2)
  } finally {
    await agent.close()
    await runtime.dispose()
    server.disconnect()
    await once(server, "exit")
  }
}
