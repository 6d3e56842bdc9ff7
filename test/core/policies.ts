/** Policies for property tests: any that is valid, and ways to spoil one. */
import type * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import * as FastCheck from "effect/FastCheck"

const fc = FastCheck

/** A key that is absent, null or there. */
const part = <A>(arbitrary: FastCheck.Arbitrary<A>) =>
  fc.option(fc.option(arbitrary, { nil: null }), { nil: undefined })

/** An object without the keys that are undefined, as a user writes it. */
const record = <A extends object>(parts: { [K in keyof A]: FastCheck.Arbitrary<A[K]> }) =>
  fc.record(parts).map(
    (all) =>
      // Only undefined keys are gone, which the type allows to be absent.
      Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as {
        [K in keyof A]: A[K]
      }
  )

const names = fc.stringMatching(/^[a-zA-Z0-9 ._ü😀-]{1,8}$/u).filter((name) => name !== "..")
const relative = fc
  .array(names, { maxLength: 3 })
  .map((segments) => segments.map((name) => `/${name}`).join(""))
const absolute = fc
  .tuple(fc.constantFrom("/", "C:\\", "d:/"), names)
  .map(([root, name]) => `${root}${name}`)

export const lifecycles = [
  "Lifecycle_1Day",
  "Lifecycle_3Days",
  "Lifecycle_5Days",
  "Lifecycle_10Days",
  "Lifecycle_15Days",
  "Lifecycle_30Days",
  "Lifecycle_90Days",
  "Lifecycle_180Days",
  "Lifecycle_360Days",
  "Lifecycle_Forever"
]

export const anyPolicy: FastCheck.Arbitrary<SyncPolicy.SyncPolicy> = record({
  uploadPolicy: part(
    record({
      autoUpload: part(fc.boolean()),
      uploadStrategy: part(fc.constant("UploadBeforeResourceRelease")),
      uploadMode: part(fc.constantFrom("File", "Archive")),
      period: part(fc.integer({ min: 1, max: 100_000 }))
    })
  ),
  downloadPolicy: part(
    record({
      autoDownload: part(fc.boolean()),
      downloadStrategy: part(fc.constant("DownloadAsync"))
    })
  ),
  deletePolicy: part(record({ syncLocalFile: part(fc.boolean()) })),
  extractPolicy: part(
    record({
      extract: part(fc.boolean()),
      deleteSrcFile: part(fc.boolean()),
      extractToCurrentFolder: part(fc.boolean())
    })
  ),
  recyclePolicy: part(
    record({
      lifecycle: part(fc.constantFrom(...lifecycles)),
      paths: part(fc.array(fc.oneof(relative, fc.constantFrom("", " ")), { maxLength: 3 }))
    })
  ),
  bwList: part(
    record({
      whiteLists: part(
        fc.array(
          record({
            path: part(relative),
            excludePaths: part(fc.array(relative, { maxLength: 2 }))
          }),
          { maxLength: 3 }
        )
      )
    })
  ),
  mappingPolicy: part(record({ path: part(absolute) }))
})

/** One fault: what it puts where in a valid policy, and the place that must be named. */
export interface Fault {
  readonly name: string
  readonly fault: { readonly [key: string]: unknown }
  readonly at: string
  readonly says: ReadonlyArray<string>
}

const fault = (
  at: string,
  part: { readonly [key: string]: unknown },
  ...says: ReadonlyArray<string>
): Fault => ({ name: `${at} ${says.join(" ")}`, fault: part, at, says })

const wildcards = ["/a*", "?", "/[x", "x]"].flatMap((path) => [
  fault("bwList.whiteLists[0].path", { bwList: { whiteLists: [{ path }] } }, path, "exact path"),
  fault(
    "bwList.whiteLists[1].excludePaths[1]",
    { bwList: { whiteLists: [{ path: "" }, { path: "/a", excludePaths: ["/ok", path] }] } },
    path,
    "exact path"
  ),
  fault("recyclePolicy.paths[1]", { recyclePolicy: { paths: ["", path] } }, path, "exact path")
])

const outside = ["..", "/../x", "/a/..", "a\\..\\b"].flatMap((path) => [
  fault("bwList.whiteLists[0].path", { bwList: { whiteLists: [{ path }] } }, "`..`"),
  fault(
    "bwList.whiteLists[0].excludePaths[0]",
    { bwList: { whiteLists: [{ path: "/a", excludePaths: [path] }] } },
    "`..`"
  ),
  fault("mappingPolicy.path", { mappingPolicy: { path: `/x/${path}` } }, "`..`")
])

