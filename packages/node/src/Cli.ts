/**
 * The command line `agentbay`.
 *
 * @since 0.1.0
 */
import * as CliConfig from "@effect/cli/CliConfig"
import type * as CliApp from "@effect/cli/CliApp"
import * as Command from "@effect/cli/Command"
import type { ValidationError } from "@effect/cli/ValidationError"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createRequire } from "node:module"
import { stripVTControlCharacters } from "node:util"
import * as ContextCommand from "./cli/ContextCommand.js"
import * as Demo from "./cli/Demo.js"
import * as Environment from "./cli/Environment.js"
import * as ExitCode from "./cli/ExitCode.js"
import * as Failure from "./cli/Failure.js"
import * as FileCommand from "./cli/FileCommand.js"
import * as InfoCommand from "./cli/InfoCommand.js"
import * as Log from "./cli/Log.js"
import * as Output from "./cli/Output.js"
import * as Routing from "./cli/Routing.js"
import * as Screen from "./cli/Screen.js"
import * as Serve from "./cli/Serve.js"
import * as SessionCommand from "./cli/SessionCommand.js"
import * as SyncCommand from "./cli/SyncCommand.js"
import * as WatchCommand from "./cli/WatchCommand.js"

// The same place seen from `src` and from `dist`. The package's own file has a version.
const { version }: { readonly version: string } = createRequire(import.meta.url)("../package.json")

const summary = "Sessions and persistent contexts of AgentBay, in the cloud or on this machine"

const root = Command.make("agentbay").pipe(
  Command.withDescription(summary),
  Command.withSubcommands([
    Demo.command,
    Serve.command,
    SessionCommand.command,
    SyncCommand.command,
    InfoCommand.command,
    WatchCommand.command,
    FileCommand.command,
    ContextCommand.command,
    Routing.completions
  ])
)

/**
 * What a command needs from outside.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = Environment.Environment | Screen.Screen | CliApp.CliApp.Environment

/** What the parser prints: help without colour where none is wanted, and no errors. */
const parserConsole = (inner: Console.Console, screen: Screen.Service): Console.Console => ({
  ...inner,
  log: (...texts) =>
    Effect.flatMap(screen.stdout, ({ colour }) =>
      inner.log(
        ...texts.map((text) =>
          colour || typeof text !== "string" ? text : stripVTControlCharacters(text).trimEnd()
        )
      )
    ),
  error: () => Effect.void
})

/**
 * Runs a command line; `arguments` are those after the name of the program.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (
  args: ReadonlyArray<string>
): Effect.Effect<void, Failure.CommandError | ValidationError, Requirements> =>
  Effect.gen(function* () {
    const screen = yield* Screen.Screen
    const inner = yield* Console.consoleWith(Effect.succeed)
    const page = yield* Routing.findPage({ version, summary }, args)
    if (Option.isSome(page)) return yield* screen.print(page.value(yield* screen.stdout))
    const command = Command.transformHandler(root, (handler) => Effect.withConsole(handler, inner))
    yield* Command.run(command, { name: "agentbay", version, executable: "agentbay" })([
      "node",
      "agentbay",
      ...args
    ]).pipe(
      Effect.withConsole(parserConsole(inner, screen)),
      Effect.provide(CliConfig.layer({ showBuiltIns: false }))
    )
  })

/**
 * Takes the key of the environment out of a text. The library's own errors do not have it; who
 * knows what a bug throws.
 */
const withoutKey = (text: string): Effect.Effect<string> =>
  Config.redacted("AGENTBAY_API_KEY").pipe(
    Effect.map((key) =>
      [Redacted.value(key), encodeURIComponent(Redacted.value(key))]
        .filter((form) => form.trim() !== "")
        .reduce((clean, form) => clean.replaceAll(form, "<redacted>"), text)
    ),
    Effect.orElseSucceed(() => text)
  )

const report = (args: ReadonlyArray<string>, failure: Failure.Failure) =>
  Effect.gen(function* () {
    if (failure.message === "") return failure.exitCode
    const message = yield* withoutKey(failure.message)
    const screen = yield* Screen.Screen
    const hint = failure.seeHelp
      ? ` Try '${["agentbay", ...Routing.calledWords(args)].join(" ")} --help'.`
      : ""
    const stop = /[.!?…)]$/.test(message) || hint === "" ? "" : "."
    yield* screen.note(`agentbay: ${message}${stop}${hint}`)
    return failure.exitCode
  })

const reporting = (args: ReadonlyArray<string>): Effect.Effect<number, never, Requirements> =>
  Effect.flatMap(Screen.Screen, (screen) =>
    run(args).pipe(
      Effect.as(ExitCode.done),
      Effect.catchAllCause((cause) =>
        Option.match(Failure.ofCause(cause), {
          onNone: () => Effect.interrupt,
          onSome: (failure) => report(args, failure)
        })
      ),
      Effect.provide(Logger.replace(Logger.defaultLogger, Log.logger(screen)))
    )
  )

const tellingInterruption = <R>(work: Effect.Effect<number, never, R>) =>
  Effect.flatMap(Screen.Screen, (screen) =>
    Effect.onInterrupt(work, () => screen.note("agentbay: interrupted"))
  )

/**
 * Runs a command line, tells on stderr in one line what went wrong, and succeeds with the
 * exit code: 0 done, 1 the service or the transfer failed, 2 wrong usage, 3 timed out. An
 * interruption stays one.
 *
 * @since 0.1.0
 * @category running
 */
export const runReporting = (
  args: ReadonlyArray<string>
): Effect.Effect<number, never, Requirements> => tellingInterruption(reporting(args))

/**
 * The program of this process. It also ends, with everything closed, when nobody reads its
 * output any longer (141) or its results cannot be written (1).
 *
 * @since 0.1.0
 * @category running
 */
export const main: Effect.Effect<number> = Effect.suspend(() =>
  Effect.zipRight(
    ExitCode.noticeTermination,
    tellingInterruption(Output.whileWritable(reporting(process.argv.slice(2))))
  )
).pipe(
  Effect.provide(
    Layer.provideMerge(
      Environment.layer,
      Layer.mergeAll(Screen.layer, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)
    )
  ),
  Effect.scoped
)

/**
 * Turns the end of {@link main} into the exit code of the process: its number, 130 after
 * SIGINT and 143 after SIGTERM.
 *
 * @since 0.1.0
 * @category running
 */
export const teardown = ExitCode.teardown
