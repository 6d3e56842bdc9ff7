/**
 * What the policy of a binding says, with the service's defaults where it says nothing.
 * Every part may be absent or null.
 *
 * @since 0.1.0
 */
import type { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import * as Whitelist from "./Whitelist.js"

/**
 * Whether the store's files are brought into the session when it starts.
 *
 * @since 0.1.0
 */
export const downloadsAtStart = (policy: SyncPolicy): boolean =>
  policy.downloadPolicy?.autoDownload ?? true

/**
 * Whether the session's files are brought into the store when it is released.
 *
 * @since 0.1.0
 */
export const uploadsAtRelease = (policy: SyncPolicy): boolean =>
  policy.uploadPolicy?.autoUpload ?? true

/**
 * Whether an upload removes from the store what was deleted in the session.
 *
 * @since 0.1.0
 */
export const carriesDeletions = (policy: SyncPolicy): boolean =>
  policy.deletePolicy?.syncLocalFile ?? true

/**
 * The part of the mount that takes part in transfers.
 *
 * @since 0.1.0
 */
export const whitelist = (policy: SyncPolicy): Whitelist.Whitelist =>
  Whitelist.make(
    (policy.bwList?.whiteLists ?? []).map((entry) => ({
      path: entry.path ?? "",
      excludePaths: entry.excludePaths ?? []
    }))
  )