const unknownKeys = [
  fault(
    "syncPolicy",
    { syncPolicy: {} },
    "uploadPolicy, downloadPolicy, deletePolicy, extractPolicy, recyclePolicy, bwList, mappingPolicy"
  ),
  fault("uploadPolicy.mode", { uploadPolicy: { mode: "File" } }, "autoUpload, uploadStrategy"),
  fault("downloadPolicy.auto", { downloadPolicy: { auto: true } }, "autoDownload"),
  fault("deletePolicy.delete", { deletePolicy: { delete: true } }, "syncLocalFile"),
  // B4: the name of a field in another client, not the word of the wire.
  fault(
    "extractPolicy.extractCurrentFolder",
    { extractPolicy: { extractCurrentFolder: true } },
    "extractToCurrentFolder"
  ),
  fault("recyclePolicy.path", { recyclePolicy: { path: "" } }, "lifecycle, paths"),
  fault("bwList.whiteList", { bwList: { whiteList: [] } }, "whiteLists"),
  fault("bwList.whiteLists[0].exclude", { bwList: { whiteLists: [{ exclude: [] }] } }, "path"),
  fault("mappingPolicy.from", { mappingPolicy: { from: "/x" } }, "path")
]

const words = [
  ...["file", "ARCHIVE", "", "Zip"].map((uploadMode) =>
    fault("uploadPolicy.uploadMode", { uploadPolicy: { uploadMode } }, "File, Archive")
  ),
  fault(
    "uploadPolicy.uploadStrategy",
    { uploadPolicy: { uploadStrategy: "UPLOAD_BEFORE_RESOURCE_RELEASE" } },
    "UploadBeforeResourceRelease"
  ),
  fault(
    "downloadPolicy.downloadStrategy",
    { downloadPolicy: { downloadStrategy: "DownloadSync" } },
    "DownloadAsync",
    '"DownloadSync"'
  ),
  ...["30Days", "Lifecycle_7Days", "lifecycle_1day", ""].map((lifecycle) =>
    fault(
      "recyclePolicy.lifecycle",
      { recyclePolicy: { lifecycle } },
      JSON.stringify(lifecycle),
      lifecycles.join(", ")
    )
  ),
  ...["data", "", "./x", "C:x"].map((path) =>
    fault("mappingPolicy.path", { mappingPolicy: { path } }, "absolute")
  ),
  fault("bwList.whiteLists[0].path", { bwList: { whiteLists: [{ path: "a\0b" }] } }, "NUL"),
  ...[0, -1, 1.5, Number.NaN, Infinity, "30"].map((period) =>
    fault("uploadPolicy.period", { uploadPolicy: { period } }, "whole number")
  )
]

const kinds = [
  fault("uploadPolicy", { uploadPolicy: true }, "object"),
  fault("uploadPolicy", { uploadPolicy: [] }, "object"),
  fault("uploadPolicy", { uploadPolicy: new Map([["autoUpload", false]]) }, "plain object"),
  fault("uploadPolicy.autoUpload", { uploadPolicy: { autoUpload: "false" } }, "true or false"),
  fault("uploadPolicy.uploadMode", { uploadPolicy: { uploadMode: 1 } }, "File"),
  fault("downloadPolicy.autoDownload", { downloadPolicy: { autoDownload: 0 } }, "true or false"),
  fault("deletePolicy.syncLocalFile", { deletePolicy: { syncLocalFile: {} } }, "true or false"),
  fault("extractPolicy.extract", { extractPolicy: { extract: "yes" } }, "true or false"),
  fault("recyclePolicy.paths", { recyclePolicy: { paths: "" } }, "list"),
  fault("recyclePolicy.paths[0]", { recyclePolicy: { paths: [null] } }, "text"),
  fault("bwList.whiteLists", { bwList: { whiteLists: { path: "" } } }, "list"),
  fault("bwList.whiteLists[0]", { bwList: { whiteLists: ["/a"] } }, "object"),
  fault("bwList.whiteLists[0]", { bwList: { whiteLists: [null] } }, "object"),
  fault(
    "bwList.whiteLists[0].excludePaths[0]",
    { bwList: { whiteLists: [{ path: "", excludePaths: [1] }] } },
    "text"
  )
]

export const faults: ReadonlyArray<Fault> = [
  ...wildcards,
  ...outside,
  ...unknownKeys,
  ...words,
  ...kinds
]
