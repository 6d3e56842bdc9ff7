import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { InvalidArgument } from "../AgentBayError.js"
import type { ContextSyncResult } from "../ContextStatus.js"
import { defaultConcurrency, type ManyOptions, type ManyResult } from "../SyncMany.js"
import type { SyncError } from "../SyncOptions.js"
import * as Arguments from "./arguments.js"
import { sayingMany } from "./syncSpan.js"

const concurrencyOf = (
  options: ManyOptions
): Effect.Effect<number | "unbounded", InvalidArgument> => {
  const { concurrency = defaultConcurrency } = options
  return concurrency === "unbounded"
    ? Effect.succeed(concurrency)
    : Arguments.wholeNumber("concurrency", concurrency, 1)
}

/**
 * Syncs each target and keeps what came of it. All of them are checked before the first is
 * triggered: `check` looks at the options, which are the same for all, and `prepare` gives the
 * sync of a target that is well-formed.
 */
export const syncMany = <Target extends object>(
  targets: ReadonlyArray<Target>,
  options: ManyOptions,
  check: Effect.Effect<unknown, InvalidArgument>,
  prepare: (
    target: Target
  ) => Effect.Effect<Effect.Effect<ContextSyncResult, SyncError>, InvalidArgument>
): Effect.Effect<ManyResult<Target>, InvalidArgument> =>
  Effect.gen(function* () {
    yield* Effect.annotateCurrentSpan({
      "agentbay.targets": Array.isArray(targets) ? targets.length : 0,
      "agentbay.mode": options?.mode ?? "upload"
    })
    if (!Array.isArray(targets)) {
      return yield* Arguments.refuse("targets", "must be a list of what to sync")
    }
    yield* Arguments.options(options)
    const concurrency = yield* concurrencyOf(options)
    yield* check
    const prepared = yield* Effect.forEach(targets, (target: Target, index) =>
      Arguments.options(target, `targets[${index}]`).pipe(
        Effect.zipRight(
          Effect.suspend(() => Arguments.within(`targets[${index}]`, prepare(target)))
        ),
        Effect.map((sync) => ({ target, sync }))
      )
    )
    const ends = yield* Effect.forEach(
      prepared,
      ({ sync, target }) => Effect.map(Effect.either(sync), (end) => ({ end, target })),
      { concurrency }
    )
    return {
      succeeded: ends.flatMap(({ end, target }) =>
        Either.isRight(end) ? [{ target, result: end.right }] : []
      ),
      failed: ends.flatMap(({ end, target }) =>
        Either.isLeft(end) ? [{ target, error: end.left }] : []
      )
    }
  }).pipe(sayingMany)
