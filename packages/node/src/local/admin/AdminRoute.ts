/**
 * The admin route: what {@link Admin} can do, over HTTP, with a token of its own.
 *
 * @since 0.1.0
 */
import { issuesOf } from "@effect-agentbay/core/Protocol"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as NodeHttp from "node:http"
import * as Faults from "../../Faults.js"
import type * as Admin from "./Admin.js"
import { invalid, type LocalAdminError } from "./AdminError.js"
import * as Answer from "../http/Answer.js"
import * as ApiKey from "../http/ApiKey.js"
import type * as FaultPlan from "../faults/FaultPlan.js"
import { isLoopback } from "../http/Listener.js"
import type * as BodyBudget from "../http/BodyBudget.js"
import * as RequestForm from "../http/RequestForm.js"
import type { Route } from "../http/Routes.js"
import type { Service as Times } from "../http/Timing.js"

/** An error of this route: what is wrong with the request, not with the server. */
interface Refused {
  readonly _tag: "Refused"
  readonly status: number
  readonly message: string
}

const refused = (status: number, message: string): Refused => ({
  _tag: "Refused",
  status,
  message
})

const refusedBody = {
  TooLarge: refused(413, "the body is too large"),
  TooSlow: refused(408, "the body did not arrive in time"),
  NoRoom: refused(503, "the server is reading as many bodies as it can hold")
}

type Failure = Refused | LocalAdminError | Faults.FaultsInvalid

const statusOf: { readonly [Reason in LocalAdminError["reason"]]: number } = {
  InvalidArgument: 400,
  SnapshotNotFound: 404,
  SnapshotExists: 409,
  Seed: 422,
  Restore: 422,
  Server: 500
}

const failureStatus = (failure: Failure): number => {
  switch (failure._tag) {
    case "Refused":
      return failure.status
    case "FaultsInvalid":
      return 400
    case "LocalAdminError":
      return statusOf[failure.reason]
  }
}

const SeedRequest = Schema.Struct({
  context: Schema.String,
  folder: Schema.String,
  path: Schema.String
})
const ClockRequest = Schema.Struct({ advance: Schema.Union(Schema.Number, Schema.String) })

/** Names what is wrong, never the text itself: it may be anything. */
const read = <A, I>(schema: Schema.Schema<A, I>, body: string): Effect.Effect<A, LocalAdminError> =>
  Effect.mapError(Schema.decodeUnknown(Schema.parseJson(schema))(body), ({ issue }) =>
    invalid(
      `the body is not as it should be: ${issuesOf(issue)
        .map(({ message, path }) => [...path.map(String), message].join(": "))
        .join("; ")}`
    )
  )

/** A request that may be carried out, taken apart. */
interface Asked {
  readonly method: string
  /** The path below the prefix, in segments. */
  readonly segments: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly body: string
  /** Whether it comes from this machine. */
  readonly isLocal: boolean
}

type Handler = (asked: Asked) => Effect.Effect<unknown, Failure>

/** A snapshot's name, or a place in a path that any segment takes. */
const anySegment = "*"

interface Endpoint {
  readonly method: string
  readonly path: ReadonlyArray<string>
  readonly handle: Handler
}

const fits = (endpoint: Endpoint, segments: ReadonlyArray<string>): boolean =>
  endpoint.path.length === segments.length &&
  endpoint.path.every((part, index) => part === anySegment || part === segments[index])

const done = { done: true }

const countOf = (query: URLSearchParams): Effect.Effect<number | undefined, LocalAdminError> => {
  const text = query.get("last")
  if (text === null) return Effect.succeed(undefined)
  return /^\d{1,6}$/.test(text)
    ? Effect.succeed(Number(text))
    : Effect.fail(invalid("last must be a number of calls"))
}

