/**
 * Actions that change or tell the state of a session.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type Entry, handle, type Origin } from "./Operation.js"
import * as Refusal from "./Refusal.js"
import type { Session } from "../sessions/Session.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"
import { Sessions } from "../sessions/Sessions.js"

/**
 * Where a console would show the session. Nothing answers there.
 *
 * @since 0.1.0
 */
export const resourceUrl = (session: Session, origin: Origin): string =>
  `${origin.url}/console?resourceId=${session.resourceId}`

/** Labels are told whole, whatever page is asked for: there are few, and clients ask once. */
const defaultMaxResults = 10

interface LinkRequest {
  readonly port?: number | undefined
  readonly protocolType?: string | undefined
}

/** Nothing of a session listens anywhere, so nothing answers behind the link. */
const linkOf = (session: Session, { port, protocolType }: LinkRequest, origin: Origin) => {
  if (port !== undefined && (port < 1 || port > 65_535)) {
    return Effect.fail(Refusal.invalidParameter("Port", "must be between 1 and 65535"))
  }
  const scheme = protocolType || "wss"
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    return Effect.fail(Refusal.invalidParameter("ProtocolType", "must be the name of a scheme"))
  }
  const place = `${new URL(origin.url).host}/sessions/${session.id}`
  return Effect.succeed(`${scheme}://${place}${port === undefined ? "" : `/ports/${port}`}`)
}

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ReadonlyArray<Entry>,
  never,
  SessionRegistry | Sessions
> = Effect.gen(function* () {
  const registry = yield* SessionRegistry
  const sessions = yield* Sessions

  return [
    handle(
      Protocol.PauseSessionAsync,
      Effect.fn("LocalAgentBay.PauseSessionAsync")((payload) =>
        Effect.as(sessions.pause(payload.sessionId), {})
      )
    ),
    handle(
      Protocol.ResumeSessionAsync,
      Effect.fn("LocalAgentBay.ResumeSessionAsync")((payload) =>
        Effect.as(sessions.resume(payload.sessionId), {})
      )
    ),
    handle(
      Protocol.RefreshSessionIdleTime,
      Effect.fn("LocalAgentBay.RefreshSessionIdleTime")((payload) =>
        // To be inside for a moment is all it takes.
        registry.within(payload.sessionId, () => Effect.succeed({}))
      )
    ),
    handle(
      Protocol.SetLabel,
      Effect.fn("LocalAgentBay.SetLabel")((payload) =>
        Effect.as(sessions.setLabels(payload.sessionId, payload.labels), {})
      )
    ),
    handle(
      Protocol.GetLabel,
      Effect.fn("LocalAgentBay.GetLabel")((payload) =>
        Effect.map(registry.get(payload.sessionId), ({ labels }) => ({
          data: { labels },
          maxResults: payload.maxResults ?? defaultMaxResults,
          nextToken: "",
          totalCount: Object.keys(labels).length
        }))
      )
    ),
    handle(
      Protocol.GetMcpResource,
      Effect.fn("LocalAgentBay.GetMcpResource")((payload, origin) =>
        registry.within(payload.sessionId, (session) =>
          Effect.succeed({
            data: {
              sessionId: session.id,
              resourceUrl: resourceUrl(session, origin),
              // A session has no desktop: what would open it is empty.
              desktopInfo: {
                appId: "local",
                authCode: Redacted.make(""),
                connectionProperties: "{}",
                resourceId: session.resourceId,
                resourceType: "Desktop",
                ticket: Redacted.make("")
              }
            }
          })
        )
      )
    ),
    handle(
      Protocol.GetLink,
      Effect.fn("LocalAgentBay.GetLink")((payload, origin) =>
        registry.within(payload.sessionId, (session) =>
          Effect.map(linkOf(session, payload, origin), (url) => ({
            data: { url: Redacted.make(url) }
          }))
        )
      )
    )
  ]
})
