import type * as Fiber from "effect/Fiber"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"

/**
 * The time in whole milliseconds by which waits are measured. It begins as the time of day and
 * goes on when that is set: a clock that is put back must not make a timeout of hours of one of
 * seconds, nor one that is put forward end it.
 */
export const steadyMillis = (clock: Clock.Clock): number =>
  Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)

/** The clock of a fiber, for code that has the fiber at hand already. */
export const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.get(fiber.currentDefaultServices, Clock.Clock)
