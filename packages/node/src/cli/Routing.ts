/**
 * Which command the words of a command line call, and which help page they ask for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CompletionsCommand from "./CompletionsCommand.js"
import * as ContextCommand from "./ContextCommand.js"
import * as ContextFilesCommand from "./ContextFilesCommand.js"
import * as ContextGetCommand from "./ContextGetCommand.js"
import * as ContextPutCommand from "./ContextPutCommand.js"
import * as Demo from "./Demo.js"
import { UsageError } from "./Failure.js"
import * as FileCommand from "./FileCommand.js"
import * as HelpPage from "./HelpPage.js"
import * as InfoCommand from "./InfoCommand.js"
import type { Surface } from "./Screen.js"
import * as Serve from "./Serve.js"
import * as SessionCommand from "./SessionCommand.js"
import * as SessionStateCommand from "./SessionStateCommand.js"
import * as ShellCommand from "./ShellCommand.js"
import * as SyncCommand from "./SyncCommand.js"
import * as WatchCommand from "./WatchCommand.js"

const ordinary: ReadonlyArray<HelpPage.Page> = [
  HelpPage.make(["demo"], Demo.command),
  HelpPage.make(["serve"], Serve.command),
  HelpPage.make(["session", "create"], SessionCommand.create),
  HelpPage.make(["session", "list"], SessionCommand.list),
  HelpPage.make(["session", "show"], SessionStateCommand.show),
  HelpPage.make(["session", "label"], SessionStateCommand.label),
  HelpPage.make(["session", "keep-alive"], SessionStateCommand.keepAlive),
  HelpPage.make(["session", "pause"], SessionStateCommand.pause),
  HelpPage.make(["session", "resume"], SessionStateCommand.resume),
  HelpPage.make(["session", "shell"], ShellCommand.command),
  HelpPage.make(["session", "delete"], SessionCommand.remove),
  HelpPage.make(["sync"], SyncCommand.command),
  HelpPage.make(["info"], InfoCommand.command),
  HelpPage.make(["watch"], WatchCommand.command),
  HelpPage.make(["file", "read"], FileCommand.read),
  HelpPage.make(["file", "write"], FileCommand.write),
  HelpPage.make(["file", "ls"], FileCommand.list),
  HelpPage.make(["context", "list"], ContextCommand.list),
  HelpPage.make(["context", "create"], ContextCommand.create),
  HelpPage.make(["context", "rename"], ContextCommand.rename),
  HelpPage.make(["context", "remove"], ContextCommand.remove),
  HelpPage.make(["context", "clear"], ContextCommand.clear),
  HelpPage.make(["context", "ls"], ContextFilesCommand.list),
  HelpPage.make(["context", "put"], ContextPutCommand.put),
  HelpPage.make(["context", "get"], ContextGetCommand.get),
  HelpPage.make(["context", "rm"], ContextFilesCommand.remove)
]

/**
 * `completions`, which knows all the others.
 *
 * @since 0.1.0
 */
export const completions = CompletionsCommand.make(() => pages.map(HelpPage.calledOf))

/** What has a help page: everything that can be called. */
const pages = [...ordinary, HelpPage.make(["completions"], completions)]

const isHelp = (argument: string | undefined) => argument === "--help" || argument === "-h"

const beginsWith = (words: ReadonlyArray<string>, beginning: ReadonlyArray<string>) =>
  beginning.every((word, index) => words[index] === word)

/**
 * The words at the beginning that call a command, or lead to one.
 *
 * @since 0.1.0
 */
export const calledWords = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  let called: ReadonlyArray<string> = []
  for (const word of args) {
    const longer = [...called, word]
    if (!pages.some(({ words }) => beginsWith(words, longer))) break
    called = longer
  }
  return called
}

/**
 * The page that is asked for, if one is; a word that calls nothing is refused.
 *
 * @since 0.1.0
 */
export const findPage = (
  program: { readonly version: string; readonly summary: string },
  args: ReadonlyArray<string>
): Effect.Effect<Option.Option<(surface: Surface) => string>, UsageError> => {
  const called = calledWords(args)
  const [next, ...rest] = args.slice(called.length)
  const page = pages.find(
    ({ words }) => words.length === called.length && beginsWith(words, called)
  )
  if (page !== undefined) {
    const isAsked = isHelp(next) || rest.some(isHelp)
    return Effect.succeed(
      isAsked ? Option.some((surface) => HelpPage.ofCommand(page, surface)) : Option.none()
    )
  }
  const below = pages.filter(({ words }) => beginsWith(words, called))
  if (next === undefined || isHelp(next)) {
    return Effect.succeed(
      Option.some((surface) =>
        called.length === 0
          ? HelpPage.ofProgram(program, below, surface)
          : HelpPage.ofGroup(below, surface)
      )
    )
  }
  if (next.startsWith("-")) return Effect.succeed(Option.none())
  const possible = [...new Set(below.map(({ words }) => words[called.length]))].join(", ")
  const caller = ["agentbay", ...called].join(" ")
  return Effect.fail(
    new UsageError({ message: `${caller} has no command '${next}', only: ${possible}` })
  )
}
