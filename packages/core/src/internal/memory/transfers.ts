import type { SyncMode } from "../../ContextStatus.js"
import type { SyncPolicy } from "../../SyncPolicy.js"
import { encodeStatus, type StatusItem } from "../statusItem.js"
import { isBelow, normalPath, withoutSlash } from "./paths.js"
import { ok, type MemoryReply, type Parameters } from "./reply.js"
import type { MemoryBinding, MemorySession, MemoryTask, World } from "./world.js"

/** What is to be transferred: a path, which a binding may lie above. */
interface Target {
  readonly contextId: string
  readonly path: string
}

const inWhitelist = (policy: SyncPolicy, relative: string): boolean => {
  const lists = policy.bwList?.whiteLists ?? []
  if (lists.length === 0) return true
  return lists.some(({ excludePaths, path }) => {
    const root = withoutSlash(`/${(path ?? "").replace(/^\/+/, "")}`)
    return (
      isBelow(relative, root) &&
      !(excludePaths ?? []).some((excluded) =>
        isBelow(relative, withoutSlash(`${root}/${excluded.replace(/^\/+/, "")}`))
      )
    )
  })
}

/** The binding that a path belongs to: the path's own, or one above it. */
const bindingOf = (session: MemorySession, { contextId, path }: Target) =>
  session.bindings.find(
    (binding) =>
      binding.contextId === contextId && isBelow(normalPath(path), normalPath(binding.path))
  )

/** Where a path of the session lies in the store. */
const storedPath = (binding: MemoryBinding | undefined, path: string): string => {
  const from = binding?.policy.mappingPolicy?.path ?? undefined
  return binding === undefined || from === undefined
    ? path
    : `${normalPath(from)}${path.slice(normalPath(binding.path).length)}`
}

/** Where a stored path lies in the session. */
const mountedPath = (binding: MemoryBinding | undefined, path: string): string => {
  const from = binding?.policy.mappingPolicy?.path ?? undefined
  return binding === undefined || from === undefined
    ? path
    : `${normalPath(binding.path)}${path.slice(normalPath(from).length)}`
}

// A transfer in memory is done at once; its task tells of it later.
const move = (
  world: World,
  session: MemorySession,
  target: Target,
  taskType: SyncMode
): MemoryTask["end"] => {
  const context = world.contexts.get(target.contextId)
  if (context === undefined) return { status: "Failed", errorMessage: "Context not found" }
  const binding = bindingOf(session, target)
  const takesPart = (path: string) =>
    isBelow(path, normalPath(target.path)) &&
    (binding === undefined ||
      inWhitelist(binding.policy, path.slice(normalPath(binding.path).length)))

  if (taskType === "download") {
    for (const [stored, file] of context.files) {
      if (!isBelow(stored, storedPath(binding, normalPath(target.path)))) continue
      const path = mountedPath(binding, stored)
      if (!takesPart(path)) continue
      session.files.set(path, file)
      binding?.seen.add(path)
    }
    return { status: "Success", errorMessage: "" }
  }
  for (const [path, file] of session.files) {
    if (!takesPart(path)) continue
    context.files.set(storedPath(binding, path), file)
    binding?.seen.add(path)
  }
  const isWhole = binding !== undefined && normalPath(target.path) === normalPath(binding.path)
  if (isWhole && (binding.policy.deletePolicy?.syncLocalFile ?? true)) {
    for (const path of binding.seen) {
      if (session.files.has(path)) continue
      context.files.delete(storedPath(binding, path))
      binding.seen.delete(path)
    }
  }
  return { status: "Success", errorMessage: "" }
}

const isSameKind = ({ item }: MemoryTask, target: Target, taskType: SyncMode) =>
  item.contextId === target.contextId && item.path === target.path && item.taskType === taskType

const register = (
  world: World,
  session: MemorySession,
  target: Target,
  taskType: SyncMode,
  at: number,
  task: Pick<MemoryTask, "end" | "pollsLeft">
) => {
  const { contextId, path } = target
  session.tasks = session.tasks.filter((other) => !isSameKind(other, target, taskType))
  session.tasks.push({
    item: {
      contextId,
      path,
      taskType,
      startTime: Math.floor(at / 1000),
      taskId: `task-${world.nextSerial()}`
    },
    ...task
  })
  const context = world.contexts.get(contextId)
  if (context !== undefined) context.lastUsedAt = at
}

/** Transfers, and lists the task that says so, in the place of an older one of its kind. */
export const begin = (
  world: World,
  session: MemorySession,
  target: Target,
  taskType: SyncMode,
  at: number
): void =>
  register(world, session, target, taskType, at, {
    end: move(world, session, target, taskType),
    pollsLeft: world.polls
  })

/**
 * The download that a binding begins with. Where it is switched off nothing is brought, and a
 * task that has ended says that there is nothing to wait for.
 */
export const beginBinding = (
  world: World,
  session: MemorySession,
  binding: MemoryBinding,
  at: number
): void => {
  if (binding.policy.downloadPolicy?.autoDownload ?? true) {
    return begin(world, session, binding, "download", at)
  }
  register(world, session, binding, "download", at, {
    end: { status: "Success", errorMessage: "" },
    pollsLeft: 0
  })
}

/** The uploads that a session ends with. */
export const endBindings = (world: World, session: MemorySession, at: number): void => {
  for (const binding of session.bindings) {
    if (binding.policy.uploadPolicy?.autoUpload ?? true) {
      begin(world, session, binding, "upload", at)
    }
  }
}

const isAskedFor = ({ item }: MemoryTask, parameters: Parameters) =>
  (parameters["ContextId"] ?? item.contextId) === item.contextId &&
  (parameters["Path"] ?? item.path) === item.path &&
  (parameters["TaskType"] ?? item.taskType) === item.taskType

const tell = (task: MemoryTask, at: number): StatusItem =>
  task.pollsLeft-- > 0
    ? { ...task.item, status: "Running", finishTime: 0 }
    : { ...task.item, ...task.end, finishTime: Math.max(1, Math.floor(at / 1000)) }

export const tellTasks = (
  session: MemorySession,
  parameters: Parameters,
  at: number
): MemoryReply =>
  ok({
    ContextStatus: encodeStatus(
      session.tasks.filter((task) => isAskedFor(task, parameters)).map((task) => tell(task, at))
    )
  })

export const sync = (
  world: World,
  session: MemorySession,
  parameters: Parameters,
  at: number
): MemoryReply => {
  const { ContextId: contextId, Path: path } = parameters
  const mode = parameters["Mode"] === "download" ? "download" : "upload"
  const targets =
    contextId === undefined || path === undefined ? session.bindings : [{ contextId, path }]
  for (const target of targets) begin(world, session, target, mode, at)
  return ok()
}
