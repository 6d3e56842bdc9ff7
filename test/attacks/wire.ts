/** Requests as only programs can write them: any host name, any header, any target. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeHttp from "node:http"
import * as NodeNet from "node:net"

export interface Sent {
  readonly method: string
  /** The target of the request line, letter for letter. */
  readonly target: string
  readonly headers?: NodeHttp.OutgoingHttpHeaders
  readonly body?: string | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: NodeHttp.IncomingHttpHeaders
  readonly text: string
}

/** Sends one request on a connection of its own. */
export const send = ({ body, headers = {}, method, target }: Sent) =>
  Effect.flatMap(LocalAgentBay.LocalAgentBay, ({ url }) =>
    Effect.async<Answer>((resume) => {
      const { hostname, port } = new URL(url)
      const request = NodeHttp.request(
        {
          hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
          port,
          path: target,
          method,
          headers,
          agent: false
        },
        (response) => {
          let text = ""
          response.setEncoding("utf8").on("data", (chunk) => (text += chunk))
          response.on("end", () =>
            resume(
              Effect.succeed({
                status: response.statusCode ?? 0,
                headers: response.headers,
                text
              })
            )
          )
        }
      )
      request.on("error", (error) => resume(Effect.die(error)))
      request.end(body)
      return Effect.sync(() => request.destroy())
    })
  )

/** A connection to the server, which stays half open when the server ends its half. */
export const connect = Effect.flatMap(LocalAgentBay.LocalAgentBay, ({ url }) =>
  Effect.acquireRelease(
    Effect.async<NodeNet.Socket>((resume) => {
      const { hostname, port } = new URL(url)
      const socket = NodeNet.connect(
        { host: hostname, port: Number(port), allowHalfOpen: true },
        () => resume(Effect.succeed(socket))
      )
      // Who attacks is hung up on in the middle.
      socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => void socket.destroy())
  )
)

/**
 * All that comes on a connection until the server has let go of it. When it has ended only its
 * half, it still takes what is written, and this does not end.
 */
export const untilClosed = (socket: NodeNet.Socket) =>
  Effect.async<string>((resume) => {
    let text = ""
    let timer: NodeJS.Timeout | undefined
    const done = () => {
      clearInterval(timer)
      resume(Effect.succeed(text))
    }
    if (socket.destroyed) return done()
    socket.setEncoding("latin1").on("data", (chunk) => (text += String(chunk)))
    socket.on("end", () => (timer = setInterval(() => socket.write(" "), 5)))
    socket.on("close", done)
  })

/** What is answered on a connection of its own to what is written on it, until it is closed. */
export const exchange = (write: (socket: NodeNet.Socket) => void) =>
  Effect.gen(function* () {
    const socket = yield* connect
    const text = yield* Effect.fork(untilClosed(socket))
    write(socket)
    return yield* Fiber.join(text)
  }).pipe(Effect.scoped)

/** Goes on sending a piece every few milliseconds, until it is hung up on. */
export const trickle = (socket: NodeNet.Socket, piece: string) => {
  const timer = setInterval(() => {
    if (socket.destroyed || !socket.writable) clearInterval(timer)
    else socket.write(piece)
  }, 5)
  socket.on("close", () => clearInterval(timer))
}

/** The statuses of all answers in a text. */
export const statuses = (text: string): ReadonlyArray<number> =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

/** Whether an answer gives any permission to a page. */
export const permits = ({ headers }: Answer): boolean =>
  Object.keys(headers).some((name) => name.startsWith("access-control-"))
