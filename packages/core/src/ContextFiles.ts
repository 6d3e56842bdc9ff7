/**
 * The files that are stored in a context, without a session: they go and come through URLs
 * that the service gives out for one hour.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { CallError, InvalidArgument } from "./AgentBayError.js"
import type { Answered, Service as HttpService } from "./AgentBayHttp.js"
import * as Arguments from "./internal/arguments.js"
import { sendable } from "./internal/fileContent.js"
import { makeFileTransfer } from "./internal/fileTransfer.js"
import { pagesOf } from "./internal/pages.js"
import { timeOf } from "./internal/serviceTime.js"
import { filePath, folderPath, pathIn } from "./internal/storedPath.js"
import type { Page } from "./Page.js"
import {
  DeleteContextFile,
  DescribeContextFiles,
  GetContextFileDownloadUrl,
  GetContextFileUploadUrl
} from "./Protocol.js"

/**
 * A file or folder that is stored in a context.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContextFile {
  readonly name: string
  /** Absolute, as a session sees it that mounts the context: the folder asked for, and the name. */
  readonly path: string
  readonly kind: "file" | "directory"
  /** In bytes, when the service says so. */
  readonly size: number | undefined
  readonly createdAt: Option.Option<DateTime.Utc>
  readonly modifiedAt: Option.Option<DateTime.Utc>
}

/**
 * A URL for the bytes of one file. Whoever has it needs no key, so it is kept like one.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileUrl {
  readonly url: Redacted.Redacted
  /** The service's word for when it ends, whose unit no source tells. */
  readonly expireTime: number | undefined
}

/**
 * What goes into a file: a text (as UTF-8), bytes, or a stream of bytes whose length in
 * bytes is known beforehand, since the store wants to be told. Bytes are not copied: their
 * memory must stay as it is until the transfer has ended.
 *
 * @since 0.1.0
 * @category models
 */
export type Content<E = never> =
  | string
  | Uint8Array
  | { readonly stream: Stream.Stream<Uint8Array, E>; readonly length: number }

/**
 * What transfers of whole files can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type ContextFileError = CallError | InvalidArgument

/**
 * @since 0.1.0
 * @category models
 */
export interface ListFilesOptions {
  /** How many entries one page holds. Default: 50. */
  readonly pageSize?: number | undefined
}

/**
 * Paths are absolute, as a session sees them that mounts the context. Wrong ones are refused
 * before anything is sent, as `InvalidArgument`: relative ones, those with `..` or a NUL
 * character, and, for files, those that end with no name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Stores a file, whatever was there before. Text goes as UTF-8. A stream is read no faster
   * than it is sent, so that a file of any size takes little memory; it starts after the
   * service has given out a URL, and its own failure comes through.
   *
   * A stream must give exactly `length` bytes. Another number is an `InvalidArgument`
   * (`content.length`) and stores nothing: the last piece is held back until the stream has
   * ended, and the request is broken off. The same happens when the stream fails or the
   * caller is interrupted.
   *
   * The file is sent once. It may be repeated as a whole, when the content can be had again.
   * An answer other than HTTP 2xx, redirects included, is a `TransportError` (`Status`); 403
   * usually means that the URL is not valid any more. (Over `fetch`, which cannot tell it, the
   * redirect of a stream is a `Transport` one.) The configured `timeout` is the longest
   * time in which nothing moves, not the time for the whole file; the time that the stream
   * takes to make its bytes does not count.
   */
  readonly put: <E = never>(
    contextId: string,
    path: string,
    content: Content<E>
  ) => Effect.Effect<void, ContextFileError | E>
  /**
   * The bytes of a file, as fast as they are read. Each run of the stream asks for a new URL.
   * A file that is not there is an `ApiError` (`FileNotFound`), wherever it shows. One that
   * ends before the length it was announced with is a `TransportError` and never a short
   * success. A reader that leaves early, or is interrupted, closes the connection. `timeout` is
   * the longest time in which nothing comes, not the time for the whole file.
   */
  readonly get: (contextId: string, path: string) => Stream.Stream<Uint8Array, ContextFileError>
  /** What is directly in a folder, page by page as it is read. `/` is a folder too. */
  readonly list: (
    contextId: string,
    folder: string,
    options?: ListFilesOptions
  ) => Stream.Stream<ContextFile, ContextFileError>
  /** One page, counted from 1; its `nextToken` is the number of the next page. */
  readonly listPage: (
    contextId: string,
    folder: string,
    options?: ListFilesOptions & { readonly page?: number | undefined }
  ) => Effect.Effect<Page<ContextFile>, ContextFileError>
  /** Deletes one file. */
  readonly remove: (contextId: string, path: string) => Effect.Effect<void, ContextFileError>
  /** A URL to which the bytes of a file can be `PUT`, for one hour. */
  readonly uploadUrl: (contextId: string, path: string) => Effect.Effect<FileUrl, ContextFileError>
  /** A URL from which the bytes of a file can be read, for one hour. */
  readonly downloadUrl: (
    contextId: string,
    path: string
  ) => Effect.Effect<FileUrl, ContextFileError>
}

const defaultPageSize = 50

type Described = NonNullable<(typeof DescribeContextFiles.reply.Type)["data"]>[number]

