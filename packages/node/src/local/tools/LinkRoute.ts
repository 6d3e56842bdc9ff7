/**
 * Calls of tools through the direct link of a session.
 *
 * @since 0.1.0
 */
import type { ToolResult } from "@effect-agentbay/core/Protocol"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import type * as NodeHttp from "node:http"
import { BodyBudget } from "../http/BodyBudget.js"
import * as Caller from "../http/Caller.js"
import * as DirectLink from "./DirectLink.js"
import * as RequestForm from "../http/RequestForm.js"
import type { Route } from "../http/Routes.js"
import { Timing } from "../http/Timing.js"
import { Toolbox } from "./Toolbox.js"

/** A call that is not made. Clients look at the status alone. */
class LinkRefused extends Data.TaggedError("LinkRefused")<{
  readonly status: number
  readonly issue: string
}> {}

const refuse = (status: number, issue: string) => new LinkRefused({ status, issue })

const Body = Schema.parseJson(
  Schema.Struct({
    tool: Schema.String,
    args: Schema.optional(
      Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
    ),
    token: Schema.optional(Schema.NullOr(Schema.String))
  })
)

const path = new RegExp(`^${DirectLink.prefix}([^/?]+)/callTool(?:\\?.*)?$`)

/** The session that the address names. */
const sessionOf = ({ method, url = "" }: NodeHttp.IncomingMessage) => {
  const sessionId = path.exec(url)?.[1]
  if (sessionId === undefined) return Effect.fail(refuse(404, "no such address"))
  return method === "POST"
    ? Effect.succeed(sessionId)
    : Effect.fail(refuse(405, "only POST is answered here"))
}

const refusedBody = {
  TooLarge: refuse(413, `the body has more than ${RequestForm.maxBodyBytes} bytes`),
  TooSlow: refuse(408, "the body did not arrive in time"),
  NoRoom: refuse(503, "the server is reading as many bodies as it can hold")
}

const write = (response: NodeHttp.ServerResponse, status: number, body: object) =>
  Effect.sync(() => {
    const text = JSON.stringify(body)
    response.writeHead(status, {
      "content-type": "application/json;charset=utf-8",
      "content-length": Buffer.byteLength(text)
    })
    response.end(text)
  })

/**
 * The route of all links; none when there are no links.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ReadonlyArray<Route>,
  never,
  BodyBudget | DirectLink.DirectLink | Toolbox
> = Effect.gen(function* () {
  const links = yield* DirectLink.DirectLink
  const toolbox = yield* Toolbox
  const times = yield* Timing
  const budget = yield* BodyBudget

  const callTool = Effect.fn("LocalAgentBay.callTool")(function* (
    request: NodeHttp.IncomingMessage,
    response: NodeHttp.ServerResponse
  ): Effect.fn.Return<ToolResult, LinkRefused, Scope.Scope> {
    const sessionId = yield* sessionOf(request)
    const header = request.headers["x-access-token"]
    const checkToken = (token: unknown) =>
      typeof token !== "string" || token === ""
        ? Effect.fail(refuse(401, "a token is missing"))
        : links.isRight(sessionId, token)
          ? Effect.void
          : Effect.fail(refuse(403, "the token is wrong"))
    // Whoever sends a wrong one here is not read any further.
    if (header !== undefined) yield* checkToken(header)
    const { args, token, tool } = yield* Effect.flatMap(
      Effect.mapError(
        RequestForm.body(request, response, times.body, budget),
        (fault) => refusedBody[fault]
      ),
      (body) =>
        Effect.mapError(Schema.decode(Body)(body), () =>
          refuse(header === undefined ? 401 : 400, "the body is no JSON object with tool and args")
        )
    )
    if (header === undefined) yield* checkToken(token)
    const text = yield* Effect.try({
      try: () => JSON.stringify(args ?? {}),
      // JSON can be read at any depth, but not written.
      catch: () => refuse(400, "the arguments are nested too deeply")
    })
    return yield* Effect.mapError(toolbox.call(sessionId, tool, text), ({ description }) =>
      refuse(404, description)
    )
  })

  const route: Route = {
    prefix: DirectLink.prefix,
    answer: (request, response) =>
      Caller.whileThere(response, Effect.scoped(callTool(request, response))).pipe(
        Effect.matchEffect({
          onSuccess: (result) => write(response, 200, { data: { result } }),
          onFailure: ({ issue, status }) => write(response, status, { error: issue })
        })
      )
  }
  return links.isOn ? [route] : []
})
