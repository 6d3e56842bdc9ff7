/**
 * The direct link of a session: an address and a token with which clients call its tools
 * without going through the API.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as NodeCrypto from "node:crypto"
import type { Origin } from "../actions/Operation.js"
import * as Secret from "../Secret.js"

/**
 * The beginning of the paths of all links.
 *
 * @since 0.1.0
 */
export const prefix = "/link/"

/**
 * What a session tells of its link. Both are empty when there is none.
 *
 * @since 0.1.0
 */
export interface Link {
  readonly linkUrl: string
  readonly token: Redacted.Redacted
}

/**
 * @since 0.1.0
 */
export interface Service {
  readonly isOn: boolean
  readonly of: (sessionId: string, origin: Origin) => Link
  readonly isRight: (sessionId: string, token: string) => boolean
}

/**
 * @since 0.1.0
 */
export class DirectLink extends Context.Tag("@effect-agentbay/node/local/tools/DirectLink")<
  DirectLink,
  Service
>() {}

/**
 * Tokens come from a secret that lives as long as the server: one of an earlier start is not
 * taken, and `GetSession` tells the new one.
 *
 * @since 0.1.0
 */
export const make = (isOn: boolean): Service => {
  const secret = NodeCrypto.randomBytes(32)
  const digest = (text: string) => NodeCrypto.createHmac("sha256", secret).update(text).digest()
  const tokenOf = (sessionId: string) => digest(sessionId).toString("hex")
  return {
    isOn,
    of: (sessionId, { url }) =>
      isOn
        ? { linkUrl: `${url}${prefix}${sessionId}`, token: Redacted.make(tokenOf(sessionId)) }
        : { linkUrl: "", token: Redacted.make("") },
    isRight: (sessionId, token) => Secret.sameAs(tokenOf(sessionId))(token)
  }
}

/**
 * @since 0.1.0
 */
export const layer = (isOn: boolean): Layer.Layer<DirectLink> =>
  Layer.sync(DirectLink, () => make(isOn))
