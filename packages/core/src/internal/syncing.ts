import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import {
  type CallError,
  type InvalidArgument,
  isRetryable,
  type SyncTimeout
} from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import { type ContextSyncResult, sumCounts, type SyncProgress } from "../ContextStatus.js"
import * as PollPolicy from "../PollPolicy.js"
import type { SyncHandle, WaitError } from "../SyncHandle.js"
import type {
  SyncError,
  SyncOptions,
  SyncTarget,
  TriggerOptions,
  WaitOptions
} from "../SyncOptions.js"
import type { StatusReads } from "./pollHub.js"
import * as PollLoop from "./pollLoop.js"
import { readStatus } from "./statusReads.js"
import { stepStream } from "./stepStream.js"
import { patience, syncRequest, type SyncRequest } from "./syncArguments.js"
import type { SyncState } from "./syncDecision.js"
import { clockOf, steadyMillis } from "./fiberClock.js"
import { callersTags } from "./metricTags.js"
import * as SyncMetrics from "./syncMetrics.js"
import { beginSyncSpan, sayingOutcome, spanAttributes, waitSpan } from "./syncSpan.js"
import * as SyncToken from "./syncToken.js"
import { type SyncWait, type Triggered, trigger, untilSynced } from "./syncWait.js"
import * as Wait from "./wait.js"

type Step = Wait.Step<SyncState, ContextSyncResult>

const progressOf = ({ result, spent, state }: Step): SyncProgress => ({
  polls: spent.polls,
  elapsed: spent.elapsed,
  contextStatusData: state.counted,
  transferred: sumCounts(state.counted),
  result
})

/** A sync that was triggered: what it left to be waited for, since when and until when. */
interface Started {
  readonly triggered: Triggered
  readonly request: SyncRequest
  /** When the trigger was accepted, by the steady time of this process, as all times are here. */
  readonly since: number
  readonly deadline: number | undefined
}

/** How far the time of day, which another process has too, is ahead of the steady one. */
const aheadOf = (clock: Clock.Clock) => clock.unsafeCurrentTimeMillis() - steadyMillis(clock)

const contentOf = (sessionId: string, started: Started, ahead: number): SyncToken.TokenContent => {
  const { deadline, request, since, triggered } = started
  return {
    sessionId,
    requestId: triggered.requestId,
    mode: request.mode ?? "upload",
    target: request.target,
    expected: triggered.expected,
    baseline: triggered.baseline,
    since: since + ahead,
    deadline: deadline === undefined ? undefined : deadline + ahead,
    policy: numbersOf(request.policy),
    graceRetries: request.graceRetries,
    maxConsecutiveErrors: request.maxConsecutiveErrors
  }
}

const numbersOf = (policy: PollPolicy.PollPolicy): SyncToken.TokenContent["policy"] => {
  switch (policy._tag) {
    case "Spaced":
      return { ...policy, interval: Duration.toMillis(policy.interval) }
    case "Backoff":
      return {
        ...policy,
        initial: Duration.toMillis(policy.initial),
        cap: Duration.toMillis(policy.cap)
      }
    case "Custom":
      return undefined
  }
}

const policyOf = (numbers: NonNullable<SyncToken.TokenContent["policy"]>) => {
  const policy =
    numbers._tag === "Spaced" ? PollPolicy.spaced(numbers) : PollPolicy.backoff(numbers)
  return numbers.jitter ? PollPolicy.jittered(policy) : policy
}

/** A poll of one's own has no budget: who makes it decides whether there is another. */
const unbounded = PollPolicy.fromSchedule(Schedule.forever)

const now = Effect.clockWith((clock) => Effect.sync(() => steadyMillis(clock)))

/** What can be done with the syncs of one session. */
export interface Syncing {
  readonly sync: (options: SyncOptions) => Effect.Effect<ContextSyncResult, SyncError>
  /** Checks the options of a sync, and gives the sync if they are well-formed. */
  readonly prepare: (
    target: SyncTarget,
    options: TriggerOptions
  ) => Effect.Effect<Effect.Effect<ContextSyncResult, SyncError>, InvalidArgument>
  readonly progress: (request: SyncRequest) => Stream.Stream<SyncProgress, WaitError>
  readonly start: (request: SyncRequest) => Effect.Effect<SyncHandle, CallError | SyncTimeout>
  readonly resume: (
    token: string,
    options: WaitOptions
  ) => Effect.Effect<SyncHandle, InvalidArgument>
}

