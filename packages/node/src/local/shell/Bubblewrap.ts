/**
 * Bubblewrap on this machine: whether it is there, and whether it works.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as ShellIsolation from "./ShellIsolation.js"
import * as ShellProcess from "./ShellProcess.js"

/**
 * A bubblewrap that has shown that it works.
 *
 * @since 0.1.0
 */
export interface Bubblewrap extends ShellIsolation.Abilities {
  readonly file: string
}

/**
 * There is none that works; `reason` says why, without paths of this machine.
 *
 * @since 0.1.0
 */
export class NoBubblewrap extends Data.TaggedError("NoBubblewrap")<{ readonly reason: string }> {}

/**
 * On what it is tried.
 *
 * @since 0.1.0
 */
export interface Ground {
  readonly root: string
  readonly staging: string
  readonly dataDirectory: string
}

const isProgram = (path: string): boolean => {
  try {
    NodeFs.accessSync(path, NodeFs.constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Looks for it where the server's own programs are found. */
const locate = (searched: string): string | undefined =>
  searched
    .split(NodePath.delimiter)
    .filter((directory) => NodePath.isAbsolute(directory))
    .map((directory) => NodePath.join(directory, "bwrap"))
    .find(isProgram)

const attempt = (bubblewrap: Bubblewrap, { dataDirectory, root, staging }: Ground) => {
  const { args, feeds } = ShellIsolation.make(
    {
      root,
      dataDirectory,
      words: ["/bin/sh", "-c", "exit 0"],
      env: { PATH: ShellIsolation.searched }
    },
    bubblewrap
  )
  return ShellProcess.run({
    file: bubblewrap.file,
    args,
    feeds,
    env: {},
    cwd: "/",
    timeout: "10 seconds",
    staging,
    maxOutput: 4096
  }).pipe(
    Effect.mapError(({ reason }) => new NoBubblewrap({ reason })),
    Effect.flatMap(({ exitCode, stderr }) =>
      exitCode === 0
        ? Effect.succeed(bubblewrap)
        : Effect.fail(
            new NoBubblewrap({
              reason: stderr.text.trim().replaceAll(root, "") || `it ended with ${exitCode}`
            })
          )
    )
  )
}

/**
 * Finds it and tries it with all that commands will need, on the root of a session.
 *
 * @since 0.1.0
 */
export const find = (searched: string, ground: Ground): Effect.Effect<Bubblewrap, NoBubblewrap> => {
  const file = process.platform === "linux" ? locate(searched) : undefined
  return file === undefined
    ? Effect.fail(new NoBubblewrap({ reason: "it is not installed" }))
    : attempt({ file, modern: true }, ground).pipe(
        Effect.orElse(() => attempt({ file, modern: false }, ground))
      )
}
