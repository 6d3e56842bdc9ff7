import { childrenOf, withoutSlash } from "./paths.js"
import { type Handler, isoTime, noContext, ok, type Parameters, refusal } from "./reply.js"
import { type MemoryContext, type World } from "./world.js"

const origin = "https://files.agentbay.test"

/** The URL of a stored file, for reading and for writing. */
export const fileUrl = (contextId: string, path: string): string =>
  `${origin}/${encodeURIComponent(contextId)}/${encodeURIComponent(path)}`

/** What a URL of {@link fileUrl} is about; nothing for any other. */
const parseFileUrl = (
  url: string
): { readonly contextId: string; readonly path: string } | undefined => {
  const match = /^https:\/\/files\.agentbay\.test\/([^/?]+)\/([^/?]+)/.exec(url)
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { contextId: decodeURIComponent(match[1]), path: decodeURIComponent(match[2]) }
}

/** What a `PUT` to such a URL or a `GET` from it answers. */
export interface FileReply {
  readonly status: number
  readonly bytes: Uint8Array
}

const empty = (status: number): FileReply => ({ status, bytes: new Uint8Array() })

export const fileRequest =
  (world: World) =>
  (method: string, url: string, bytes: Uint8Array, at: number): FileReply => {
    const { contextId = "", path = "" } = parseFileUrl(url) ?? {}
    const files = world.contexts.get(contextId)?.files
    if (files === undefined) return empty(404)
    switch (method) {
      case "PUT":
        // A copy: what the caller does with its bytes afterwards is its own affair.
        files.set(path, { bytes: bytes.slice(), modifiedAt: at })
        return empty(200)
      case "GET": {
        const file = files.get(path)
        return file === undefined ? empty(404) : { status: 200, bytes: file.bytes.slice() }
      }
      default:
        return empty(405)
    }
  }

const fileSeconds = 3600
const defaultPageSize = 50

const positive = (text: string | undefined, otherwise: number) =>
  Math.max(1, Number(text ?? otherwise) || otherwise)

/** The files that are stored in contexts. */
export const contextFileHandlers = (world: World): { readonly [action: string]: Handler } => {
  const withContext =
    (use: (context: MemoryContext, parameters: Parameters) => ReturnType<Handler>): Handler =>
    (parameters) => {
      const context = world.contexts.get(parameters["ContextId"] ?? "")
      return context === undefined ? noContext : use(context, parameters)
    }

  const noFile = refusal("FileNotExist", "file not exist")
  const urlOf = (context: MemoryContext, path: string) =>
    ok({ Url: fileUrl(context.id, path), ExpireTime: fileSeconds })

  return {
    DescribeContextFiles: withContext((context, parameters) => {
      const folder = withoutSlash(parameters["ParentFolderPath"] ?? "/")
      const children = childrenOf(context.files.keys(), [], folder)
      const size = positive(parameters["PageSize"], defaultPageSize)
      const from = (positive(parameters["PageNumber"], 1) - 1) * size
      const entries = children.slice(from, from + size).map(({ isFolder, name }, index) => {
        const path = `${folder}/${name}`
        const file = context.files.get(path)
        const time = isoTime(file?.modifiedAt ?? context.createdAt)
        return {
          FileId: String(from + index + 1),
          FileName: name,
          FilePath: path,
          FileType: isFolder ? "FOLDER" : "FILE",
          GmtCreate: time,
          GmtModified: time,
          Size: file?.bytes.length ?? 0,
          Status: "available"
        }
      })
      return ok(entries, { Count: children.length })
    }),

    GetContextFileUploadUrl: withContext((context, { FilePath: path = "" }) =>
      urlOf(context, path)
    ),

    GetContextFileDownloadUrl: withContext((context, { FilePath: path = "" }) =>
      context.files.has(path) ? urlOf(context, path) : noFile
    ),

    DeleteContextFile: withContext((context, { FilePath: path = "" }) =>
      context.files.delete(path) ? ok() : noFile
    )
  }
}
