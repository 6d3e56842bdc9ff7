// Reading an answer that lists many tasks, against `JSON.parse` of the two texts in it.
import { Protocol } from "@effect-agentbay/core"
import { Schema } from "effect"
import { compare, cpuMillis } from "./measure.mjs"
import { answer } from "./processes.mjs"
import { targetPath } from "./targets.mjs"

// As Local AgentBay writes them.
const item = (index) => ({
  contextId: "SdkCtx-0123456789abcdefg",
  path: targetPath(index),
  errorMessage: "",
  status: index % 2 === 0 ? "Success" : "Running",
  startTime: 1_790_000_000 + index,
  finishTime: index % 2 === 0 ? 1_790_000_002 + index : 0,
  taskType: "upload",
  taskId: `task-${String(index).padStart(17, "0")}`,
  bytesDone: 0,
  bytesTotal: 0,
  filesDone: 0,
  filesTotal: 0
})

answer(async ({ items, rounds }) => {
  const list = Array.from({ length: items }, (_, index) => item(index))
  const text = JSON.stringify([{ type: "data", data: JSON.stringify(list) }])
  const body = { Data: { ContextStatus: text } }
  const decode = Schema.decodeUnknownSync(Protocol.GetContextInfo.reply)
  const expectAll = (count) => {
    if (count !== items) throw new Error(`${count} items were read, not ${items}`)
  }
  const result = await compare({
    measure: cpuMillis,
    ours: async () => expectAll(decode(body).data.contextStatus.length),
    rounds,
    theirs: async () => expectAll(JSON.parse(JSON.parse(text)[0].data).length),
    warmup: 5
  })
  return result
})
