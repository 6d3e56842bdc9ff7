import { cut } from "./bytes.js"

/** Whether a text can be written as UTF-8: half of a surrogate pair cannot. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)

/** The most a tool takes or gives in one call: 60 KiB. */
export const pieceSize = 61_440

/**
 * Cuts a text into pieces of at most `size` UTF-16 units, never between the halves of one
 * character. An empty text is one empty piece.
 */
export const cutText = (text: string, size = pieceSize): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let start = 0
  do {
    let stop = Math.min(start + size, text.length)
    const unit = text.charCodeAt(stop - 1)
    if (stop < text.length && unit >= 0xd800 && unit <= 0xdbff) stop -= 1
    pieces.push(text.slice(start, stop))
    start = stop
  } while (start < text.length)
  return pieces
}

/** Cuts bytes into pieces of at most `size`. No bytes are one empty piece. */
export const cutBytes = (bytes: Uint8Array, size = pieceSize): ReadonlyArray<Uint8Array> =>
  bytes.length === 0 ? [bytes] : [...cut(bytes, size)]
