/** A server that waits as little as a test can. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import { type Service, Timing } from "../../packages/node/src/local/http/Timing.js"

/** Longer than any test: so that what is seen is what is meant. */
const never = 3_600_000

/** Waits for nothing but what is named, and for that no longer than is said. */
export const hurried = (
  times: Partial<Service>,
  options: LocalAgentBay.Options = { directLink: true }
) =>
  Effect.provide(
    Layer.provide(
      LocalAgentBay.layerTestWith(options),
      Layer.succeed(Timing, {
        keepAlive: never,
        headers: never,
        lookAround: 20,
        body: never,
        still: never,
        grace: 100,
        ...times
      })
    )
  )

/** How many sockets this process has open, on both sides of a connection; Linux alone tells. */
export const openSockets = (): number =>
  NodeFs.readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return NodeFs.readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:")
    } catch {
      // The one that the folder itself was read by.
      return false
    }
  }).length
