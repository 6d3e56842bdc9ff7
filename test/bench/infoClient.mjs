// CPU time and requests of `info`, against the same request made with bare undici.
import { Effect } from "effect"
import { setTimeout } from "node:timers/promises"
import { Agent } from "undici"
import { connections, makeBare } from "./bare.mjs"
import { compare, countRequests, cpuMillis } from "./measure.mjs"
import { makeRuntime, managerOf } from "./ours.mjs"
import { answer } from "./processes.mjs"

answer(async ({ batches, batchSize, everyMillis, rounds, sessionId, warmup, ...server }) => {
  const runtime = makeRuntime(server)
  const agent = new Agent({ connections })
  const bare = makeBare(server, agent)
  const manager = await runtime.runPromise(managerOf(sessionId))
  const requests = countRequests()

  // Both sides call at the same pace, as polling clients do. At full speed the faster side
  // would keep the server awake, and the kernel would charge the waking of it to the slower.
  const paced = (batch) => async () => {
    for (let count = 0; count < batches; count++) {
      await Promise.all([batch(), setTimeout(everyMillis)])
    }
  }
  const infos = Effect.repeatN(manager.info(), batchSize - 1)
  const ours = paced(() => runtime.runPromise(infos))
  const theirs = paced(async () => {
    for (let call = 0; call < batchSize; call++) await bare.tasks(sessionId)
  })

  const calls = batches * batchSize
  const before = requests.GetContextInfo
  await ours()
  const requestsPerCall = (requests.GetContextInfo - before) / calls
  const result = await compare({ measure: cpuMillis, ours, rounds, theirs, warmup })
  await agent.close()
  await runtime.dispose()
  return {
    requestsPerCall,
    ours: (result.ours * 1000) / calls,
    theirs: (result.theirs * 1000) / calls,
    ratio: result.ratio
  }
})
