/**
 * Which command the words of a command line call, and which help page they ask for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Demo from "./Demo.js"
import { UsageError } from "./Failure.js"
import * as HelpPage from "./HelpPage.js"
import * as InfoCommand from "./InfoCommand.js"
import type { Surface } from "./Screen.js"
import * as Serve from "./Serve.js"
import * as SessionCommand from "./SessionCommand.js"
import * as SyncCommand from "./SyncCommand.js"

/** What has a help page: everything that can be called. */
const pages: ReadonlyArray<HelpPage.Page> = [
  HelpPage.make(["demo"], Demo.command),
  HelpPage.make(["serve"], Serve.command),
  HelpPage.make(["session", "create"], SessionCommand.create),
  HelpPage.make(["session", "list"], SessionCommand.list),
  HelpPage.make(["session", "delete"], SessionCommand.remove),
  HelpPage.make(["sync"], SyncCommand.command),
  HelpPage.make(["info"], InfoCommand.command)
]

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
