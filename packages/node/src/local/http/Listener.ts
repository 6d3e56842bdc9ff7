/**
 * Where the server listens.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import * as NodeHttp from "node:http"
import * as NodeHttps from "node:https"
import * as NodeNet from "node:net"
import type { Duplex } from "node:stream"
import { DataDirectory } from "../DataDirectory.js"
import { describe, LocalAgentBayError } from "../LocalAgentBayError.js"
import { type Service as Times, Timing } from "./Timing.js"
import type { Identity } from "./Tls.js"

/** Headers are small: the longest is the request line of an action whose key is in the query. */
const maxHeaderBytes = 16 * 1024

type Server = NodeHttp.Server | NodeHttps.Server

/**
 * Ends connections: takes no new ones, closes those at rest at once and the others when
 * their answer is sent, at the latest after the grace.
 *
 * @since 0.1.0
 */
export const drain = (server: Server, graceMillis: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMillis)
    server.close(() => {
      clearTimeout(timer)
      resume(Effect.void)
    })
  })

/**
 * Whether a host name or an address is this machine as only it sees itself.
 *
 * @since 0.1.0
 */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (NodeNet.isIPv4(host) && host.startsWith("127."))

/** The address of this machine to itself, when the server listens on all of them. */
const ownAddress: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"]
])

/** The zone of an IPv6 address has no place in a URL. */
const withoutZone = (host: string): string => {
  const [address = host] = host.split("%")
  return NodeNet.isIPv6(address) ? address : host
}

const urlOf = (scheme: string, host: string, address: NodeNet.AddressInfo): string => {
  const reached = ownAddress.get(address.address) ?? withoutZone(host)
  const url = `${scheme}://${reached.includes(":") ? `[${reached}]` : reached}:${address.port}`
  if (!URL.canParse(url)) throw new Error(`${JSON.stringify(host)} cannot stand in a URL`)
  return url
}

/** Node takes a blank host for all addresses, and throws at some of the ports. */
const objection = (host: string, port: number): string | undefined => {
  if (host.trim() === "") return "the host is blank"
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535
  return isPort ? undefined : `the port ${port} is no whole number from 0 to 65535`
}

/** What Node keeps at a connection: the answer that is being made, if there is one. */
type Connection = Duplex & { readonly _httpMessage?: NodeHttp.ServerResponse | null }

/**
 * Whether what is written now would stand in the answer to an earlier request, or be taken for
 * it: that one has been read, or its answer has begun.
 */
const wouldMislead = ({ _httpMessage: answer }: Connection): boolean =>
  answer !== undefined && answer !== null && (answer.headersSent || answer.req.complete)

/** Whether the client can do nothing but wait: its request is there, and the answer is not. */
const isServersTurn = ({ _httpMessage: answer }: Connection): boolean =>
  answer !== undefined && answer !== null && answer.req.complete && !answer.headersSent

/**
 * What cannot be read as a request is refused in words that clients can read, and hung up on,
 * wholly: who never ends its half would keep the connection otherwise.
 */
const refuseUnreadable = (
  error: Error & { readonly code?: string },
  socket: Connection,
  graceMillis: number
): void => {
  if (!socket.writable || error.code === "ECONNRESET" || wouldMislead(socket)) {
    socket.destroy()
    return
  }
  const [status, code] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", "InvalidRequest.HeadersTooLarge"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "InvalidRequest.Timeout"]
        : ["400 Bad Request", "InvalidRequest"]
  const body = JSON.stringify({ Code: code, Message: "The request cannot be read." })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json;charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy()
  )
  // It may also take nothing of what is written.
  setTimeout(() => socket.destroy(), graceMillis).unref()
}

const create = (identity: Identity | undefined, times: Times): Server => {
  const options = {
    keepAliveTimeout: times.keepAlive,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: times.headers,
    connectionsCheckingInterval: times.lookAround,
    // Two readings of one request are what smuggling lives on; no flag of the process allows them.
    insecureHTTPParser: false,
    // Bodies of the API have a limit of their own, and a file of gigabytes takes its time: who
    // stands still in the middle of one is dropped.
    requestTimeout: 0
  }
  const server =
    identity === undefined
      ? NodeHttp.createServer(options)
      : NodeHttps.createServer({ ...options, cert: identity.cert, key: identity.key })
  server.timeout = times.still
  return server
    .on("timeout", (socket: NodeNet.Socket) => {
      if (!isServersTurn(socket)) socket.destroy()
    })
    .on("clientError", (error, socket) => refuseUnreadable(error, socket, times.grace))
}

/**
 * Where to listen, and as whom: without an identity over plain HTTP.
 *
 * @since 0.1.0
 */
export interface Address {
  readonly host: string
  readonly port: number
  readonly identity: Identity | undefined
}

/**
 * Listens for the life of the scope and answers requests with what `answer` makes for the
 * URL of the server. Warns when other machines can reach the address. At the end no new
 * request is taken, and those in flight are finished first.
 *
 * @since 0.1.0
 */
export const listen = Effect.fnUntraced(function* (
  { host, identity, port }: Address,
  answer: (url: string) => NodeHttp.RequestListener
): Effect.fn.Return<string, LocalAgentBayError, DataDirectory | Scope.Scope> {
  const directory = yield* DataDirectory
  const times = yield* Timing
  const failure = (detail: string, cause?: unknown) =>
    new LocalAgentBayError({
      reason: "Listen",
      dataDirectory: directory.root,
      detail,
      ...(cause === undefined ? {} : { cause })
    })
  const objected = objection(host, port)
  if (objected !== undefined) return yield* failure(objected)
  if (!isLoopback(host)) {
    yield* Effect.logWarning(
      `Local AgentBay listens on ${host}: other machines can reach it` +
        (identity === undefined ? ", and the key travels unencrypted" : "")
    )
  }
  const scheme = identity === undefined ? "http" : "https"
  const server = yield* Effect.try({
    try: () => create(identity, times),
    // A key of a kind that the system's TLS does not take.
    catch: (cause) => failure(describe(cause), cause)
  })
  return yield* Effect.acquireRelease(
    Effect.async<string, LocalAgentBayError>((resume) => {
      const onError = (cause: unknown) => resume(Effect.fail(failure(describe(cause), cause)))
      const onListening = () => {
        server.off("error", onError)
        const address = server.address()
        const url =
          typeof address === "object" && address !== null
            ? urlOf(scheme, host, address)
            : `${scheme}://${host}:${port}`
        // In the same turn: the first request cannot come earlier.
        server.on("request", answer(url))
        resume(Effect.succeed(url))
      }
      server.once("error", onError)
      try {
        server.listen({ host, port }, () => {
          try {
            onListening()
          } catch (cause) {
            server.close(() => onError(cause))
          }
        })
      } catch (cause) {
        onError(cause)
      }
    }),
    () => drain(server, times.grace)
  )
})
