import * as Array from "effect/Array"
import * as Either from "effect/Either"
import { SyncFailed, SyncTimeout } from "../AgentBayError.js"
import {
  type BindingRef,
  type ContextStatusData,
  type ContextSyncResult,
  hasEnded,
  hasSucceeded,
  type SyncMode
} from "../ContextStatus.js"
import type { StatusReading } from "./statusReads.js"
import { type Baseline, divide, sameBinding, sameTime } from "./syncBaseline.js"
import { type Decision, end, proceed, type Spent } from "./wait.js"

/** How many polls after the first may show nothing new, unless told otherwise. */
export const defaultGraceRetries = 4

/** What one sync is about. It does not change while the sync lasts. */
export interface SyncSubject {
  readonly operation: string
  readonly sessionId: string
  /** The request id of the trigger. */
  readonly requestId: string
  readonly mode: SyncMode
  /** The one binding or path to sync, or everything. */
  readonly target: BindingRef | undefined
  /**
   * What must show a task: the target, or every binding of the session. Not known when the
   * endpoint cannot tell the bindings, which is not the same as none.
   */
  readonly expected: ReadonlyArray<BindingRef> | undefined
  readonly graceRetries: number
}

/** What has been seen so far. */
export interface SyncState {
  readonly baseline: Baseline
  /** The last known state of every task that counts for this sync. */
  readonly counted: ReadonlyArray<ContextStatusData>
  /** Good answers in a row, after the first, in which nothing new showed. */
  readonly quiet: number
  readonly first: boolean
}

const none: ReadonlyArray<ContextStatusData> = []

export const initial = (baseline: Baseline): SyncState => ({
  baseline,
  counted: none,
  quiet: 0,
  first: true
})

const isTransfer = (task: ContextStatusData) =>
  task.taskType === "upload" || task.taskType === "download"

const distinct = (tasks: ReadonlyArray<ContextStatusData>): ReadonlyArray<BindingRef> =>
  Array.dedupeWith(
    tasks.map(({ contextId, path }) => ({ contextId, path })),
    sameBinding
  )

// A session that does not tell its bindings is judged by what it lists.
const expectedOf = (
  subject: SyncSubject,
  state: SyncState,
  reading: StatusReading
): ReadonlyArray<BindingRef> =>
  subject.expected !== undefined && subject.expected.length > 0
    ? subject.expected
    : distinct([...state.baseline, ...reading.contextStatusData].filter(isTransfer))

/** What is expected and has shown no task. */
export const missing = (
  expected: ReadonlyArray<BindingRef>,
  counted: ReadonlyArray<ContextStatusData>
): ReadonlyArray<BindingRef> =>
  expected
    .filter((binding) => !counted.some((task) => sameBinding(task, binding)))
    .map(({ contextId, path }) => ({ contextId, path }))

const isSameTask = (one: ContextStatusData, other: ContextStatusData) =>
  one.taskId === undefined && other.taskId === undefined
    ? sameTime(one.startTime, other.startTime)
    : one.taskId === other.taskId

// What is listed now replaces what was known of the same binding. A task that vanishes
// from the list keeps its last state: vanishing is no success. Nor does the success of a
// task that came after it mend one that has failed.
const merge = (
  known: ReadonlyArray<ContextStatusData>,
  fresh: ReadonlyArray<ContextStatusData>
): ReadonlyArray<ContextStatusData> => {
  const kept = known.filter((task) => {
    const successors = fresh.filter((other) => sameBinding(task, other))
    const hasFailed = hasEnded(task) && !hasSucceeded(task)
    return (
      successors.length === 0 || (hasFailed && !successors.some((other) => isSameTask(task, other)))
    )
  })
  return kept.length === 0 ? fresh : [...kept, ...fresh]
}

const conclude = (
  subject: SyncSubject,
  counted: ReadonlyArray<ContextStatusData>,
  untouched: ReadonlyArray<BindingRef>,
  { elapsed, polls }: Spent
): Either.Either<ContextSyncResult, SyncFailed> => {
  const failed = counted.filter((task) => !hasSucceeded(task))
  if (Array.isNonEmptyReadonlyArray(failed)) {
    const { operation, requestId, sessionId } = subject
    return Either.left(new SyncFailed({ operation, sessionId, requestId, tasks: failed }))
  }
  return Either.right({
    requestId: subject.requestId,
    outcome: counted.length === 0 ? "NothingToSync" : "Completed",
    contextStatusData: counted,
    untouched,
    polls,
    elapsed
  })
}

/** The tasks of a reading that a sync of this mode and target may be about. */
export const relevant = (
  { mode, target }: Pick<SyncSubject, "mode" | "target">,
  reading: StatusReading
): ReadonlyArray<ContextStatusData> => {
  const tasks = target === undefined ? reading.contextStatusData : reading.about(target)
  // The usual list of a target is one task of its mode; it is looked at by thousands.
  return tasks.every((task) => task.taskType === mode)
    ? tasks
    : tasks.filter((task) => task.taskType === mode)
}

/**
 * Decides what a status answer means for a sync. Pure: everything it knows is in its
 * arguments. An answer that does not count takes nothing from the grace.
 */
export const decide =
  (subject: SyncSubject) =>
  (
    state: SyncState,
    reading: StatusReading,
    spent: () => Spent,
    counts: boolean
  ): Decision<SyncState, ContextSyncResult, SyncFailed> => {
    const { baseline, fresh, stale } = divide(state.baseline, relevant(subject, reading))
    const counted = merge(state.counted, fresh)
    if (counted.some((task) => !hasEnded(task))) {
      return proceed({ baseline, counted, quiet: 0, first: false })
    }
    const untouched = missing(expectedOf(subject, state, reading), counted)
    const grown = counted.length > state.counted.length
    const olderIsOpen = stale.some((task) => !hasEnded(task))
    const isPatient = olderIsOpen || !counts
    const quiet = state.first || grown ? 0 : isPatient ? state.quiet : state.quiet + 1
    const next: SyncState = { baseline, counted, quiet, first: false }

    const mayShowMore =
      untouched.length > 0 || (subject.expected === undefined && counted.length === 0)
    if (mayShowMore && (quiet < subject.graceRetries || !counts)) return proceed(next)
    return end(next, conclude(subject, counted, untouched, spent()))
  }

/** The end of a sync whose budget is used up. */
export const exhausted =
  (subject: SyncSubject) =>
  (state: SyncState, spent: Spent): SyncTimeout =>
    new SyncTimeout({
      operation: subject.operation,
      sessionId: subject.sessionId,
      requestId: subject.requestId,
      polls: spent.polls,
      elapsed: spent.elapsed,
      tasks: state.counted,
      missing: missing(subject.expected ?? [], state.counted),
      lastError: spent.lastError
    })
