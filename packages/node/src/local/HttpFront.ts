/**
 * The HTTP side of the server: the one route of the API, the key, the envelope, and the way to
 * all other routes.
 *
 * Clients poll, so a request must cost little. Its body is read by the callbacks of Node,
 * and one fiber, which usually never has to wait, does the rest: measured, that is twice to
 * three times as fast as an `HttpApp` of the platform. Nothing that a request carries is
 * logged or traced, since the key may stand in the query.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import type * as NodeHttp from "node:http"
import * as ApiKey from "./ApiKey.js"
import * as Caller from "./Caller.js"
import * as Identifier from "./Identifier.js"
import type { Failure, Origin } from "./Operation.js"
import { Operations } from "./Operations.js"
import * as Refusal from "./Refusal.js"
import * as RequestForm from "./RequestForm.js"
import { type Route, Routes } from "./Routes.js"

/** An answer before it is sent. */
interface Answer {
  readonly httpStatus: number
  readonly body: object
}

const accept = (fields: object, requestId: string): Answer => ({
  httpStatus: 200,
  body: {
    Code: "ok",
    HttpStatusCode: 200,
    Message: "",
    RequestId: requestId,
    Success: true,
    ...fields
  }
})

const refuse = (
  { channel, code, description, httpStatus }: Refusal.Refusal,
  requestId: string,
  hostId: string
): Answer =>
  channel === "hard"
    ? {
        httpStatus,
        body: { RequestId: requestId, HostId: hostId, Code: code, Message: description }
      }
    : {
        httpStatus: 200,
        body: {
          Code: code,
          HttpStatusCode: httpStatus,
          Message: description,
          RequestId: requestId,
          Success: false
        }
      }

const write = (response: NodeHttp.ServerResponse, { body, httpStatus }: Answer): void => {
  const text = JSON.stringify(body)
  response.writeHead(httpStatus, {
    "content-type": "application/json;charset=utf-8",
    "content-length": Buffer.byteLength(text)
  })
  response.end(text)
}

/** Splits the target of a request line; the server knows no path but `/`. */
const splitTarget = (target: string): readonly [path: string, query: string] => {
  const mark = target.indexOf("?")
  return mark === -1 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)]
}

/**
 * Makes what answers the requests to an origin. Those that are not answered at the end of
 * the scope are given up.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  apiKey: Redacted.Redacted
): Effect.fn.Return<
  (origin: Origin) => NodeHttp.RequestListener,
  never,
  Operations | Routes | Scope.Scope
> {
  const operations = yield* Operations
  const routes = yield* Routes
  const run = yield* FiberSet.makeRuntime<never>()
  const isRightKey = ApiKey.check(apiKey)

  const answer = (
    origin: Origin,
    request: NodeHttp.IncomingMessage,
    response: NodeHttp.ServerResponse,
    body: string
  ): Effect.Effect<object, Failure> => {
    const [path, query] = splitTarget(request.url ?? "")
    const parameters = RequestForm.parse(query, body)
    const known = path === "/" && (request.method === "POST" || request.method === "GET")
    const entry = known ? operations.get(parameters["Action"] ?? "") : undefined
    if (entry === undefined) return Effect.fail(Refusal.unknownAction)
    if (!isRightKey(parameters["Authorization"] ?? "")) return Effect.fail(Refusal.notLoggedIn)
    const answered = entry.answer(parameters, origin)
    const wanted = entry.endsWithCaller ? Caller.whileThere(response, answered) : answered
    return Effect.tapErrorCause(wanted, (cause) =>
      refusalOf(cause) !== undefined || Cause.isInterruptedOnly(cause)
        ? Effect.void
        : Effect.logError("A request failed", cause).pipe(
            Effect.annotateLogs("action", entry.action)
          )
    )
  }

  return (origin) => {
    const hostId = new URL(origin.url).host
    return (request, response) => {
      const requestId = Identifier.requestId()
      const route = routeOf(routes, request)
      if (route !== undefined) {
        run(handOver(route, request, response, origin))
        return
      }
      const refuseWith = (refusal: Refusal.Refusal) =>
        write(response, refuse(refusal, requestId, hostId))
      RequestForm.readBody(request, {
        onTooLarge: () => refuseWith(Refusal.bodyTooLarge(RequestForm.maxBodyBytes)),
        onBody: (body) =>
          run(
            Effect.matchCause(
              Effect.suspend(() => answer(origin, request, response, body)),
              {
                onSuccess: (fields) => write(response, accept(fields, requestId)),
                onFailure: (cause) => refuseWith(refusalOf(cause) ?? Refusal.internalError)
              }
            ),
            { immediate: true }
          )
      })
    }
  }
})

const routeOf = (
  routes: ReadonlyArray<Route>,
  { url = "" }: NodeHttp.IncomingMessage
): Route | undefined => routes.find(({ prefix }) => url.startsWith(prefix))

/** A route that breaks takes its connection with it: its answer may be half sent. */
const handOver = (
  route: Route,
  request: NodeHttp.IncomingMessage,
  response: NodeHttp.ServerResponse,
  origin: Origin
): Effect.Effect<void> =>
  Effect.catchAllCause(route.answer(request, response, origin), (cause) =>
    Effect.zipRight(
      Cause.isInterruptedOnly(cause)
        ? Effect.void
        : Effect.annotateLogs(Effect.logError("A request failed", cause), "route", route.prefix),
      Effect.sync(() => {
        if (response.headersSent) response.destroy()
        else response.writeHead(500).end()
      })
    )
  )

const refusalOf = (cause: Cause.Cause<Failure>): Refusal.Refusal | undefined => {
  const failure = Cause.failureOrCause(cause)
  return failure._tag === "Left" && failure.left._tag === "Refusal" ? failure.left : undefined
}
