/**
 * Contexts are mounted in a session: at its creation, or while it runs.
 *
 * @since 0.1.0
 */
import type { ContextSync } from "@effect-agentbay/core/ContextSync"
import type { PlatformError } from "@effect/platform/Error"
import type { SqlError } from "@effect/sql/SqlError"
import type { Statement } from "@effect/sql/Statement"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as BindingRequest from "../actions/BindingRequest.js"
import * as Beneath from "../Beneath.js"
import { ContextStore, type StateFailure } from "../contexts/ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import * as MountPath from "../MountPath.js"
import * as Policy from "../sync/Policy.js"
import * as Refusal from "../actions/Refusal.js"
import type { Binding, Session } from "./Session.js"
import { SessionRegistry } from "./SessionRegistry.js"
import { State } from "../State.js"
import { SyncEngine } from "../sync/SyncEngine.js"

/**
 * @since 0.1.0
 */
export interface SessionBinding {
  /** The bindings that a request asks for; refuses unknown contexts and impossible paths. */
  readonly check: (
    wanted: ReadonlyArray<ContextSync>,
    bound: ReadonlyArray<Binding>,
    now: number
  ) => Effect.Effect<ReadonlyArray<Binding>, Refusal.Refusal | StateFailure>
  /** Writes bindings; refuses those whose contexts were deleted since they were checked. */
  readonly write: (
    bindings: ReadonlyArray<Binding>,
    statements: ReadonlyArray<Statement<unknown>>
  ) => Effect.Effect<void, Refusal.Refusal | StateFailure>
  /** Begins the first downloads of bindings; their tasks are listed when this returns. */
  readonly fill: (
    session: Session,
    bindings: ReadonlyArray<Binding>
  ) => Effect.Effect<void, SqlError>
  /** Binds all of them, or none; their first downloads are listed when this returns. */
  readonly bind: (
    session: Session,
    wanted: ReadonlyArray<ContextSync>
  ) => Effect.Effect<void, Refusal.Refusal | StateFailure | PlatformError>
}

type Needs = State | DataDirectory | SessionRegistry | ContextStore | SyncEngine

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<SessionBinding, never, Needs> = Effect.gen(function* () {
  const state = yield* State
  const directory = yield* DataDirectory
  const { table } = yield* SessionRegistry
  const contexts = yield* ContextStore
  const engine = yield* SyncEngine
  const oneAtATime = yield* Effect.makeSemaphore(1)

  const checkContexts = Effect.fnUntraced(function* (bindings: ReadonlyArray<Binding>) {
    const known = yield* contexts.names(bindings.map((binding) => binding.contextId))
    if (bindings.some((binding) => !known.has(binding.contextId))) {
      return yield* Refusal.bindingContextNotFound
    }
  })

  const check: SessionBinding["check"] = (wanted, bound, now) =>
    Effect.tap(BindingRequest.check(wanted, bound, now), checkContexts)

  const write: SessionBinding["write"] = (bindings, statements) =>
    Effect.catchAll(state.atomically(statements), (error) =>
      Effect.zipRight(checkContexts(bindings), Effect.fail(error))
    )

  const fill: SessionBinding["fill"] = (session, bindings) =>
    engine.start(
      session,
      bindings.map(({ contextId, mount, path, policy }) => ({
        contextId,
        mount,
        path,
        type: "download",
        copy: Policy.downloadsAtStart(policy)
      }))
    )

  /** Whoever works in the session may have put anything in the way. */
  const makeFolder = (session: Session, { mount }: Binding) =>
    MountPath.place(directory.sessionRoot(session.id), mount).pipe(
      Effect.flatMap(Beneath.makeDirectory),
      Effect.catchTags({
        PathRefused: (error) => invalid(error.message),
        SystemError: (error) =>
          error.reason === "AlreadyExists" || error.reason === "BadResource"
            ? invalid(`a file stands in the way of the path ${mount}`)
            : Effect.fail(error)
      })
    )

  return {
    check,
    write,
    fill,
    bind: Effect.fnUntraced(function* (session, wanted) {
      if (wanted.length === 0) return yield* invalid("it is empty")
      const bindings = yield* check(wanted, session.bindings, yield* Clock.currentTimeMillis)
      yield* Effect.forEach(bindings, (binding) => makeFolder(session, binding), { discard: true })
      yield* write(bindings, table.bind(session.id, bindings))
      session.bindings = [...session.bindings, ...bindings]
      yield* fill(session, bindings)
      // Two requests at once must not both find a path free.
    }, oneAtATime.withPermits(1))
  }
})

const invalid = (issue: string): Effect.Effect<never, Refusal.Refusal> =>
  Effect.fail(Refusal.invalidParameter("PersistenceDataList", `is refused: ${issue}`))