const endpoints = (admin: Admin.Service, faults: FaultPlan.Service): ReadonlyArray<Endpoint> => {
  const on = (method: string, path: string, handle: Handler): Endpoint => ({
    method,
    path: path.split("/"),
    handle
  })
  const shown = () => ({ faults: Faults.encode(faults.rules()) })
  const setFaults = (rules: Faults.Faults) =>
    Effect.sync(() => {
      faults.set(rules)
      return shown()
    })
  const clock = (now: DateTime.Utc) => ({ now: DateTime.formatIso(now) })
  return [
    on("GET", "state", () => admin.state),
    on("POST", "reset", () => Effect.as(admin.reset, done)),
    on("POST", "seed", ({ body, isLocal }) =>
      // Who can name a folder here can read it by way of a context.
      isLocal
        ? Effect.flatMap(read(SeedRequest, body), admin.seed)
        : Effect.fail(refused(403, "a context is seeded only from the machine itself"))
    ),
    on("GET", "faults", () => Effect.sync(shown)),
    on("PUT", "faults", ({ body }) => Effect.flatMap(Faults.decodeText(body), setFaults)),
    on("DELETE", "faults", () => setFaults([])),
    on("GET", "calls", ({ query }) =>
      Effect.map(Effect.flatMap(countOf(query), admin.calls), (calls) => ({ calls }))
    ),
    on("GET", "clock", () => Effect.map(admin.now, clock)),
    on("POST", "clock", ({ body }) =>
      Effect.map(
        Effect.flatMap(read(ClockRequest, body), ({ advance }) =>
          // Whatever is no time is refused there.
          admin.advance(advance as Parameters<Admin.Service["advance"]>[0])
        ),
        clock
      )
    ),
    on("PUT", `snapshots/${anySegment}`, ({ segments: [, name = ""] }) =>
      Effect.as(admin.snapshot(name), done)
    ),
    on("DELETE", `snapshots/${anySegment}`, ({ segments: [, name = ""] }) =>
      Effect.as(admin.removeSnapshot(name), done)
    ),
    on("POST", `snapshots/${anySegment}/restore`, ({ segments: [, name = ""] }) =>
      Effect.as(admin.restore(name), done)
    )
  ]
}

const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && isLoopback(address.replace(/^::ffff:/, ""))

const decodeSegment = (segment: string): Either.Either<string, unknown> =>
  Either.try(() => decodeURIComponent(segment))

const prefix = "/admin/"

/**
 * Makes the route.
 *
 * @since 0.1.0
 */
export const make = (options: {
  readonly admin: Admin.Service
  readonly faults: FaultPlan.Service
  readonly token: Redacted.Redacted
  readonly times: Times
  readonly budget: BodyBudget.Service
}): Route => {
  const table = endpoints(options.admin, options.faults)
  const isRightToken = ApiKey.check(options.token)

  const objection = ({ headers }: NodeHttp.IncomingMessage): Refused | undefined =>
    isRightToken(headers.authorization ?? "")
      ? undefined
      : refused(401, "the token of the admin route is missing or wrong")

  const handle = (request: NodeHttp.IncomingMessage, body: string) =>
    Effect.suspend((): Effect.Effect<unknown, Failure> => {
      const url = new URL(request.url ?? "", "http://local")
      const segments = Either.all(url.pathname.slice(prefix.length).split("/").map(decodeSegment))
      const known = Either.isRight(segments)
        ? table.filter((endpoint) => fits(endpoint, segments.right))
        : []
      const endpoint = known.find(({ method }) => method === request.method)
      if (Either.isLeft(segments) || known.length === 0) {
        return Effect.fail(refused(404, "there is nothing here"))
      }
      if (endpoint === undefined) {
        return Effect.fail(
          refused(405, `this takes ${known.map(({ method }) => method).join(" or ")}`)
        )
      }
      return endpoint.handle({
        method: endpoint.method,
        segments: segments.right,
        query: url.searchParams,
        body,
        isLocal: isLoopbackAddress(request.socket.remoteAddress)
      })
    })

  return {
    prefix,
    answer: (request, response) => {
      const send = (status: number, body: unknown) =>
        Effect.sync(() =>
          Answer.writeText(response, status, JSON.stringify(body), { "content-type": Answer.json })
        )
      const fail = (failure: Failure) =>
        send(failureStatus(failure), {
          error: failure._tag === "LocalAdminError" ? failure.reason : failure._tag,
          message: failure.message
        })
      const refusal = objection(request)
      const body =
        refusal === undefined
          ? Effect.mapError(
              RequestForm.body(request, response, options.times.body, options.budget),
              (fault) => refusedBody[fault]
            )
          : Effect.fail(refusal)
      return body.pipe(
        Effect.flatMap((text) => handle(request, text)),
        Effect.scoped,
        Effect.matchEffect({ onFailure: fail, onSuccess: (value) => send(200, value) })
      )
    }
  }
}
