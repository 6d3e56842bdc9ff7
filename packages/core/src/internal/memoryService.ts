import * as Encoding from "effect/Encoding"
import * as Either from "effect/Either"
import { encodeStatus, type StatusItem } from "./statusItem.js"

/** What the service in memory answers. */
export type MemoryReply =
  | {
      readonly _tag: "Ok"
      readonly data?: unknown
      readonly beside?: { readonly [key: string]: unknown }
    }
  | { readonly _tag: "Refusal"; readonly code: string; readonly message: string }

type Parameters = { readonly [name: string]: string }

interface MemoryBinding {
  readonly contextId: string
  readonly path: string
}

interface MemoryTask {
  readonly item: StatusItem
  pollsLeft: number
}

interface MemorySession {
  readonly id: string
  readonly labels: { readonly [name: string]: string }
  readonly bindings: ReadonlyArray<MemoryBinding>
  readonly files: Map<string, Uint8Array>
  tasks: Array<MemoryTask>
  live: boolean
}

interface MemoryContext {
  readonly id: string
  readonly name: string
  readonly files: Map<string, Uint8Array>
}

const ok = (data?: unknown, beside: { readonly [key: string]: unknown } = {}): MemoryReply => ({
  _tag: "Ok",
  data,
  beside
})

const refusal = (code: string, message: string): MemoryReply => ({ _tag: "Refusal", code, message })

const noSession = refusal("InvalidMcpSession.NotFound", "Resource [McpSession] is not found.")
const noContext = refusal("Context.NotFound", "Context not found")

const parseJson = (text: string | undefined): unknown =>
  text === undefined ? undefined : JSON.parse(text)

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

const text = (value: unknown): string => (typeof value === "string" ? value : "")

const parseBindings = (list: string | undefined): ReadonlyArray<MemoryBinding> => {
  const parsed = parseJson(list)
  return Array.isArray(parsed)
    ? parsed.map((entry: unknown) => ({
        contextId: text(field(entry, "ContextId")),
        path: text(field(entry, "Path"))
      }))
    : []
}

const withoutSlash = (path: string) => path.replace(/\/+$/, "")

const isBelow = (path: string, folder: string) =>
  path === withoutSlash(folder) || path.startsWith(`${withoutSlash(folder)}/`)

// A transfer in memory copies everything below its path, and deletes nothing.
const copy = (from: Map<string, Uint8Array>, to: Map<string, Uint8Array>, folder: string) => {
  for (const [path, bytes] of from) if (isBelow(path, folder)) to.set(path, bytes)
}

const toolAnswer = (content: string, isError = false) =>
  ok({ content: [{ type: "text", text: content }], isError })

/** The list that tells a client that `write_file` takes bytes. */
const toolList = JSON.stringify([
  {
    name: "write_file",
    server: "wuying_filesystem",
    inputSchema: { type: "object", properties: { format: { enum: ["text", "binary"] } } }
  }
])

const childrenOf = (files: Map<string, Uint8Array>, folder: string): ReadonlyArray<string> => {
  const prefix = folder.endsWith("/") ? folder : `${folder}/`
  const lines = new Set<string>()
  for (const path of files.keys()) {
    if (!path.startsWith(prefix)) continue
    const rest = path.slice(prefix.length)
    const slash = rest.indexOf("/")
    lines.add(slash === -1 ? `[FILE] ${rest}` : `[DIR] ${rest.slice(0, slash)}`)
  }
  return [...lines]
}

const bytesOf = (args: unknown): Uint8Array => {
  const content = text(field(args, "content"))
  return field(args, "format") === "binary"
    ? Either.getOrElse(Encoding.decodeBase64(content), () => new Uint8Array())
    : new TextEncoder().encode(content)
}

const callTool = (session: MemorySession, name: string, args: unknown): MemoryReply => {
  const { files } = session
  const path = text(field(args, "path"))
  const bytes = files.get(path)
  switch (name) {
    case "write_file": {
      const before = field(args, "mode") === "append" ? (bytes ?? new Uint8Array()) : undefined
      files.set(path, new Uint8Array([...(before ?? []), ...bytesOf(args)]))
      return toolAnswer("true")
    }
    case "list_directory": {
      const children = childrenOf(files, path)
      return children.length === 0
        ? toolAnswer(`directory not found: ${path}`, true)
        : toolAnswer(children.join("\n"))
    }
    case "get_file_info":
      return bytes === undefined
        ? toolAnswer(`file not found: ${path}`, true)
        : toolAnswer(`path: ${path}\nsize: ${bytes.length}\nisDirectory: false`)
    case "read_file": {
      if (bytes === undefined) return toolAnswer(`file not found: ${path}`, true)
      const offset = Number(field(args, "offset") ?? 0)
      const length = Number(field(args, "length") ?? 0)
      const piece = bytes.subarray(offset, length === 0 ? undefined : offset + length)
      return toolAnswer(
        field(args, "format") === "binary"
          ? Encoding.encodeBase64(piece)
          : new TextDecoder().decode(piece)
      )
    }
    default:
      return toolAnswer(`tool not found: ${name}`, true)
  }
}

/**
 * A small, well-behaved AgentBay without network and disk: sessions, contexts, files and
 * transfers that take a given number of status requests.
 */
