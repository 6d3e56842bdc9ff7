/**
 * Shows tasks differently from how they went, by the rules of misbehaviour. It stands between
 * the tasks of a session and the answer to a status request; the tasks themselves are left
 * alone.
 *
 * @since 0.1.0
 */
import type { TransferCounts } from "@effect-agentbay/core/ContextStatus"
import type * as Faults from "../../Faults.js"
import * as FaultCount from "./FaultCount.js"
import type { Task } from "../sessions/Session.js"

/**
 * A task as it is shown.
 *
 * @since 0.1.0
 */
export type Shown = Omit<Task, "status" | "ended" | "sessionId" | "mount"> & {
  readonly status: string
}

/**
 * @since 0.1.0
 */
export type Effect = NonNullable<Faults.Rule["then"]["task"]>

/** How much of a transfer has been done after some of the polls for which it is to run. */
const share = (counts: TransferCounts, done: number, polls: number): TransferCounts => ({
  ...counts,
  bytesDone: Math.floor((counts.bytesTotal * done) / (polls + 1)),
  filesDone: Math.floor((counts.filesTotal * done) / (polls + 1))
})

/**
 * How a task is shown at its n-th poll, counted from 1; `before` is the task that it replaced.
 *
 * @since 0.1.0
 */
export const show = (
  effect: Effect,
  poll: number,
  task: Shown,
  before: Shown | undefined
): Shown | undefined => {
  const { endStatus, fail, hidden = 0, polls = 0, stale = 0, status } = effect
  if (poll <= hidden) return undefined
  if (poll <= stale) return before
  const since = poll - Math.max(hidden, stale)
  const ended = task.status !== "Running"
  if (!ended || since <= polls) {
    return {
      ...task,
      status: status ?? "Running",
      errorMessage: "",
      finished: 0,
      counts: ended ? share(task.counts, since, polls) : task.counts
    }
  }
  const end: Shown = fail === undefined ? task : { ...task, status: "Failed", errorMessage: fail }
  return endStatus === undefined ? end : { ...end, status: endStatus }
}

/**
 * @since 0.1.0
 */
export interface TaskLens {
  /** Tells that a task begins, and which one it replaces in the list. */
  readonly onBegin: (task: Task, replaced: Task | undefined) => void
  /** How some of the tasks are shown to a status request, which counts as a poll of each. */
  readonly look: (tasks: ReadonlyArray<Task>) => ReadonlyArray<Shown>
}

interface Watched {
  readonly effect: Effect
  readonly before: Shown | undefined
  polls: number
}

type TaskRule = { readonly when: Faults.Rule["when"]; readonly effect: Effect }

const isAbout = (when: Faults.Rule["when"], task: Task): boolean =>
  (when?.sessionId === undefined || when.sessionId === task.sessionId) &&
  (when?.contextId === undefined || when.contextId === task.contextId) &&
  (when?.path === undefined || when.path === task.path) &&
  (when?.taskType === undefined || when.taskType === task.type)

/**
 * Makes a lens; none when no rule is about tasks. It watches the tasks that begin from now on.
 *
 * @since 0.1.0
 */
export const make = (faults: Faults.Faults): TaskLens | undefined => {
  const rules = faults.flatMap(
    ({ then, when }): ReadonlyArray<TaskRule & { readonly isMeant: () => boolean }> =>
      then.task === undefined
        ? []
        : [{ when, effect: then.task, isMeant: FaultCount.make(when?.calls) }]
  )
  if (rules.length === 0) return undefined
  const watched = new WeakMap<Task, Watched>()

  /** Every rule counts; the first that means this task has it. */
  const effectOn = (task: Task): Effect | undefined => {
    let found: Effect | undefined
    for (const rule of rules) {
      if (!isAbout(rule.when, task)) continue
      const meant = rule.isMeant()
      if (meant && found === undefined) found = rule.effect
    }
    return found
  }

  return {
    onBegin: (task, replaced) => {
      const effect = effectOn(task)
      if (effect !== undefined) watched.set(task, { effect, before: replaced, polls: 0 })
    },
    look: (tasks) =>
      tasks.flatMap((task) => {
        const seen = watched.get(task)
        if (seen === undefined) return [task]
        seen.polls++
        const shown = show(seen.effect, seen.polls, task, seen.before)
        return shown === undefined ? [] : [shown]
      })
  }
}
