// Local AgentBay in a process of its own, on the data directory that is its argument. Tells
// the parent where it is, and when asked where a session has its files and how much memory the
// server holds, until the parent lets go.
import { LocalAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted } from "effect"

const [dataDirectory] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const { apiKey, sessionDirectory, url } = yield* LocalAgentBay.LocalAgentBay
  process.on("message", ({ session }) =>
    process.send(
      session === undefined
        ? { rss: process.memoryUsage.rss() }
        : { directory: sessionDirectory(session) }
    )
  )
  process.send({ apiKey: Redacted.value(apiKey), url })
  yield* Effect.async((resume) => {
    process.once("disconnect", () => resume(Effect.void))
  })
}).pipe(Effect.provide(LocalAgentBay.layer({ dataDirectory })))

await Effect.runPromise(program)
