/**
 * What a `SyncContext` asks for, checked.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as MountPath from "../MountPath.js"
import * as Refusal from "./Refusal.js"
import type { Session } from "../sessions/Session.js"
import type { Request } from "../sync/SyncEngine.js"

/**
 * The parameters of a `SyncContext`, the session aside.
 *
 * @since 0.1.0
 */
export interface Wanted {
  readonly contextId?: string | undefined
  readonly path?: string | undefined
  readonly mode?: string | undefined
}

const modeOf = (mode: string | undefined): SyncMode | undefined =>
  mode === undefined || mode === ""
    ? "upload"
    : mode === "upload" || mode === "download"
      ? mode
      : undefined

const isBlank = (text: string | undefined): boolean => text !== undefined && text.trim() === ""

/**
 * The transfers that are asked for: one for every binding when neither context nor path is
 * given, else the one of that context at that path, which need not be a binding. Refuses
 * one without the other, blanks, unknown modes, and paths that no session has.
 *
 * @since 0.1.0
 */
export const check = (
  session: Session,
  wanted: Wanted
): Effect.Effect<ReadonlyArray<Request>, Refusal.Refusal> =>
  Effect.suspend(() => {
    const refuse = (parameter: string, issue: string) =>
      Effect.fail(Refusal.invalidParameter(parameter, issue))
    const { contextId, path } = wanted
    const type = modeOf(wanted.mode)
    if (type === undefined) return refuse("Mode", 'must be "upload" or "download"')
    if (isBlank(contextId)) return refuse("ContextId", "must not be blank")
    if (isBlank(path)) return refuse("Path", "must not be blank")
    if (contextId === undefined && path === undefined) {
      return Effect.succeed(
        session.bindings.map((binding) => ({
          contextId: binding.contextId,
          path: binding.path,
          mount: binding.mount,
          type
        }))
      )
    }
    if (contextId === undefined) return refuse("ContextId", "must be given together with Path")
    if (path === undefined) return refuse("Path", "must be given together with ContextId")
    const mount = MountPath.mountPath(path)
    if (Either.isLeft(mount)) return refuse("Path", `is not valid: ${mount.left.message}`)
    return Effect.succeed([{ contextId, path, mount: mount.right, type }])
  })
