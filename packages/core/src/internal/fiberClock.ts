import type * as Fiber from "effect/Fiber"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"

/** The clock of a fiber, for code that has the fiber at hand already. */
export const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.get(fiber.currentDefaultServices, Clock.Clock)
