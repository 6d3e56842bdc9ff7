/**
 * The HTTP side of the server: the one route of the API, the key, the envelope, and the way to
 * all other routes.
 *
 * Clients poll, so a request must cost little. Its body is read by the callbacks of Node,
 * and one fiber, which usually never has to wait, does the rest: measured, that is twice to
 * three times as fast as an `HttpApp` of the platform. A poll itself does without a fiber. Nothing that a request carries is
 * logged or traced, since the key may stand in the query.
 *
 * @since 0.1.0
 */
import type { Parameters } from "@effect-agentbay/core/Protocol"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as NodeHttp from "node:http"
import * as Answer from "./Answer.js"
import * as ApiKey from "./ApiKey.js"
import { BodyBudget } from "./BodyBudget.js"
import * as BodyRest from "./BodyRest.js"
import * as CallFaults from "../faults/CallFaults.js"
import * as Caller from "./Caller.js"
import type { CallLog } from "../admin/CallLog.js"
import { FaultPlan } from "../faults/FaultPlan.js"
import * as Identifier from "../Identifier.js"
import type { Failure, Origin } from "../actions/Operation.js"
import { Operations } from "../actions/Operations.js"
import * as Refusal from "../actions/Refusal.js"
import * as RequestForm from "./RequestForm.js"
import { type Route, Routes } from "./Routes.js"
import { Timing } from "./Timing.js"
import type { Check } from "./Visitors.js"
import type { World } from "../admin/World.js"

/** Splits the target of a request line; the API knows no path but `/`. */
const splitTarget = (target: string): readonly [path: string, query: string] => {
  const mark = target.indexOf("?")
  return mark === -1 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)]
}

/**
 * What the HTTP side stands on. `rooms` answers, `routes` are those that stay when the rooms
 * are replaced.
 *
 * @since 0.1.0
 */
export interface Needs<E> {
  readonly apiKey: Redacted.Redacted
  readonly rooms: World<Operations | Routes, E>
  readonly routes: ReadonlyArray<Route>
  readonly calls: CallLog
  /** Who is answered at all. */
  readonly visitors: (own: Origin) => Check
}

