/**
 * Texts on a terminal: how wide they are, how they are cut and padded, and how foreign texts
 * are made harmless.
 *
 * @since 0.1.0
 */

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
const emoji = /\p{Emoji_Presentation}|\u{FE0F}/u
const eastAsianWide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u

const graphemeWidth = (grapheme: string): number => {
  if (invisible.test(grapheme)) return 0
  return emoji.test(grapheme) || eastAsianWide.test(grapheme) ? 2 : 1
}

const onlyAscii = /^[\u0020-\u007E]*$/

/**
 * How many columns of a terminal a text takes. The text holds no control characters.
 *
 * @since 0.1.0
 */
export const width = (text: string): number => {
  if (onlyAscii.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment)
  return columns
}

/** The longest run of whole characters that fits into so many columns. */
const take = (characters: ReadonlyArray<string>, columns: number): ReadonlyArray<string> => {
  const taken: Array<string> = []
  let left = columns
  for (const character of characters) {
    left -= graphemeWidth(character)
    if (left < 0) break
    taken.push(character)
  }
  return taken
}

/**
 * Cuts a text to so many columns and marks the cut by `…`: at the end, or in the middle where
 * both ends tell something (paths, ids).
 *
 * @since 0.1.0
 */
export const fit = (text: string, columns: number, cut: "end" | "middle" = "end"): string => {
  if (width(text) <= columns) return text
  if (columns <= 1) return columns === 1 ? "…" : ""
  const characters = [...graphemes.segment(text)].map(({ segment }) => segment)
  if (cut === "end") return `${take(characters, columns - 1).join("")}…`
  const head = take(characters, Math.floor((columns - 1) / 2))
  const tail = take(characters.toReversed(), columns - 1 - width(head.join("")))
  return `${head.join("")}…${tail.toReversed().join("")}`
}

/**
 * Fills a text up with blanks to so many columns.
 *
 * @since 0.1.0
 */
export const pad = (text: string, columns: number, align: "left" | "right" = "left"): string => {
  const blanks = " ".repeat(Math.max(0, columns - width(text)))
  return align === "left" ? text + blanks : blanks + text
}

const dangerous = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu

/**
 * A text from outside with its control characters made visible, so that a file name or a
 * message of the service cannot steer the terminal.
 *
 * @since 0.1.0
 */
export const printable = (text: string): string =>
  text.replace(dangerous, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 256
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`
  })

/**
 * A text from outside as one line: line breaks and runs of blanks become one blank, other
 * control characters are made visible.
 *
 * @since 0.1.0
 */
export const oneLine = (text: string): string => printable(text.replaceAll(/\s+/g, " ").trim())
