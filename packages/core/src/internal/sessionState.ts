import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ApiError, type CallError, SyncTimeout } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { PollPolicy } from "../PollPolicy.js"
import { GetSession, PauseSessionAsync, ResumeSessionAsync } from "../Protocol.js"
import { runAlone } from "./pollLoop.js"
import { startOnce } from "./startOnce.js"
import { defaultGraceRetries } from "./syncDecision.js"
import { type Decision, end, proceed, type Spent } from "./wait.js"

/** The changes of state that a session can be asked for. */
const changes = {
  pause: { start: PauseSessionAsync, underWay: "PAUSING", goal: "PAUSED" },
  resume: { start: ResumeSessionAsync, underWay: "RESUMING", goal: "RUNNING" }
} as const

/** The states that no session comes back from. */
const ends: ReadonlySet<string> = new Set(["DELETING", "DELETED", "FINISH"])

interface State {
  /** The last state that was seen. */
  readonly seen: string | undefined
  /** Answers in a row, after the first, in which nothing was under way. */
  readonly quiet: number
}

interface Subject {
  readonly change: keyof typeof changes
  readonly sessionId: string
  /** The request id of the start. */
  readonly requestId: string
}

const unexpected = ({ change, requestId, sessionId }: Subject, seen: string) =>
  new ApiError({
    operation: changes[change].start.action,
    reason: "UnexpectedState",
    code: "",
    description: `the session is ${seen || "in no state that was told"}, not ${changes[change].goal}`,
    httpStatus: 200,
    requestId,
    sessionId
  })

// The state of before may be seen for a while after the start was accepted: it is neither
// an end nor a failure at once. The same goes for a word that we do not know.
const decide =
  (subject: Subject) =>
  (state: State, seen: string): Decision<State, void, ApiError> => {
    const { goal, underWay } = changes[subject.change]
    if (seen === goal) return end({ seen, quiet: 0 }, Either.void)
    if (seen === underWay) return proceed({ seen, quiet: 0 })
    const quiet = state.seen === undefined ? 0 : state.quiet + 1
    return ends.has(seen) || quiet >= defaultGraceRetries
      ? end({ seen, quiet }, Either.left(unexpected(subject, seen)))
      : proceed({ seen, quiet })
  }

const exhausted =
  ({ change, requestId, sessionId }: Subject) =>
  (state: State, spent: Spent) =>
    new SyncTimeout({
      operation: change,
      sessionId,
      requestId,
      state: state.seen,
      polls: spent.polls,
      elapsed: spent.elapsed,
      tasks: [],
      missing: [],
      lastError: spent.lastError
    })

/** Asks for a change of state and waits until the session is there. */
export const changeState = (
  http: HttpService,
  change: keyof typeof changes,
  sessionId: string,
  policy: PollPolicy
): Effect.Effect<void, CallError | SyncTimeout> =>
  Effect.gen(function* () {
    const accepted = yield* startOnce(http, http.callOnce(changes[change].start, { sessionId }))
    const subject: Subject = { change, sessionId, requestId: accepted.requestId }
    const initial: State = { seen: undefined, quiet: 0 }
    yield* runAlone<State, string, void, ApiError | SyncTimeout>({
      initial,
      policy,
      maxConsecutiveErrors: http.maxConsecutiveErrors,
      read: Effect.map(
        http.callOnce(GetSession, { sessionId }),
        ({ reply }) => reply.data.status ?? ""
      ),
      decide: decide(subject),
      exhausted: exhausted(subject)
    })
  })
