/**
 * Runs one program to its end, with an end to how long and how much.
 *
 * The platform's own executor is not used, for three reasons: it hands the server's whole
 * environment to the program, it has no way to pass further descriptors, and it asks a
 * program to end before it makes it end.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import * as NodeChild from "node:child_process"
import * as NodeOs from "node:os"
import { type Readable, Writable } from "node:stream"
import { StringDecoder } from "node:string_decoder"
import { reasonOf } from "../transfer/FileCopy.js"
import * as OutputPipes from "./OutputPipes.js"

/**
 * What is to be run. It gets no input, and of the server's environment nothing.
 *
 * @since 0.1.0
 */
export interface Program {
  /** Absolute path of the program. */
  readonly file: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  readonly cwd: string
  /** What it can read from its descriptors 3, 4, 5 … */
  readonly feeds: ReadonlyArray<string>
  readonly timeout: Duration.DurationInput
  /** A directory of the server's, for what lies on disk for a moment. */
  readonly staging: string
  /** How many bytes of each of its two outputs are kept. What is more is read and dropped. */
  readonly maxOutput: number
}

/**
 * One output of a program.
 *
 * @since 0.1.0
 */
export interface Output {
  readonly text: string
  /** All of its bytes, the dropped ones included. */
  readonly bytes: number
  readonly cut: boolean
}

/**
 * How a program ended. Without an exit code its time was over, and it was made to end.
 *
 * @since 0.1.0
 */
export interface Ended {
  readonly exitCode: number | undefined
  readonly stdout: Output
  readonly stderr: Output
}

/**
 * The program was not begun.
 *
 * @since 0.1.0
 */
export class NotStarted extends Data.TaggedError("NotStarted")<{ readonly reason: string }> {}

const notStarted = (error: unknown) => new NotStarted({ reason: reasonOf(error) })

const collect = (stream: Readable, max: number): (() => Output) => {
  const kept: Array<Buffer> = []
  let bytes = 0
  stream.on("data", (chunk: Buffer) => {
    const room = max - bytes
    bytes += chunk.length
    if (room > 0) kept.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
  })
  stream.on("error", () => {})
  return () => {
    const cut = bytes > max
    const content = Buffer.concat(kept)
    // A character that the cut went through is left out.
    const text = cut ? new StringDecoder("utf8").write(content) : content.toString("utf8")
    return { text, bytes, cut }
  }
}

/** How long an output may stay open after the end, held by what left the program's group. */
const outputGrace = Duration.seconds(2)

const codeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : NodeOs.constants.signals[signal])

/** A program that runs. */
interface Running {
  readonly child: NodeChild.ChildProcess
  readonly outputs: ReadonlyArray<OutputPipes.OutputPipe>
  readonly exited: Deferred.Deferred<number>
  /** Done when nobody can write to its outputs any more. */
  readonly closed: Deferred.Deferred<void>
}

const start = (
  program: Program,
  outputs: ReadonlyArray<OutputPipes.OutputPipe>
): Effect.Effect<Running, NotStarted> =>
  Effect.async((resume) => {
    const refuse = (error: unknown) => resume(Effect.fail(notStarted(error)))
    let child: NodeChild.ChildProcess
    try {
      child = NodeChild.spawn(program.file, program.args, {
        cwd: program.cwd,
        env: { ...program.env },
        stdio: [
          "ignore",
          ...outputs.map(({ descriptor }) => descriptor),
          ...program.feeds.map(() => "pipe" as const)
        ],
        // The leader of a group of its own: whatever it begins can be ended with it.
        detached: true
      })
    } catch (error) {
      return refuse(error)
    }
    const exited = Deferred.unsafeMake<number>(FiberId.none)
    const closed = Deferred.unsafeMake<void>(FiberId.none)
    let open = outputs.length
    for (const { closeWriting, stream } of outputs) {
      closeWriting()
      stream.once("close", () => {
        if (--open === 0) Deferred.unsafeDone(closed, Effect.void)
      })
    }
    child.once("error", refuse)
    child.once("exit", (code, signal) => {
      // What it left in the background has its outputs, and must not outlive it.
      killGroup(child)
      Deferred.unsafeDone(exited, Effect.succeed(codeOf(code, signal)))
    })
    child.once("spawn", () => {
      for (const [index, text] of program.feeds.entries()) feed(child.stdio[3 + index], text)
      resume(Effect.succeed({ child, outputs, exited, closed }))
    })
  })

const feed = (stream: Readable | Writable | null | undefined, text: string): void => {
  if (!(stream instanceof Writable)) return
  // It may end before it has read everything.
  stream.on("error", () => {})
  stream.end(text)
}

const killGroup = ({ pid }: NodeChild.ChildProcess): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // Nobody of the group is left.
  }
}

/** Waits until it has ended and said all it had to say. */
const ended = ({ closed, exited, outputs }: Running): Effect.Effect<number> =>
  Effect.zipLeft(
    Deferred.await(exited),
    Deferred.await(closed).pipe(
      Effect.timeout(outputGrace),
      Effect.catchTag("TimeoutException", () =>
        Effect.sync(() => {
          for (const { stream } of outputs) stream.destroy()
        })
      )
    )
  )

const kill = (running: Running): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { exitCode, signalCode } = running.child
    // Once it has ended, another may have its number.
    if (exitCode === null && signalCode === null) killGroup(running.child)
    return ended(running)
  })

/**
 * Runs a program. When its time is over or the caller leaves, it is killed with everything
 * that it began in its process group, and gone when this ends. What it leaves in the
 * background is killed when it ends.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("ShellProcess.run")(function* (
  program: Program
): Effect.fn.Return<Ended, NotStarted, Scope.Scope> {
  const outputs = yield* Effect.mapError(OutputPipes.make(program.staging, 2), notStarted)
  const [stdout, stderr] = outputs.map(({ stream }) => collect(stream, program.maxOutput))
  if (stdout === undefined || stderr === undefined) return yield* notStarted("no pipes")
  const exitCode = yield* Effect.acquireUseRelease(
    start(program, outputs),
    (running) => Effect.timeoutOption(ended(running), program.timeout),
    kill
  )
  return { exitCode: Option.getOrUndefined(exitCode), stdout: stdout(), stderr: stderr() }
}, Effect.scoped)
