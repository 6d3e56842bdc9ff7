/**
 * Fresh identifiers. They come from the operating system's randomness and never repeat, so
 * nothing has to be looked up before one is used.
 *
 * @since 0.1.0
 */
import * as NodeCrypto from "node:crypto"

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

const letters = (count: number): string => {
  let text = ""
  for (let index = 0; index < count; index++) text += alphabet[NodeCrypto.randomInt(36)]
  return text
}

/** @since 0.1.0 */
export const contextId = (): string => `SdkCtx-${letters(17)}`

/** @since 0.1.0 */
export const sessionId = (): string => `session-${letters(17)}`

/**
 * Whether a text may be the id of a session, of this server or of another.
 *
 * @since 0.1.0
 */
export const isSessionId = (text: string): boolean => /^session-\w{1,40}$/.test(text)

/** @since 0.1.0 */
export const appInstanceId = (): string => `ai-${letters(17)}`

/** @since 0.1.0 */
export const resourceId = (): string => `p-${letters(15)}`

/** @since 0.1.0 */
export const taskId = (): string => `task-${letters(20)}`

/** @since 0.1.0 */
export const requestId = (): string => NodeCrypto.randomUUID().toUpperCase()

/** @since 0.1.0 */
export const apiKey = (): string => `akm-local-${NodeCrypto.randomBytes(24).toString("base64url")}`

/** @since 0.1.0 */
export const adminToken = (): string =>
  `admin-local-${NodeCrypto.randomBytes(24).toString("base64url")}`
