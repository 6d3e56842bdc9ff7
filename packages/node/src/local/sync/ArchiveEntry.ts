/**
 * The entries of an archive: their names, and times to the microsecond.
 *
 * @since 0.1.0
 */

/**
 * An archive that is not unpacked, and why.
 *
 * @since 0.1.0
 */
export class Refused extends Error {}

const maxNameBytes = 255

/** No path of the system is longer. */
const maxPathBytes = 4095

/**
 * The path below the unpacked folder that the name of an entry means, `""` for the folder
 * itself. Throws for a name that would lead out of it, and for one that no file can have.
 *
 * @since 0.1.0
 */
export const pathOf = (name: string): string => {
  const refuse = (reason: string) => new Refused(`${JSON.stringify(name)} in it ${reason}`)
  if (name.startsWith("/")) throw refuse("is an absolute path")
  if (name.includes("\0")) throw refuse("holds a NUL character")
  if (Buffer.byteLength(name) > maxPathBytes) {
    throw new Refused(`a path in it is longer than ${maxPathBytes} bytes`)
  }
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".")
  for (const segment of segments) {
    if (segment === "..") throw refuse("leads out of it")
    if (Buffer.byteLength(segment) > maxNameBytes) {
      throw refuse(`is longer than ${maxNameBytes} bytes in one of its names`)
    }
  }
  return segments.join("/")
}

/**
 * Microseconds as the decimal seconds of a PAX header.
 *
 * @since 0.1.0
 */
export const secondsText = (micros: number): string => {
  const size = Math.abs(micros)
  const fraction = String(size % 1_000_000).padStart(6, "0")
  return `${micros < 0 ? "-" : ""}${Math.floor(size / 1_000_000)}.${fraction}`
}

/**
 * The other way round; nothing for a text that is no time.
 *
 * @since 0.1.0
 */
export const microsOf = (text: string): number | undefined => {
  const parts = /^(-?)(\d{1,10})(?:\.(\d+))?$/.exec(text)
  if (parts === null) return undefined
  const [, sign, whole, fraction = ""] = parts
  const size = Number(whole) * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, "0"))
  return sign === "-" ? -size : size
}
