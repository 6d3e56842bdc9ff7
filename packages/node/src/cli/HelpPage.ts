/**
 * The pages that `--help` shows, made from the descriptions of the commands.
 *
 * @since 0.1.0
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Usage from "@effect/cli/Usage"
import { stripVTControlCharacters } from "node:util"
import { defaultDataDirectory } from "./Environment.js"
import type { Surface } from "./Screen.js"
import * as Style from "./Style.js"
import * as Text from "./Text.js"

/**
 * What is known of a command: the words that call it, and its descriptions.
 *
 * @since 0.1.0
 */
export interface Page {
  readonly words: ReadonlyArray<string>
  readonly doc: HelpDoc.HelpDoc
  readonly usage: Usage.Usage
}

type Entry = readonly [name: string, meaning: string]

const config = CliConfig.make({ showBuiltIns: false })

/**
 * @since 0.1.0
 */
export const make = <Name extends string, R, E, A>(
  words: ReadonlyArray<string>,
  command: Command.Command<Name, R, E, A>
): Page => ({
  words,
  doc: Command.getHelp(command, config),
  usage: Command.getUsage(command)
})

const plainText = (doc: HelpDoc.HelpDoc): string =>
  Text.oneLine(stripVTControlCharacters(HelpDoc.toAnsiText(doc)))

