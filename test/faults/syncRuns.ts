/** How the effects of the context manager, of handles and of the HTTP service are run. */
import { AgentBayHttp } from "@effect-agentbay/core/AgentBayHttp"
import { isRetryable } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { SessionBinding } from "@effect-agentbay/core/ContextManager"
import type {
  ContextStatusData,
  ContextSyncResult,
  SyncProgress
} from "@effect-agentbay/core/ContextStatus"
import { GetSessionDetail, SetLabel } from "@effect-agentbay/core/Protocol"
import type { Session } from "@effect-agentbay/core/Session"
import type { SyncHandle } from "@effect-agentbay/core/SyncHandle"
import type { ManyResult } from "@effect-agentbay/core/SyncMany"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Good } from "./service.js"
import { pollsToTheEnd } from "./slots.js"
import type { syncEffects } from "./syncEffects.js"
import { all, type Run, type Runnable, running, type World } from "./world.js"

const tasksOf = (tasks: ReadonlyArray<ContextStatusData>) =>
  tasks.map(({ path, status, taskType }) => `${taskType} ${path} ${status}`)

/** What is to be told of a result: all but the ids and the very times. */
export const resultOf = ({
  contextStatusData,
  elapsed,
  outcome,
  untouched
}: ContextSyncResult) => ({
  outcome,
  // No wait of the matrix is over at once or lasts for ten minutes, whatever the time of day does.
  lasted: Duration.between(elapsed, { minimum: "1 second", maximum: "10 minutes" })
    ? "some time"
    : Duration.format(elapsed),
  tasks: tasksOf(contextStatusData),
  untouched: untouched.map(({ path }) => path)
})

const stepsOf = (steps: ReadonlyArray<SyncProgress>) => {
  const last = steps.at(-1)?.result
  const isEarly = steps.slice(0, -1).every(({ result }) => Option.isNone(result))
  return {
    earlier: isEarly ? "without result" : "with a result",
    last: last === undefined ? "no step" : Option.getOrUndefined(Option.map(last, resultOf))
  }
}

const lookOf = ({ contextStatusData, result }: SyncProgress) => ({
  tasks: tasksOf(contextStatusData),
  result: Option.match(result, { onNone: () => "none yet", onSome: resultOf })
})

const bindingsOf =
  ({ nameOf }: World) =>
  (bindings: ReadonlyArray<SessionBinding>) =>
    bindings.map(({ contextId, path }) => `${nameOf(contextId)} at ${path}`)

/** The end of the one sync among many, as if it had been alone. */
export const only = <Target, R>(many: Effect.Effect<ManyResult<Target>, never, R>) =>
  Effect.flatMap(many, ({ failed: [failed], succeeded }) =>
    failed === undefined
      ? Effect.succeed(succeeded.map(({ result }) => resultOf(result)).at(-1))
      : Effect.fail(failed.error)
  )

/** With a sync that was started; gives what is done with its handle. */
const withHandle = (isResumed: boolean, run: (handle: SyncHandle) => Run): Runnable => ({
  prepare: ({ session: { contextManager }, target }) =>
    Effect.map(contextManager.start(target), (handle) =>
      isResumed ? Effect.flatMap(contextManager.resume(handle.token), run) : run(handle)
    )
})

const ways = {
  await: (handle: SyncHandle) => Effect.map(handle.await, resultOf),
  progress: (handle: SyncHandle) => Effect.map(all(handle.progress), stepsOf),
  poll: (handle: SyncHandle) => Effect.map(handle.poll, lookOf)
}

/** What is told until the end shows at the last of the polls. */
export const untilTheEnd =
  (reply: AgentBayTest.Reply): Good =>
  (index) =>
    index < pollsToTheEnd - 1 ? reply : undefined

const boundLate = { DescribeSessionContexts: untilTheEnd(AgentBayTest.ok([])) }

const binding =
  (options: { readonly awaitDownload?: boolean }) =>
  (world: World): Run =>
    Effect.map(
      world.session.contextManager.bind({ contextId: world.other, path: "/other" }, options),
      bindingsOf(world)
    )

