import { samePath } from "../syncBaseline.js"
import { normalPath } from "./paths.js"
import {
  type Handler,
  isoTime,
  labelsOf,
  type MemoryReply,
  noContext,
  ok,
  pageOf,
  type Parameters,
  refusal
} from "./reply.js"
import { toolList } from "./tools.js"
import { beginBinding, endBindings, sync, tellTasks } from "./transfers.js"
import {
  addContext,
  type MemoryBinding,
  type MemorySession,
  parseBindings,
  type World
} from "./world.js"

const noSession = refusal("InvalidMcpSession.NotFound", "Resource [McpSession] is not found.")

const notRunning = (state: string) =>
  refusal("InvalidMcpSession.Status", `The session is ${state} and has to be RUNNING for this.`)

const mount = (world: World, session: MemorySession, binding: MemoryBinding, at: number) => {
  session.bindings.push(binding)
  session.folders.add(normalPath(binding.path))
  beginBinding(world, session, binding, at)
}

// A state that passes is told for some questions, then the one that it leads to.
const tellState = (session: MemorySession): MemorySession["state"] => {
  if (session.state !== "PAUSING" && session.state !== "RESUMING") return session.state
  if (session.stateLeft-- > 0) return session.state
  session.state = session.state === "PAUSING" ? "PAUSED" : "RUNNING"
  return session.state
}

const tell = (session: MemorySession) => ({
  SessionId: session.id,
  Success: true,
  AppInstanceId: `app-${session.serial}`,
  ResourceId: `resource-${session.serial}`,
  ResourceUrl: `https://session.agentbay.test/${session.id}`,
  ToolList: toolList
})

/** What a session is asked for: also while it is paused, or only while it runs. */
type SessionHandler = (session: MemorySession, parameters: Parameters, at: number) => MemoryReply

const always = (world: World): { readonly [action: string]: SessionHandler } => ({
  GetSession: (session) =>
    ok({
      ...tell(session),
      Status: tellState(session),
      contexts: session.bindings.map(({ contextId: id }) => ({
        id,
        name: world.contexts.get(id)?.name ?? ""
      }))
    }),

  ResumeSessionAsync: (session) => {
    if (session.state === "PAUSED" || session.state === "PAUSING") {
      session.state = "RESUMING"
      session.stateLeft = world.polls
    }
    return ok()
  },

  PauseSessionAsync: (session) => {
    if (session.state === "RUNNING" || session.state === "RESUMING") {
      session.state = "PAUSING"
      session.stateLeft = world.polls
    }
    return ok()
  },

  GetLabel: (session) =>
    ok(
      { Labels: JSON.stringify(session.labels) },
      { MaxResults: 10, NextToken: "", TotalCount: Object.keys(session.labels).length }
    )
})

const release =
  (world: World): SessionHandler =>
  (session, _, at) => {
    endBindings(world, session, at)
    session.state = "FINISH"
    return ok()
  }