// The path that the service tells may be one of its storage, so it is not looked at.
const fileIn =
  (folder: string) =>
  (entry: Described): ContextFile => ({
    name: entry.fileName,
    path: pathIn(folder, entry.fileName),
    kind: entry.fileType?.toUpperCase() === "FOLDER" ? "directory" : "file",
    size: entry.size,
    createdAt: timeOf(entry.gmtCreate),
    modifiedAt: timeOf(entry.gmtModified)
  })

interface AskedPage {
  readonly page: number
  readonly pageSize: number
  /** How many entries came before it, where that is known. */
  readonly before: number | undefined
}

// A page that is asked for by its number has as many before it as were asked for, unless that
// leads beyond the end: then the service gives fewer than asked for, on every page.
const hasMore = (given: number, count: number | undefined, asked: AskedPage): boolean => {
  if (count === undefined) return given >= asked.pageSize
  if (given === 0) return false
  const end = (asked.before ?? (asked.page - 1) * asked.pageSize) + given
  return asked.before === undefined && end > count ? asked.page * given < count : end < count
}

const checkContext = (contextId: string) => Arguments.notBlank("contextId", contextId)

/** @internal */
export const fromHttp = (http: HttpService): Service => {
  const transfer = makeFileTransfer(http)
  const presigned = (
    operation: typeof GetContextFileUploadUrl | typeof GetContextFileDownloadUrl,
    contextId: string,
    path: string
  ) =>
    Effect.zipRight(
      Effect.zipRight(checkContext(contextId), filePath("path", path)),
      http.call(operation, { contextId, filePath: path })
    )

  const fileUrl = Effect.map(
    ({ reply: { data } }: Answered<typeof GetContextFileUploadUrl.reply.Type>): FileUrl => ({
      url: data.url,
      expireTime: data.expireTime
    })
  )

  const page = (contextId: string, folder: string, asked: AskedPage) =>
    Effect.map(
      http.call(DescribeContextFiles, {
        contextId,
        parentFolderPath: folder,
        pageNumber: asked.page,
        pageSize: asked.pageSize
      }),
      ({ reply, requestId }): Page<ContextFile> => {
        const items = (reply.data ?? []).map(fileIn(folder))
        return {
          items,
          nextToken: hasMore(items.length, reply.count, asked) ? String(asked.page + 1) : undefined,
          totalCount: reply.count,
          requestId
        }
      }
    )

  const checkListing = (contextId: string, folder: string, options: ListFilesOptions) =>
    Effect.gen(function* () {
      yield* checkContext(contextId)
      yield* folderPath("folder", folder)
      yield* Arguments.options(options)
      return yield* Arguments.wholeNumber("pageSize", options.pageSize ?? defaultPageSize, 1)
    })

  // Counted by what has come, so that a service whose pages are smaller than asked for is
  // read to the end as well.
  const pages = (contextId: string, folder: string, pageSize: number) =>
    Stream.suspend(() => {
      let before = 0
      return pagesOf((token) =>
        Effect.tap(
          Effect.suspend(() =>
            page(contextId, folder, { page: Number(token ?? 1), pageSize, before })
          ),
          ({ items }) => {
            before += items.length
          }
        )
      )
    })

  return {
    put: Effect.fn("ContextFiles.put")(function* <E>(
      contextId: string,
      path: string,
      content: Content<E>
    ) {
      const sent = yield* sendable(content)
      const { reply, requestId } = yield* presigned(GetContextFileUploadUrl, contextId, path)
      yield* transfer.upload({ url: reply.data.url, requestId }, sent)
    }),
    get: (contextId, path) =>
      Stream.unwrap(
        Effect.map(presigned(GetContextFileDownloadUrl, contextId, path), ({ reply, requestId }) =>
          transfer.download({ url: reply.data.url, requestId })
        )
      ).pipe(Stream.withSpan("ContextFiles.get", { captureStackTrace: false })),
    list: (contextId, folder, options = {}) =>
      Stream.unwrap(
        Effect.map(checkListing(contextId, folder, options), (pageSize) =>
          pages(contextId, folder, pageSize)
        )
      ).pipe(Stream.withSpan("ContextFiles.list", { captureStackTrace: false })),
    listPage: Effect.fn("ContextFiles.listPage")(function* (
      contextId: string,
      folder: string,
      options: ListFilesOptions & { readonly page?: number | undefined } = {}
    ) {
      const pageSize = yield* checkListing(contextId, folder, options)
      const number = yield* Arguments.wholeNumber("page", options.page ?? 1, 1)
      return yield* page(contextId, folder, { page: number, pageSize, before: undefined })
    }),
    remove: Effect.fn("ContextFiles.remove")(function* (contextId: string, path: string) {
      yield* checkContext(contextId)
      yield* filePath("path", path)
      yield* http.call(DeleteContextFile, { contextId, filePath: path })
    }),
    uploadUrl: Effect.fn("ContextFiles.uploadUrl")((contextId: string, path: string) =>
      fileUrl(presigned(GetContextFileUploadUrl, contextId, path))
    ),
    downloadUrl: Effect.fn("ContextFiles.downloadUrl")((contextId: string, path: string) =>
      fileUrl(presigned(GetContextFileDownloadUrl, contextId, path))
    )
  }
}
