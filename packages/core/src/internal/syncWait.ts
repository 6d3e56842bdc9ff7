import * as Effect from "effect/Effect"
import type { CallError, SyncFailed, SyncTimeout } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { SyncOptions } from "../ContextManager.js"
import type { BindingRef, ContextInfoResult, ContextSyncResult } from "../ContextStatus.js"
import type { PollPolicy } from "../PollPolicy.js"
import { SyncContext } from "../Protocol/ContextOperations.js"
import { startOnce } from "./startOnce.js"
import { readBindings, readInfo } from "./statusReads.js"
import type { SyncRequest } from "./syncArguments.js"
import { type Baseline, sameBinding } from "./syncBaseline.js"
import * as Decision from "./syncDecision.js"
import { defaultMaxConsecutiveErrors, type Wait } from "./wait.js"

export type SyncWait = Wait<
  Decision.SyncState,
  ContextInfoResult,
  ContextSyncResult,
  SyncFailed | SyncTimeout
>

const make = (
  http: HttpService,
  subject: Decision.SyncSubject,
  baseline: Baseline,
  options: { readonly policy: PollPolicy; readonly maxConsecutiveErrors: number }
): SyncWait => ({
  ...options,
  initial: Decision.initial(baseline),
  // The whole session is asked for and not only the target: one answer fits every waiter.
  read: readInfo(http, "callOnce", { sessionId: subject.sessionId }),
  decide: Decision.decide(subject),
  exhausted: Decision.exhausted(subject)
})

// An endpoint that cannot tell the bindings is judged by the tasks it lists.
const bindingsIfTold = (
  http: HttpService,
  sessionId: string
): Effect.Effect<ReadonlyArray<BindingRef> | undefined, CallError> =>
  readBindings(http, "call", sessionId).pipe(
    Effect.catchTag("ApiError", (error) =>
      error.reason === "ActionNotFound" ? Effect.succeed(undefined) : Effect.fail(error)
    )
  )

/**
 * Takes the baseline, triggers the transfer, and gives the wait for its end. The baseline
 * comes first: what is listed before the trigger cannot be its result.
 */
export const trigger = (
  http: HttpService,
  sessionId: string,
  request: SyncRequest
): Effect.Effect<SyncWait, CallError> =>
  Effect.gen(function* () {
    const { mode, target } = request
    const [before, expected] = yield* Effect.all(
      [
        readInfo(http, "call", { sessionId }),
        target === undefined ? bindingsIfTold(http, sessionId) : Effect.succeed([target])
      ],
      { concurrency: 2 }
    )
    const accepted = yield* startOnce(
      http,
      http.callOnce(SyncContext, { sessionId, ...target, mode })
    )
    const subject: Decision.SyncSubject = {
      operation: "sync",
      sessionId,
      requestId: accepted.requestId,
      mode: mode ?? "upload",
      target,
      expected,
      graceRetries: request.graceRetries
    }
    return make(http, subject, before.contextStatusData, request)
  })

/** Downloads that nobody triggered by a sync. */
export interface DownloadOptions {
  readonly sessionId: string
  /** The request id of what began them. */
  readonly requestId: string
  readonly bindings: ReadonlyArray<BindingRef>
  readonly policy: PollPolicy
}

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
): SyncWait => {
  const wait = make(
    http,
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
    { policy: options.policy, maxConsecutiveErrors: defaultMaxConsecutiveErrors }
  )
  return {
    ...wait,
    read: Effect.map(wait.read, ({ contextStatusData, requestId }) => ({
      requestId,
      contextStatusData: contextStatusData.filter(concerns)
    }))
  }
}

/**
 * The wait for the downloads that a new session starts with, except those of `unawaited`.
 * Nothing was listed before the session was, so its baseline is empty.
 */
export const initialDownloads = (
  http: HttpService,
  options: DownloadOptions & { readonly unawaited: ReadonlyArray<BindingRef> }
): SyncWait =>
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
): SyncWait =>
  downloads(http, options, {
    operation: "bind",
    baseline: options.baseline,
    graceRetries: Infinity,
    concerns: (task) => options.bindings.some((binding) => sameBinding(task, binding))
  })

/** What the span of a sync says about it from the start. */
export const spanAttributes = (sessionId: string, options: SyncOptions | null) => ({
  "agentbay.session_id": sessionId,
  "agentbay.context_id": options?.contextId ?? "all",
  "agentbay.path": options?.path ?? "all",
  "agentbay.mode": options?.mode ?? "upload"
})
