/**
 * The one way in which the server compares a text with a secret.
 *
 * @since 0.1.0
 */
import * as NodeCrypto from "node:crypto"

const digest = (text: string): NodeJS.ArrayBufferView => NodeCrypto.hash("sha256", text, "buffer")

/**
 * Builds the comparison with a secret. Digests are compared, so that neither what is right of a
 * wrong text nor its length shows in the time it takes. Only the very text is the same: no other
 * spelling of its bytes is.
 *
 * @since 0.1.0
 */
export const sameAs = (secret: string): ((given: string) => boolean) => {
  const expected = digest(secret)
  return (given) => NodeCrypto.timingSafeEqual(digest(given), expected)
}