export const makeMemoryService = (options: { readonly taskPolls: number }) => {
  const sessions = new Map<string, MemorySession>()
  const contexts = new Map<string, MemoryContext>()
  let serial = 0
  const nextId = (prefix: string) => `${prefix}-${++serial}`

  const begin = (session: MemorySession, binding: MemoryBinding, taskType: string, at: number) => {
    const store = contexts.get(binding.contextId)?.files
    if (store !== undefined) {
      const [from, to] = taskType === "upload" ? [session.files, store] : [store, session.files]
      copy(from, to, binding.path)
    }
    const startTime = Math.floor(at / 1000)
    const item = { ...binding, taskType, startTime, taskId: nextId("task") }
    session.tasks = session.tasks.filter(
      (task) =>
        task.item.contextId !== binding.contextId ||
        task.item.path !== binding.path ||
        task.item.taskType !== taskType
    )
    session.tasks.push({ item, pollsLeft: options.taskPolls })
  }

  const isAskedFor = ({ item }: MemoryTask, parameters: Parameters) =>
    (parameters["ContextId"] ?? item.contextId) === item.contextId &&
    (parameters["Path"] ?? item.path) === item.path &&
    (parameters["TaskType"] ?? item.taskType) === item.taskType

  const listTasks = (
    session: MemorySession,
    parameters: Parameters,
    at: number
  ): ReadonlyArray<StatusItem> =>
    session.tasks
      .filter((task) => isAskedFor(task, parameters))
      .map((task) => {
        const running = task.pollsLeft-- > 0
        return {
          ...task.item,
          status: running ? "Running" : "Success",
          finishTime: running ? 0 : Math.max(1, Math.floor(at / 1000))
        }
      })

  const createSession = (parameters: Parameters, at: number): MemoryReply => {
    const bindings = parseBindings(parameters["PersistenceDataList"])
    if (bindings.some((binding) => !contexts.has(binding.contextId))) return noContext
    const session: MemorySession = {
      id: nextId("session"),
      labels: Object(parseJson(parameters["Labels"])),
      bindings,
      files: new Map(),
      tasks: [],
      live: true
    }
    sessions.set(session.id, session)
    for (const binding of bindings) begin(session, binding, "download", at)
    return ok({ SessionId: session.id, Success: true, ToolList: toolList })
  }

  const getContext = (parameters: Parameters): MemoryReply => {
    const known = [...contexts.values()].find((context) =>
      parameters["ContextId"] === undefined
        ? context.name === parameters["Name"]
        : context.id === parameters["ContextId"]
    )
    if (known === undefined && parameters["AllowCreate"] !== "true") return noContext
    const context = known ?? {
      id: nextId("SdkCtx"),
      name: parameters["Name"] ?? "",
      files: new Map<string, Uint8Array>()
    }
    contexts.set(context.id, context)
    return ok({ Id: context.id, Name: context.name, State: "available" })
  }

  const listSessions = (parameters: Parameters): MemoryReply => {
    const wanted = Object.entries(Object(parseJson(parameters["Labels"])))
    const found = [...sessions.values()]
      .filter(({ labels, live }) => live && wanted.every(([key, value]) => labels[key] === value))
      .filter(() => (parameters["Status"] ?? "RUNNING") === "RUNNING")
      .toReversed()
      .map(({ id }) => ({ SessionId: id, SessionStatus: "RUNNING" }))
    return ok(found, { NextToken: "", TotalCount: found.length })
  }

  const inSession = (
    action: string,
    session: MemorySession,
    parameters: Parameters,
    at: number
  ): MemoryReply => {
    switch (action) {
      case "GetSession":
        return ok({ SessionId: session.id, Status: "RUNNING", Success: true, ToolList: toolList })
      case "DeleteSessionAsync":
        for (const binding of session.bindings) begin(session, binding, "upload", at)
        session.live = false
        return ok()
      case "DescribeSessionContexts":
        return ok(
          session.bindings.map(({ contextId, path }) => ({ ContextId: contextId, Path: path }))
        )
      case "SyncContext": {
        const { ContextId: contextId, Mode: mode = "upload", Path: path } = parameters
        const targets =
          contextId === undefined || path === undefined ? session.bindings : [{ contextId, path }]
        for (const target of targets) begin(session, target, mode, at)
        return ok()
      }
      case "GetContextInfo":
        return ok({ ContextStatus: encodeStatus(listTasks(session, parameters, at)) })
      case "CallMcpTool":
        return callTool(session, parameters["Name"] ?? "", parseJson(parameters["Args"]))
      default:
        return refusal("InvalidAction.NotFound", "Specified api is not found.")
    }
  }

  return (action: string, parameters: Parameters, at: number): MemoryReply => {
    switch (action) {
      case "CreateMcpSession":
        return createSession(parameters, at)
      case "GetContext":
        return getContext(parameters)
      case "ListSession":
        return listSessions(parameters)
    }
    const session = sessions.get(parameters["SessionId"] ?? "")
    if (action === "GetSessionDetail" && session?.live === false) return ok({ Status: "FINISH" })
    if (session === undefined || !session.live) return noSession
    return action === "GetSessionDetail"
      ? ok({ Status: "RUNNING" })
      : inSession(action, session, parameters, at)
  }
}
