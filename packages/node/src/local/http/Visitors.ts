/**
 * Whom the server answers at all, before any key is looked at: programs. A page of the web that
 * the user has open can send requests to loopback too, and may have a name of its own point
 * here (DNS rebinding), so a request under a foreign host name is refused, and so is one that a
 * page sends, unless its origin was named.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as NodeHttp from "node:http"
import * as NodeNet from "node:net"
import * as Answer from "./Answer.js"
import * as BodyRest from "./BodyRest.js"
import { DataDirectory } from "../DataDirectory.js"
import { isLoopback } from "./Listener.js"
import { LocalAgentBayError } from "../LocalAgentBayError.js"
import type { Origin } from "../actions/Operation.js"
import { type Service as Times, Timing } from "./Timing.js"
import * as Tls from "./Tls.js"

/**
 * @since 0.1.0
 */
export interface Options {
  /** What the server was told to listen on. */
  readonly host: string
  /** Further names under which it is reached. */
  readonly allowedHosts: ReadonlyArray<string>
  /** The pages that may call it. */
  readonly allowedOrigins: ReadonlyArray<string>
}

/**
 * Looks at a request. True when it has been answered: refused, or a preflight. `forPages` says
 * whether the route is open to the origins that were named.
 *
 * @since 0.1.0
 */
export type Check = (
  request: NodeHttp.IncomingMessage,
  response: NodeHttp.ServerResponse,
  forPages: boolean
) => boolean

const hostHeader = /^(?:\[([\da-f:.]+)\]|([^\s[\]:/?#@\\]+))(?::\d{1,5})?$/i

/** The name in a `Host` header, without port and brackets; none when it is not one. */
const nameIn = (header: string): string | undefined => {
  const [, address, name] = hostHeader.exec(header) ?? []
  return (address ?? name)?.toLowerCase()
}

/** The origin that a text stands for, as browsers write it; none when it stands for none. */
const originOf = (text: string): string | undefined => {
  if (!URL.canParse(text)) return undefined
  const { hash, origin, password, pathname, protocol, search, username } = new URL(text)
  const isOrigin = pathname === "/" && `${search}${hash}${username}${password}` === ""
  return isOrigin && (protocol === "http:" || protocol === "https:") ? origin : undefined
}

/** What a page may do, and may read of an answer besides its body. */
const methods = "GET, HEAD, POST, PUT"
const readable = "Content-Range, ETag, Retry-After, x-acs-retry-after"
const preflightSeconds = 600

const refuse = (
  request: NodeHttp.IncomingMessage,
  response: NodeHttp.ServerResponse,
  { code, message }: { readonly code: string; readonly message: string },
  { body }: Times
): true => {
  const text = JSON.stringify({ Code: code, Message: message })
  if (request.method === "HEAD") response.writeHead(403).end()
  else Answer.writeText(response, 403, text, { "content-type": Answer.json })
  if (!request.complete) BodyRest.discard(request, body)
  return true
}

const foreignHost = {
  code: "Forbidden.Host",
  message:
    "This host name is not one of this server. It is told further ones at its start " +
    "(allowedHosts, --allow-host)."
}
const foreignPage = {
  code: "Forbidden.Origin",
  message:
    "Pages of the web are not answered, unless their origin was told to the server at its start " +
    "(allowedOrigins, --allow-origin)."
}

const preflight = (
  { headers }: NodeHttp.IncomingMessage,
  response: NodeHttp.ServerResponse
): true => {
  const asked = headers["access-control-request-headers"]
  response.writeHead(204, {
    "access-control-allow-methods": methods,
    "access-control-max-age": String(preflightSeconds),
    // Whoever has the key may send what it likes: tracing adds headers of its own.
    ...(asked === undefined ? {} : { "access-control-allow-headers": asked }),
    // A page of a public address has to ask for this too.
    ...(headers["access-control-request-private-network"] === "true"
      ? { "access-control-allow-private-network": "true" }
      : {})
  })
  response.end()
  return true
}

/** Makes the check of a server that is reached at an origin. */
const checkFor =
  ({ allowedHosts, host }: Options, origins: ReadonlySet<string>, times: Times) =>
  (own: Origin): Check => {
    const ownHost = new URL(own.url).host
    const names = new Set(Tls.reachedAs(host, allowedHosts).map((name) => name.toLowerCase()))
    // A page can have a name of its own point anywhere, but not an address.
    const takesAddresses = !isLoopback(host)
    const isOwn = (header: string): boolean => {
      if (header === ownHost) return true
      const name = nameIn(header)
      return (
        name !== undefined &&
        (isLoopback(name) || names.has(name) || (takesAddresses && NodeNet.isIP(name) !== 0))
      )
    }

    return (request, response, forPages) => {
      const { headers, method } = request
      if (!isOwn(headers.host ?? "")) {
        return refuse(request, response, foreignHost, times)
      }
      const { origin } = headers
      if (origin === undefined) {
        // `none` is the user, by a bookmark or by hand. Programs send nothing of the kind.
        const site = headers["sec-fetch-site"]
        if (site === undefined || site === "none") return false
      } else if (forPages && origins.has(origin)) {
        response.setHeader("access-control-allow-origin", origin)
        response.setHeader("access-control-expose-headers", readable)
        response.setHeader("vary", "Origin")
        const isPreflight =
          method === "OPTIONS" && headers["access-control-request-method"] !== undefined
        return isPreflight ? preflight(request, response) : false
      }
      return refuse(request, response, foreignPage, times)
    }
  }

/**
 * Makes the check. Fails for what is no origin, `*` and `null` included.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<(own: Origin) => Check, LocalAgentBayError, DataDirectory> {
  const { root } = yield* DataDirectory
  const origins = new Set<string>()
  for (const text of options.allowedOrigins) {
    const origin = originOf(text)
    if (origin === undefined) {
      return yield* new LocalAgentBayError({
        reason: "Origin",
        dataDirectory: root,
        detail: `${JSON.stringify(text)} is no origin such as http://localhost:3000`
      })
    }
    origins.add(origin)
  }
  return checkFor(options, origins, yield* Timing)
})
