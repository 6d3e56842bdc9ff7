/**
 * Where the command line writes to: results to stdout, notes to stderr, and one line at the
 * bottom that is drawn over and over while something goes on.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Text from "./Text.js"

/**
 * One of the two outputs, as it is at this moment.
 *
 * @since 0.1.0
 */
export interface Surface {
  readonly isTerminal: boolean
  /** Whether escape codes may be written. */
  readonly colour: boolean
  /** Infinite when it is no terminal. */
  readonly columns: number
  /** The same of lines. */
  readonly rows: number
  /** Whether what was written can be drawn anew in place. */
  readonly redrawable: boolean
}

/**
 * @since 0.1.0
 */
export interface Service {
  readonly stdout: Effect.Effect<Surface>
  readonly stderr: Effect.Effect<Surface>
  /** Writes a result: lines on stdout. */
  readonly print: (text: string) => Effect.Effect<void>
  /** Writes a result that is no text, as it is. */
  readonly bytes: (bytes: Uint8Array) => Effect.Effect<void>
  /** The same to stderr. */
  readonly errorBytes: (bytes: Uint8Array) => Effect.Effect<void>
  /**
   * Writes lines to stdout in place of those that the last call wrote. They must be neither
   * wider nor more than the terminal has room for.
   */
  readonly redraw: (lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Writes a note: lines on stderr. */
  readonly note: (text: string) => Effect.Effect<void>
  /**
   * Draws the line at the bottom anew. `visible` is the same text without escape codes. It
   * must not be wider than the terminal.
   */
  readonly draw: (line: { readonly text: string; readonly visible: string }) => Effect.Effect<void>
  /** Takes the line at the bottom away. */
  readonly erase: Effect.Effect<void>
  /** The same at once, for a logger. */
  readonly unsafeErase: () => void
}

/**
 * @since 0.1.0
 */
export class Screen extends Context.Tag("@effect-agentbay/node/cli/Screen")<Screen, Service>() {}

/**
 * Builds a screen. `write` puts a text on stderr as it is, without a line break; `bytes`
 * writes to one of both and waits until it is written.
 *
 * @since 0.1.0
 */
export const make = (options: {
  readonly stdout: () => Surface
  readonly stderr: () => Surface
  readonly write: (text: string) => void
  readonly bytes: (to: "stdout" | "stderr", bytes: Uint8Array) => Effect.Effect<void>
}): Service => {
  // The line at the bottom is overwritten with blanks: that needs no escape code.
  let drawn = 0
  const unsafeErase = () => {
    if (drawn > 0) options.write(`\r${" ".repeat(drawn)}\r`)
    drawn = 0
  }
  const clear = Effect.sync(unsafeErase)
  let redrawn = 0
  return {
    stdout: Effect.sync(options.stdout),
    stderr: Effect.sync(options.stderr),
    print: (text) => Effect.zipRight(clear, Console.log(text)),
    bytes: (bytes) => Effect.zipRight(clear, options.bytes("stdout", bytes)),
    errorBytes: (bytes) => Effect.zipRight(clear, options.bytes("stderr", bytes)),
    redraw: (lines) =>
      Effect.suspend(() => {
        const back = redrawn === 0 ? "" : `\u001B[${redrawn}A\u001B[J`
        redrawn = lines.length
        return Effect.zipRight(clear, Console.log(back + lines.join("\n")))
      }),
    note: (text) => Effect.zipRight(clear, Console.error(text)),
    draw: ({ text, visible }) =>
      Effect.sync(() => {
        const columns = Text.width(visible)
        options.write(`\r${text}${" ".repeat(Math.max(0, drawn - columns))}`)
        drawn = columns
      }),
    erase: clear,
    unsafeErase
  }
}

const surfaceOf = (stream: NodeJS.WriteStream): Surface => {
  const isTerminal = stream.isTTY === true
  const unwanted = (process.env["NO_COLOR"] ?? "") !== "" || process.env["TERM"] === "dumb"
  return {
    isTerminal,
    colour: isTerminal && !unwanted,
    columns: isTerminal ? Math.max(20, stream.columns || 80) : Number.POSITIVE_INFINITY,
    rows: isTerminal ? Math.max(5, stream.rows || 24) : Number.POSITIVE_INFINITY,
    redrawable: isTerminal && process.env["TERM"] !== "dumb"
  }
}

/**
 * The outputs of this process.
 *
 * @since 0.1.0
 */
export const layer: Layer.Layer<Screen> = Layer.sync(Screen, () =>
  make({
    stdout: () => surfaceOf(process.stdout),
    stderr: () => surfaceOf(process.stderr),
    write: (text) => {
      process.stderr.write(text)
    },
    bytes: (to, bytes) =>
      Effect.async((resume) => {
        // A write that fails is noticed where the outputs are listened to.
        process[to].write(bytes, () => resume(Effect.void))
      })
  })
)
