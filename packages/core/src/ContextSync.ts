/**
 * A binding: which context is mounted at which path of a session, and by which policy its
 * files move.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { InvalidArgument } from "./AgentBayError.js"
import { refuseIssue, shown } from "./internal/arguments.js"
import { isAbsolute, pathIssue, segmentsOf } from "./internal/pathIssue.js"
import { type Issue, policyIssue } from "./internal/policyCheck.js"
import { key, optionalKey } from "./Protocol/Operation.js"
import { SyncPolicy } from "./SyncPolicy.js"

export { SyncPolicy }

/**
 * A binding as it travels: the policy is a JSON text inside.
 *
 * @since 0.1.0
 * @category models
 */
export const Binding = Schema.Struct({
  contextId: key("ContextId", Schema.String),
  path: key("Path", Schema.String),
  policy: optionalKey("Policy", Schema.parseJson(SyncPolicy))
})

/**
 * Mounts the context `contextId` at the absolute path `path` of a session. Without a
 * `policy` the service's defaults hold (see {@link SyncPolicy}).
 *
 * @since 0.1.0
 * @category models
 */
export interface ContextSync {
  readonly contextId: string
  readonly path: string
  readonly policy?: SyncPolicy | undefined
  /**
   * Whether `create`, and `bind` with `awaitDownload`, wait until what is stored has been
   * downloaded to this path. It is not sent. Default: `true`.
   */
  readonly waitForDownload?: boolean | undefined
}

/**
 * A binding whose initial download is waited for.
 *
 * @example
 * ```ts
 * import { ContextSync, SyncPolicy } from "@effect-agentbay/core"
 *
 * // read and never written back
 * const library = ContextSync.make(
 *   "SdkCtx-1",
 *   "/home/wuying/library",
 *   SyncPolicy.make({ upload: { auto: false } })
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (contextId: string, path: string, policy?: SyncPolicy): ContextSync =>
  policy === undefined ? { contextId, path } : { contextId, path, policy }

const blankIssue = "must be a text that is not blank"

const isBlank = (text: unknown) => typeof text !== "string" || text.trim() === ""

/** The same text for every way to write a path: `/a/./b/` and `/a//b`, `C:\\a` and `c:/a`. */
const normalForm = (path: string) =>
  segmentsOf(path.replace(/^[A-Z]:/, (drive) => drive.toLowerCase()))
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/")

/** Why a path cannot be a mount path, or nothing when it can. */
const mountPathIssue = (path: string): string | undefined => {
  if (!isAbsolute(path)) return "must be an absolute path, for example /home/wuying/work"
  const issue = pathIssue(path)
  if (issue !== undefined) return issue
  const names = segmentsOf(path).slice(1)
  return names.some((segment) => segment !== "" && segment !== ".")
    ? undefined
    : "must name a folder below the root"
}

const bindingIssue = (binding: ContextSync, at: string): Issue | undefined => {
  if (typeof binding !== "object" || binding === null) {
    return { argument: at, issue: `must be a binding, but is ${shown(binding)}` }
  }
  if (isBlank(binding.contextId)) return { argument: `${at}.contextId`, issue: blankIssue }
  if (isBlank(binding.path)) return { argument: `${at}.path`, issue: blankIssue }
  const issue = mountPathIssue(binding.path)
  if (issue !== undefined) {
    return { argument: `${at}.path`, issue: `${issue}, but is ${shown(binding.path)}` }
  }
  if (binding.waitForDownload !== undefined && typeof binding.waitForDownload !== "boolean") {
    return { argument: `${at}.waitForDownload`, issue: "must be true or false" }
  }
  return binding.policy === undefined ? undefined : policyIssue(binding.policy, `${at}.policy`)
}

const firstIssue = (bindings: ReadonlyArray<ContextSync>): Issue | undefined => {
  if (!Array.isArray(bindings)) return { argument: "contexts", issue: "must be a list" }
  const seen = new Set<string>()
  for (const [index, binding] of bindings.entries()) {
    const at = `contexts[${index}]`
    const issue = bindingIssue(binding, at)
    if (issue !== undefined) return issue
    const path = normalForm(binding.path)
    if (seen.has(path)) {
      return {
        argument: `${at}.path`,
        issue: `${binding.path} is already bound: a path can be bound once`
      }
    }
    seen.add(path)
  }
  return undefined
}

/**
 * Checks bindings before anything is sent: context ids are not blank, paths are absolute
 * and stay inside their root, no path is used twice, and policies are as the service knows
 * them. Fails with an `InvalidArgument` that names the place, such as
 * `contexts[1].policy.uploadPolicy.uploadMode`.
 *
 * @since 0.1.0
 * @category validation
 */
export const validateAll = (
  bindings: ReadonlyArray<ContextSync>
): Effect.Effect<void, InvalidArgument> => Effect.suspend(() => refuseIssue(firstIssue(bindings)))