const running = (world: World): { readonly [action: string]: SessionHandler } => ({
  DeleteSessionAsync: release(world),
  ReleaseMcpSession: release(world),

  RefreshSessionIdleTime: () => ok(),

  SetLabel: (session, parameters) => {
    session.labels = labelsOf(parameters["Labels"])
    return ok()
  },

  GetLink: (session, { Port: port, ProtocolType: protocol = "wss" }) =>
    ok({
      Url: `${protocol}://link.agentbay.test/${session.id}${port === undefined ? "" : `/${port}`}`
    }),

  GetMcpResource: (session) =>
    ok({
      SessionId: session.id,
      ResourceUrl: tell(session).ResourceUrl,
      DesktopInfo: {
        AppId: `app-${session.serial}`,
        AuthCode: "auth-code",
        ConnectionProperties: "{}",
        ResourceId: `resource-${session.serial}`,
        ResourceType: "Desktop",
        Ticket: "ticket"
      }
    }),

  SyncContext: (session, parameters, at) => sync(world, session, parameters, at),

  GetContextInfo: tellTasks,

  DescribeSessionContexts: (session) =>
    ok(
      session.bindings.map(({ boundAt, contextId, path, policyText }) => ({
        ContextId: contextId,
        ContextName: world.contexts.get(contextId)?.name ?? "",
        Path: path,
        Policy: policyText,
        BindTime: isoTime(boundAt)
      }))
    ),

  BindContexts: (session, parameters, at) => {
    const wanted = parseBindings(parameters["PersistenceDataList"], at)
    if (wanted.some(({ contextId }) => !world.contexts.has(contextId))) return noContext
    const taken = wanted.find(({ path }) =>
      session.bindings.some((bound) => samePath(bound.path, path))
    )
    if (taken !== undefined) {
      return refusal("PathAlreadyBound", `Path ${taken.path} is already bound`)
    }
    for (const binding of wanted) mount(world, session, binding, at)
    return ok()
  },

  GetAndLoadInternalContext: (session, { "ContextTypes.1": type = "file_transfer" }, at) => {
    session.transferContextId ??= addContext(world, {
      name: `${type} of ${session.id}`,
      at,
      internal: true
    }).id
    return ok([
      {
        ContextId: session.transferContextId,
        ContextPath: "/tmp/file_transfer",
        ContextType: type
      }
    ])
  }
})

/** Sessions; `inSession` is what only a session that runs is asked for, besides. */
export const sessionHandlers = (
  world: World,
  inSession: { readonly [action: string]: SessionHandler }
): { readonly [action: string]: Handler } => {
  const live = () => [...world.sessions.values()].filter(({ state }) => state !== "FINISH")

  const withSession =
    (use: SessionHandler): Handler =>
    (parameters, at) => {
      const session = world.sessions.get(parameters["SessionId"] ?? "")
      return session === undefined || session.state === "FINISH"
        ? noSession
        : use(session, parameters, at)
    }

  const whileRunning =
    (use: SessionHandler): SessionHandler =>
    (session, parameters, at) =>
      session.state === "RUNNING" ? use(session, parameters, at) : notRunning(session.state)

  const all = (
    handlers: { readonly [action: string]: SessionHandler },
    wrap: (use: SessionHandler) => SessionHandler
  ) =>
    Object.fromEntries(
      Object.entries(handlers).map(([action, use]) => [action, withSession(wrap(use))])
    )

  return {
    ...all(always(world), (use) => use),
    ...all({ ...running(world), ...inSession }, whileRunning),

    CreateMcpSession: (parameters, at) => {
      const bindings = parseBindings(parameters["PersistenceDataList"], at)
      if (bindings.some(({ contextId }) => !world.contexts.has(contextId))) return noContext
      const serial = world.nextSerial()
      const session: MemorySession = {
        serial,
        id: `session-${serial}`,
        imageId: parameters["ImageId"] ?? "linux_latest",
        labels: labelsOf(parameters["Labels"]),
        bindings: [],
        files: new Map(),
        folders: new Set(["/home/wuying", "/tmp"]),
        changes: [],
        tasks: [],
        state: "RUNNING",
        stateLeft: 0,
        transferContextId: undefined
      }
      world.sessions.set(session.id, session)
      for (const binding of bindings) mount(world, session, binding, at)
      return ok(tell(session))
    },

    GetSessionDetail: (parameters) => {
      const session = world.sessions.get(parameters["SessionId"] ?? "")
      return session === undefined
        ? noSession
        : ok({ Status: tellState(session), ImageId: session.imageId })
    },

    ListSession: (parameters) => {
      const wanted = Object.entries(labelsOf(parameters["Labels"]))
      const found = live().filter(
        ({ labels, state }) =>
          wanted.every(([key, value]) => labels[key] === value) &&
          (parameters["Status"] ?? state) === state
      )
      return pageOf(found, parameters, ({ id, state }) => ({
        SessionId: id,
        SessionStatus: state
      }))
    }
  }
}
