/**
 * The lock of a data directory. It ends with the process, however that ends, so no stale one is
 * ever left behind.
 *
 * It is held twice. The lock of a SQLite file works everywhere, but the system takes it from a
 * process that reads the file and closes it again, as a program does that copies the directory it
 * serves. On Linux the name of a socket is held besides, which is no file at all.
 *
 * @since 0.1.0
 */
import * as Libsql from "@libsql/client"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs/promises"
import * as NodeNet from "node:net"
import * as NodePath from "node:path"
import { pathToFileURL } from "node:url"
import { causedBy, isDamage, LocalAgentBayError } from "./LocalAgentBayError.js"
import { systemCode } from "./SystemCode.js"

/**
 * What is to be locked, and the file that is there for it.
 *
 * @since 0.1.0
 */
export interface Place {
  readonly root: string
  readonly lockFile: string
}

const isTaken = (cause: unknown): boolean =>
  systemCode(cause) === "EADDRINUSE" ||
  (cause instanceof Libsql.LibsqlError && cause.code.startsWith("SQLITE_BUSY"))

const failureIn =
  ({ lockFile, root }: Place) =>
  (cause: unknown): LocalAgentBayError => {
    // That the lock is taken is all there is to say; how the system words it helps nobody.
    if (isTaken(cause)) {
      return new LocalAgentBayError({
        reason: "DataDirectoryInUse",
        dataDirectory: root,
        detail: "its lock is held"
      })
    }
    const error = causedBy("DataDirectory", root)(cause)
    // It is not replaced here: another server may hold the one that would go.
    return isDamage(cause)
      ? new LocalAgentBayError({
          ...error,
          detail: `its lock ${NodePath.basename(lockFile)} is damaged (${error.detail})`,
          remedy: "When no server works there, delete it: it holds nothing."
        })
      : error
  }

/** An open write transaction on a SQLite file made for it. */
const holdFile = (place: Place): Effect.Effect<void, LocalAgentBayError, Scope.Scope> => {
  const failure = failureIn(place)
  const client = Effect.acquireRelease(
    Effect.try({
      try: () => Libsql.createClient({ url: pathToFileURL(place.lockFile).href }),
      catch: failure
    }),
    (client) => Effect.sync(() => client.close())
  )
  return Effect.flatMap(client, (client) =>
    Effect.acquireRelease(
      Effect.tryPromise({ try: () => client.execute("BEGIN IMMEDIATE"), catch: failure }),
      // Closing alone leaves the lock to the garbage collector.
      () => Effect.promise(() => client.execute("ROLLBACK"))
    )
  ).pipe(Effect.asVoid)
}

const listen = (path: string): Effect.Effect<NodeNet.Server, Error> =>
  Effect.async((resume) => {
    // Nobody has anything to say there.
    const server = NodeNet.createServer((socket) => socket.destroy())
    server.unref()
    server.once("error", (error) => resume(Effect.fail(error)))
    // Otherwise the workers of a cluster would share it.
    server.listen({ path, exclusive: true }, () => resume(Effect.succeed(server)))
  })

const close = (server: NodeNet.Server): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.close(() => resume(Effect.void))
  })

/**
 * The name of a socket (in Linux's space of abstract names) that says which directory it is: its
 * number, and that of its disk. As long as the directory is held open, no other one gets them,
 * even when it is deleted.
 */
const holdName = (place: Place): Effect.Effect<void, LocalAgentBayError, Scope.Scope> =>
  Effect.gen(function* () {
    const handle = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => NodeFs.open(place.root), catch: failureIn(place) }),
      (handle) => Effect.promise(() => handle.close())
    )
    const { dev, ino } = yield* Effect.tryPromise({
      try: () => handle.stat({ bigint: true }),
      catch: failureIn(place)
    })
    yield* Effect.acquireRelease(
      Effect.mapError(listen(`\0agentbay-${dev}-${ino}`), failureIn(place)),
      close
    )
  })

/**
 * Holds the lock of a data directory for the life of the scope. Fails with `DataDirectoryInUse`
 * at once when another server holds it.
 *
 * @since 0.1.0
 */
export const hold = (place: Place): Effect.Effect<void, LocalAgentBayError, Scope.Scope> =>
  process.platform === "linux" ? Effect.zipRight(holdFile(place), holdName(place)) : holdFile(place)
