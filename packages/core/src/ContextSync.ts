/**
 * A binding: which context is mounted at which path of a session, and by which policy its
 * files move.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InvalidArgument } from "./AgentBayError.js"
import { key, optionalKey } from "./Protocol/Operation.js"

const part = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/**
 * How and when the files of a binding move. Every part is optional; the service fills in
 * its defaults:
 *
 * - `uploadPolicy`: upload when the session is released (`autoUpload: true`), files as
 *   they are (`uploadMode: "File"`);
 * - `downloadPolicy`: download when the session starts (`autoDownload: true`);
 * - `deletePolicy`: files deleted in the session are deleted in the store
 *   (`syncLocalFile: true`);
 * - `extractPolicy`, `recyclePolicy`, `mappingPolicy`: for archives, expiry, and data
 *   stored under another path;
 * - `bwList`: which paths below the mount take part; `path: ""` is the whole mount,
 *   `excludePaths` are relative to `path`.
 *
 * @since 0.1.0
 * @category models
 */
export const SyncPolicy = Schema.Struct({
  uploadPolicy: part(
    Schema.Struct({
      autoUpload: part(Schema.Boolean),
      uploadStrategy: part(Schema.String),
      uploadMode: part(Schema.String),
      period: part(Schema.Number)
    })
  ),
  downloadPolicy: part(
    Schema.Struct({
      autoDownload: part(Schema.Boolean),
      downloadStrategy: part(Schema.String)
    })
  ),
  deletePolicy: part(Schema.Struct({ syncLocalFile: part(Schema.Boolean) })),
  extractPolicy: part(
    Schema.Struct({
      extract: part(Schema.Boolean),
      deleteSrcFile: part(Schema.Boolean),
      extractToCurrentFolder: part(Schema.Boolean)
    })
  ),
  recyclePolicy: part(
    Schema.Struct({
      lifecycle: part(Schema.String),
      paths: part(Schema.Array(Schema.String))
    })
  ),
  bwList: part(
    Schema.Struct({
      whiteLists: part(
        Schema.Array(
          Schema.Struct({
            path: part(Schema.String),
            excludePaths: part(Schema.Array(Schema.String))
          })
        )
      )
    })
  ),
  mappingPolicy: part(Schema.Struct({ path: part(Schema.String) }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type SyncPolicy = typeof SyncPolicy.Type

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
}

const isAbsolute = (path: string) => path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path)

const isBlank = (text: unknown) => typeof text !== "string" || text.trim() === ""

/** The same text for every way to write a path: `/a/./b/` and `/a//b`, `C:\\a` and `c:/a`. */
const normalForm = (path: string) =>
  path
    .replace(/^[A-Z]:/, (drive) => drive.toLowerCase())
    .split(/[\\/]/)
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/")

/** Why a path cannot be a mount path, or nothing when it can. */
const mountPathIssue = (path: string): string | undefined => {
  if (!isAbsolute(path)) return "must be an absolute path, for example /home/wuying/work"
  if (path.includes("\0")) return "must not contain a NUL character"
  const segments = path.split(/[\\/]/)
  if (segments.includes("..")) return "must not contain `..`"
  if (!segments.slice(1).some((segment) => segment !== "" && segment !== ".")) {
    return "must name a folder below the root"
  }
  return undefined
}

/**
 * Checks bindings before anything is sent: context ids are not blank, paths are absolute
 * and stay inside their root, and no path is used twice. Fails with an `InvalidArgument`
 * that names the binding.
 *
 * @since 0.1.0
 * @category validation
 */
export const validateAll = (
  bindings: ReadonlyArray<ContextSync>
): Effect.Effect<void, InvalidArgument> =>
  Effect.suspend(() => {
    const seen = new Set<string>()
    for (const [index, binding] of bindings.entries()) {
      const refuse = (field: string, issue: string) =>
        Effect.fail(new InvalidArgument({ argument: `contexts[${index}].${field}`, issue }))
      if (isBlank(binding.contextId)) return refuse("contextId", "must be a text that is not blank")
      if (isBlank(binding.path)) return refuse("path", "must be a text that is not blank")
      const issue = mountPathIssue(binding.path)
      if (issue !== undefined) {
        return refuse("path", `${issue}, but is ${JSON.stringify(binding.path)}`)
      }
      const path = normalForm(binding.path)
      if (seen.has(path)) {
        return refuse("path", `${binding.path} is already bound: a path can be bound once`)
      }
      seen.add(path)
    }
    return Effect.void
  })
