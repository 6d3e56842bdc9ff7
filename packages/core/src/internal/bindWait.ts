import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ApiError, type InvalidArgument, SyncTimeout } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { BindOptions, SessionBinding, SyncError } from "../ContextManager.js"
import type { BindingRef } from "../ContextStatus.js"
import { type ContextSync, validateAll } from "../ContextSync.js"
import * as PollPolicy from "../PollPolicy.js"
import { BindContexts } from "../Protocol/ContextOperations.js"
import { optionalBoolean, options as checkOptions, refuse } from "./arguments.js"
import { startOnce } from "./startOnce.js"
import { type LoneWait, runAlone } from "./pollLoop.js"
import { readBindings, readInfo } from "./statusReads.js"
import { sameBinding, samePath } from "./syncBaseline.js"
import { boundDownloads } from "./syncWait.js"
import { end, proceed } from "./wait.js"

/** What one bind is about. */
interface BindSubject {
  readonly sessionId: string
  /** The request id of the accepted bind. */
  readonly requestId: string
  readonly wanted: ReadonlyArray<ContextSync>
}

type Bindings = ReadonlyArray<SessionBinding>

const refs = (bindings: ReadonlyArray<BindingRef>) =>
  bindings.map(({ contextId, path }) => ({ contextId, path }))

// A context may be mounted at several paths, so a path counts only with its context.
const told = (bindings: Bindings, wanted: ReadonlyArray<ContextSync>): Bindings =>
  wanted.flatMap((one) => bindings.find((binding) => sameBinding(binding, one)) ?? [])

const unbound = (bindings: Bindings, wanted: ReadonlyArray<ContextSync>) =>
  refs(wanted.filter((one) => !bindings.some((binding) => sameBinding(binding, one))))

/** A binding that stands where another is wanted, and will not go away by waiting. */
const conflict = (bindings: Bindings, missing: ReadonlyArray<BindingRef>) =>
  bindings.find((binding) => missing.some((one) => samePath(binding.path, one.path)))

const alreadyBound = (subject: BindSubject, taken: SessionBinding): ApiError =>
  new ApiError({
    operation: BindContexts.action,
    reason: "PathAlreadyBound",
    code: "PathAlreadyBound",
    description: `${taken.path} is bound to ${taken.contextId}`,
    httpStatus: 200,
    requestId: subject.requestId,
    sessionId: subject.sessionId
  })

/** The wait until the service tells every binding that was asked for. */
const untilBound = (
  http: HttpService,
  subject: BindSubject,
  policy: PollPolicy.PollPolicy
): LoneWait<Bindings, Bindings, Bindings, ApiError | SyncTimeout> => ({
  initial: [],
  policy,
  maxConsecutiveErrors: http.maxConsecutiveErrors,
  read: readBindings(http, "callOnce", subject.sessionId),
  decide: (_, bindings) => {
    const missing = unbound(bindings, subject.wanted)
    if (missing.length === 0) return end(bindings, Either.right(told(bindings, subject.wanted)))
    const taken = conflict(bindings, missing)
    return taken === undefined
      ? proceed(bindings)
      : end(bindings, Either.left(alreadyBound(subject, taken)))
  },
  exhausted: (bindings, spent) =>
    new SyncTimeout({
      operation: "bind",
      sessionId: subject.sessionId,
      requestId: subject.requestId,
      polls: spent.polls,
      elapsed: spent.elapsed,
      tasks: [],
      missing: unbound(bindings, subject.wanted),
      lastError: spent.lastError
    })
})

// A download that is switched off is not waited for: none may ever be listed.
const isAwaited = ({ policy, waitForDownload }: ContextSync) =>
  waitForDownload !== false && policy?.downloadPolicy?.autoDownload !== false

const isList = (
  contexts: ContextSync | ReadonlyArray<ContextSync>
): contexts is ReadonlyArray<ContextSync> => Array.isArray(contexts)

/** The checked arguments of a bind. */
interface BindRequest {
  readonly wanted: ReadonlyArray<ContextSync>
  /** Those whose download is waited for. */
  readonly awaited: ReadonlyArray<ContextSync>
  readonly policy: PollPolicy.PollPolicy
}

const bindRequest = (
  http: HttpService,
  contexts: ContextSync | ReadonlyArray<ContextSync>,
  options: BindOptions
): Effect.Effect<BindRequest, InvalidArgument> =>
  Effect.gen(function* () {
    const wanted = isList(contexts) ? contexts : [contexts]
    yield* validateAll(wanted)
    if (wanted.length === 0) {
      return yield* refuse("contexts", "must name at least one context to bind")
    }
    yield* checkOptions(options)
    yield* optionalBoolean("awaitDownload", options.awaitDownload)
    return {
      wanted,
      awaited: options.awaitDownload === true ? wanted.filter(isAwaited) : [],
      policy: yield* PollPolicy.validate(options.pollPolicy ?? http.pollPolicy)
    }
  })

/**
 * Binds, waits until every path is bound to its context, and then, where that is asked for,
 * until its download has ended well. Tasks that are listed before the bind are not its own.
 */
export const bind = (
  http: HttpService,
  sessionId: string,
  contexts: ContextSync | ReadonlyArray<ContextSync>,
  options: BindOptions
): Effect.Effect<Bindings, SyncError> =>
  Effect.gen(function* () {
    const { awaited, policy, wanted } = yield* bindRequest(http, contexts, options)
    const before =
      awaited.length === 0 ? [] : (yield* readInfo(http, "call", { sessionId })).contextStatusData
    const { requestId } = yield* startOnce(
      http,
      http.callOnce(BindContexts, { sessionId, persistenceDataList: wanted })
    )
    const bound = yield* runAlone(untilBound(http, { sessionId, requestId, wanted }, policy))
    if (awaited.length > 0) {
      yield* runAlone(
        boundDownloads(http, { sessionId, requestId, bindings: awaited, policy, baseline: before })
      )
    }
    return bound
  })