/**
 * Makes what answers the requests to an origin. Those that are not answered at the end of
 * the scope are given up.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* <E>({
  apiKey,
  calls,
  rooms,
  routes,
  visitors
}: Needs<E>): Effect.fn.Return<
  (origin: Origin) => NodeHttp.RequestListener,
  never,
  BodyBudget | FaultPlan | Scope.Scope
> {
  const faults = yield* FaultPlan
  const clock = yield* Clock.clockWith(Effect.succeed)
  const { body: bodyMillis } = yield* Timing
  const budget = yield* BodyBudget
  const handOver = handingOver(bodyMillis)
  const run = yield* FiberSet.makeRuntime<never>()
  const isRightKey = ApiKey.check(apiKey)
  // Their names do not change with the rooms.
  const actions = yield* rooms.use((services) =>
    Effect.succeed(new Set(Context.get(services, Operations).keys()))
  )
  const prefixes = yield* rooms.use((services) =>
    Effect.succeed(Context.get(services, Routes).map(({ prefix }) => prefix))
  )

  /** What the action gives; the request has been found to be one, and to have the key. */
  const perform = (
    action: string,
    parameters: Parameters,
    origin: Origin,
    response: NodeHttp.ServerResponse
  ): Effect.Effect<object, Failure> =>
    rooms
      .use((services) => {
        const entry = Context.get(services, Operations).get(action)
        if (entry === undefined) return Effect.fail(Refusal.unknownAction)
        const answered = entry.answer(parameters, origin)
        return entry.endsWithCaller ? Caller.whileThere(response, answered) : answered
      })
      .pipe(
        Effect.tapErrorCause((cause) =>
          refusalOf(cause) !== undefined || Cause.isInterruptedOnly(cause)
            ? Effect.void
            : Effect.annotateLogs(Effect.logError("A request failed", cause), "action", action)
        )
      )

  /** What the action gives at once; none when it has to wait for something, or breaks. */
  const performNow = (
    action: string,
    parameters: Parameters
  ): Either.Either<object, Refusal.Refusal> | undefined => {
    const services = rooms.now()
    const entry = services && Context.get(services, Operations).get(action)
    try {
      return entry?.now?.(parameters)
    } catch {
      // It breaks again by the usual way, which tells of it.
      return undefined
    }
  }

  const objection = (
    request: NodeHttp.IncomingMessage,
    path: string,
    parameters: Parameters
  ): Refusal.Refusal | undefined => {
    const isCall = path === "/" && (request.method === "POST" || request.method === "GET")
    if (!isCall || !actions.has(parameters["Action"] ?? "")) return Refusal.unknownAction
    return isRightKey(parameters["Authorization"] ?? "") ? undefined : Refusal.notLoggedIn
  }

  const answerCall = (
    request: NodeHttp.IncomingMessage,
    response: NodeHttp.ServerResponse,
    origin: Origin,
    hostId: string
  ): void => {
    const requestId = Identifier.requestId()
    const began = performance.now()
    const note = (action: string, { code, httpStatus }: CallFaults.Outcome, sessionId?: string) =>
      calls.add({
        action,
        status: httpStatus,
        code,
        requestId,
        end: clock.unsafeCurrentTimeMillis(),
        duration: performance.now() - began,
        ...(sessionId === undefined ? {} : { sessionId })
      })
    const refuse = (refusal: Refusal.Refusal): Answer.Answer =>
      Answer.refuse(refusal, requestId, hostId)
    const send = (action: string, answer: Answer.Answer, sessionId?: string): void => {
      Answer.write(response, answer)
      note(action, answer, sessionId)
    }
    const hold = budget.hold()
    // Nothing when all is done, else what is still to be.
    const onBody = (body: string): Effect.Effect<void> | undefined => {
      const [path, query] = splitTarget(request.url ?? "")
      const parameters = RequestForm.parse(query, body)
      const refusal = objection(request, path, parameters)
      // A name that the server does not know may be anything, a secret included.
      const action = refusal === Refusal.unknownAction ? "" : (parameters["Action"] ?? "")
      // The same goes for what is no id of a session.
      const named = parameters["SessionId"] ?? ""
      const sessionId = Identifier.isSessionId(named) ? named : undefined
      if (refusal !== undefined) {
        send(action, refuse(refusal))
        return undefined
      }
      const effect = faults.onCall(action, parameters)
      const atOnce = effect === undefined ? performNow(action, parameters) : undefined
      if (atOnce !== undefined) {
        const answer = Either.match(atOnce, {
          onLeft: refuse,
          onRight: (fields) => Answer.accept(fields, requestId)
        })
        send(action, answer, sessionId)
        return undefined
      }
      const answer = Effect.matchCause(perform(action, parameters, origin, response), {
        onSuccess: (fields) => Answer.accept(fields, requestId),
        onFailure: (cause) => refuse(refusalOf(cause) ?? Refusal.internalError)
      })
      return effect === undefined
        ? Effect.map(answer, (whole) => send(action, whole, sessionId))
        : Effect.map(
            CallFaults.carryOut(effect, { response, requestId, hostId, perform: answer }),
            (outcome) => note(action, outcome, sessionId)
          )
    }
    RequestForm.readBody(request, bodyMillis, hold, {
      onBody: (body) => {
        const rest = onBody(body)
        if (rest === undefined) hold.giveBack()
        else run(Effect.ensuring(rest, Effect.sync(hold.giveBack)), { immediate: true })
      },
      onTooLarge: () => send("", refuse(Refusal.bodyTooLarge(RequestForm.maxBodyBytes))),
      onTooSlow: () => {
        response.setHeader("connection", "close")
        send("", refuse(Refusal.bodyTooSlow(bodyMillis)))
      },
      onNoRoom: () => {
        send("", refuse(Refusal.noRoom))
        BodyRest.discard(request, bodyMillis)
      }
    })
  }

  return (origin) => {
    const hostId = new URL(origin.url).host
    const isAnswered = visitors(origin)
    return (request, response) => {
      const { url = "" } = request
      const own = routes.find(({ prefix }) => url.startsWith(prefix))
      // What stays when the rooms are replaced has power over them, and is for programs alone.
      if (isAnswered(request, response, own === undefined)) return
      if (own !== undefined) {
        run(handOver(own, request, response, origin))
        return
      }
      const prefix = prefixes.find((known) => url.startsWith(known))
      if (prefix === undefined) {
        answerCall(request, response, origin, hostId)
        return
      }
      run(
        rooms.use((services) => {
          const route = Context.get(services, Routes).find((known) => known.prefix === prefix)
          return route === undefined ? Effect.void : handOver(route, request, response, origin)
        })
      )
    }
  }
})

/**
 * A route that breaks takes its connection with it: its answer may be half sent. One that has
 * answered without reading the body leaves the rest of it to be thrown away.
 */
const handingOver =
  (bodyMillis: number) =>
  (
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
    ).pipe(
      Effect.zipRight(
        Effect.sync(() => {
          if (!request.complete) BodyRest.discard(request, bodyMillis)
        })
      )
    )

const refusalOf = (cause: Cause.Cause<Failure>): Refusal.Refusal | undefined => {
  const failure = Cause.failureOrCause(cause)
  return failure._tag === "Left" && failure.left._tag === "Refusal" ? failure.left : undefined
}
