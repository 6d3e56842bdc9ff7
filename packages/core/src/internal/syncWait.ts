import * as Effect from "effect/Effect"
import type { CallError, SyncFailed, SyncTimeout } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { BindingRef, ContextSyncResult } from "../ContextStatus.js"
import type { PollPolicy } from "../PollPolicy.js"
import { SyncContext } from "../Protocol/ContextOperations.js"
import type { SessionPolls } from "./pollHub.js"
import type { LoneWait } from "./pollLoop.js"
import { startOnce } from "./startOnce.js"
import { readBindingsIfTold, readInfo, type StatusReading, statusReading } from "./statusReads.js"
import type { SyncRequest } from "./syncArguments.js"
import { type Baseline, sameBinding } from "./syncBaseline.js"
import * as Decision from "./syncDecision.js"
import type { Spent, Wait } from "./wait.js"

export interface SyncWait extends Wait<
  Decision.SyncState,
  StatusReading,
  ContextSyncResult,
  SyncFailed | SyncTimeout
> {
  readonly exhausted: (state: Decision.SyncState, spent: Spent) => SyncTimeout
}

const make = (
  subject: Decision.SyncSubject,
  baseline: Baseline,
  patience: Pick<SyncWait, "policy" | "maxConsecutiveErrors" | "since" | "deadline">
): SyncWait => ({
  ...patience,
  initial: Decision.initial(baseline),
  decide: Decision.decide(subject),
  exhausted: Decision.exhausted(subject)
})

/** What a trigger that was accepted leaves to be waited for. */
export interface Triggered {
  readonly requestId: string
  readonly baseline: Baseline
  readonly expected: ReadonlyArray<BindingRef> | undefined
}

/** The wait for the end of a sync that was triggered. */
export const untilSynced = (
  sessionId: string,
  request: SyncRequest,
  times: Pick<SyncWait, "since" | "deadline">,
  { baseline, expected, requestId }: Triggered
): SyncWait =>
  make(
    {
      operation: "sync",
      sessionId,
      requestId,
      mode: request.mode ?? "upload",
      target: request.target,
      expected,
      graceRetries: request.graceRetries
    },
    baseline,
    { ...times, policy: request.policy, maxConsecutiveErrors: request.maxConsecutiveErrors }
  )

// Without bindings, or an endpoint that can tell them, a session is judged by the tasks it lists.
const bindingsIfTold = (
  http: HttpService,
  sessionId: string
): Effect.Effect<ReadonlyArray<BindingRef> | undefined, CallError> =>
  readBindingsIfTold(http, "call", sessionId).pipe(
    Effect.catchTag("ApiError", (error) =>
      error.reason === "ActionNotFound" ? Effect.succeed(undefined) : Effect.fail(error)
    )
  )

/**
 * Takes the baseline and triggers the transfer. The baseline comes first: what is listed
 * before the trigger cannot be its result.
 */
const triggerOnce = (
  http: HttpService,
  polls: SessionPolls,
  sessionId: string,
  { mode, target }: SyncRequest,
  beforeTrigger: Effect.Effect<void>
): Effect.Effect<Triggered, CallError> => {
  const aim = { mode: mode ?? "upload", target } as const
  const send = polls.triggering(
    aim,
    startOnce(http, http.callOnce(SyncContext, { sessionId, ...target, mode }))
  )
  const before = Effect.map(polls.baseline(aim), (reading) => Decision.relevant(aim, reading))
  return target === undefined
    ? Effect.gen(function* () {
        const [listed, expected] = yield* Effect.all(
          [polls.baseline(aim), bindingsIfTold(http, sessionId)],
          { concurrency: 2 }
        )
        yield* beforeTrigger
        const { requestId } = yield* send
        return { requestId, baseline: listed.contextStatusData, expected }
      })
    : Effect.flatMap(Effect.zipLeft(before, beforeTrigger), (baseline) =>
        Effect.map(send, ({ requestId }) => ({ requestId, baseline, expected: [target] }))
      )
}

/** The same, together with others of the same aim that come before it is sent, if asked to. */
export const trigger = (
  http: HttpService,
  polls: SessionPolls,
  sessionId: string,
  request: SyncRequest
): Effect.Effect<Triggered, CallError> =>
  request.join
    ? polls.together({ mode: request.mode ?? "upload", target: request.target }, (closeDoors) =>
        triggerOnce(
          http,
          polls,
          sessionId,
          request,
          // Those who come at the same moment are let in first.
          Effect.zipRight(Effect.yieldNow(), closeDoors)
        )
      )
    : triggerOnce(http, polls, sessionId, request, Effect.void)

/** Downloads that nobody triggered by a sync. */
export interface DownloadOptions {
  readonly sessionId: string
  /** The request id of what began them. */
  readonly requestId: string
  readonly bindings: ReadonlyArray<BindingRef>
  readonly policy: PollPolicy
}

type DownloadWait = LoneWait<
  Decision.SyncState,
  StatusReading,
  ContextSyncResult,
  SyncFailed | SyncTimeout
>

const downloads = (
  http: HttpService,
  options: DownloadOptions,
  {
    baseline,
    concerns,
    graceRetries,
    operation
  }: {
    readonly operation: string
    readonly baseline: Baseline
    readonly graceRetries: number
    /** Which of the session's tasks may count. */
    readonly concerns: (task: BindingRef) => boolean
  }
): DownloadWait => {
  const wait = make(
    {
      operation,
      sessionId: options.sessionId,
      requestId: options.requestId,
      mode: "download",
      target: undefined,
      expected: options.bindings,
      graceRetries
    },
    baseline,
    { policy: options.policy, maxConsecutiveErrors: http.maxConsecutiveErrors }
  )
  return {
    ...wait,
    read: Effect.map(
      readInfo(http, "callOnce", { sessionId: options.sessionId }),
      ({ contextStatusData, requestId }) =>
        statusReading({ requestId, contextStatusData: contextStatusData.filter(concerns) })
    )
  }
}

/**
 * The wait for the downloads that a new session starts with, except those of `unawaited`.
 * Nothing was listed before the session was, so its baseline is empty.
 */
export const initialDownloads = (
  http: HttpService,
  options: DownloadOptions & { readonly unawaited: ReadonlyArray<BindingRef> }
): DownloadWait =>
  downloads(http, options, {
    operation: "create",
    baseline: [],
    graceRetries: Decision.defaultGraceRetries,
    concerns: (task) => !options.unawaited.some((binding) => sameBinding(task, binding))
  })

/**
 * The wait for the downloads to paths that were bound to a session that runs. Who asks for it
 * wants to know that the files are there, so silence is not taken for an end.
 */
export const boundDownloads = (
  http: HttpService,
  options: DownloadOptions & { readonly baseline: Baseline }
): DownloadWait =>
  downloads(http, options, {
    operation: "bind",
    baseline: options.baseline,
    graceRetries: Infinity,
    concerns: (task) => options.bindings.some((binding) => sameBinding(task, binding))
  })
