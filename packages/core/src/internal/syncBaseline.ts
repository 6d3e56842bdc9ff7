import * as Option from "effect/Option"
import type * as DateTime from "effect/DateTime"
import { type BindingRef, type ContextStatusData, hasEnded } from "../ContextStatus.js"

/**
 * The tasks that were listed before a sync was triggered. They, and whatever becomes of
 * them, do not belong to that sync.
 */
export type Baseline = ReadonlyArray<ContextStatusData>

// The same path may be written with slashes at its end. An expression for them would take
// minutes for a path with thousands of slashes elsewhere.
const plainPath = (path: string) => {
  let end = path.length
  while (end > 0 && path[end - 1] === "/") end -= 1
  return end === path.length ? path : path.slice(0, end)
}

export const samePath = (one: string, other: string): boolean =>
  one === other || plainPath(one) === plainPath(other)

/** A text that is the same for the same binding. No context id holds a line break. */
export const bindingKey = ({ contextId, path }: BindingRef): string =>
  `${contextId}\n${plainPath(path)}`

export const sameBinding = (one: BindingRef, other: BindingRef): boolean =>
  one.contextId === other.contextId && samePath(one.path, other.path)

const sameKind = (one: ContextStatusData, other: ContextStatusData) =>
  one.taskType === other.taskType && sameBinding(one, other)

export const sameTime = (one: Option.Option<DateTime.Utc>, other: Option.Option<DateTime.Utc>) =>
  Option.match(one, {
    onNone: () => Option.isNone(other),
    onSome: (time) =>
      Option.exists(other, (otherTime) => time.epochMillis === otherTime.epochMillis)
  })

const sameState = (one: ContextStatusData, other: ContextStatusData) =>
  sameKind(one, other) &&
  one.status === other.status &&
  sameTime(one.startTime, other.startTime) &&
  sameTime(one.finishTime, other.finishTime)

/**
 * An older task that was open before the trigger and has moved on since; it may have got
 * its start time meanwhile. Where that cannot be told from a new task in its place, it is
 * taken for the older one: no result is better than the result of another transfer.
 */
const isContinuationOf = (older: ContextStatusData, task: ContextStatusData) =>
  !hasEnded(older) &&
  sameKind(older, task) &&
  (Option.isNone(older.startTime) || sameTime(older.startTime, task.startTime))

const none: ReadonlyArray<ContextStatusData> = []

/** One reading, divided by the baseline. */
export interface Divided {
  readonly fresh: ReadonlyArray<ContextStatusData>
  readonly stale: ReadonlyArray<ContextStatusData>
  readonly baseline: Baseline
}

/**
 * Divides the listed tasks into those that are new since the baseline and those that are
 * not. A task id decides where there is one. Without it a task is old when the baseline
 * holds one of the same type, path, status and times (each such one excuses one listed
 * task), or an open one with the same start time that has merely moved on.
 *
 * A baseline task is forgotten when a fresh open one has replaced it whose end may look
 * exactly as its own did: the same start time, or none for both, and no task id.
 */
export const divide = (baseline: Baseline, listed: ReadonlyArray<ContextStatusData>): Divided => {
  // Nothing can be older than a trigger before which there was nothing.
  if (baseline.length === 0) return { baseline, fresh: listed, stale: none }
  const oldIds = new Set(baseline.map((task) => task.taskId).filter((id) => id !== undefined))
  const unmatched = baseline.filter((task) => task.taskId === undefined)
  const excuse = (isSame: (older: ContextStatusData, task: ContextStatusData) => boolean) => {
    return (task: ContextStatusData): boolean => {
      const match = unmatched.findIndex((older) => isSame(older, task))
      if (match !== -1) unmatched.splice(match, 1)
      return match !== -1
    }
  }
  const isUnchanged = excuse(sameState)
  const hasMovedOn = excuse(isContinuationOf)
  // What has not changed goes first: else an ended task could use up the excuse of an open
  // one that started in the same second, depending on the order of the list.
  const unchanged = listed.map((task) =>
    task.taskId === undefined ? isUnchanged(task) : oldIds.has(task.taskId)
  )
  const isOld = listed.map(
    (task, index) => unchanged[index] === true || (task.taskId === undefined && hasMovedOn(task))
  )
  const fresh = listed.filter((_, index) => isOld[index] === false)
  const stale = listed.filter((_, index) => isOld[index] === true)
  const replaced = unmatched.filter((older) =>
    fresh.some(
      (task) =>
        task.taskId === undefined &&
        !hasEnded(task) &&
        sameKind(older, task) &&
        sameTime(older.startTime, task.startTime)
    )
  )
  return {
    fresh,
    stale,
    baseline:
      replaced.length === 0 ? baseline : baseline.filter((older) => !replaced.includes(older))
  }
}
