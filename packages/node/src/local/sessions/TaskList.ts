/**
 * The tasks that a session lists: one for each context, path and type. There may be thousands,
 * and a client that waits for one asks for just that one, again and again.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"
import type { Task } from "./Session.js"

/**
 * What tasks are asked for by. What is absent or empty lets everything through.
 *
 * @since 0.1.0
 */
export interface Filter {
  readonly contextId?: string | undefined
  readonly path?: string | undefined
  readonly taskType?: string | undefined
}

/**
 * @since 0.1.0
 */
export interface TaskList {
  /** Lists a task as the last, in place of one of the same context, path and type. */
  readonly put: (task: Task) => void
  /** The task that is listed for this context, path and type. */
  readonly get: (of: Key) => Task | undefined
  /** All tasks, the longest listed first. */
  readonly all: () => ReadonlyArray<Task>
  /** Those that a filter lets through, the longest listed first. */
  readonly find: (filter: Filter) => ReadonlyArray<Task>
}

type Key = Pick<Task, "contextId" | "path" | "type">

const keyOf = (contextId: string, path: string, type: SyncMode): string =>
  JSON.stringify([contextId, path, type])

/** Tasks by one of their properties, those of a value in the order in which they are listed. */
type Index = Map<string, Set<Task>>

const add = (index: Index, value: string, task: Task): void => {
  const tasks = index.get(value)
  if (tasks === undefined) index.set(value, new Set([task]))
  else tasks.add(task)
}

const remove = (index: Index, value: string, task: Task): void => {
  const tasks = index.get(value)
  tasks?.delete(task)
  if (tasks?.size === 0) index.delete(value)
}

const passes = (wanted: string | undefined, value: string): boolean => !wanted || wanted === value

/**
 * @since 0.1.0
 */
export const make = (initial: ReadonlyArray<Task>): TaskList => {
  const tasks = new Map<string, Task>()
  const byPath: Index = new Map()
  const byContext: Index = new Map()

  const put: TaskList["put"] = (task) => {
    const key = keyOf(task.contextId, task.path, task.type)
    const replaced = tasks.get(key)
    if (replaced !== undefined) {
      tasks.delete(key)
      remove(byPath, task.path, replaced)
      remove(byContext, task.contextId, replaced)
    }
    tasks.set(key, task)
    add(byPath, task.path, task)
    add(byContext, task.contextId, task)
  }

  /** As few tasks as can be had at once that hold all that the filter lets through. */
  const among = ({ contextId, path }: Filter): Iterable<Task> => {
    if (path) return byPath.get(path) ?? []
    return contextId ? (byContext.get(contextId) ?? []) : tasks.values()
  }

  for (const task of initial) put(task)
  return {
    put,
    get: ({ contextId, path, type }) => tasks.get(keyOf(contextId, path, type)),
    all: () => [...tasks.values()],
    find: (filter) =>
      [...among(filter)].filter(
        (task) =>
          passes(filter.contextId, task.contextId) &&
          passes(filter.path, task.path) &&
          passes(filter.taskType, task.type)
      )
  }
}
