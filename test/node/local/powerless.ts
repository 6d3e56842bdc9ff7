import * as Effect from "effect/Effect"

/** The user id of nobody. */
export const nobody = 65_534

/** Permission bits do not stop a superuser: runs as nobody instead. */
export const withoutPower = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  process.geteuid?.() !== 0
    ? effect
    : Effect.acquireUseRelease(
        Effect.sync(() => process.seteuid?.(nobody)),
        () => effect,
        () => Effect.sync(() => process.seteuid?.(0))
      )
