import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Cli from "@effect-agentbay/node/Cli"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as Path from "node:path"
import * as Environment from "../../../packages/node/src/cli/Environment.js"
import * as Screen from "../../../packages/node/src/cli/Screen.js"

/** What a command wrote, and how it ended. `drawn` is what went to stderr in place. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly drawn: string
}

export const noTerminal: Screen.Surface = {
  isTerminal: false,
  colour: false,
  columns: Number.POSITIVE_INFINITY,
  rows: Number.POSITIVE_INFINITY,
  redrawable: false
}

export const terminal = (options: {
  colour: boolean
  columns?: number
  rows?: number
}): Screen.Surface => ({
  isTerminal: true,
  colour: options.colour,
  columns: options.columns ?? 100,
  rows: options.rows ?? 40,
  redrawable: true
})

/** An environment whose service is the library's double. */
export const scripted = (options?: AgentBayTest.Options) =>
  Layer.succeed(Environment.Environment, {
    client: () => AgentBayTest.layer(options),
    local: () => Layer.die("no Local AgentBay in this test")
  })

/** Runs a command line in this process, with what it writes captured. */
export const run = (
  args: ReadonlyArray<string>,
  options: {
    readonly environment?: Layer.Layer<Environment.Environment, never, Screen.Screen>
    readonly surface?: Screen.Surface
    /** Sees each line of stderr as it is written. */
    readonly onNote?: (line: string) => void
    /** The same for stdout. */
    readonly onLine?: (line: string) => void
  } = {}
): Effect.Effect<Ended> =>
  Effect.gen(function* () {
    const stdout: Array<string> = []
    const stderr: Array<string> = []
    const drawn: Array<string> = []
    const surface = options.surface ?? noTerminal
    const screen = Layer.succeed(
      Screen.Screen,
      Screen.make({
        stdout: () => surface,
        stderr: () => surface,
        write: (text) => drawn.push(text),
        bytes: (to, bytes) =>
          Effect.sync(() => {
            const text = new TextDecoder().decode(bytes)
            if (to === "stdout") stdout.push(text)
            else if (text !== "") stderr.push(text)
          })
      })
    )
    const real = yield* Console.consoleWith(Effect.succeed)
    const captured: Console.Console = {
      ...real,
      log: (...texts) =>
        Effect.sync(() => {
          stdout.push(texts.join(" "))
          options.onLine?.(texts.join(" "))
        }),
      error: (...texts) =>
        Effect.sync(() => {
          stderr.push(texts.join(" "))
          options.onNote?.(texts.join(" "))
        }),
      unsafe: {
        ...real.unsafe,
        log: (...texts) => void stdout.push(texts.join(" ")),
        error: (...texts) => {
          stderr.push(texts.join(" "))
          options.onNote?.(texts.join(" "))
        }
      }
    }
    const code = yield* Cli.runReporting(args).pipe(
      Effect.provide(
        Layer.provideMerge(
          options.environment ?? scripted(),
          Layer.mergeAll(screen, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)
        )
      ),
      Effect.withConsole(captured)
    )
    return {
      code,
      stdout: stdout.join("\n"),
      stderr: stderr.join("\n"),
      drawn: drawn.join("")
    }
  })

/** Runs a command line while the test's clock moves on, second by second. */
export const runInTime = (args: ReadonlyArray<string>, options?: Parameters<typeof run>[1]) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(run(args, options))
    const time = yield* Effect.fork(
      Effect.forever(Effect.zipRight(TestClock.adjust("1 second"), Effect.yieldNow()))
    )
    return yield* Effect.ensuring(Fiber.join(fiber), Fiber.interrupt(time))
  })

export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => NodeFs.mkdtempSync(Path.join(NodeOs.tmpdir(), "agentbay-cli-"))),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)
