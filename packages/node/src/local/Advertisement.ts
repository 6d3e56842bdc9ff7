/**
 * How a server tells other processes of the same user where it is.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { layout, type Service as DataDirectory } from "./DataDirectory.js"
import { causedBy, type LocalAgentBayError } from "./LocalAgentBayError.js"
import * as PrivateFile from "./PrivateFile.js"
import { systemCode } from "./SystemCode.js"

/**
 * What a server that advertises itself tells other processes: its address, the key it
 * accepts, the token of its admin route, the certificate to trust when it speaks TLS (a path),
 * its process id, and when it started (ISO 8601 in UTC).
 *
 * @since 0.1.0
 */
export const Advertised = Schema.Struct({
  url: Schema.String,
  apiKey: Schema.Redacted(Schema.NonEmptyString),
  adminToken: Schema.optionalWith(Schema.Redacted(Schema.NonEmptyString), { exact: true }),
  certFile: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  pid: Schema.Int,
  startedAt: Schema.String
})

const Text = Schema.parseJson(Advertised)
const encode = Schema.encode(Text)
const decode = Schema.decode(Text)

/** Signal 0 asks whether a process can be signalled; `EPERM` says that it lives too. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return systemCode(cause) === "EPERM"
  }
}

/**
 * Writes the advertisement for the life of the scope.
 *
 * @since 0.1.0
 */
export const publish = Effect.fnUntraced(function* (
  directory: DataDirectory,
  server: {
    readonly url: string
    readonly apiKey: Redacted.Redacted
    readonly adminToken: Redacted.Redacted
    readonly certFile?: string
  }
): Effect.fn.Return<void, LocalAgentBayError, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const startedAt = new Date(yield* Clock.currentTimeMillis).toISOString()
  yield* Effect.acquireRelease(
    Effect.flatMap(encode({ ...server, pid: process.pid, startedAt }), (text) =>
      PrivateFile.write(directory.advertisementFile, text)
    ),
    () => Effect.ignore(fs.remove(directory.advertisementFile, { force: true }))
  ).pipe(Effect.mapError(causedBy("DataDirectory", directory.root)))
})

/**
 * Reads the advertisement in a data directory. None when there is none, when it cannot be
 * read, or when its process is gone.
 *
 * @since 0.1.0
 */
export const read = (
  dataDirectory: string
): Effect.Effect<Option.Option<typeof Advertised.Type>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.readFileString(layout(dataDirectory).advertisementFile)
  ).pipe(
    Effect.flatMap(decode),
    Effect.option,
    Effect.map(Option.filter((advertised) => isAlive(advertised.pid)))
  )
