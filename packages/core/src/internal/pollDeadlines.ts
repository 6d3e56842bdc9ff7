import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makeAlarm } from "./alarm.js"
import type { Member } from "./pollMember.js"

/** How many milliseconds the last look of a wait at its deadline may take. */
export const lastLook = 2000

/** The earliest deadline of some members. */
export const earliest = (members: Iterable<Pick<Member<never>, "deadline">>): number => {
  let found = Infinity
  for (const { deadline } of members) found = Math.min(found, deadline)
  return found
}

/**
 * Ends those whose time is over although the request they look with has no answer yet. It
 * costs something only while there is a deadline.
 */
export const makeDeadlines = <Reading>(
  members: Set<Member<Reading>>,
  onEmpty: Effect.Effect<void>
): {
  readonly joined: (member: Member<Reading>) => Effect.Effect<void>
  readonly close: Effect.Effect<void>
} => {
  const alarm = makeAlarm()
  let guard: Fiber.RuntimeFiber<void> | undefined

  const watch = Effect.gen(function* () {
    for (;;) {
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      for (const member of members) {
        if (member.deadline + lastLook > now) continue
        members.delete(member)
        member.tell({ _tag: "GiveUp", now })
      }
      const deadline = earliest(members)
      if (deadline === Infinity) break
      yield* alarm.sleepUntil(deadline + lastLook, now)
    }
    guard = undefined
    // Nobody is left to wait for the request that is under way.
    if (members.size === 0) yield* Effect.forkDaemon(onEmpty)
  })

  return {
    joined: ({ deadline }) => {
      if (deadline === Infinity) return Effect.void
      alarm.ring((until) => deadline + lastLook < until)
      return guard !== undefined
        ? Effect.void
        : Effect.map(Effect.forkDaemon(Effect.interruptible(watch)), (fiber) => {
            guard = fiber
          })
    },
    close: Effect.suspend(() =>
      guard === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(guard))
    )
  }
}
