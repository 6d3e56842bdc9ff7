/**
 * URLs that let whoever has them read or write one stored file for an hour, without a key.
 *
 * `/files/<context>/<path>?Expires=<Unix seconds>&Signature=<text>`: the signature covers the
 * method, the context, the path and the end, so none of them can be changed. Its secret lies in
 * the data directory: a URL stays good when the server is started again.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeCrypto from "node:crypto"
import { DataDirectory } from "../DataDirectory.js"
import { causedBy, type LocalAgentBayError } from "../LocalAgentBayError.js"
import type { Origin } from "../actions/Operation.js"
import * as PrivateFile from "../PrivateFile.js"
import * as Secret from "../Secret.js"

/**
 * What a URL is good for. `GET` includes `HEAD`.
 *
 * @since 0.1.0
 */
export type Method = "GET" | "PUT"

/**
 * A stored file: its context, and its path in normal form.
 *
 * @since 0.1.0
 */
export interface Target {
  readonly contextId: string
  readonly path: string
}

/**
 * A URL, and the Unix seconds at which it ends.
 *
 * @since 0.1.0
 */
export interface Signed {
  readonly url: string
  readonly expires: number
}

/**
 * @since 0.1.0
 */
export interface Service {
  readonly sign: (origin: Origin, method: Method, target: Target) => Effect.Effect<Signed>
  /** What the target of a request line leads to; nothing when it is not, or no longer, good. */
  readonly verify: (method: Method, requestTarget: string) => Effect.Effect<Target | undefined>
}

/**
 * @since 0.1.0
 */
export class FileUrl extends Context.Tag("@effect-agentbay/node/local/contexts/FileUrl")<
  FileUrl,
  Service
>() {}

/**
 * The beginning of all such paths.
 *
 * @since 0.1.0
 */
export const prefix = "/files/"

/** How long a URL is good. */
const lifetime = Duration.hours(1)

const seconds: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, (millis) =>
  Math.floor(millis / 1000)
)

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/")

/**
 * Letter for letter as it is written here: what else a query may say, or how else it may say the
 * same, is not covered by the signature. Nor is how else the path could be written: the signature
 * is that of the path it means.
 */
const written = /^\/files\/([^/?]+)(\/[^?]+)\?Expires=([1-9]\d{0,14})&Signature=([\w-]+)$/

/** The parts of a URL; anything else is no URL of this server. */
const parse = (requestTarget: string) => {
  const [, contextId, encoded, expires, signature] = written.exec(requestTarget) ?? []
  if (!contextId || !encoded || !signature) return undefined
  try {
    const path = decodeURIComponent(encoded)
    if (encodePath(path) !== encoded) return undefined
    return { contextId, path, expires: Number(expires), signature }
  } catch {
    return undefined
  }
}

/**
 * Makes the two sides from a secret.
 *
 * @since 0.1.0
 */
export const make = (secret: string): Service => {
  const signature = (method: Method, { contextId, path }: Target, expires: number): string =>
    NodeCrypto.createHmac("sha256", secret)
      // As a list: no text in one part can look like the border to the next.
      .update(JSON.stringify([method, contextId, path, expires]))
      .digest("base64url")

  return {
    sign: (origin, method, target) =>
      Effect.map(seconds, (now) => {
        const expires = now + Duration.toSeconds(lifetime)
        const signed = signature(method, target, expires)
        const path = `${prefix}${target.contextId}${encodePath(target.path)}`
        return { url: `${origin.url}${path}?Expires=${expires}&Signature=${signed}`, expires }
      }),
    verify: (method, requestTarget) =>
      Effect.map(seconds, (now) => {
        const given = parse(requestTarget)
        if (given === undefined) return undefined
        const isRight = Secret.sameAs(signature(method, given, given.expires))(given.signature)
        return isRight && now < given.expires
          ? { contextId: given.contextId, path: given.path }
          : undefined
      })
  }
}

/**
 * With the secret of the data directory, made at the first start.
 *
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  FileUrl,
  LocalAgentBayError,
  DataDirectory | FileSystem.FileSystem
> = Layer.effect(
  FileUrl,
  Effect.flatMap(DataDirectory, (directory) =>
    PrivateFile.keep(directory.fileSecretFile, () =>
      NodeCrypto.randomBytes(32).toString("base64url")
    ).pipe(Effect.map(make), Effect.mapError(causedBy("DataDirectory", directory.root)))
  )
)
