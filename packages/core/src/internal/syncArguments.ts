import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { InvalidArgument } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { InfoFilter } from "../ContextManager.js"
import type { BindingRef, SyncMode } from "../ContextStatus.js"
import * as PollPolicy from "../PollPolicy.js"
import type { SyncTarget, TriggerOptions, WaitOptions } from "../SyncOptions.js"
import {
  isOptions,
  notBlank,
  optionalBoolean,
  optionalNotBlank,
  options as checkOptions,
  positiveTime,
  refuse,
  shown,
  wholeNumber
} from "./arguments.js"
import { defaultGraceRetries } from "./syncDecision.js"

const syncMode = (argument: string, mode: SyncMode | undefined) =>
  mode === undefined || mode === "upload" || mode === "download"
    ? Effect.void
    : refuse(argument, `must be "upload" or "download", but is ${shown(mode)}`)

/** Checks what `info` is filtered by. */
export const infoFilter = (filter: InfoFilter): Effect.Effect<void, InvalidArgument> => {
  if (!isOptions(filter)) return checkOptions(filter, "filter")
  const { contextId, path, taskType } = filter
  return contextId === undefined && path === undefined && taskType === undefined
    ? Effect.void
    : optionalNotBlank("contextId", contextId).pipe(
        Effect.zipRight(optionalNotBlank("path", path)),
        Effect.zipRight(syncMode("taskType", taskType))
      )
}

const binding = ({
  contextId,
  path
}: SyncTarget): Effect.Effect<BindingRef | undefined, InvalidArgument> => {
  if (contextId === undefined && path === undefined) return Effect.succeed(undefined)
  if (contextId === undefined || path === undefined) {
    return refuse(
      contextId === undefined ? "contextId" : "path",
      "must be given together with the other: `contextId` and `path` for one context, neither for all"
    )
  }
  return notBlank("contextId", contextId).pipe(
    Effect.zipRight(notBlank("path", path)),
    Effect.as({ contextId, path })
  )
}

/** How a wait goes on, checked. */
export interface Patience {
  readonly policy: PollPolicy.PollPolicy
  readonly graceRetries: number
  readonly maxConsecutiveErrors: number
  readonly timeout: Duration.Duration | undefined
}

/** What holds where a call says nothing. */
type Defaults = Pick<Patience, "policy" | "graceRetries" | "maxConsecutiveErrors">

// What the call says beats what the layer says, which beats the default.
const pollPolicy = (defaults: Defaults, options: WaitOptions) => {
  const { maxRetries, retryInterval, schedule } = options
  if (schedule !== undefined) {
    if (!Schedule.isSchedule(schedule)) {
      return refuse("schedule", `must be a Schedule, but is ${shown(schedule)}`)
    }
    return maxRetries === undefined && retryInterval === undefined
      ? Effect.succeed(PollPolicy.fromSchedule(schedule))
      : refuse("schedule", "must stand alone, without `maxRetries` and `retryInterval`")
  }
  if (maxRetries === undefined && retryInterval === undefined) {
    return Effect.succeed(defaults.policy)
  }
  return toldPolicy(defaults.policy, options)
}

type Told = Pick<WaitOptions, "maxRetries" | "retryInterval">

interface Remembered extends Told {
  readonly layered: PollPolicy.PollPolicy
  readonly policy: PollPolicy.PollPolicy
}

let last: Remembered | undefined

// Thousands of calls that say the same have one policy, which is made and kept once. A list of
// seconds and nanoseconds may be another one later.
const toldPolicy = (layered: PollPolicy.PollPolicy, { maxRetries, retryInterval }: Told) => {
  const isToldAgain =
    last?.layered === layered &&
    last.maxRetries === maxRetries &&
    last.retryInterval === retryInterval &&
    !Array.isArray(retryInterval)
  if (last !== undefined && isToldAgain) return Effect.succeed(last.policy)
  const told = { layered, maxRetries, retryInterval }
  return Effect.map(PollPolicy.validate(withNumbers(layered, told), "retryInterval"), (policy) => {
    last = { ...told, policy }
    return policy
  })
}

// A number of retries alone leaves the spacing as it is; an interval is another spacing.
const withNumbers = (
  policy: PollPolicy.PollPolicy,
  { maxRetries, retryInterval }: Told
): PollPolicy.PollPolicy => {
  if (policy._tag === "Backoff" && retryInterval === undefined) {
    const backoff = PollPolicy.backoff({ ...policy, maxRetries })
    return policy.jitter ? PollPolicy.jittered(backoff) : backoff
  }
  const layered = policy._tag === "Spaced" ? policy : undefined
  const spaced = PollPolicy.spaced({
    interval: retryInterval ?? layered?.interval,
    maxRetries: maxRetries ?? (policy._tag === "Custom" ? undefined : policy.maxRetries)
  })
  return layered?.jitter === true ? PollPolicy.jittered(spaced) : spaced
}

/** Checks how a wait is to go on, and fills in what is left out. */
export const patience = (
  options: WaitOptions,
  defaults: Defaults
): Effect.Effect<Patience, InvalidArgument> =>
  Effect.gen(function* () {
    return {
      policy: yield* pollPolicy(defaults, options),
      graceRetries: yield* wholeNumber(
        "graceRetries",
        options.graceRetries ?? defaults.graceRetries
      ),
      maxConsecutiveErrors: yield* wholeNumber(
        "maxConsecutiveErrors",
        options.maxConsecutiveErrors ?? defaults.maxConsecutiveErrors
      ),
      timeout:
        options.timeout === undefined ? undefined : yield* positiveTime("timeout", options.timeout)
    }
  })

/** The checked arguments of a sync. */
export interface SyncRequest extends Patience {
  readonly target: BindingRef | undefined
  readonly mode: SyncMode | undefined
  readonly join: boolean
}

/** Checks the options of a sync and fills in what they leave out. */
export const syncRequest = (
  http: HttpService,
  target: SyncTarget,
  options: TriggerOptions
): Effect.Effect<SyncRequest, InvalidArgument> =>
  Effect.gen(function* () {
    yield* checkOptions(options)
    yield* syncMode("mode", options.mode)
    const aimedAt = yield* binding(target)
    yield* optionalBoolean("join", options.join)
    return {
      ...(yield* patience(options, {
        policy: http.pollPolicy,
        graceRetries: defaultGraceRetries,
        maxConsecutiveErrors: http.maxConsecutiveErrors
      })),
      target: aimedAt,
      mode: options.mode,
      join: options.join ?? false
    }
  })
