/**
 * Actions on the contexts of a session.
 *
 * @since 0.1.0
 */
import type { ContextStatusData } from "@effect-agentbay/core/ContextStatus"
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ContextStore } from "../contexts/ContextStore.js"
import { FaultPlan } from "../faults/FaultPlan.js"
import { type Entry, handle, isoSeconds } from "./Operation.js"
import * as Refusal from "./Refusal.js"
import type { Session, Task } from "../sessions/Session.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"
import { SyncEngine } from "../sync/SyncEngine.js"
import * as SyncRequest from "./SyncRequest.js"
import type { Shown } from "../faults/TaskLens.js"

const time = (seconds: number): Option.Option<DateTime.Utc> =>
  seconds === 0 ? Option.none() : Option.some(DateTime.unsafeMake(seconds * 1000))

const statusItem = (task: Shown): ContextStatusData => ({
  contextId: task.contextId,
  path: task.path,
  errorMessage: task.errorMessage,
  status: task.status,
  startTime: time(task.started),
  finishTime: time(task.finished),
  taskType: task.type,
  taskId: task.id,
  ...task.counts,
  // Not in the message: other clients take any text there for a failure.
  ...(task.skipped === undefined || task.skipped.count === 0
    ? {}
    : { skipped: task.skipped.count, skippedPaths: task.skipped.paths })
})

const statusReply = (tasks: ReadonlyArray<Shown>) => ({
  data: { contextStatus: tasks.map(statusItem) }
})

/** All tasks of a session; the very same reply as long as none of them changes. */
const makeWholeStatus = () => {
  const replies = new WeakMap<
    Session,
    { readonly revision: number; readonly reply: ReturnType<typeof statusReply> }
  >()
  return (session: Session) => {
    const known = replies.get(session)
    if (known?.revision === session.tasksRevision) return known.reply
    const reply = statusReply([...session.tasks.values()])
    replies.set(session, { revision: session.tasksRevision, reply })
    return reply
  }
}

/** The tasks that a filter lets through, the longest listed first. */
const filtered = (
  session: Session,
  filter: {
    readonly contextId?: string | undefined
    readonly path?: string | undefined
    readonly taskType?: string | undefined
  }
): ReadonlyArray<Task> =>
  [...session.tasks.values()].filter(
    (task) =>
      passes(filter.contextId, task.contextId) &&
      passes(filter.path, task.path) &&
      passes(filter.taskType, task.type)
  )

/** A filter that is absent or empty lets everything through. */
const passes = (wanted: string | undefined, value: string): boolean => !wanted || wanted === value

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ReadonlyArray<Entry>,
  never,
  ContextStore | FaultPlan | SessionRegistry | SyncEngine
> = Effect.gen(function* () {
  const contexts = yield* ContextStore
  const faults = yield* FaultPlan
  const registry = yield* SessionRegistry
  const engine = yield* SyncEngine

  const clock = yield* Clock.clockWith(Effect.succeed)

  const wholeStatus = makeWholeStatus()

  return [
    handle(Protocol.GetContextInfo, (payload) =>
      Effect.map(registry.get(payload.sessionId), (session) => {
        const lens = faults.lens()
        if (lens !== undefined) {
          const now = clock.unsafeCurrentTimeMillis()
          return statusReply(lens.look(filtered(session, payload), now))
        }
        return payload.contextId || payload.path || payload.taskType
          ? statusReply(filtered(session, payload))
          : wholeStatus(session)
      })
    ),
    handle(
      Protocol.SyncContext,
      Effect.fn("LocalAgentBay.SyncContext")(function* (payload) {
        yield* registry.within(
          payload.sessionId,
          Effect.fnUntraced(function* (session) {
            const requests = yield* SyncRequest.check(session, payload)
            const named = yield* contexts.names(requests.map((request) => request.contextId))
            for (const { contextId } of requests) {
              // The server's own contexts have no names.
              if (!named.has(contextId) && !(yield* contexts.holdsFiles(contextId))) {
                return yield* Refusal.contextNotFound
              }
            }
            yield* engine.start(session, requests)
          })
        )
        return {}
      })
    ),
    handle(
      Protocol.DescribeSessionContexts,
      Effect.fn("LocalAgentBay.DescribeSessionContexts")(function* (payload) {
        const { bindings } = yield* registry.get(payload.sessionId)
        const names = yield* contexts.names(bindings.map((binding) => binding.contextId))
        return {
          data: bindings.map((binding) => ({
            contextId: binding.contextId,
            contextName: names.get(binding.contextId) ?? "",
            path: binding.path,
            policy: binding.policy,
            bindTime: isoSeconds(binding.boundAt)
          }))
        }
      })
    )
  ]
})
