/**
 * What the server knows of a live session: itself, its bindings and its tasks.
 *
 * @since 0.1.0
 */
import type { SyncMode, TransferCounts } from "@effect-agentbay/core/ContextStatus"
import type { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TaskList from "./TaskList.js"

/**
 * A context mounted in a session.
 *
 * @since 0.1.0
 */
export interface Binding {
  readonly contextId: string
  /** The mount path as the client wrote it; status items carry it. */
  readonly path: string
  /** The same path in normal form. */
  readonly mount: string
  readonly policy: SyncPolicy
  /** Unix milliseconds. */
  readonly boundAt: number
}

/**
 * One transfer of one context at one path of a session. The server updates `status`,
 * `errorMessage`, `finished` and `counts` in place while it runs.
 *
 * @since 0.1.0
 */
export interface Task {
  readonly id: string
  readonly sessionId: string
  readonly contextId: string
  /** The path as the client wrote it. */
  readonly path: string
  /** The same path in normal form. */
  readonly mount: string
  readonly type: SyncMode
  /** Unix seconds. */
  readonly started: number
  status: "Running" | "Success" | "Failed"
  errorMessage: string
  /** Unix seconds; zero while the task runs. */
  finished: number
  counts: TransferCounts
  /** What was left alone since it is neither a file nor a directory; known at the end. */
  skipped?: { readonly count: number; readonly paths: ReadonlyArray<string> }
  /** Done when the task has ended, whatever its end was. */
  readonly ended: Deferred.Deferred<void>
}

/**
 * The states of a session that has not ended. Only a running one is at anybody's service,
 * and from `DELETING` there is no way back.
 *
 * @since 0.1.0
 */
export const LiveStatus = Schema.Literal("RUNNING", "PAUSING", "PAUSED", "RESUMING", "DELETING")

/**
 * @since 0.1.0
 */
export type LiveStatus = typeof LiveStatus.Type

/**
 * The part of a session that is the same before and after a restart.
 *
 * @since 0.1.0
 */
export interface Lasting {
  readonly id: string
  readonly imageId: string
  readonly regionId: string
  readonly policyId: string
  labels: { readonly [name: string]: string }
  readonly appInstanceId: string
  readonly resourceId: string
  /** Unix milliseconds. */
  readonly createdAt: number
  /** How long it may idle before it is released, in seconds. */
  readonly idleSeconds: number
  bindings: ReadonlyArray<Binding>
}

/**
 * A session that was not released yet. What may change is changed in place, after the state
 * file has it; the status alone goes ahead of the file.
 *
 * @since 0.1.0
 */
export interface Session extends Lasting {
  /** Grows with every session; newer ones have larger numbers. */
  readonly sequence: number
  status: LiveStatus
  /** Why it is released, when nobody asked for it. */
  endReason: string
  /** When something was last done in it, in Unix milliseconds; a server's start counts. */
  activeAt: number
  /** How many pieces of work go on inside it. */
  atWork: number
  readonly tasks: TaskList.TaskList
  /** Grows with every change of the tasks. */
  tasksRevision: number
  /**
   * Work inside the session holds one of the permits, the release waits for all
   * {@link gateWidth} of them: what was begun is done before the last upload.
   */
  readonly gate: Effect.Semaphore
}

/**
 * How many pieces of work may go on in a session at once.
 *
 * @since 0.1.0
 */
export const gateWidth = 1_000_000

/**
 * A session as it is at its creation or at the server's start: nothing goes on in it.
 *
 * @since 0.1.0
 */
export const make = (
  lasting: Lasting & { readonly sequence: number },
  now: {
    readonly at: number
    readonly status?: LiveStatus
    readonly endReason?: string
    readonly tasks?: ReadonlyArray<Task>
  }
): Session => ({
  ...lasting,
  status: now.status ?? "RUNNING",
  endReason: now.endReason ?? "",
  activeAt: now.at,
  atWork: 0,
  tasks: TaskList.make(now.tasks ?? []),
  tasksRevision: 0,
  gate: Effect.unsafeMakeSemaphore(gateWidth)
})

/**
 * The counts of a task that has not moved anything.
 *
 * @since 0.1.0
 */
export const noCounts: TransferCounts = {
  bytesDone: 0,
  bytesTotal: 0,
  filesDone: 0,
  filesTotal: 0
}
