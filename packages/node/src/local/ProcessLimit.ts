/**
 * A limit to the number of processes, for a server that runs as root: the system's own limit
 * per user does not hold for what root begins.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as Identifier from "./Identifier.js"

const groups = "/sys/fs/cgroup"

/** The control groups of this process: by the names of the old hierarchies, "" the new one. */
const ownGroups = (): ReadonlyMap<string, string> =>
  new Map(
    NodeFs.readFileSync("/proc/self/cgroup", "utf8")
      .split("\n")
      .map((line) => {
        const [, names = "", path = "/"] = line.split(":")
        return [names, path] as const
      })
  )

/** Where a control group that counts processes can be made. */
const placeFor = (): string | undefined => {
  const own = ownGroups()
  const old = own.get("pids")
  if (old !== undefined) return NodePath.join(groups, "pids", old)
  const path = own.get("")
  if (path === undefined) return undefined
  // One with processes in it, as our own is, has no groups with limits below it.
  const above = NodePath.join(groups, NodePath.dirname(path))
  const offered = NodeFs.readFileSync(NodePath.join(above, "cgroup.subtree_control"), "utf8")
  return offered.trim().split(" ").includes("pids") ? above : undefined
}

const make = (limit: number): string | undefined => {
  try {
    const place = placeFor()
    if (place === undefined) return undefined
    const group = NodePath.join(place, `agentbay-${Identifier.taskId()}`)
    NodeFs.mkdirSync(group)
    NodeFs.writeFileSync(NodePath.join(group, "pids.max"), String(limit))
    return NodePath.join(group, "cgroup.procs")
  } catch {
    // Containers usually may not. Then there is the limit of the container itself, if any.
    return undefined
  }
}

/** Processes that were killed are counted until the system is done with them. */
const remove = (members: string): Effect.Effect<void> =>
  Effect.try(() => NodeFs.rmdirSync(NodePath.dirname(members))).pipe(
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(50))),
    Effect.ignore
  )

/**
 * The file that a process writes its id to so that the limit holds for it and all that it
 * begins. None where the system's own limit does, and where none can be made.
 *
 * @since 0.1.0
 */
export const members = (limit: number): Effect.Effect<string | undefined, never, Scope.Scope> =>
  process.getuid?.() === 0 && process.platform === "linux"
    ? Effect.acquireRelease(
        Effect.sync(() => make(limit)),
        (members) => (members === undefined ? Effect.void : remove(members))
      )
    : Effect.succeed(undefined)
