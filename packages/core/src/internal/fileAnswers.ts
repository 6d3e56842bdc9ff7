import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { FileEntry, FileStat } from "../SessionFiles.js"

const parseEntry = (line: string): FileEntry | undefined => {
  const match = /^\[(DIR|FILE)\] (.*)$/s.exec(line)
  return match?.[2] === undefined
    ? undefined
    : { name: match[2], kind: match[1] === "DIR" ? "directory" : "file" }
}

/** The entries of a listing; nothing for a text that lists none. */
export const parseListing = (text: string): ReadonlyArray<FileEntry> | undefined => {
  const entries = text
    .split(/\r?\n/)
    .map(parseEntry)
    .filter((entry) => entry !== undefined)
  return entries.length === 0 && text.trim() !== "" ? undefined : entries
}

// Name and path come first and may hold a line break, and then lines that look like others.
// The last line of a key is the tool's own.
const lastOf = (info: string, key: string): string | undefined =>
  [...info.matchAll(new RegExp(`^${key}:[ \\t]*(.*?)[ \\t\\r]*$`, "gm"))].at(-1)?.[1]

/** The size that the file tools tell, in bytes. */
export const sizeOf = (info: string): number | undefined => {
  const digits = lastOf(info, "size")
  return digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : undefined
}

const lastPart = (path: string): string => {
  const parts = path.split("/").filter((part) => part !== "")
  return parts.at(-1) ?? "/"
}

// What was asked for is taken where the answer repeats it, since only that is known to be
// whole when it has several lines.
const told = (info: string, key: string, asked: string): string => {
  if (`\n${info}\n`.includes(`\n${key}: ${asked}\n`)) return asked
  const line = new RegExp(`^${key}: ?(.*?)\\r?$`, "m").exec(info)?.[1]
  return line === undefined || line === "" ? asked : line
}

// A time that does not say its zone could be any.
const timeOf = (text: string | undefined): Option.Option<DateTime.Utc> =>
  text !== undefined && /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? DateTime.make(text) : Option.none()

const textOf = (text: string | undefined) => (text === "" ? undefined : text)

/** What the file tools tell of one file or folder; nothing when that cannot be read. */
export const parseStat = (info: string, asked: string): FileStat | undefined => {
  const isDirectory = lastOf(info, "isDirectory")?.toLowerCase()
  if (isDirectory !== "true" && isDirectory !== "false") return undefined
  const kind = isDirectory === "true" ? "directory" : "file"
  // Folders need not have a size.
  const size = sizeOf(info) ?? (kind === "directory" ? 0 : undefined)
  if (size === undefined) return undefined
  return {
    name: told(info, "name", lastPart(asked)),
    path: told(info, "path", asked),
    kind,
    size,
    modifiedAt: timeOf(lastOf(info, "modTime")),
    mode: textOf(lastOf(info, "mode")),
    owner: textOf(lastOf(info, "owner")),
    group: textOf(lastOf(info, "group"))
  }
}
