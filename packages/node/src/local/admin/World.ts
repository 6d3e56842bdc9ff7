/**
 * The rooms of the server as one thing that can be replaced while it listens: what is in them
 * is closed, the data directory is changed, and they are opened again on what lies there now.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/**
 * @since 0.1.0
 */
export interface World<Rooms, E> {
  /**
   * Does something in the present rooms, which are not closed before it is done. While they
   * are being replaced, it waits.
   */
  readonly use: <A, E2>(
    work: (rooms: Context.Context<Rooms>) => Effect.Effect<A, E2>
  ) => Effect.Effect<A, E2>
  /**
   * The present rooms, for what is done in them before anything else happens; none while they are
   * being replaced.
   */
  readonly now: () => Context.Context<Rooms> | undefined
  /**
   * Replaces the rooms: lets what goes on in them end and nothing new begin, closes them,
   * changes what they stood on, and opens them again. When they cannot be opened on the
   * change, it is undone, and the failure is that of opening them. Whoever leaves while it
   * waits for others leaves everything as it was; after that it is carried to its end, but for
   * what the change itself lets be interrupted.
   */
  readonly replace: <A, E2>(steps: {
    /** Done in the old rooms, when nothing else goes on in them. */
    readonly before?: (rooms: Context.Context<Rooms>) => Effect.Effect<void, E2>
    readonly change: Effect.Effect<A, E2>
    readonly undo?: Effect.Effect<void, E2>
  }) => Effect.Effect<A, E | E2>
}

/**
 * Opens the rooms for the life of the scope.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* <Rooms, E, In>(
  layer: Layer.Layer<Rooms, E, In>
): Effect.fn.Return<World<Rooms, E>, E, In | Scope.Scope> {
  const outside = yield* Effect.context<In>()
  const outer = yield* Effect.scope
  // In a fiber of its own, which nobody interrupts but anything may be interrupted in: what is
  // forked while rooms are opened would inherit that it cannot be, and never end.
  const open = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const opening = yield* Effect.forkDaemon(
      Effect.interruptible(Effect.provide(Layer.buildWithScope(layer, scope), outside))
    )
    const rooms = yield* Fiber.join(opening).pipe(
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    return { rooms, scope }
  }).pipe(Effect.uninterruptible)

  let present: { readonly rooms: Context.Context<Rooms>; readonly scope: Scope.CloseableScope } =
    yield* open
  let broken: Cause.Cause<unknown> | undefined
  let busy = 0
  let idle: Deferred.Deferred<void> | undefined
  const door = yield* Effect.makeLatch(true)
  let isOpen = true
  const oneAtATime = yield* Effect.makeSemaphore(1)
  yield* Scope.addFinalizer(
    outer,
    Effect.suspend(() => Scope.close(present.scope, Exit.void))
  )

  const leave = Effect.suspend(() => {
    busy--
    return busy === 0 && idle !== undefined
      ? Effect.asVoid(Deferred.succeed(idle, undefined))
      : Effect.void
  })

  const use: World<Rooms, E>["use"] = (work) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        if (!isOpen) return restore(Effect.zipRight(door.await, use(work)))
        if (broken !== undefined) {
          return Effect.die(new Error("the rooms of the server are closed", { cause: broken }))
        }
        busy++
        return Effect.ensuring(restore(Effect.suspend(() => work(present.rooms))), leave)
      })
    )

  const whenIdle = Effect.gen(function* () {
    const done = yield* Deferred.make<void>()
    if (busy === 0) return
    idle = done
    yield* Deferred.await(done)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        idle = undefined
      })
    )
  )

  const reopen = Effect.matchCauseEffect(open, {
    onSuccess: (opened) =>
      Effect.sync(() => {
        present = opened
        broken = undefined
      }),
    onFailure: (cause) => {
      broken = cause
      return Effect.failCause(cause)
    }
  })

  /** While the door is shut, new work waits before it. */
  const behindShutDoor = <A, E2>(steps: Effect.Effect<A, E2>): Effect.Effect<A, E2> =>
    Effect.suspend(() => {
      isOpen = false
      return Effect.zipRight(door.close, steps)
    }).pipe(
      Effect.ensuring(
        Effect.suspend(() => {
          isOpen = true
          return door.open
        })
      )
    )

  const replace: World<Rooms, E>["replace"] = ({ before, change, undo = Effect.void }) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        yield* restore(whenIdle)
        if (before !== undefined && broken === undefined) yield* restore(before(present.rooms))
        yield* Scope.close(present.scope, Exit.void)
        const changed = yield* Effect.exit(change)
        if (Exit.isFailure(changed)) yield* undo
        const opened = yield* Effect.exit(reopen)
        if (Exit.isFailure(opened) && Exit.isSuccess(changed)) {
          yield* undo
          yield* reopen
        }
        yield* opened
        return yield* changed
      }).pipe(behindShutDoor)
    ).pipe(oneAtATime.withPermits(1))

  return {
    use,
    now: () => (isOpen && broken === undefined ? present.rooms : undefined),
    replace
  }
})
