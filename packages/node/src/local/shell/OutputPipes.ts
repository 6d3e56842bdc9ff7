/**
 * Pipes for the outputs of a program. Those of Node are sockets, which a program cannot open
 * by name, as many scripts do with `/dev/stderr`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeChild from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import * as NodePath from "node:path"
import type { Readable } from "node:stream"
import * as Identifier from "../Identifier.js"

/**
 * One pipe.
 *
 * @since 0.1.0
 */
export interface OutputPipe {
  readonly stream: Readable
  /** The descriptor that the program writes to. */
  readonly descriptor: number
  /** Leaves the descriptor to those who have got it: the stream ends with the last of them. */
  readonly closeWriting: () => void
}

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = NodeFs.constants

const open = (name: string): OutputPipe => {
  // The reading end first, and without waiting for the other.
  const reading = NodeFs.openSync(name, O_RDONLY | O_NONBLOCK)
  let descriptor: number | undefined
  try {
    const writing = NodeFs.openSync(name, O_WRONLY)
    descriptor = writing
    const stream = new NodeNet.Socket({ fd: reading, readable: true, writable: false })
    return {
      stream,
      descriptor: writing,
      closeWriting: () => {
        if (descriptor === undefined) return
        descriptor = undefined
        NodeFs.closeSync(writing)
      }
    }
  } catch (error) {
    NodeFs.closeSync(reading)
    if (descriptor !== undefined) NodeFs.closeSync(descriptor)
    throw error
  }
}

const close = ({ closeWriting, stream }: OutputPipe): void => {
  closeWriting()
  stream.destroy()
}

const asError = (cause: unknown): Error =>
  cause instanceof Error ? cause : new Error(String(cause))

/** Whoever the program runs as may open them again; their names are gone once they are open. */
const openAll = (names: ReadonlyArray<string>): ReadonlyArray<OutputPipe> => {
  const opened: Array<OutputPipe> = []
  try {
    for (const name of names) opened.push(open(name))
    return opened
  } catch (error) {
    for (const pipe of opened) close(pipe)
    throw error
  } finally {
    for (const name of names) NodeFs.rmSync(name, { force: true })
  }
}

/**
 * Makes as many pipes, by way of named ones in a directory of the server's.
 *
 * @since 0.1.0
 */
export const make = (
  staging: string,
  count: number
): Effect.Effect<ReadonlyArray<OutputPipe>, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<ReadonlyArray<OutputPipe>, Error>((resume) => {
      const names = Array.from({ length: count }, () => NodePath.join(staging, Identifier.taskId()))
      const env = { PATH: "/usr/local/bin:/usr/bin:/bin" }
      NodeChild.execFile("mkfifo", ["-m", "666", ...names], { env }, (error) =>
        resume(
          error === null
            ? Effect.try({ try: () => openAll(names), catch: asError })
            : Effect.fail(error)
        )
      )
    }),
    (pipes) => Effect.sync(() => pipes.forEach(close))
  )
