/**
 * Actions on the files that are stored in contexts.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { ContextStore, type StateFailure } from "../contexts/ContextStore.js"
import { FileUrl } from "../contexts/FileUrl.js"
import * as MountPath from "../MountPath.js"
import { type Entry, handle, isoSeconds } from "./Operation.js"
import * as Refusal from "./Refusal.js"
import { StoredFiles } from "../contexts/StoredFiles.js"

const firstPage = 1
const defaultPageSize = 50

/** Every entry of a page is looked at. */
const maxPageSize = 1000

const pathRefused = (parameter: string) => (error: MountPath.PathRefused) =>
  Refusal.invalidParameter(parameter, `is not valid: ${error.reason}`)

const filePath = (path: string) =>
  Either.mapLeft(MountPath.mountPath(path), pathRefused("FilePath"))

const folderPath = (path: string | undefined) =>
  Either.mapLeft(MountPath.normalise(path || "/"), pathRefused("ParentFolderPath"))

const wantedPage = ({
  pageNumber: page = firstPage,
  pageSize: size = defaultPageSize
}: {
  readonly pageNumber?: number | undefined
  readonly pageSize?: number | undefined
}) =>
  page < 1
    ? Either.left(Refusal.invalidParameter("PageNumber", "must be at least 1"))
    : size < 1 || size > maxPageSize
      ? Either.left(Refusal.invalidParameter("PageSize", `must be between 1 and ${maxPageSize}`))
      : Either.right({ page, size })

const childOf = (folder: string, name: string): string =>
  folder === "/" ? `/${name}` : `${folder}/${name}`

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ReadonlyArray<Entry>,
  never,
  ContextStore | FileUrl | StoredFiles
> = Effect.gen(function* () {
  const contexts = yield* ContextStore
  const files = yield* StoredFiles
  const urls = yield* FileUrl

  const known = (contextId: string): Effect.Effect<void, Refusal.Refusal | StateFailure> =>
    Effect.flatMap(contexts.holdsFiles(contextId), (holds) =>
      holds ? Effect.void : Effect.fail(Refusal.contextAbsent)
    )

  const urlReply = ({ expires, url }: { readonly expires: number; readonly url: string }) => ({
    data: { url: Redacted.make(url), expireTime: expires }
  })

  return [
    handle(
      Protocol.DescribeContextFiles,
      Effect.fn("LocalAgentBay.DescribeContextFiles")(function* (payload) {
        const folder = yield* folderPath(payload.parentFolderPath)
        const wanted = yield* wantedPage(payload)
        yield* known(payload.contextId)
        const { count, entries } = yield* files
          .list(payload.contextId, folder, wanted)
          .pipe(Effect.catchTag("PathRefused", pathRefused("ParentFolderPath")))
        return {
          count,
          data: entries.map((entry) => ({
            fileId: entry.id,
            fileName: entry.name,
            filePath: childOf(folder, entry.name),
            fileType: entry.kind === "file" ? "FILE" : "FOLDER",
            gmtCreate: isoSeconds(entry.createdAt),
            gmtModified: isoSeconds(entry.modifiedAt),
            size: entry.size,
            status: "available"
          }))
        }
      })
    ),
    handle(
      Protocol.GetContextFileUploadUrl,
      Effect.fn("LocalAgentBay.GetContextFileUploadUrl")(function* (payload, origin) {
        const path = yield* filePath(payload.filePath)
        yield* known(payload.contextId)
        return urlReply(yield* urls.sign(origin, "PUT", { contextId: payload.contextId, path }))
      })
    ),
    handle(
      Protocol.GetContextFileDownloadUrl,
      Effect.fn("LocalAgentBay.GetContextFileDownloadUrl")(function* (payload, origin) {
        const path = yield* filePath(payload.filePath)
        yield* known(payload.contextId)
        yield* files.find(payload.contextId, path).pipe(
          Effect.catchTags({
            NoSuchFile: () => Refusal.fileNotExist,
            PathRefused: pathRefused("FilePath")
          })
        )
        return urlReply(yield* urls.sign(origin, "GET", { contextId: payload.contextId, path }))
      })
    ),
    handle(
      Protocol.DeleteContextFile,
      Effect.fn("LocalAgentBay.DeleteContextFile")(function* (payload) {
        const path = yield* filePath(payload.filePath)
        yield* known(payload.contextId)
        yield* files.remove(payload.contextId, path).pipe(
          Effect.catchTags({
            NoSuchFile: () => Refusal.fileNotDeleted,
            PathRefused: pathRefused("FilePath")
          })
        )
        return {}
      })
    )
  ]
})
