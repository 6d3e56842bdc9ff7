/**
 * The files that are stored in a context, without a session: they go and come through URLs
 * that the service gives out for one hour.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { CallError, InvalidArgument } from "./AgentBayError.js"
import type { Page } from "./Page.js"

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
 * bytes is known beforehand, since the store wants to be told.
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
 * Paths are absolute, as a session sees them that mounts the context.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly put: <E = never>(
    contextId: string,
    path: string,
    content: Content<E>
  ) => Effect.Effect<void, ContextFileError | E>
  readonly get: (contextId: string, path: string) => Stream.Stream<Uint8Array, ContextFileError>
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
  readonly remove: (contextId: string, path: string) => Effect.Effect<void, ContextFileError>
  readonly uploadUrl: (contextId: string, path: string) => Effect.Effect<FileUrl, ContextFileError>
  readonly downloadUrl: (
    contextId: string,
    path: string
  ) => Effect.Effect<FileUrl, ContextFileError>
}
