/**
 * The directory that Local AgentBay works in: where everything lies, and the lock that
 * keeps a second server out.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as NodePath from "node:path"
import * as DirectoryLock from "./DirectoryLock.js"
import { causedBy, LocalAgentBayError } from "./LocalAgentBayError.js"

/**
 * Where things lie. All paths are absolute paths of this machine.
 *
 * @since 0.1.0
 */
export interface Service {
  /** The directory itself. */
  readonly root: string
  /** The SQLite file whose lock keeps a second server out. */
  readonly lockFile: string
  /** The SQLite file with contexts, sessions, bindings and tasks. */
  readonly stateFile: string
  /** A file that is there when a state was made. */
  readonly stateMark: string
  /** The file with the API key. */
  readonly keyFile: string
  /** The file with the token of the admin route. */
  readonly adminTokenFile: string
  /** The certificate that the server made for itself. */
  readonly certFile: string
  /** The key of that certificate. */
  readonly tlsKeyFile: string
  /** The directory that holds one directory for each snapshot. */
  readonly snapshots: string
  /** The file with the secret that signs the URLs of stored files. */
  readonly fileSecretFile: string
  /** The file that tells other processes about this server. */
  readonly advertisementFile: string
  /** Unfinished files of running transfers and tools; empty after a start. */
  readonly staging: string
  /** What was cleared and deleted, until it is removed for good. Created when needed. */
  readonly trash: string
  /** The directory that holds one directory for each context. */
  readonly contexts: string
  /** The directory that holds one directory for each session. */
  readonly sessions: string
  /** Everything that belongs to one session. */
  readonly session: (sessionId: string) => string
  /** What a session sees as its `/`. */
  readonly sessionRoot: (sessionId: string) => string
  /** Everything that belongs to one context. */
  readonly context: (contextId: string) => string
  /** The stored files of a context, under the paths they have in a session. */
  readonly contextFiles: (contextId: string) => string
}

/**
 * The data directory of this server, locked for its life.
 *
 * @since 0.1.0
 */
export class DataDirectory extends Context.Tag("@effect-agentbay/node/local/DataDirectory")<
  DataDirectory,
  Service
>() {}

/**
 * The paths inside a data directory.
 *
 * @since 0.1.0
 */
export const layout = (root: string): Service => {
  const sessions = NodePath.join(root, "sessions")
  const contexts = NodePath.join(root, "contexts")
  return {
    root,
    lockFile: NodePath.join(root, "lock.sqlite"),
    stateFile: NodePath.join(root, "state.sqlite"),
    stateMark: NodePath.join(root, "state-made"),
    keyFile: NodePath.join(root, "api-key"),
    adminTokenFile: NodePath.join(root, "admin-token"),
    certFile: NodePath.join(root, "tls-cert.pem"),
    tlsKeyFile: NodePath.join(root, "tls-key.pem"),
    snapshots: NodePath.join(root, "snapshots"),
    fileSecretFile: NodePath.join(root, "file-secret"),
    advertisementFile: NodePath.join(root, "server.json"),
    staging: NodePath.join(root, "staging"),
    trash: NodePath.join(root, "trash"),
    contexts,
    sessions,
    session: (sessionId) => NodePath.join(sessions, sessionId),
    sessionRoot: (sessionId) => NodePath.join(sessions, sessionId, "root"),
    context: (contextId) => NodePath.join(contexts, contextId),
    contextFiles: (contextId) => NodePath.join(contexts, contextId, "files")
  }
}

const refused = (dataDirectory: string, detail: string): LocalAgentBayError =>
  new LocalAgentBayError({ reason: "DataDirectory", dataDirectory, detail })

/** Says whether a server may work here: in an empty directory, or where one has worked. */
const isOurs = Effect.fnUntraced(function* (
  directory: Service
): Effect.fn.Return<boolean, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const names = yield* fs.readDirectory(directory.root)
  const marks = [directory.lockFile, directory.stateFile, directory.keyFile].map((path) =>
    NodePath.basename(path)
  )
  return names.length === 0 || names.some((name) => marks.includes(name))
})

/** Writes a `.gitignore` where there is none. */
const ignoreAll = (root: string): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.writeFileString(NodePath.join(root, ".gitignore"), "*\n", { flag: "wx" })
  ).pipe(
    Effect.catchIf(
      (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
      () => Effect.void
    )
  )

/**
 * Creates the directory when it is missing (for the owner alone), locks it for the life of
 * the scope and clears what an earlier server left unfinished. Fails with
 * `DataDirectoryInUse` at once when another server holds the lock, and with `DataDirectory`,
 * before anything in it is touched, when the directory holds files and none of them shows
 * that a server has worked there.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<Service, LocalAgentBayError, FileSystem.FileSystem | Scope.Scope> {
  // It would stand for the current directory.
  if (path.trim() === "") return yield* refused(path, "its path is blank")
  const fs = yield* FileSystem.FileSystem
  const absolute = NodePath.resolve(path)
  const unusable = Effect.mapError(causedBy("DataDirectory", absolute))
  const root = yield* fs
    .makeDirectory(absolute, { recursive: true, mode: 0o700 })
    .pipe(Effect.zipRight(fs.realPath(absolute)), unusable)
  const directory = layout(root)
  if (!(yield* unusable(isOurs(directory)))) {
    return yield* refused(root, "it holds files that are not those of a Local AgentBay")
  }
  yield* DirectoryLock.hold(directory)
  yield* Effect.gen(function* () {
    // The directory usually lies in a project's folder, and holds a key.
    yield* ignoreAll(root)
    yield* fs.remove(directory.staging, { recursive: true, force: true })
    yield* fs.makeDirectory(directory.staging, { recursive: true })
    yield* fs.makeDirectory(directory.sessions, { recursive: true })
  }).pipe(unusable)
  return directory
})

/**
 * @since 0.1.0
 */
export const layer = (
  path: string
): Layer.Layer<DataDirectory, LocalAgentBayError, FileSystem.FileSystem> =>
  Layer.scoped(DataDirectory, make(path))
