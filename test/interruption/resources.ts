/** What this process holds: open files and sockets, timers, and what else its event loop waits for. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"

/** The files and sockets that are open; where the system does not tell, nothing. */
const openFiles = () => {
  try {
    return NodeFs.readdirSync("/proc/self/fd").length
  } catch {
    return 0
  }
}

export type Resources = ReadonlyMap<string, number>

/** What the event loop waits for, by kind, and the open files. */
export const resources = (): Resources => {
  const counts = new Map<string, number>([["open files", openFiles()]])
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  // The turns of those who look.
  counts.delete("Immediate")
  return counts
}

/** What there is more of than before, if anything; timers may be more by so many. */
export const surplus = (before: Resources, moreTimers: number): string | undefined => {
  for (const [kind, count] of resources()) {
    const allowed = (before.get(kind) ?? 0) + (kind === "Timeout" ? moreTimers : 0)
    if (count > allowed) return `${count} ${kind}, and ${allowed} before`
  }
  return undefined
}

/** How long it may take, in milliseconds, until all is given back: the machine may be busy. */
const longest = 30_000

export const turnOfTheEventLoop = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Waits until there is nothing to object to. */
export const untilFine = <E, R>(
  where: string,
  objection: Effect.Effect<string | undefined, E, R>
): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    const end = performance.now() + longest
    let last = yield* objection
    while (last !== undefined && performance.now() < end) {
      yield* turnOfTheEventLoop
      last = yield* objection
    }
    if (last !== undefined) assert.fail(`${where}: ${last}`)
  })
