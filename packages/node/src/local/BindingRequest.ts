/**
 * The bindings that a request asks for, checked.
 *
 * @since 0.1.0
 */
import type { ContextSync } from "@effect-agentbay/core/ContextSync"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as MountPath from "./MountPath.js"
import * as Refusal from "./Refusal.js"
import type { Binding } from "./Session.js"

/**
 * Turns the bindings of a `PersistenceDataList` into bindings of a session that has `bound`
 * already. Refuses a path that cannot be a mount, and one that is bound before.
 *
 * @since 0.1.0
 */
export const check = (
  requested: ReadonlyArray<ContextSync>,
  bound: ReadonlyArray<Binding>,
  now: number
): Effect.Effect<ReadonlyArray<Binding>, Refusal.Refusal> =>
  Effect.suspend(() => {
    const mounts = new Set(bound.map((binding) => binding.mount))
    const bindings: Array<Binding> = []
    for (const { contextId, path, policy = {} } of requested) {
      const mount = MountPath.mountPath(path)
      if (Either.isLeft(mount)) {
        return Effect.fail(Refusal.invalidParameter("PersistenceDataList", mount.left.message))
      }
      if (mounts.has(mount.right)) {
        return Effect.fail(
          Refusal.invalidParameter(
            "PersistenceDataList",
            `binds the path ${mount.right} more than once`
          )
        )
      }
      mounts.add(mount.right)
      bindings.push({ contextId, path, mount: mount.right, policy, boundAt: now })
    }
    return Effect.succeed(bindings)
  })
