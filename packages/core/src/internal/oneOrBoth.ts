import * as Effect from "effect/Effect"

/** One effect after the other, as far as they are there. */
export const oneOrBoth = (
  one: Effect.Effect<void> | undefined,
  other: Effect.Effect<void> | undefined
) => (one === undefined || other === undefined ? (one ?? other) : Effect.zipRight(one, other))
