// Four ways to start one transfer and to wait for its end, at the same interval: ours, the
// waiter of the AWS clients, the poller of the Azure clients, and a plain loop. The last three
// stand on bare undici and ask for their own target alone, which is the cheapest for them.
import { createHttpPoller } from "@azure/core-lro"
import { createWaiter } from "@smithy/core/client"
import { setTimeout } from "node:timers/promises"
import { makeBare } from "./bare.mjs"

const hasEnded = ([task]) => {
  if (task.status === "Failed") throw new Error(`a transfer failed: ${task.errorMessage}`)
  return task.status === "Success"
}

/** Only the triggers, all at once: what no way can do without. */
const triggers = (bare, sessionId) => (target) => bare.trigger(sessionId, target)

const loop = (bare, sessionId, intervalMillis) => async (target) => {
  await bare.trigger(sessionId, target)
  while (!hasEnded(await bare.tasks(sessionId, target))) await setTimeout(intervalMillis)
}

// The waiter lives in `@smithy/core` today; `@smithy/util-waiter` hands it on.
const aws = (bare, sessionId, intervalMillis) => async (target) => {
  await bare.trigger(sessionId, target)
  const delay = intervalMillis / 1000
  const { state } = await createWaiter(
    { client: bare, maxDelay: delay, maxWaitTime: 600, minDelay: delay },
    target,
    async (client, input) => ({
      state: hasEnded(await client.tasks(sessionId, input)) ? "SUCCESS" : "RETRY"
    })
  )
  if (state !== "SUCCESS") throw new Error(`the waiter ended as ${state}`)
}

const azure = (bare, sessionId, intervalMillis) => async (target) => {
  const response = (statusCode, body) => ({
    flatResponse: body,
    rawResponse: {
      body,
      headers: { "operation-location": target.path },
      request: { method: "POST", url: target.path },
      statusCode
    }
  })
  const poller = createHttpPoller(
    {
      sendInitialRequest: async () => response(202, await bare.trigger(sessionId, target)),
      sendPollRequest: async () => {
        const isDone = hasEnded(await bare.tasks(sessionId, target))
        return response(200, { status: isDone ? "succeeded" : "running" })
      }
    },
    { intervalInMs: intervalMillis }
  )
  await poller.pollUntilDone()
}

const ways = { aws, azure, loop, triggers }

/** A way on bare undici: `prepare` warms it up, `one` syncs one target. */
export const makeWay = ({ intervalMillis, sessionId, way, ...server }, agent) => {
  const bare = makeBare(server, agent)
  return {
    prepare: () => bare.tasks(sessionId),
    one: ways[way](bare, sessionId, intervalMillis)
  }
}
