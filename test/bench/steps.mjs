// Counts the steps that Effect's runtime takes for one `info`, one sync and one poll of it. They
// are what the client costs besides sockets and JSON, and the same on every machine.
import { AgentBayConfig, AgentBayHttp, ContextManager, HttpTransport } from "@effect-agentbay/core"
import {
  Effect,
  Fiber,
  Layer,
  ManagedRuntime,
  Redacted,
  RuntimeFlags,
  RuntimeFlagsPatch,
  Supervisor
} from "effect"

const interval = 20
const polls = 20
const target = { contextId: "SdkCtx-bench", path: "/tmp/bench" }

const counts = { posts: 0, steps: 0 }
let isRunning = false

const task = () => ({
  ...target,
  errorMessage: "",
  finishTime: 0,
  startTime: 1_764_115_200,
  status: "Running",
  taskId: "task-1",
  taskType: "upload"
})

const answerTo = (url) => {
  const items = isRunning ? [{ type: "data", data: JSON.stringify([task()]) }] : []
  if (url.includes("Action=SyncContext")) isRunning = true
  return JSON.stringify({
    Code: "ok",
    Data: { ContextStatus: JSON.stringify(items) },
    RequestId: "bench",
    Success: true
  })
}

/** Answers at once, in memory; the steps of this are two. */
const transport = Layer.succeed(HttpTransport.HttpTransport, {
  get: () => Effect.never,
  post: ({ url }) =>
    Effect.async((resume) => {
      counts.posts += 1
      const text = answerTo(url)
      setImmediate(() => resume(Effect.succeed({ headers: {}, status: 200, text })))
    }),
  put: () => Effect.never
})

class Counter extends Supervisor.AbstractSupervisor {
  value = Effect.void
  onEffect() {
    counts.steps += 1
  }
}

const runtime = ManagedRuntime.make(
  AgentBayHttp.layerTransport().pipe(
    Layer.provide(transport),
    Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make("akm-bench") })),
    Layer.provideMerge(Supervisor.addSupervisor(new Counter()))
  )
)

const counted = (effect) =>
  Effect.withRuntimeFlagsPatch(effect, RuntimeFlagsPatch.enable(RuntimeFlags.OpSupervision))

const posted = async (count) => {
  while (counts.posts < count) await new Promise((resolve) => setTimeout(resolve, 1))
  // What follows the answer has been done too.
  await new Promise((resolve) => setTimeout(resolve, interval / 4))
}

const manager = await runtime.runPromise(ContextManager.make({ sessionId: "session-bench" }))
await runtime.runPromise(counted(manager.info()))

counts.steps = 0
await runtime.runPromise(counted(manager.info()))
console.log(`info: ${counts.steps}`)

Object.assign(counts, { posts: 0, steps: 0 })
const sync = runtime.runFork(
  counted(manager.sync({ ...target, retryInterval: interval, maxRetries: 10_000 }))
)
await posted(3)
console.log(`a sync, until its first poll has been answered: ${counts.steps}`)

Object.assign(counts, { posts: 0, steps: 0 })
await posted(polls)
console.log(`each further poll: ${(counts.steps / polls).toFixed(0)}`)

counts.steps = 0
await runtime.runPromise(Fiber.interrupt(sync))
console.log(`its interruption: ${counts.steps}`)
await runtime.dispose()
