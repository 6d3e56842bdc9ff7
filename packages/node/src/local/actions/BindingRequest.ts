/**
 * The bindings that a request asks for, checked.
 *
 * @since 0.1.0
 */
import type { ContextSync } from "@effect-agentbay/core/ContextSync"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mapping from "../sync/Mapping.js"
import * as MountPath from "../MountPath.js"
import * as Policy from "../sync/Policy.js"
import * as Refusal from "./Refusal.js"
import type { Binding } from "../sessions/Session.js"
import { overlaps } from "../sync/TransferQueue.js"

const describeClash = (mount: string, other: string): string =>
  mount === other
    ? `binds the path ${mount} more than once`
    : `binds the paths ${other} and ${mount}, of which one lies inside the other`

/**
 * How many bindings a session can have: each is compared with all others.
 *
 * @since 0.1.0
 */
export const maxBindings = 1000

/** Two folders of a session that stand for one folder of the store would undo each other. */
const describeSharing = (path: string, other: string): string =>
  path === other
    ? `stores the files of two bindings of one context under ${path}`
    : `stores the files of two bindings of one context under ${other} and ${path}, of which one lies inside the other`

/**
 * Turns the bindings of a `PersistenceDataList` into bindings of a session that has `bound`
 * already. Refuses a policy that cannot be followed, a path that cannot be a mount, one that is
 * bound before, and one above or below another: the same files would belong to two bindings,
 * and the older copy of one could overwrite the newer of the other. The same goes for the
 * paths under which two bindings of one context are stored.
 *
 * @since 0.1.0
 */
export const check = (
  requested: ReadonlyArray<ContextSync>,
  bound: ReadonlyArray<Binding>,
  now: number
): Effect.Effect<ReadonlyArray<Binding>, Refusal.Refusal> =>
  Effect.suspend(() => {
    if (bound.length + requested.length > maxBindings) {
      return Effect.fail(
        Refusal.invalidParameter(
          "PersistenceDataList",
          `binds more than ${maxBindings} paths in one session`
        )
      )
    }
    const taken = new Set(bound.map((binding) => binding.mount))
    const mounts = [...taken]
    const bindings: Array<Binding> = []
    for (const { contextId, path, policy = {} } of requested) {
      const mount = MountPath.mountPath(path)
      if (Either.isLeft(mount)) {
        return Effect.fail(Refusal.invalidParameter("PersistenceDataList", mount.left.message))
      }
      if (taken.has(mount.right)) return Effect.fail(Refusal.pathAlreadyBound(path))
      const other = mounts.find((earlier) => overlaps(earlier, mount.right))
      if (other !== undefined) {
        return Effect.fail(
          Refusal.invalidParameter("PersistenceDataList", describeClash(mount.right, other))
        )
      }
      const issue = Policy.issue(policy)
      if (issue !== undefined) {
        return Effect.fail(Refusal.invalidParameter("PersistenceDataList", issue))
      }
      const stored = Mapping.storePath({ mount: mount.right, policy })
      const sharing = [...bound, ...bindings]
        .filter((binding) => binding.contextId === contextId)
        .map(Mapping.storePath)
        .find((taken) => overlaps(taken, stored))
      if (sharing !== undefined) {
        return Effect.fail(
          Refusal.invalidParameter("PersistenceDataList", describeSharing(stored, sharing))
        )
      }
      mounts.push(mount.right)
      bindings.push({ contextId, path, mount: mount.right, policy, boundAt: now })
    }
    return Effect.succeed(bindings)
  })
