import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { InvalidArgument } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { InfoFilter, SyncOptions } from "../ContextManager.js"
import type { BindingRef, SyncMode } from "../ContextStatus.js"
import * as PollPolicy from "../PollPolicy.js"
import {
  isOptions,
  notBlank,
  optionalNotBlank,
  options as checkOptions,
  refuse,
  shown,
  wholeNumber
} from "./arguments.js"
import { defaultGraceRetries } from "./syncDecision.js"
import { defaultMaxConsecutiveErrors } from "./wait.js"

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

const target = (options: SyncOptions): Effect.Effect<BindingRef | undefined, InvalidArgument> => {
  const { contextId, path } = options
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

// What the call says beats what the layer says, which beats the default.
const pollPolicy = (http: HttpService, options: SyncOptions) => {
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
    return Effect.succeed(http.pollPolicy)
  }
  const layered = http.pollPolicy._tag === "Spaced" ? http.pollPolicy : undefined
  return PollPolicy.validate(
    PollPolicy.spaced({
      interval: retryInterval ?? layered?.interval,
      maxRetries: maxRetries ?? layered?.maxRetries
    }),
    "retryInterval"
  )
}

/** The checked arguments of a sync. */
export interface SyncRequest {
  readonly target: BindingRef | undefined
  readonly mode: SyncMode | undefined
  readonly policy: PollPolicy.PollPolicy
  readonly graceRetries: number
  readonly maxConsecutiveErrors: number
}

/** Checks the options of a sync and fills in what they leave out. */
export const syncRequest = (
  http: HttpService,
  options: SyncOptions
): Effect.Effect<SyncRequest, InvalidArgument> =>
  Effect.gen(function* () {
    yield* checkOptions(options)
    yield* syncMode("mode", options.mode)
    return {
      target: yield* target(options),
      mode: options.mode,
      policy: yield* pollPolicy(http, options),
      graceRetries: yield* wholeNumber("graceRetries", options.graceRetries ?? defaultGraceRetries),
      maxConsecutiveErrors: yield* wholeNumber(
        "maxConsecutiveErrors",
        options.maxConsecutiveErrors ?? defaultMaxConsecutiveErrors
      )
    }
  })
