/** A service that gives out URLs of a store of files, and the store, on real sockets. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as UndiciTransport from "@effect-agentbay/node/UndiciTransport"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** What stands in every URL of the store, and must stand nowhere else. */
export const signature = "SIGNATURE-0123456789abcdef"

/** Answers a request to the store, whose path begins with `/store`. */
export type Store = (request: IncomingMessage, response: ServerResponse) => void

const presigned = (request: IncomingMessage, response: ServerResponse) => {
  request.resume()
  const origin = `http://${request.headers.host}`
  response.end(
    JSON.stringify({
      Success: true,
      RequestId: "request-1",
      Data: { Url: `${origin}/store/a%20b.bin?Signature=${signature}`, ExpireTime: 3600 }
    })
  )
}

/** Serves for as long as the scope is open; gives the address. */
export const serve = (store: Store) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) =>
          request.url?.startsWith("/store") === true
            ? store(request, response)
            : presigned(request, response)
        )
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    // A server that listens on a port has an address of this kind.
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

/** The ways to carry files that programs on Node have. */
export const transports = {
  undici: UndiciTransport.layer,
  "the platform's client over undici": Layer.provide(
    HttpTransport.layerHttpClient,
    NodeHttpClient.layerUndici
  ),
  "the platform's client over node:http": Layer.provide(
    HttpTransport.layerHttpClient,
    NodeHttpClient.layer
  ),
  "the platform's client over fetch": Layer.provide(
    HttpTransport.layerHttpClient,
    FetchHttpClient.layer
  )
}

/** Runs an effect with the library over a transport, against the server at the address. */
export const against =
  (
    endpoint: string,
    transport: Layer.Layer<HttpTransport.HttpTransport>,
    timeout: Duration.DurationInput = "20 seconds"
  ) =>
  <A, E>(effect: Effect.Effect<A, E, AgentBay.AgentBay>) =>
    Effect.provide(
      effect,
      AgentBay.layer.pipe(
        Layer.provide(AgentBayHttp.layerTransport()),
        Layer.provide(transport),
        Layer.provide(
          AgentBayConfig.layer({ apiKey: Redacted.make("akm-secret-key"), endpoint, timeout })
        )
      )
    )

/** The files of the contexts of the account. */
export const files = Effect.map(AgentBay.AgentBay, ({ contexts }) => contexts.files)
