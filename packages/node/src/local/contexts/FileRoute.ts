/**
 * Answers the URLs of stored files: `PUT` brings the bytes of one, `GET` and `HEAD` fetch them.
 * Nothing but the URL is asked for.
 *
 * A file that is `PUT` is in its place, whole, when the answer comes; whatever goes wrong before
 * leaves the one that was there. A client that goes away leaves nothing behind.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as NodePath from "node:path"
import { ContextStore } from "./ContextStore.js"
import { DataDirectory } from "../DataDirectory.js"
import * as FileReceive from "./FileReceive.js"
import * as FileSend from "./FileSend.js"
import { FileUrl, prefix, type Target } from "./FileUrl.js"
import type { Route } from "../http/Routes.js"
import { StoredFiles } from "./StoredFiles.js"

/**
 * The largest file that is taken, in bytes.
 *
 * @since 0.1.0
 */
export const maxFileBytes = 64 * 1024 ** 3

/** Why a request is not answered with what it asks for. */
class Refused extends Data.TaggedError("Refused")<{
  readonly status: 403 | 404 | 405 | 409 | 413 | 500 | 507
  readonly code: string
  readonly description: string
}> {}

const forbidden = new Refused({
  status: 403,
  code: "AccessDenied",
  description: "The URL is not one of this server, not for this method, or no longer valid."
})
const noSuchFile = new Refused({
  status: 404,
  code: "FileNotExist",
  description: "file not exist"
})
const methodNotAllowed = new Refused({
  status: 405,
  code: "MethodNotAllowed",
  description: "Only GET, HEAD and PUT are known here."
})
const inTheWay = new Refused({
  status: 409,
  code: "Conflict",
  description: "A folder has this path, or a file that of one of its folders."
})
const tooLarge = (limit: number) =>
  new Refused({
    status: 413,
    code: "EntityTooLarge",
    description: `The file is larger than ${limit} bytes.`
  })
const diskFull = new Refused({
  status: 507,
  code: "InsufficientStorage",
  description: "The disk of the server is full."
})
const internal = new Refused({
  status: 500,
  code: "InternalError",
  description: "The server is at fault; its log says more."
})

const refuse = (
  request: IncomingMessage,
  response: ServerResponse,
  { code, description, status }: Refused
): void => {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const text = JSON.stringify({ Code: code, Message: description })
  response.writeHead(status, {
    "content-type": "application/json;charset=utf-8",
    "content-length": Buffer.byteLength(text),
    ...(status === 405 ? { allow: "GET, HEAD, PUT" } : {})
  })
  response.end(request.method === "HEAD" ? undefined : text)
}

/**
 * The largest body is `maxBytes` long.
 *
 * @since 0.1.0
 */
export const make = (
  maxBytes: number = maxFileBytes
): Effect.Effect<Route, never, ContextStore | DataDirectory | FileUrl | StoredFiles> =>
  Effect.gen(function* () {
    const contexts = yield* ContextStore
    const directory = yield* DataDirectory
    const files = yield* StoredFiles
    const urls = yield* FileUrl

    /** The server is at fault: the log says how, but never the URL. */
    const atFault = (what: string) => (cause: unknown) =>
      Effect.zipRight(Effect.logError(what, cause), internal)

    const put = Effect.fnUntraced(function* (
      { contextId, path }: Target,
      request: IncomingMessage,
      response: ServerResponse
    ) {
      if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
        return yield* tooLarge(maxBytes)
      }
      if (!(yield* contexts.holdsFiles(contextId))) return yield* noSuchFile
      const finished = NodePath.join(directory.staging, NodeCrypto.randomUUID())
      const placed = Effect.gen(function* () {
        const stats = yield* Effect.tryPromise(() => NodeFs.stat(finished, { bigint: true }))
        yield* files.place(contextId, path, finished)
        return FileSend.tagOf(stats)
      })
      const etag = yield* Effect.zipRight(
        FileReceive.receive(request, finished, maxBytes),
        Effect.onError(placed, () => Effect.promise(() => NodeFs.rm(finished, { force: true })))
      )
      yield* Effect.sync(() => response.writeHead(200, { etag, "content-length": 0 }).end())
    })

    const get = Effect.fnUntraced(function* (
      { contextId, path }: Target,
      request: IncomingMessage,
      response: ServerResponse
    ) {
      if (!(yield* contexts.holdsFiles(contextId))) return yield* noSuchFile
      const file = yield* files.open(contextId, path)
      yield* FileSend.answer(file, request, response).pipe(
        Effect.catchAll(atFault("A stored file was not sent"))
      )
    }, Effect.scoped)

    const answerTo = Effect.fnUntraced(function* (
      request: IncomingMessage,
      response: ServerResponse
    ) {
      const method = request.method === "HEAD" ? "GET" : request.method
      if (method !== "GET" && method !== "PUT") return yield* methodNotAllowed
      const target = yield* urls.verify(method, request.url ?? "")
      if (target === undefined) return yield* forbidden
      yield* (method === "GET" ? get : put)(target, request, response)
    })

    return {
      prefix,
      answer: (request, response) =>
        answerTo(request, response).pipe(
          Effect.catchTags({
            NoSuchFile: () => noSuchFile,
            InTheWay: () => inTheWay,
            PathRefused: () => forbidden,
            ReceiveFailed: ({ cause, reason }) => {
              switch (reason) {
                case "TooLarge":
                  return tooLarge(maxBytes)
                case "ClientGone":
                  return Effect.void
                case "DiskFull":
                  return Effect.zipRight(Effect.logError("The disk is full", cause), diskFull)
                case "Disk":
                  return atFault("A file was not received")(cause)
              }
            },
            SqlError: atFault("The state was not read or written"),
            ParseError: atFault("The state was not read or written"),
            SystemError: atFault("A stored file was not reached"),
            BadArgument: atFault("A stored file was not reached"),
            UnknownException: atFault("A stored file was not reached")
          }),
          Effect.catchTag("Refused", (refused) =>
            Effect.sync(() => refuse(request, response, refused))
          )
        )
    }
  })
