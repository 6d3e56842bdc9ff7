import * as Redacted from "effect/Redacted"

const placeholder = "<redacted>"
const maxLength = 500

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0")

const namedEntities: { readonly [character: string]: string } = {
  '"': "&quot;",
  "&": "&amp;",
  "'": "&apos;",
  "<": "&lt;",
  ">": "&gt;"
}

/** A character with the backslashes that JSON texts, also nested ones, put before it. */
const literal = (character: string): string => {
  if (character === "\\") return String.raw`\\{8}|\\{4}|\\{2}|\\`
  const escaped = character.replace(/[$()*+./?[\]^{|}]/g, String.raw`\$&`)
  return character === '"' || character === "/" ? String.raw`\\{0,7}${escaped}` : escaped
}

/** Every way in which a character is written in URLs, forms, JSON texts and HTML. */
const spellings = (character: string): string => {
  const bytes = Array.from(new TextEncoder().encode(character), (byte) => hex(byte, 2))
  const units = Array.from({ length: character.length }, (_, index) =>
    hex(character.charCodeAt(index), 4)
  )
  const point = character.codePointAt(0) ?? 0
  const named = namedEntities[character]
  const ways = [
    literal(character),
    bytes.map((byte) => `%(?:25)*${byte}`).join(""),
    units.map((unit) => String.raw`\\{1,7}u${unit}`).join(""),
    `&#0*${point};`,
    `&#x0*${hex(point, 1)};`,
    ...(character === " " ? [String.raw`\+`] : []),
    ...(named === undefined ? [] : [named])
  ]
  return `(?:${ways.join("|")})`
}

/**
 * Cleans a text that comes from outside of secrets, however they are written there, and
 * cuts it to a length fit for a message. Where one secret is part of another, the longer
 * one is looked for first.
 */
export const redactText = (
  ...secrets: ReadonlyArray<Redacted.Redacted<string>>
): ((text: string) => string) => {
  const longestFirst = secrets
    .map((secret) => Array.from(Redacted.value(secret).trim()))
    .filter((characters) => characters.length > 0)
    .toSorted((one, other) => other.length - one.length)
  const shortest = longestFirst.at(-1)?.length ?? Infinity
  const ways = longestFirst.map((characters) => characters.map(spellings).join(""))
  const anySecret = new RegExp(ways.join("|"), "gi")
  return (text) => {
    // Every spelling of a character takes at least one: a text that is shorter cannot hold
    // a secret. Most request ids are, and they come with every answer.
    const clean = text.length < shortest ? text : text.replace(anySecret, placeholder)
    return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength)}…`
  }
}
