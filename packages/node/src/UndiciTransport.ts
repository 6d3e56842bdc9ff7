/**
 * The transport of Node: undici's dispatcher without anything in between. A status request
 * is small and frequent, and most of what a general HTTP client does for it (streams,
 * abort signals, a race against a timer) costs more than the request.
 *
 * @since 0.1.0
 */
import { InvalidArgument } from "@effect-agentbay/core/AgentBayError"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import { Agent, type Dispatcher } from "undici"

/** Splits an URL into its origin and the rest. */
const splitUrl = (url: string): readonly [origin: string, path: string] => {
  const slash = url.indexOf("/", url.indexOf("://") + 3)
  return slash === -1 ? [url, "/"] : [url.slice(0, slash), url.slice(slash)]
}

/** Node fires a timer that is set for longer than this at once. */
const longestTimer = 2 ** 31 - 1

/** Collects one answer. Exactly one of the two callbacks is called, at most once. */
const collect = (
  onAnswer: (response: HttpTransport.Response) => void,
  onFault: (cause: unknown) => void
): { readonly handler: Dispatcher.DispatchHandler; readonly abort: (reason: Error) => void } => {
  const chunks: Array<Buffer> = []
  let controller: Dispatcher.DispatchController | undefined
  let aborted: Error | undefined
  let bytes = 0
  let status = 0
  let headers: HttpTransport.Response["headers"] = {}
  return {
    abort: (reason) => {
      aborted = reason
      controller?.abort(reason)
    },
    handler: {
      onRequestStart: (started) => {
        controller = started
        if (aborted !== undefined) started.abort(aborted)
      },
      onResponseStart: (_, statusCode, received) => {
        status = statusCode
        headers = received
      },
      onResponseData: (running, chunk) => {
        bytes += chunk.length
        if (bytes > HttpTransport.maxAnswerBytes) {
          chunks.length = 0
          running.abort(
            new Error(`The answer is larger than ${HttpTransport.maxAnswerBytes} bytes`)
          )
        } else {
          chunks.push(chunk)
        }
      },
      onResponseEnd: () => {
        const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
        onAnswer({ status, headers, text: body?.toString("utf8") ?? "" })
      },
      onResponseError: (_, cause) => onFault(cause)
    }
  }
}

/** Lets so many in at once, the others in the order of their coming. */
const makeTurnstile = (places: number) => {
  const waiting = new Set<() => void>()
  let taken = 0
  return {
    /** Enters at once or later; the result takes back a wish that was not granted yet. */
    enter: (begin: () => void): (() => void) => {
      if (taken < places) {
        taken += 1
        begin()
      } else {
        waiting.add(begin)
      }
      return () => {
        waiting.delete(begin)
      }
    },
    leave: () => {
      const [next] = waiting
      if (next === undefined) {
        taken -= 1
        return
      }
      waiting.delete(next)
      next()
    }
  }
}

const post = (dispatcher: Dispatcher, connections: number): HttpTransport.Service["post"] => {
  const turnstile = makeTurnstile(connections)
  return ({ body, headers, timeout, url }) =>
    Effect.async<HttpTransport.Response, HttpTransport.TransportFault>((resume) => {
      const [origin, path] = splitUrl(url)
      let timer: ReturnType<typeof setTimeout> | undefined
      const fail = (reason: "Transport" | "Timeout", cause?: unknown) => {
        clearTimeout(timer)
        resume(Effect.fail(new HttpTransport.TransportFault({ reason, cause })))
      }
      const exchange = collect(
        (response) => {
          turnstile.leave()
          clearTimeout(timer)
          resume(Effect.succeed(response))
        },
        (cause) => {
          turnstile.leave()
          fail("Transport", cause)
        }
      )
      const takeBack = turnstile.enter(() => {
        // Real sockets live in real time, so the limit does too.
        timer = setTimeout(
          () => {
            fail("Timeout")
            exchange.abort(new Error("The request took too long"))
          },
          Math.min(Duration.toMillis(timeout), longestTimer)
        )
        dispatcher.dispatch(
          { origin, path, method: "POST", headers, body, headersTimeout: 0, bodyTimeout: 0 },
          exchange.handler
        )
      })
      return Effect.sync(() => {
        takeBack()
        clearTimeout(timer)
        exchange.abort(new Error("The caller left"))
      })
    })
}

