import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import { type Block, documentBlocks, documents, placeOf, read, root } from "./blocks.js"
import { execute } from "./examples.js"

/** The program `agentbay`, as it is built. */
const bin = NodePath.join(root, "packages", "node", "dist", "bin.js")

/** A command line that a page shows. */
export interface CommandLine {
  readonly place: string
  /** What stands before the first word: `agentbay` or `pnpm`. */
  readonly program: "agentbay" | "pnpm"
  readonly words: ReadonlyArray<string>
}

/** The blocks that are shell commands. */
export const shellBlocks = documentBlocks.filter(({ words }) => words[0] === "sh")

const parse = (place: string, text: string): ReadonlyArray<CommandLine> =>
  [...text.matchAll(/(?:^|[\s($;&|])(agentbay|pnpm@12) +([^|;&)#\n]*)/g)].map(
    ([, program, words = ""]) => ({
      place,
      program: program === "agentbay" ? "agentbay" : "pnpm",
      words: words.split(/\s+/).filter((word) => word !== "")
    })
  )

const inBlock = (block: Block) => parse(placeOf(block), block.code.replaceAll("\\\n", " "))

// Commands in a sentence: `agentbay info --json`.
const inSentences = (file: string) =>
  read(file)
    .split("\n")
    .flatMap((line, index) =>
      [...line.matchAll(/`((?:agentbay|npx -y pnpm@12) [^`]+)`/g)].flatMap(([, text = ""]) =>
        parse(`${file}:${index + 1}`, text)
      )
    )

/** Every command line in the pages. */
export const commandLines: ReadonlyArray<CommandLine> = [
  ...shellBlocks.flatMap(inBlock),
  ...documents.flatMap(inSentences)
]

const helpPages = fileURLToPath(new URL("./helpPages.mjs", import.meta.url))
const program = NodePath.join(root, "packages", "node", "dist", "Cli.js")

/** The commands of `agentbay` with their options, as its help pages tell them. */
export const readCommands = async (): Promise<ReadonlyMap<string, ReadonlyArray<string>>> => {
  const { code, stderr, stdout } = await execute(process.execPath, [helpPages, program])
  if (code !== 0) throw new Error(`The help pages could not be read: ${stderr}`)
  const pages: Readonly<Record<string, string>> = JSON.parse(stdout)
  return new Map(
    Object.entries(pages).map(([name, page]) => [name, [...new Set(page.match(/--[a-z][a-z-]*/g))]])
  )
}

/** What a command line uses that does not exist. */
export const unknownWords = (
  words: ReadonlyArray<string>,
  commands: ReadonlyMap<string, ReadonlyArray<string>>
): ReadonlyArray<string> => {
  const options = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split("=")[0]!)
  const name = [words.slice(0, 2).join(" "), words[0] ?? ""].find((called) => commands.has(called))
  if (name === undefined) {
    return options.every((option) => option === "--help") &&
      words.every((word) => word.startsWith("-"))
      ? []
      : [words.join(" ")]
  }
  const known = ["--help", ...(commands.get(name) ?? [])]
  return options.filter((option) => !known.includes(option))
}

/** Runs a block with `agentbay` at hand; its first failing command ends it. */
export const runBlock = (block: Block) =>
  execute("bash", [
    "-euo",
    "pipefail",
    "-c",
    `agentbay() { '${process.execPath}' '${bin}' "$@"; }\n${block.code}`
  ])
