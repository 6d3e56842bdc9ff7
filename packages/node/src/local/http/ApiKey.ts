/**
 * The key that clients of this server have to send.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { DataDirectory } from "../DataDirectory.js"
import * as Identifier from "../Identifier.js"
import { causedBy, LocalAgentBayError } from "../LocalAgentBayError.js"
import * as PrivateFile from "../PrivateFile.js"
import * as Secret from "../Secret.js"

/** It travels in headers and URLs, and is pasted into shells. */
const isWord = (secret: string): boolean => /^[\x21-\x7e]+$/.test(secret)

/**
 * A secret of the data directory: made when there is none, and kept for its owner alone. One that
 * is damaged is not replaced: clients may still have it.
 */
const kept = (
  fileOf: (directory: typeof DataDirectory.Service) => string,
  fresh: () => string
): Effect.Effect<Redacted.Redacted, LocalAgentBayError, DataDirectory | FileSystem.FileSystem> =>
  Effect.flatMap(DataDirectory, (directory) =>
    PrivateFile.keep(fileOf(directory), fresh).pipe(
      Effect.mapError(causedBy("DataDirectory", directory.root)),
      Effect.filterOrFail(
        isWord,
        () =>
          new LocalAgentBayError({
            reason: "ApiKey",
            dataDirectory: directory.root,
            detail: `what is in ${fileOf(directory)} is not one word of printable characters`,
            remedy: "Put back the right one. Delete the file, and a new one is made."
          })
      ),
      Effect.map((secret) => Redacted.make(secret))
    )
  )

/**
 * The key of the data directory: a random one, made at the first start and kept in a file
 * that its owner alone can read.
 *
 * @since 0.1.0
 */
export const ofDataDirectory: Effect.Effect<
  Redacted.Redacted,
  LocalAgentBayError,
  DataDirectory | FileSystem.FileSystem
> = kept(({ keyFile }) => keyFile, Identifier.apiKey)

/**
 * The token of the admin route, made and kept in the same way.
 *
 * @since 0.1.0
 */
export const adminToken: Effect.Effect<
  Redacted.Redacted,
  LocalAgentBayError,
  DataDirectory | FileSystem.FileSystem
> = kept(({ adminTokenFile }) => adminTokenFile, Identifier.adminToken)

/**
 * A key that the program chose. A blank one would let in whoever sends none, so it is
 * refused.
 *
 * @since 0.1.0
 */
export const given = Effect.fnUntraced(function* (
  apiKey: Redacted.Redacted
): Effect.fn.Return<Redacted.Redacted, LocalAgentBayError, DataDirectory> {
  if (Redacted.value(apiKey).trim() !== "") return apiKey
  const directory = yield* DataDirectory
  return yield* new LocalAgentBayError({
    reason: "ApiKey",
    dataDirectory: directory.root,
    detail: "it is blank"
  })
})

/**
 * Builds the check of an `Authorization` (a parameter, or a header of the admin route).
 *
 * @since 0.1.0
 */
export const check = (apiKey: Redacted.Redacted): ((authorization: string) => boolean) =>
  Secret.sameAs(`Bearer ${Redacted.value(apiKey)}`)
