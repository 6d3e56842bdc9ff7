/**
 * Actions on the contexts of a session.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ContextStore } from "../contexts/ContextStore.js"
import { FaultPlan } from "../faults/FaultPlan.js"
import { type Entry, handle, handleNow, isoSeconds } from "./Operation.js"
import * as Refusal from "./Refusal.js"
import type { Session, Task } from "../sessions/Session.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"
import { SyncEngine } from "../sync/SyncEngine.js"
import * as StatusText from "./StatusText.js"
import * as SyncRequest from "./SyncRequest.js"
import type { Filter } from "../sessions/TaskList.js"

/** All tasks of a session; the very same text as long as none of them changes. */
const makeWholeStatus = (write: (tasks: ReadonlyArray<Task>) => string) => {
  const texts = new WeakMap<Session, { readonly revision: number; readonly text: string }>()
  return (session: Session): string => {
    const known = texts.get(session)
    if (known?.revision === session.tasksRevision) return known.text
    const text = write(session.tasks.all())
    texts.set(session, { revision: session.tasksRevision, text })
    return text
  }
}

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

  const write = StatusText.make()
  const wholeStatus = makeWholeStatus(write)

  const statusText = (session: Session, filter: Filter): string => {
    const lens = faults.lens()
    if (lens !== undefined) {
      return write(lens.look(session.tasks.find(filter), clock.unsafeCurrentTimeMillis()))
    }
    return filter.contextId || filter.path || filter.taskType
      ? write(session.tasks.find(filter))
      : wholeStatus(session)
  }

  return [
    handleNow(Protocol.GetContextInfo, (payload) => {
      const session = registry.find(payload.sessionId)
      return session === undefined
        ? Either.left(Refusal.sessionNotFound)
        : Either.right({ Data: { ContextStatus: statusText(session, payload) } })
    }),
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
