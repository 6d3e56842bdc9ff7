import * as Effect from "effect/Effect"
import type { CreateError } from "../AgentBay.js"
import { type CallError, type SyncTimeout, TransportError } from "../AgentBayError.js"
import type * as AgentBayHttp from "../AgentBayHttp.js"
import * as PollPolicy from "../PollPolicy.js"
import { CreateMcpSession } from "../Protocol.js"
import * as Session from "../Session.js"
import type { CreateRequest } from "./createRequest.js"
import * as PollLoop from "./pollLoop.js"
import { shielded } from "./shielded.js"
import * as SyncWait from "./syncWait.js"

/** Nothing can interrupt the end of a scope, so its wait has to end by itself. */
export const closingPolicy = (http: AgentBayHttp.Service): PollPolicy.PollPolicy =>
  http.pollPolicy._tag === "Custom" ? PollPolicy.standard : http.pollPolicy

/** A session that is there, and the request that made it. */
export type Created = { readonly session: Session.Session; readonly requestId: string }

/** Sends the request for a session. */
export const open = (http: AgentBayHttp.Service, request: CreateRequest) =>
  Effect.gen(function* () {
    const { reply, requestId } = yield* shielded(http.call(CreateMcpSession, request.payload))
    const { linkUrl, resourceUrl, sessionId, token, toolList } = reply.data
    if (sessionId === undefined || sessionId === "") {
      return yield* new TransportError({
        operation: CreateMcpSession.action,
        reason: "Decode",
        description: "the answer names no session",
        requestId
      })
    }
    const session = Session.fromHttp(http, {
      sessionId,
      resourceUrl,
      imageId: request.payload.imageId,
      tools: toolList ?? [],
      linkUrl,
      token
    })
    const created: Created = { session, requestId }
    return created
  })

/** Waits for the files that are to be there at its start. */
export const awaitDownloads = (
  http: AgentBayHttp.Service,
  { requestId, session }: Created,
  { awaited, policy, unawaited }: CreateRequest
): Effect.Effect<Session.Session, CreateError> =>
  awaited.length === 0
    ? Effect.succeed(session)
    : PollLoop.runAlone(
        SyncWait.initialDownloads(http, {
          sessionId: session.sessionId,
          requestId,
          bindings: awaited,
          unawaited,
          policy
        })
      ).pipe(Effect.as(session))

/**
 * The end of a scope cannot fail with a typed error; a session that is gone already is as good
 * as deleted.
 */
export const quietly = (
  { session }: Created,
  deletion: Effect.Effect<unknown, CallError | SyncTimeout>
): Effect.Effect<unknown> =>
  deletion.pipe(
    Effect.catchAll((error) =>
      error._tag === "ApiError" && error.reason === "SessionNotFound"
        ? Effect.void
        : Effect.logWarning("A session could not be deleted").pipe(
            Effect.annotateLogs({
              package: "@effect-agentbay/core",
              module: "AgentBay",
              sessionId: session.sessionId,
              error: error.message
            })
          )
    )
  )
