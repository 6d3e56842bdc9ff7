/** Pieces of a secret in a text. */

/** As much of it as nobody could guess, and as no other word happens to hold. */
const length = 12

/** What all keys of a kind begin with, and tells nothing. */
const sort = /^(?:Bearer )?(?:akm-(?:local-)?)?/

/** Each piece of so many characters of the secret part that stands in a text. */
export const partsIn = (said: string, secret: string): ReadonlyArray<string> => {
  const own = secret.replace(sort, "")
  const count = own.length - length + 1
  if (count < 1) throw new Error("a secret without a part to look for")
  return Array.from({ length: count }, (_, at) => own.slice(at, at + length)).filter((part) =>
    said.includes(part)
  )
}