/** The end of the second of two; the first has to have gone well. */
export const afterTheFirst = <Target>(first: Target, many: ManyResult<Target>) =>
  many.succeeded[0]?.target === first
    ? only(Effect.succeed(many))
    : Effect.dieMessage("the first target was touched")

const secondOfTwo: Runnable = {
  prepare: ({ agentBay: { contexts }, session: { contextManager }, target }) =>
    Effect.map(contexts.create("notes"), ({ id }) =>
      Effect.flatMap(
        Effect.orDie(
          contextManager.syncAll([target, { contextId: id, path: "/notes" }], { concurrency: 1 })
        ),
        (many) => afterTheFirst(target, many)
      )
    )
}

const stateOf = ({ sessionId }: Session) =>
  Effect.flatMap(AgentBayHttp, (http) =>
    Effect.succeed({ http, call: http.callOnce(GetSessionDetail, { sessionId }) })
  )

type Name = (typeof syncEffects)[number]["name"]

export const syncRuns: { readonly [name in Name]: Runnable } = {
  "contextManager.info": running(({ session }) =>
    Effect.map(session.contextManager.info(), ({ contextStatusData }) => tasksOf(contextStatusData))
  ),
  "contextManager.bindings": running((world) =>
    Effect.map(world.session.contextManager.bindings, bindingsOf(world))
  ),
  "contextManager.sync (one binding)": running(({ session, target }) =>
    Effect.map(session.contextManager.sync(target), resultOf)
  ),
  "contextManager.sync (everything)": running(({ session }) =>
    Effect.map(session.contextManager.sync(), resultOf)
  ),
  "contextManager.sync (two that join)": running(({ session, target }) => {
    const one = Effect.map(session.contextManager.sync({ ...target, join: true }), resultOf)
    return Effect.all([one, one], { concurrency: 2 })
  }),
  "contextManager.progress": running(({ session, target }) =>
    Effect.map(all(session.contextManager.progress(target)), stepsOf)
  ),
  "contextManager.start": running(({ session, target }) =>
    Effect.map(session.contextManager.start(target), ({ sessionId, token }) =>
      sessionId === session.sessionId && token.length > 10
        ? "a handle of the session, with a token"
        : `a handle of ${sessionId}: ${token}`
    )
  ),
  "contextManager.resume, then await": withHandle(true, ways.await),
  "contextManager.resume, then progress": withHandle(true, ways.progress),
  "contextManager.resume, then poll": withHandle(true, ways.poll),
  "contextManager.syncAll": running(({ session, target }) =>
    only(session.contextManager.syncAll([target]).pipe(Effect.orDie))
  ),
  "contextManager.syncAll (the second of two)": secondOfTwo,
  "contextManager.bind": running(binding({}), boundLate),
  "contextManager.bind (awaitDownload)": running(binding({ awaitDownload: true }), boundLate),

  "syncHandle.await": withHandle(false, ways.await),
  "syncHandle.progress": withHandle(false, ways.progress),
  "syncHandle.poll": withHandle(false, ways.poll),

  "agentBayHttp.call (a read)": running(({ session: { sessionId } }) =>
    Effect.flatMap(AgentBayHttp, ({ call }) =>
      Effect.map(call(GetSessionDetail, { sessionId }), ({ reply }) => reply.data.status)
    )
  ),
  "agentBayHttp.call (a write)": running(({ session: { sessionId } }) =>
    Effect.flatMap(AgentBayHttp, ({ call }) =>
      Effect.asVoid(call(SetLabel, { sessionId, labels: { of: "test" } }))
    )
  ),
  "agentBayHttp.callOnce": running(({ session }) =>
    Effect.flatMap(stateOf(session), ({ call }) =>
      Effect.map(call, ({ reply }) => reply.data.status)
    )
  ),
  "agentBayHttp.retry": running(({ session }) =>
    Effect.flatMap(stateOf(session), ({ call, http }) =>
      Effect.map(http.retry(call, http.retryPolicy, isRetryable), ({ reply }) => reply.data.status)
    )
  )
}
