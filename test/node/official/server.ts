import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import { serving, temporaryDirectory } from "../local/life.js"
import * as Captured from "./captured.js"

const serverOf = (server: LocalAgentBay.Service): Captured.Server => ({
  endpoint: server.endpoint,
  apiKey: Redacted.value(server.apiKey),
  ca: NodeFs.readFileSync(server.certFile ?? "", "utf8")
})

/** A server of its own, with a connection to it. */
export const withServer = <A, E>(
  test: (
    connection: Captured.Connection,
    server: LocalAgentBay.Service
  ) => Effect.Effect<A, E, LocalAgentBay.LocalAgentBay>
) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory
    yield* Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const connection = yield* Captured.connect(serverOf(server))
      yield* test(connection, server)
    }).pipe((effect) => Effect.scoped(effect), serving(directory, { tls: true }))
  })
