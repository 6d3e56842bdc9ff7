/**
 * The part of a file that a request asks for.
 *
 * @since 0.1.0
 */

/**
 * From the first to the last byte, both included.
 *
 * @since 0.1.0
 */
export interface Range {
  readonly first: number
  readonly last: number
}

/**
 * Reads a `Range` header for a file of so many bytes. `"whole"` when there is none, when it is
 * not understood, and when it asks for several parts: a server may then send all. `"none"` when
 * the file has nothing of what it asks for.
 *
 * @since 0.1.0
 */
export const parse = (header: string | undefined, size: number): Range | "whole" | "none" => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "")
  const [, from = "", to = ""] = match ?? []
  if (from === "" && to === "") return "whole"
  if (from === "") {
    const length = Math.min(Number(to), size)
    return length === 0 ? "none" : { first: size - length, last: size - 1 }
  }
  const first = Number(from)
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== "" && Number(to) < first) return "whole"
  return first >= size ? "none" : { first, last }
}
