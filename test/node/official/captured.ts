/**
 * Sends what the official TypeScript client was seen to send, byte for byte, over a TLS
 * connection of its own. Only what differs from run to run is put in its place: host, time,
 * nonce, key, and the values that a test names.
 */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as NodeCrypto from "node:crypto"
import * as NodeTls from "node:tls"
import { type CapturedRequest, requests } from "../../core/captures.js"

/** New values of parameters, by name. A name that was not sent is a mistake of the test. */
export type Values = { readonly [name: string]: string }

export interface Server {
  /** Host and port, without a scheme: what `AGENTBAY_ENDPOINT` says. */
  readonly endpoint: string
  readonly apiKey: string
  /** PEM text: what `NODE_EXTRA_CA_CERTS` points to. */
  readonly ca: string
}

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: unknown
}

export const captured = (n: number): CapturedRequest => {
  const found = requests.find((request) => request.n === n)
  if (found === undefined) throw new Error(`nothing was captured under ${n}`)
  return found
}

const replacePairs = (text: string, values: Values, used: Set<string>): string =>
  text
    .split("&")
    .map((pair) => {
      const name = decodeURIComponent(pair.slice(0, pair.indexOf("=")))
      const value = values[name]
      if (value === undefined) return pair
      used.add(name)
      return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
    })
    .join("&")

const headerOf = (name: string, value: string, server: Server, length: number): string => {
  switch (name.toLowerCase()) {
    case "host":
      return server.endpoint
    case "content-length":
      return String(length)
    default:
      return value
  }
}

/** The bytes of a request, as they go over the wire. */
export const bytesOf = (capture: CapturedRequest, server: Server, values: Values = {}): Buffer => {
  const used = new Set<string>()
  const all: Values = {
    Authorization: `Bearer ${server.apiKey}`,
    Timestamp: new Date().toISOString().replace(/\.\d+/, ""),
    SignatureNonce: NodeCrypto.randomBytes(32).toString("hex"),
    ...values
  }
  const [method = "", target = "", version = ""] = capture.requestLine.split(" ")
  const [path = "", query = ""] = target.split("?")
  const line = `${method} ${path}?${replacePairs(query, all, used)} ${version}`
  const body = Buffer.from(capture.rawBody === "" ? "" : replacePairs(capture.rawBody, all, used))
  for (const name of Object.keys(values)) {
    if (!used.has(name)) throw new Error(`${capture.action ?? ""} does not send ${name}`)
  }
  const headers = Object.entries(capture.headers).map(
    ([name, value]) => `${name}: ${headerOf(name, value, server, body.length)}\r\n`
  )
  const isChunked = Object.entries(capture.headers).some(
    ([name, value]) => name.toLowerCase() === "transfer-encoding" && value === "chunked"
  )
  const head = Buffer.from(`${line}\r\n${headers.join("")}\r\n`)
  return isChunked
    ? Buffer.concat([
        head,
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from("\r\n0\r\n\r\n")
      ])
    : Buffer.concat([head, body])
}

/** Reads one answer from a connection; all answers of the API say how long they are. */
const readAnswer = (socket: NodeTls.TLSSocket): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const onEnd = () => settle(() => reject(new Error("the connection ended")))
    const settle = (act: () => void) => {
      socket.off("data", onData)
      socket.off("error", onEnd)
      socket.off("close", onEnd)
      act()
    }
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf("\r\n\r\n")
      if (end === -1) return
      const [first = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n")
      const headers = Object.fromEntries(
        lines.map((line) => {
          const colon = line.indexOf(":")
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
        })
      )
      const length = Number(headers["content-length"])
      if (received.length < end + 4 + length) return
      const text = received.subarray(end + 4, end + 4 + length).toString("utf8")
      settle(() =>
        resolve({ status: Number(first.split(" ")[1]), headers, body: JSON.parse(text) })
      )
    }
    socket.on("data", onData)
    socket.on("error", onEnd)
    socket.on("close", onEnd)
  })

/** One kept-alive connection, as the SDK has it. */
export interface Connection {
  readonly server: Server
  /** Sends the captured request of this number and gives the answer, whatever it is. */
  readonly send: (n: number, values?: Values) => Effect.Effect<Answer>
}

export const connect = (server: Server) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(
        () =>
          new Promise<NodeTls.TLSSocket>((resolve, reject) => {
            const [host = "", port = ""] = server.endpoint.split(":")
            const socket = NodeTls.connect(
              { host, port: Number(port), ca: server.ca, ALPNProtocols: ["http/1.1"] },
              () => resolve(socket)
            )
            socket.once("error", reject)
          })
      ),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    (socket): Connection => ({
      server,
      send: (n, values) =>
        Effect.promise(() => {
          const answer = readAnswer(socket)
          socket.write(bytesOf(captured(n), server, values))
          return answer
        })
    })
  )
