// CPU time and requests of `info`, against the same request made with bare undici.
import { AgentBay } from "@effect-agentbay/core"
import { NodeAgentBay } from "@effect-agentbay/node"
import { Effect, ManagedRuntime, Redacted } from "effect"
import { fork } from "node:child_process"
import { randomBytes } from "node:crypto"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
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

/** How many requests undici sends during an action. */
const requestsDuring = async (action) => {
  let requests = 0
  const count = () => requests++
  subscribe("undici:request:create", count)
  await action()
  unsubscribe("undici:request:create", count)
  return requests
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
    // The same request, as a program without any library would write it.
    const bareCall = async () => {
      const timestamp = encodeURIComponent(`${new Date().toISOString().slice(0, 19)}Z`)
      const nonce = randomBytes(32).toString("hex")
      const { body } = await agent.request({
        origin: url,
        method: "POST",
        path:
          "/?Action=GetContextInfo&Format=json&Version=2025-05-06" +
          `&Timestamp=${timestamp}&SignatureNonce=${nonce}`,
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "x-acs-action": "GetContextInfo",
          "x-acs-version": "2025-05-06"
        },
        body: `SessionId=${sessionId}&Authorization=${encodeURIComponent(`Bearer ${apiKey}`)}`
      })
      const { Data } = JSON.parse(await body.text())
      JSON.parse(JSON.parse(Data.ContextStatus)[0].data)
    }
    const theirs = paced(async () => {
      for (let call = 0; call < batchSize; call++) await bareCall()
    })

    const calls = batches * batchSize
    console.log(`info: ${(await requestsDuring(ours)) / calls} requests per call`)
    const result = await compare({ measure: cpuMillis, ours, rounds: 9, theirs, warmup: 3 })
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
