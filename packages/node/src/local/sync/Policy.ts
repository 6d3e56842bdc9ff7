/**
 * What the policy of a binding says, with the service's defaults where it says nothing.
 * Every part may be absent or null.
 *
 * @since 0.1.0
 */
import type { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import * as Either from "effect/Either"
import * as Mapping from "./Mapping.js"
import * as Whitelist from "../transfer/Whitelist.js"

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
 * Whether uploads are packed into one archive.
 *
 * @since 0.1.0
 */
export const packs = (policy: SyncPolicy): boolean => policy.uploadPolicy?.uploadMode === "Archive"

/**
 * Whether a download unpacks the archive.
 *
 * @since 0.1.0
 */
export const unpacks = (policy: SyncPolicy): boolean => policy.extractPolicy?.extract ?? true

/**
 * Whether a download leaves the archive itself in the session.
 *
 * @since 0.1.0
 */
export const keepsArchive = (policy: SyncPolicy): boolean =>
  !unpacks(policy) || policy.extractPolicy?.deleteSrcFile === false

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

const day = 24 * 60 * 60 * 1000

/** The words for how long stored files live, in milliseconds. */
const lifecycles: ReadonlyMap<string, number> = new Map([
  ["Lifecycle_1Day", day],
  ...[3, 5, 10, 15, 30, 90, 180, 360].map((days) => [`Lifecycle_${days}Days`, days * day] as const),
  ["Lifecycle_Forever", Number.POSITIVE_INFINITY]
])

/**
 * How long stored files live and which of them: paths relative to the mount, `""` is all of
 * it.
 *
 * @since 0.1.0
 */
export interface Expiry {
  /** Milliseconds after the upload. */
  readonly lifetime: number
  readonly paths: ReadonlyArray<string>
}

/**
 * When stored files expire; nothing when none of them ever does. An empty list of paths names
 * none.
 *
 * @since 0.1.0
 */
export const expiry = ({ recyclePolicy }: SyncPolicy): Expiry | undefined => {
  const lifetime = lifecycles.get(recyclePolicy?.lifecycle ?? "Lifecycle_Forever")
  const paths = recyclePolicy?.paths ?? [""]
  const never = lifetime === undefined || !Number.isFinite(lifetime) || paths.length === 0
  return never ? undefined : { lifetime, paths }
}

/**
 * What is wrong with a policy, in words; nothing when it can be followed.
 *
 * @since 0.1.0
 */
export const issue = (policy: SyncPolicy): string | undefined => {
  const mapping = policy.mappingPolicy?.path ?? ""
  const mapped = mapping.trim() === "" ? undefined : Mapping.normalise(mapping)
  if (mapped !== undefined && Either.isLeft(mapped)) return `mappingPolicy: ${mapped.left.message}`
  const mode = policy.uploadPolicy?.uploadMode ?? "File"
  if (mode !== "File" && mode !== "Archive") {
    return `uploadPolicy: the mode ${JSON.stringify(mode)} is neither "File" nor "Archive"`
  }
  const lifecycle = policy.recyclePolicy?.lifecycle ?? "Lifecycle_Forever"
  if (!lifecycles.has(lifecycle)) {
    const known = [...lifecycles.keys()].join(", ")
    return `recyclePolicy: the lifecycle ${JSON.stringify(lifecycle)} is none of ${known}`
  }
  return undefined
}
