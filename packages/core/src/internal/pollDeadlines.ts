import * as Effect from "effect/Effect"
import { makeAlarm } from "./alarm.js"
import { steadyMillis } from "./fiberClock.js"
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
  stopIfEmpty: Effect.Effect<void>
): {
  readonly joined: (member: Member<Reading>) => Effect.Effect<void> | undefined
  /** Tells that members have left: where there is no deadline any more, nobody looks for it. */
  readonly left: () => void
} => {
  const alarm = makeAlarm()
  // The fiber that looks is never interrupted: whether it goes on is decided by a look at the
  // members, in one step with this word, so that nobody can come in between.
  let isWatched = false

  const watch = Effect.gen(function* () {
    for (;;) {
      const now = yield* Effect.clockWith((clock) => Effect.sync(() => steadyMillis(clock)))
      for (const member of members) {
        if (member.deadline + lastLook > now) continue
        members.delete(member)
        member.tell({ _tag: "GiveUp", now })
      }
      const deadline = earliest(members)
      if (deadline === Infinity) break
      yield* alarm.sleepUntil(deadline + lastLook, now)
    }
    isWatched = false
    // Nobody may be left to wait for the request that is under way.
    yield* stopIfEmpty
  })

  return {
    joined: ({ deadline }) =>
      deadline === Infinity
        ? undefined
        : Effect.suspend(() => {
            alarm.ring((until) => deadline + lastLook < until)
            if (isWatched) return Effect.void
            isWatched = true
            return Effect.asVoid(Effect.forkDaemon(Effect.interruptible(watch)))
          }),
    left: () => {
      if (isWatched) alarm.ring(() => true)
    }
  }
}
