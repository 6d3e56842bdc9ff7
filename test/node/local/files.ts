import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import * as Wire from "./wire.js"

/** A URL for a stored file. */
export const urlFor = (direction: "Upload" | "Download", contextId: string, path: string) =>
  Effect.map(
    Wire.call(`GetContextFile${direction}Url`, { ContextId: contextId, FilePath: path }),
    (body) => Wire.textAt(body, "Data", "Url")
  )

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Sends a request to a URL and gives status, headers and text of its answer. */
export const http = (url: string, init: RequestInit = {}): Effect.Effect<HttpAnswer> =>
  Effect.promise(async (signal) => {
    const response = await fetch(url, { signal, ...init })
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text()
    }
  })

export const put = (contextId: string, path: string, body: NonNullable<RequestInit["body"]>) =>
  Effect.flatMap(urlFor("Upload", contextId, path), (url) => http(url, { method: "PUT", body }))

export const get = (contextId: string, path: string, headers: Record<string, string> = {}) =>
  Effect.flatMap(urlFor("Download", contextId, path), (url) => http(url, { headers }))

/** What the API says about the direct children of a folder. */
export const listed = (contextId: string, folder: string, form: Wire.Form = {}) =>
  Effect.map(
    Wire.call("DescribeContextFiles", {
      ContextId: contextId,
      ParentFolderPath: folder,
      PageNumber: 1,
      PageSize: 50,
      ...form
    }),
    (body) => ({
      entries: Wire.at(body, "Data") as ReadonlyArray<{ readonly [key: string]: unknown }>,
      count: Wire.at(body, "Count")
    })
  )

export const stagingIsEmpty = Effect.flatMap(LocalAgentBay.LocalAgentBay, (server) =>
  Wire.eventually(
    Effect.sync(() => NodeFs.readdirSync(`${server.dataDirectory}/staging`)),
    (names) => names.length === 0
  )
)

/** A connection on which bytes are written as they are. */
export const connect = Effect.flatMap(LocalAgentBay.LocalAgentBay, (server) =>
  Effect.acquireRelease(
    Effect.async<NodeNet.Socket>((resume) => {
      const { hostname, port } = new URL(server.url)
      const socket = NodeNet.connect(Number(port), hostname, () => resume(Effect.succeed(socket)))
      socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => void socket.destroy())
  )
)

/** All that comes until the other side closes. */
export const received = (socket: NodeNet.Socket) =>
  Effect.async<string>((resume) => {
    let text = ""
    socket.on("data", (chunk) => (text += chunk.toString("latin1")))
    socket.on("close", () => resume(Effect.succeed(text)))
  })

/** The answer to a request without a body, whose path is sent letter for letter. */
export const raw = (method: string, url: string) =>
  Effect.gen(function* () {
    const [, host = "", target = ""] = /^http:\/\/([^/]+)(.*)$/.exec(url) ?? []
    const socket = yield* connect
    const answered = yield* Effect.fork(received(socket))
    socket.write(
      `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
    )
    return Number((yield* Fiber.join(answered)).split(" ")[1])
  })

export const requestLine = (method: string, url: string) => {
  const { host, pathname, search } = new URL(url)
  return `${method} ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n`
}
