/**
 * How and when the files of a binding move.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { InvalidArgument } from "./AgentBayError.js"
import { isOptions, refuseIssue } from "./internal/arguments.js"
import { policyIssue } from "./internal/policyCheck.js"
import * as Words from "./internal/policyWords.js"

const part = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/**
 * A policy as it travels, in the words of the service. Every part, and every key of a part,
 * may be left out or be `null`: the service then does what its defaults say, which are those
 * of {@link standard}. {@link make} builds a complete one from shorter words.
 *
 * - `uploadPolicy`: `autoUpload` uploads when the session is released; `uploadMode` is `File`
 *   (files as they are) or `Archive` (packed); `period` is sent by some other clients;
 * - `downloadPolicy`: `autoDownload` downloads when the session starts;
 * - `deletePolicy`: with `syncLocalFile` an upload deletes in the store what was deleted in
 *   the session;
 * - `extractPolicy`: what a download does with archives;
 * - `recyclePolicy`: how long stored files live, and which;
 * - `bwList`: which paths below the mount take part. `path` is relative to the mount, and `""`
 *   is all of it; `excludePaths` are relative to `path`;
 * - `mappingPolicy`: the path under which the files were stored, when they are mounted at
 *   another one.
 *
 * An automatic transfer that is switched off can still be asked for with `sync`.
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
 * How long a stored file lives, counted in days. On the wire each has the prefix
 * `Lifecycle_`.
 *
 * @since 0.1.0
 * @category models
 */
export type Lifecycle = (typeof Words.lifecycles)[number]

/**
 * What {@link make} builds a policy from. What is left out is as in {@link standard}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly upload?:
    | {
        /** Upload when the session is released. Default: `true`. */
        readonly auto?: boolean | undefined
        /** `File`, as they are (the default), or `Archive`, packed. Do not mix them in a context. */
        readonly mode?: "File" | "Archive" | undefined
        /** In seconds. What the service does with it is not documented. Default: not sent. */
        readonly period?: number | undefined
      }
    | undefined
  readonly download?:
    | {
        /** Download when the session starts. Default: `true`. */
        readonly auto?: boolean | undefined
      }
    | undefined
  readonly delete?:
    | {
        /** An upload deletes in the store what was deleted in the session. Default: `true`. */
        readonly syncLocalFile?: boolean | undefined
      }
    | undefined
  readonly extract?:
    | {
        /** A download unpacks archives. Default: `true`. */
        readonly extract?: boolean | undefined
        /** The archive is deleted once it is unpacked. Default: `true`. */
        readonly deleteSrcFile?: boolean | undefined
        /** Unpacked into the folder of the archive. Default: `false`. */
        readonly toCurrentFolder?: boolean | undefined
      }
    | undefined
  readonly recycle?:
    | {
        /** How long stored files live. Default: `Forever`. */
        readonly lifecycle?: Lifecycle | `Lifecycle_${Lifecycle}` | undefined
        /** Which ones, relative to the mount. Default: `[""]`, all. */
        readonly paths?: ReadonlyArray<string> | undefined
      }
    | undefined
  /** The only paths that take part. Default: the whole mount. */
  readonly whiteLists?:
    | ReadonlyArray<{
        readonly path: string
        readonly excludePaths?: ReadonlyArray<string> | undefined
      }>
    | undefined
  /** The absolute path under which the files were stored. Default: the mount path. */
  readonly mapping?: { readonly path: string } | undefined
}

/**
 * What is built from a part of the options. Something that is none, such as `false` for all of
 * it, is kept where it stands, to be refused when the policy is used: nothing would be found in
 * it, and the defaults might be the opposite of what was meant.
 */
const built = <A, B>(given: A, build: (part: A) => B): B =>
  given === undefined || isOptions(given)
    ? build(given)
    : // Only what no compiler has seen comes here, and `validate` refuses it.
      (given as never)

const whiteList = (given: NonNullable<Options["whiteLists"]>[number]) =>
  built(given, ({ excludePaths, path, ...rest }) => ({
    path,
    excludePaths: excludePaths ?? [],
    ...rest
  }))

/**
 * A complete policy: what is not given is as in {@link standard}. A word that means nothing is
 * kept, so that it is refused when the policy is used, and not forgotten.
 *
 * @example
 * ```ts
 * import { ContextSync, SyncPolicy } from "@effect-agentbay/core"
 *
 * const sources = ContextSync.make(
 *   "SdkCtx-1",
 *   "/home/wuying/project",
 *   SyncPolicy.make({
 *     upload: { mode: "Archive" },
 *     recycle: { lifecycle: "30Days" },
 *     whiteLists: [{ path: "/src", excludePaths: ["/node_modules"] }]
 *   })
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): SyncPolicy => {
  // Refused when the policy is used, as a part of it would be.
  if (!isOptions(options)) return options
  const {
    delete: deletion,
    download,
    extract,
    mapping,
    recycle,
    upload,
    whiteLists,
    ...rest
  } = options
  return {
    uploadPolicy: built(upload, (part) => {
      const { auto, mode, ...others } = part ?? {}
      return {
        autoUpload: auto ?? true,
        uploadStrategy: Words.uploadStrategy,
        uploadMode: mode ?? "File",
        ...others
      }
    }),
    downloadPolicy: built(download, (part) => {
      const { auto, ...others } = part ?? {}
      return {
        autoDownload: auto ?? true,
        downloadStrategy: Words.downloadStrategy,
        ...others
      }
    }),
    deletePolicy: built(deletion, (part) => ({
      ...part,
      syncLocalFile: part?.syncLocalFile ?? true
    })),
    extractPolicy: built(extract, (part) => {
      const { deleteSrcFile, extract: unpack, toCurrentFolder, ...others } = part ?? {}
      return {
        extract: unpack ?? true,
        deleteSrcFile: deleteSrcFile ?? true,
        extractToCurrentFolder: toCurrentFolder ?? false,
        ...others
      }
    }),
    recyclePolicy: built(recycle, (part) => {
      const { lifecycle, paths, ...others } = part ?? {}
      return {
        lifecycle: Words.lifecycleOf(lifecycle ?? "Forever"),
        paths: paths ?? [""],
        ...others
      }
    }),
    bwList: {
      whiteLists: Array.isArray(whiteLists)
        ? whiteLists.map(whiteList)
        : (whiteLists ?? [{ path: "", excludePaths: [] }])
    },
    ...(mapping === undefined ? {} : { mappingPolicy: mapping }),
    ...rest
  }
}

/**
 * The defaults, spelled out: upload at the release and download at the start, files as they
 * are, deletions carried over, archives unpacked, nothing expires, the whole mount takes part.
 *
 * @since 0.1.0
 * @category constants
 */
// Marked for bundlers, which leave it out where it is not used, and `make` with it.
export const standard: SyncPolicy = /* @__PURE__ */ make()

/**
 * Checks a policy, also one that no compiler has seen. Fails with an `InvalidArgument` that
 * names the place in it, such as `policy.bwList.whiteLists[0].path`:
 *
 * - a key that no policy has is refused, at the top and in each part;
 * - `uploadMode`, `lifecycle` and both strategies have one of the service's words;
 * - paths of whitelists and of `recyclePolicy` are exact: none of `*`, `?`, `[`, `]`;
 * - paths of whitelists stay inside the mount: no `..`, no NUL;
 * - `mappingPolicy.path` is absolute.
 *
 * `create` and `bind` check what they are given; there is no need to call it before them.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (
  policy: SyncPolicy,
  argument = "policy"
): Effect.Effect<void, InvalidArgument> => refuseIssue(policyIssue(policy, argument))