/** What aborts an exchange when the scope closes, in whichever phase it then is. */
const abortedWithScope = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (controller) => Effect.sync(() => controller.abort(new Error("The caller left")))
  ),
  (controller) => controller.signal
)

const asFault = (cause: unknown) => new HttpTransport.TransportFault({ reason: "Transport", cause })

const exchange = (
  dispatcher: Dispatcher,
  url: Redacted.Redacted,
  options: Omit<Dispatcher.RequestOptions, "origin" | "path" | "signal">
) =>
  Effect.gen(function* () {
    const { origin, pathname, search } = yield* Effect.try({
      try: () => new URL(Redacted.value(url)),
      catch: () => new HttpTransport.TransportFault({ reason: "Encode" })
    })
    const signal = yield* abortedWithScope
    return yield* Effect.tryPromise({
      try: () =>
        dispatcher.request({
          ...options,
          origin,
          path: `${pathname}${search}`,
          signal,
          // The caller keeps the time.
          headersTimeout: 0,
          bodyTimeout: 0
        }),
      catch: asFault
    })
  })

const put =
  (dispatcher: Dispatcher): HttpTransport.Service["put"] =>
  ({ body, length, url }) =>
    Effect.gen(function* () {
      const answer = yield* exchange(dispatcher, url, {
        method: "PUT",
        headers: { "content-length": String(length) },
        body: body instanceof Uint8Array ? body : yield* NodeStream.toReadable(body)
      })
      return { status: answer.statusCode, headers: answer.headers }
    }).pipe(Effect.scoped)

const get =
  (dispatcher: Dispatcher): HttpTransport.Service["get"] =>
  (url) =>
    Effect.map(exchange(dispatcher, url, { method: "GET" }), ({ body, headers, statusCode }) => ({
      status: statusCode,
      headers,
      // A body that broke before it was first read looks as if it had none.
      body: Stream.concat(
        NodeStream.fromReadable(() => body, asFault),
        Stream.suspend(() =>
          body.readableEnded ? Stream.empty : Stream.fail(asFault(body.errored))
        )
      )
    }))

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * PEM text of the certificates to trust, instead of those that Node trusts: for a server
   * whose certificate nobody else knows.
   */
  readonly ca?: string | undefined
  /**
   * How many requests to the service may be on the way at once, each on a connection of its
   * own; the others wait, and their time limit begins when it is their turn. Without a limit,
   * thousands of syncs that begin together would open thousands of connections. Files that are
   * put and got do not count. A whole number from 1 on. Default: 256.
   */
  readonly connections?: number | undefined
}

/**
 * How many requests may be on the way at once unless told otherwise.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultConnections = 256

/** A connection pool that closes with the scope. */
const makePool = ({ ca }: Options) =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent(ca === undefined ? {} : { connect: { ca } })),
    (agent) => Effect.promise(() => agent.destroy())
  )

const over = (options: Options): Effect.Effect<HttpTransport.Service, never, Scope.Scope> =>
  Effect.map(makePool(options), (agent) => ({
    get: get(agent),
    post: post(agent, options.connections ?? defaultConnections),
    put: put(agent)
  }))

/**
 * Builds a transport with a connection pool of its own, which closes with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWith = (
  options: Options
): Effect.Effect<HttpTransport.Service, InvalidArgument, Scope.Scope> =>
  options.connections === undefined ||
  (Number.isSafeInteger(options.connections) && options.connections > 0)
    ? over(options)
    : Effect.fail(
        new InvalidArgument({
          argument: "connections",
          issue: `must be a whole number from 1 on, but is ${options.connections}`
        })
      )

/**
 * The same, trusting whom Node trusts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpTransport.Service, never, Scope.Scope> = over({})

/**
 * The transport as a layer. Each layer that this makes has a pool of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (
  options: Options
): Layer.Layer<HttpTransport.HttpTransport, InvalidArgument> =>
  Layer.scoped(HttpTransport.HttpTransport, makeWith(options))

/**
 * The transport as a layer, trusting whom Node trusts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpTransport.HttpTransport> = Layer.scoped(
  HttpTransport.HttpTransport,
  make
)
