import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the workspace. */
export const root = fileURLToPath(new URL("../..", import.meta.url))

/** A fenced block of a document, or of the doc comment of a source file. */
export interface Block {
  /** Path of the file it stands in, relative to the workspace. */
  readonly file: string
  /** Number of its first line of code, from 1. */
  readonly line: number
  /** The words after the fence: the language, then what this project adds to it. */
  readonly words: ReadonlyArray<string>
  readonly code: string
}

const filesBelow = (folder: string, suffix: string): ReadonlyArray<string> =>
  NodeFs.existsSync(NodePath.join(root, folder))
    ? NodeFs.readdirSync(NodePath.join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(suffix))
        .map((name) => NodePath.posix.join(folder, name.split(NodePath.sep).join("/")))
        .toSorted()
    : []

/** The pages that users read. */
export const documents: ReadonlyArray<string> = [
  "README.md",
  "CONTRIBUTING.md",
  "packages/core/README.md",
  "packages/node/README.md",
  ...filesBelow("docs", ".md")
]

const sources = [
  ...filesBelow("packages/core/src", ".ts"),
  ...filesBelow("packages/node/src", ".ts")
]

export const read = (file: string): string => NodeFs.readFileSync(NodePath.join(root, file), "utf8")

const fencedBlocks = (file: string, lines: ReadonlyArray<string>): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  let open:
    | { readonly fence: string; readonly words: Array<string>; readonly start: number }
    | undefined
  for (const [index, line] of lines.entries()) {
    const [, fence, words] = /^\s*(`{3,})\s*(.*)$/.exec(line) ?? []
    if (open === undefined) {
      if (fence !== undefined) {
        open = { fence, words: (words ?? "").split(/\s+/), start: index + 1 }
      }
    } else if (fence === open.fence && words === "") {
      const code = lines.slice(open.start, index).join("\n")
      blocks.push({ file, line: open.start + 1, words: open.words, code })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.start}: the block is not closed`)
  return blocks
}

/** The blocks of the pages, in order. */
export const documentBlocks: ReadonlyArray<Block> = documents.flatMap((file) =>
  fencedBlocks(file, read(file).split("\n"))
)

// What is no part of a doc comment becomes an empty line, so that line numbers stay.
const commentLines = (text: string): ReadonlyArray<string> => {
  let inside = false
  return text.split("\n").map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = !line.includes("*/")
    else if (/\*\//.test(line)) inside = false
    else if (inside) return line.replace(/^\s*\* ?/, "")
    return ""
  })
}

/** The examples in the doc comments of both packages. */
export const commentBlocks: ReadonlyArray<Block> = sources.flatMap((file) => {
  const lines = commentLines(read(file))
  const blocks = fencedBlocks(file, lines)
  const examples = lines.filter((line) => line.trim() === "@example").length
  if (examples !== blocks.filter(({ words }) => words[0] === "ts").length) {
    throw new Error(`${file}: every @example needs one block that is fenced as ts`)
  }
  return blocks
})

/** Where a block stands, for the name of a test. */
export const placeOf = ({ file, line }: Block): string => `${file}:${line}`