const blocks = (doc: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.HelpDoc> =>
  doc._tag === "Sequence" ? [...blocks(doc.left), ...blocks(doc.right)] : [doc]

// The parser's own remarks about each option; the usage line says the same.
const remarks =
  /^(A user-defined piece of text|A true or false value|An integer|One of the following|This setting is optional|This option may be repeated)/

const meaningOf = (doc: HelpDoc.HelpDoc): string =>
  blocks(doc)
    .map(plainText)
    .filter((text) => text !== "" && !remarks.test(text))
    .join(" ")

/** The entries of the lists below a heading. */
const entriesBelow = (doc: HelpDoc.HelpDoc, heading: string): ReadonlyArray<Entry> => {
  let current = ""
  const entries: Array<Entry> = []
  for (const block of blocks(doc)) {
    if (block._tag === "Header") current = plainText(block)
    if (block._tag === "DescriptionList" && current === heading) {
      for (const [span, meaning] of block.definitions) {
        entries.push([plainText(HelpDoc.p(span)), meaningOf(meaning)])
      }
    }
  }
  return entries
}

/**
 * A command as a shell sees it: the words that call it, and its options.
 *
 * @since 0.1.0
 */
export interface Called {
  readonly words: ReadonlyArray<string>
  readonly options: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 */
export const calledOf = ({ doc, words }: Page): Called => ({
  words,
  options: entriesBelow(doc, "OPTIONS").flatMap(([name]) => name.match(/--[a-z][a-z-]*/) ?? [])
})

const descriptionOf = (doc: HelpDoc.HelpDoc): string =>
  blocks(doc)
    .filter((block) => block._tag === "Paragraph")
    .map(plainText)
    .join(" ")

/** Lines of pieces that are not broken. */
const fill = (pieces: ReadonlyArray<string>, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of pieces) {
    if (line !== "" && Text.width(line) + 1 + Text.width(word) > columns) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Breaks a text at its blanks. */
const wrap = (text: string, columns: number): ReadonlyArray<string> =>
  fill(text.split(" "), columns)

/** What a command takes. An option that may be repeated may also be left out, and is shown so. */
const takenBy = (usage: string): ReadonlyArray<string> =>
  usage
    .replaceAll(/(?<!\[)--\S+ \S+\.\.\./g, (option) => `[${option}]`)
    .match(/\[[^\]]*\]\S*|\S+/g) ?? []

const widestPage = 88

const pageWidth = (surface: Surface) => Math.min(surface.columns, widestPage)

/** Two columns where there is room for them, else one below the other. */
const list = (entries: ReadonlyArray<Entry>, surface: Surface): ReadonlyArray<string> => {
  const style = Style.of(surface)
  const nameWidth = Math.max(...entries.map(([name]) => Text.width(name)))
  const room = pageWidth(surface) - nameWidth - 4
  if (room < 36) {
    return entries.flatMap(([name, meaning]) => [
      `  ${style.accent(name)}`,
      ...wrap(meaning, pageWidth(surface) - 6).map((line) => `      ${line}`)
    ])
  }
  return entries.flatMap(([name, meaning]) =>
    wrap(meaning, room).map((line, index) =>
      index === 0
        ? `  ${style.accent(Text.pad(name, nameWidth))}  ${line}`
        : `${" ".repeat(nameWidth + 4)}${line}`
    )
  )
}

const section = (heading: string, entries: ReadonlyArray<Entry>, surface: Surface) =>
  entries.length === 0 ? [] : ["", Style.of(surface).bold(heading), ...list(entries, surface)]

/**
 * The page of one command.
 *
 * @since 0.1.0
 */
export const ofCommand = ({ doc, usage, words }: Page, surface: Surface): string => {
  const style = Style.of(surface)
  const called = `agentbay ${words.join(" ")}`
  // The usage begins with the last of the words.
  const options = plainText(Usage.getHelp(usage)).split(" ").slice(1).join(" ")
  return [
    ...wrap(`${descriptionOf(doc)}.`, pageWidth(surface)),
    "",
    style.bold("Usage"),
    `  ${style.accent(called)}`,
    ...fill(takenBy(options), pageWidth(surface) - 4).map((line) => `    ${line}`),
    ...section("Arguments", entriesBelow(doc, "ARGUMENTS"), surface),
    ...section("Options", entriesBelow(doc, "OPTIONS"), surface)
  ].join("\n")
}

const variables: ReadonlyArray<Entry> = [
  ["AGENTBAY_API_KEY", "The key of the cloud service"],
  ["AGENTBAY_ENDPOINT", "Its host and port, when not the default"],
  ["AGENTBAY_REGION_ID", "Where sessions are created"],
  ["AGENTBAY_TIMEOUT_MS", "How long one request may take"],
  ["NO_COLOR", "Any value: no escape codes are written"]
]

const exitCodes: ReadonlyArray<Entry> = [
  ["0", "done"],
  ["1", "the service or the transfer failed"],
  ["2", "wrong usage"],
  ["3", "timed out"],
  ["130", "interrupted"],
  ["141", "nobody reads the output any longer"]
]

const commandList = (pages: ReadonlyArray<Page>): ReadonlyArray<Entry> =>
  pages.map(({ doc, words }) => [words.join(" "), descriptionOf(doc)])

/**
 * The page of a word that several commands share.
 *
 * @since 0.1.0
 */
export const ofGroup = (pages: ReadonlyArray<Page>, surface: Surface): string =>
  [
    Style.of(surface).bold("Commands"),
    ...list(commandList(pages), surface),
    "",
    "Each has --help."
  ].join("\n")

/**
 * The first page.
 *
 * @since 0.1.0
 */
export const ofProgram = (
  program: { readonly version: string; readonly summary: string },
  pages: ReadonlyArray<Page>,
  surface: Surface
): string => {
  const style = Style.of(surface)
  const service =
    "The cloud, when AGENTBAY_API_KEY is set. Otherwise, or when --data is given, " +
    `Local AgentBay with its data in that directory (default ${defaultDataDirectory}).`
  return [
    `${style.bold("agentbay")} ${program.version}`,
    ...wrap(`${program.summary}.`, pageWidth(surface)),
    ...section("Commands", commandList(pages), surface),
    "",
    "Each has --help, and each but completions --json.",
    "",
    style.bold("Which service"),
    ...wrap(service, pageWidth(surface) - 2).map((line) => `  ${line}`),
    ...section("Environment", variables, surface),
    ...section("Exit codes", exitCodes, surface)
  ].join("\n")
}
