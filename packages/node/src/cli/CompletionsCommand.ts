/**
 * `agentbay completions`: what a shell needs to complete the words of this command line.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Completions from "./Completions.js"
import type * as HelpPage from "./HelpPage.js"
import { Screen } from "./Screen.js"

/**
 * The command, for commands that are only known when all of them are put together.
 *
 * @since 0.1.0
 */
export const make = (commands: () => ReadonlyArray<HelpPage.Called>) =>
  Command.make(
    "completions",
    {
      shell: Args.choice<Completions.Shell>(
        Completions.shells.map((shell) => [shell, shell]),
        { name: "shell" }
      ).pipe(Args.withDescription("bash, zsh or fish"))
    },
    Effect.fnUntraced(function* ({ shell }) {
      const screen = yield* Screen
      yield* screen.print(Completions.script(shell, commands()))
    })
  ).pipe(Command.withDescription("Write a script that completes words in bash, zsh or fish"))
