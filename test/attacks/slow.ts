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

/**
 * How many connections the server holds, as the system tells it: also those whose client does not
 * see that they were closed. Linux alone tells.
 */
export const held = Effect.map(LocalAgentBay.LocalAgentBay, ({ url }) => {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, "0")
  const listening = "0A"
  return NodeFs.readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(
      // Without an inode no process has it open any more.
      ([, local = "", , state, , , , , , inode]) =>
        local.endsWith(`:${port}`) && state !== listening && inode !== "0"
    ).length
})
