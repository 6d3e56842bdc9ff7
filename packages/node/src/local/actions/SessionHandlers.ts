/**
 * Actions on sessions.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ContextStore } from "../contexts/ContextStore.js"
import { DirectLink, type Service as DirectLinkService } from "../tools/DirectLink.js"
import { type Entry, handle, type Origin } from "./Operation.js"
import * as Paging from "./Paging.js"
import * as Refusal from "./Refusal.js"
import { LiveStatus, type Session } from "../sessions/Session.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"
import { Sessions } from "../sessions/Sessions.js"
import { resourceUrl } from "./SessionStateHandlers.js"
import { Toolbox } from "../tools/Toolbox.js"

/** Without a link, clients call the tools through `CallMcpTool`. */
const connection = (
  session: Session,
  origin: Origin,
  links: DirectLinkService,
  toolList: ReadonlyArray<Protocol.ToolDescription>
) => ({
  sessionId: session.id,
  success: true,
  appInstanceId: session.appInstanceId,
  resourceId: session.resourceId,
  resourceUrl: resourceUrl(session, origin),
  httpPort: "",
  networkInterfaceIp: "",
  vpcResource: false,
  ...links.of(session.id, origin),
  wsUrl: "",
  toolList
})

const hasLabels = (session: Session, wanted: { readonly [name: string]: string }): boolean =>
  Object.entries(wanted).every(([name, value]) => session.labels[name] === value)

/** The words that clients filter by. No session has the last two: those are not listed. */
const statusFilters = new Set<string>([...LiveStatus.literals, "DELETED", "UNKNOWN"])

/** A session that is being released is shown only to those who ask for such. */
const hasStatus = (session: Session, wanted: string | undefined): boolean =>
  wanted ? session.status === wanted : session.status !== "DELETING"

/** The service's default, in seconds. */
const defaultIdleSeconds = 300

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ReadonlyArray<Entry>,
  never,
  ContextStore | DirectLink | SessionRegistry | Sessions | Toolbox
> = Effect.gen(function* () {
  const contexts = yield* ContextStore
  const registry = yield* SessionRegistry
  const sessions = yield* Sessions
  const links = yield* DirectLink
  const { tools } = yield* Toolbox

  const findEver = (id: string) =>
    registry.get(id).pipe(
      Effect.catchAll(() =>
        Effect.flatMap(
          registry.findEver(id),
          Option.match({
            onNone: () => Effect.fail(Refusal.sessionNotFound),
            onSome: (ended) => Effect.succeed(ended)
          })
        )
      )
    )

  const release = Effect.fn("LocalAgentBay.DeleteSessionAsync")(function* (payload: {
    readonly sessionId: string
  }) {
    yield* sessions.release(payload.sessionId)
    return {}
  })

  return [
    // Ids are not taken from requests. Network, recording, skills and the like have no effect.
    handle(
      Protocol.CreateMcpSession,
      Effect.fn("LocalAgentBay.CreateMcpSession")(function* (payload, origin) {
        const { timeout = defaultIdleSeconds } = payload
        if (timeout < 1) {
          return yield* Refusal.invalidParameter("Timeout", "must be at least 1 second")
        }
        const session = yield* sessions.create({
          imageId: payload.imageId || "linux_latest",
          regionId: payload.loginRegionId || "local",
          policyId: payload.mcpPolicyId ?? "",
          labels: payload.labels ?? {},
          idleSeconds: timeout,
          bindings: payload.persistenceDataList ?? []
        })
        return { data: { ...connection(session, origin, links, tools), errMsg: "" } }
      })
    ),
    handle(
      Protocol.GetSession,
      Effect.fn("LocalAgentBay.GetSession")(function* (payload, origin) {
        const session = yield* registry.get(payload.sessionId)
        const names = yield* contexts.names(session.bindings.map((binding) => binding.contextId))
        return {
          data: {
            ...connection(session, origin, links, tools),
            status: session.status,
            contexts: [...names].map(([id, name]) => ({ id, name }))
          }
        }
      })
    ),
    handle(
      Protocol.GetSessionDetail,
      Effect.fn("LocalAgentBay.GetSessionDetail")(function* (payload) {
        const session = yield* findEver(payload.sessionId)
        return {
          data: {
            aliuid: "local",
            apikeyId: "local",
            appInstanceGroupId: "local",
            appInstanceId: session.appInstanceId,
            appUserId: "local",
            bizType: 1,
            endReason: session.endReason,
            id: session.sequence,
            imageId: session.imageId,
            imageType: "SYSTEM",
            isDeleted: session.status === "FINISH" ? 1 : 0,
            policyId: session.policyId,
            regionId: session.regionId,
            resourceConfigId: "",
            status: session.status
          }
        }
      })
    ),
    handle(
      Protocol.ListSession,
      Effect.fn("LocalAgentBay.ListSession")(function* (payload) {
        if (payload.status && !statusFilters.has(payload.status)) {
          return yield* Refusal.invalidParameter(
            "Status",
            `must be one of ${[...statusFilters].join(", ")}`
          )
        }
        const page = yield* Paging.page(
          registry
            .all()
            .filter(
              (session) => hasStatus(session, payload.status) && hasLabels(session, payload.labels)
            ),
          payload
        )
        return {
          data: page.items.map((session) => ({
            sessionId: session.id,
            sessionStatus: session.status
          })),
          maxResults: page.maxResults,
          nextToken: page.nextToken,
          totalCount: page.totalCount
        }
      })
    ),
    handle(Protocol.DeleteSessionAsync, release),
    // The name under which clients before December 2025 ask for the same.
    handle(Protocol.ReleaseMcpSession, release)
  ]
})
