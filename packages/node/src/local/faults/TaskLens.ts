/**
 * Shows tasks differently from how they went, by the rules of misbehaviour. It stands between
 * the tasks of a session and the answer to a status request; the tasks themselves are left
 * alone.
 *
 * @since 0.1.0
 */
import type { TransferCounts } from "@effect-agentbay/core/ContextStatus"
import * as Duration from "effect/Duration"
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

/** How much is shown of a transfer that has been done, while it is to run. */
const part = (counts: TransferCounts, share: number): TransferCounts => ({
  ...counts,
  bytesDone: Math.floor(counts.bytesTotal * share),
  filesDone: Math.floor(counts.filesTotal * share)
})

/**
 * When a task is looked at: its n-th poll, counted from 1, and the Unix milliseconds of its
 * start and of now.
 *
 * @since 0.1.0
 */
export interface Look {
  readonly poll: number
  readonly began: number
  readonly now: number
}

/**
 * How a task is shown at a look; `before` is the task that it replaced.
 *
 * @since 0.1.0
 */
export const show = (
  effect: Effect,
  { began, now, poll }: Look,
  task: Shown,
  before: Shown | undefined
): Shown | undefined => {
  const { endStatus, fail, hidden = 0, polls = 0, stale = 0, status } = effect
  if (poll <= hidden) return undefined
  if (poll <= stale) return before
  const since = poll - Math.max(hidden, stale)
  const lasts = effect.lasts === undefined ? 0 : Duration.toMillis(effect.lasts)
  const elapsed = now - began
  const ended = task.status !== "Running"
  if (!ended || since <= polls || elapsed < lasts) {
    const share = Math.min(since / (polls + 1), lasts === 0 ? 1 : elapsed / lasts, 1)
    return {
      ...task,
      status: status ?? "Running",
      errorMessage: "",
      finished: 0,
      counts: ended ? part(task.counts, share) : task.counts
    }
  }
  const finished = Math.max(task.finished, Math.floor((began + lasts) / 1000))
  const end: Shown = {
    ...task,
    finished,
    ...(fail === undefined ? {} : { status: "Failed", errorMessage: fail })
  }
  return endStatus === undefined ? end : { ...end, status: endStatus }
}

/**
 * @since 0.1.0
 */
export interface TaskLens {
  /** Tells that a task begins at some Unix milliseconds, and which one it replaces in the list. */
  readonly onBegin: (task: Task, replaced: Task | undefined, now: number) => void
  /**
   * How some of the tasks are shown to a status request at some Unix milliseconds, which counts
   * as a poll of each.
   */
  readonly look: (tasks: ReadonlyArray<Task>, now: number) => ReadonlyArray<Shown>
}

interface Watched {
  readonly effect: Effect
  readonly before: Shown | undefined
  readonly began: number
  polls: number
  /** What was shown last. */
  last: Shown | undefined
}

const looksLike = (one: Shown, other: Shown): boolean =>
  one.id === other.id &&
  one.status === other.status &&
  one.errorMessage === other.errorMessage &&
  one.finished === other.finished &&
  one.skipped === other.skipped &&
  one.counts.bytesDone === other.counts.bytesDone &&
  one.counts.bytesTotal === other.counts.bytesTotal &&
  one.counts.filesDone === other.counts.filesDone &&
  one.counts.filesTotal === other.counts.filesTotal

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
    onBegin: (task, replaced, now) => {
      // It is listed no more. Otherwise each would keep the one before it, and so all there were.
      if (replaced !== undefined) watched.delete(replaced)
      const effect = effectOn(task)
      if (effect !== undefined)
        watched.set(task, { effect, before: replaced, began: now, polls: 0, last: undefined })
    },
    look: (tasks, now) =>
      tasks.flatMap((task) => {
        const seen = watched.get(task)
        if (seen === undefined) return [task]
        seen.polls++
        const shown = show(
          seen.effect,
          { poll: seen.polls, began: seen.began, now },
          task,
          seen.before
        )
        if (shown === undefined) return []
        // The very same for the same looks: what it is written as is known then.
        if (seen.last === undefined || !looksLike(seen.last, shown)) seen.last = shown
        return [seen.last]
      })
  }
}