export const makeSyncing = (http: HttpService, sessionId: string): Syncing => {
  const reads = (): StatusReads => ({
    once: readStatus(http, sessionId),
    retry: (read) => http.retry(read, http.retryPolicy, isRetryable)
  })
  const retaining = http.pollHub.retaining(sessionId, reads)
  const retain = () => http.pollHub.retain(sessionId, reads)

  const waitFor = ({ deadline, request, since, triggered }: Started): SyncWait =>
    untilSynced(sessionId, request, { since, deadline }, triggered)

  // A trigger whose answer did not come in time may have been accepted or not.
  const neverAnswered = (started: Started) =>
    Effect.flatMap(now, (at) => {
      const wait = waitFor(started)
      return Wait.giveUp(wait, Wait.begin(wait, started.since), at)
    })

  /** Triggers a sync. What is known of the session has to be kept meanwhile. */
  const begin = (request: SyncRequest): Effect.Effect<Started, CallError | SyncTimeout> =>
    Effect.clockWith((clock) => {
      const polls = http.pollHub.polls(sessionId, reads)
      if (polls === undefined) return Effect.interrupt
      const { target, timeout } = request
      const calledAt = steadyMillis(clock)
      const deadline = timeout === undefined ? undefined : calledAt + Duration.toMillis(timeout)
      const started = Effect.map(
        trigger(http, polls, sessionId, request),
        (triggered): Started => ({
          triggered,
          request,
          since: steadyMillis(clock),
          deadline
        })
      )
      if (timeout === undefined) return started
      const expected = target === undefined ? undefined : [target]
      const triggered: Triggered = { requestId: "", baseline: [], expected }
      return Effect.flatten(
        Effect.raceFirst(
          Effect.map(started, (begun) => Effect.succeed(begun)),
          Effect.delay(
            Effect.succeed(neverAnswered({ triggered, request, since: calledAt, deadline })),
            timeout
          )
        )
      )
    })

  const loopFor = (wait: SyncWait) => () => http.pollHub.loop(sessionId, reads, wait.policy)

  const waitAt = (wait: SyncWait, onStep?: (step: Step) => void) =>
    PollLoop.join({ loop: loopFor(wait), wait, onStep })

  // What leads to the wait is made when it is run, so that it need not be kept while it lasts.
  const traced = (
    target: SyncTarget,
    options: TriggerOptions,
    request: () => Effect.Effect<SyncRequest, InvalidArgument>
  ): Effect.Effect<ContextSyncResult, SyncError> =>
    Effect.uninterruptibleMask((restore) =>
      // What is known of the session is kept from the trigger on to the loop.
      Effect.flatMap(beginSyncSpan(sessionId, target, options, retain), ({ end, span }) =>
        Effect.matchCauseEffect(
          restore(
            Effect.withParentSpan(
              Effect.suspend(() =>
                Effect.flatMap(request(), (checked) => SyncMetrics.started(checked)(begin(checked)))
              ),
              span
            )
          ),
          {
            onFailure: (cause) =>
              Effect.withFiberRuntime<never, SyncError>((fiber) => {
                const failure = Exit.failCause(cause)
                end(failure, clockOf(fiber), callersTags(fiber))
                return failure
              }),
            onSuccess: (started) => {
              const wait = waitFor(started)
              return PollLoop.joinWith(restore, { loop: loopFor(wait), wait, parent: span }, end)
            }
          }
        )
      )
    )

  const handle = (started: Started, ahead: number): SyncHandle => {
    const pending = { ...waitFor(started), policy: unbounded }
    const standing = Wait.begin(pending, started.since)
    let last: Exit.Exit<SyncProgress, WaitError> | undefined
    const { request, since, triggered } = started
    const about = waitSpan(sessionId, request.target, request)
    const span = {
      ...about,
      attributes: { ...about.attributes, "agentbay.request_id": triggered.requestId }
    }
    const waiting = (onStep?: (step: Step) => void) =>
      Effect.suspend(() => waitAt(waitFor(started), onStep)).pipe(
        SyncMetrics.waited(request, since),
        sayingOutcome
      )
    return {
      get token() {
        return SyncToken.encode(contentOf(sessionId, started, ahead))
      },
      sessionId,
      requestId: triggered.requestId,
      await: Effect.withSpan(waiting(), "SyncHandle.await", span),
      progress: Stream.withSpan(
        stepStream((tell) => waiting((step) => tell(progressOf(step)))),
        "SyncHandle.progress",
        span
      ),
      // No span of its own, like `info`.
      poll: Effect.gen(function* () {
        if (last !== undefined) return yield* last
        const reading = yield* readStatus(http, sessionId)
        const at = yield* now
        const end =
          Wait.observe(pending, standing, Exit.succeed(reading), { now: at, counts: true }) ??
          Wait.exhaust(pending, standing, at)
        yield* SyncMetrics.polled
        const told = progressOf(Wait.step(standing, at, end))
        if (end === undefined) return told
        last = Exit.as(end, told)
        yield* SyncMetrics.ended(request, since, end)
        return yield* last
      })
    }
  }

  return {
    sync: (options) => traced(options, options, () => syncRequest(http, options, options)),
    prepare: (target, options) =>
      Effect.map(syncRequest(http, target, options), (request) =>
        traced(target, options, () => Effect.succeed(request))
      ),
    progress: (request) =>
      stepStream((tell) =>
        retaining(
          Effect.flatMap(begin(request), (started) =>
            waitAt(waitFor(started), (step) => tell(progressOf(step)))
          )
        ).pipe(SyncMetrics.whole(request), sayingOutcome)
      ),
    start: (request) =>
      Effect.zipWith(
        SyncMetrics.begun(request)(retaining(begin(request))),
        Effect.clockWith((clock) => Effect.sync(() => aheadOf(clock))),
        handle
      ),
    resume: (token, options) =>
      Effect.gen(function* () {
        const { baseline, expected, mode, requestId, target, ...told } = yield* SyncToken.decode(
          token,
          sessionId
        )
        yield* Effect.annotateCurrentSpan({
          ...spanAttributes(sessionId, target, { mode }),
          "agentbay.request_id": requestId
        })
        const policy =
          told.policy === undefined
            ? http.pollPolicy
            : yield* PollPolicy.validate(policyOf(told.policy))
        const checked = yield* patience(options, { ...told, policy })
        const ahead = yield* Effect.clockWith((clock) => Effect.sync(() => aheadOf(clock)))
        const toldDeadline = told.deadline === undefined ? undefined : told.deadline - ahead
        const deadline =
          checked.timeout === undefined
            ? toldDeadline
            : (yield* now) + Duration.toMillis(checked.timeout)
        return handle(
          {
            triggered: { requestId, baseline, expected },
            request: { ...checked, target, mode, join: false },
            since: told.since - ahead,
            deadline
          },
          ahead
        )
      })
  }
}
