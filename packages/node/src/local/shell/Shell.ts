/**
 * Commands inside sessions.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as Bubblewrap from "./Bubblewrap.js"
import { DataDirectory } from "../DataDirectory.js"
import * as MountPath from "../MountPath.js"
import * as SessionOwner from "./SessionOwner.js"
import * as ShellIsolation from "./ShellIsolation.js"
import * as ShellProcess from "./ShellProcess.js"
import * as Inside from "../tools/Inside.js"
import * as Tool from "../tools/Tool.js"

/**
 * How commands are run: kept inside their session by bubblewrap; on this machine as they
 * are, with all that its user may do; or not at all.
 *
 * @since 0.1.0
 */
export type Mode = "isolated" | "unsafe" | "off"

/**
 * The tool `shell`, where there is one.
 *
 * @since 0.1.0
 */
export class Shell extends Context.Tag("@effect-agentbay/node/local/shell/Shell")<
  Shell,
  ReadonlyArray<Tool.Tool>
>() {}

const name = "shell"

/** What clients wait for without saying how long. */
const defaultTimeout = 50_000

/** How much of each output the answer holds, in bytes. */
const maxOutput = 1024 * 1024

/** What the system takes as one word of a command line, less what is added to it. */
const maxCommandBytes = 120 * 1024

/** How many processes and threads a command may have at once. */
const maxProcesses = 512

/** How much memory each process of a command may have for its data, in KiB. */
const maxDataKiB = 2 * 1024 * 1024

const variable = /^[A-Za-z_][A-Za-z0-9_]*$/
const noNul = Schema.String.pipe(
  Schema.filter((text) => !text.includes("\0") || "it holds a NUL character")
)

const Args = Schema.Struct({
  command: noNul,
  timeout_ms: Tool.maybe(Schema.Int.pipe(Schema.positive())),
  cwd: Tool.maybe(Schema.String),
  envs: Tool.maybe(
    Schema.Record({ key: Schema.String, value: noNul }).pipe(
      Schema.filter((envs) => {
        const wrong = Object.keys(envs).find((name) => !variable.test(name))
        return wrong === undefined || `${JSON.stringify(wrong)} is no name of a variable`
      })
    )
  )
})

type Args = typeof Args.Type

const inputSchema = Tool.record(
  {
    command: Tool.text,
    timeout_ms: { type: "integer", minimum: 1, default: defaultTimeout },
    cwd: Tool.text,
    envs: { type: "object", additionalProperties: Tool.text }
  },
  ["command"]
)

type Runner = (
  place: Tool.Place,
  args: Args,
  timeout: number
) => Effect.Effect<ShellProcess.Ended, Tool.ToolFailed>

const failed = (message: string) => new Tool.ToolFailed({ message })

const cutNote = (which: string, { bytes, cut }: ShellProcess.Output): string =>
  cut ? `\n[${which} was cut: the first ${maxOutput} of ${bytes} bytes are shown]\n` : ""

/** An exit code other than zero is an error of the tool, with the same text. */
const answer = (ended: ShellProcess.Ended, timeout: number) => {
  const { exitCode = 124, stderr, stdout } = ended
  const overtime =
    ended.exitCode === undefined
      ? `\n[the command was stopped: it ran for more than ${timeout} ms (timeout_ms)]\n`
      : ""
  const text = JSON.stringify({
    stdout: stdout.text,
    stderr: stderr.text + cutNote("stdout", stdout) + cutNote("stderr", stderr) + overtime,
    exit_code: exitCode,
    traceId: ""
  })
  return exitCode === 0 ? Effect.succeed(text) : Effect.fail(failed(text))
}

const define = (run: Runner): Tool.Tool =>
  Tool.define({
    name,
    server: "wuying_shell",
    description:
      "Runs a command with /bin/sh, in the home of the session's user or in cwd, for at most " +
      "timeout_ms. The answer is a JSON object with stdout, stderr and exit_code; what the " +
      "command leaves in the background ends with it.",
    inputSchema,
    args: Args,
    run: Effect.fnUntraced(function* (place, args) {
      if (Buffer.byteLength(args.command) > maxCommandBytes) {
        return yield* Tool.invalid(
          name,
          `command is longer than ${maxCommandBytes} bytes; write it to a file and run that`
        )
      }
      const timeout = args.timeout_ms ?? defaultTimeout
      return yield* answer(yield* run(place, args, timeout), timeout)
    })
  })

const common = { LANG: "C.UTF-8", TERM: "dumb" }

/**
 * Whether the limit of processes counts those of commands alone. It does since Linux 5.14,
 * and when commands have a user of their own; otherwise it counts all of the user's, who may
 * well have more already.
 */
const countsInside = (() => {
  if (process.getuid?.() === 0) return true
  const [major = 0, minor = 0] = NodeOs.release().split(".").map(Number)
  return major > 5 || (major === 5 && minor >= 14)
})()

/** Runs what follows as the first to be killed when this machine is out of memory. */
const firstToGo = 'echo 1000 2>/dev/null > /proc/self/oom_score_adj; exec "$@"'

/**
 * How large a file may get, in the blocks that `ulimit` counts: half of what is free, so that
 * a copy of it still fits. A file with a hole counts as a whole, since its copy has none.
 */
const maxFileBlocks = (root: string): number => {
  const { bavail, bsize } = NodeFs.statfsSync(root)
  return Math.floor((bavail * bsize) / 2 / 512)
}

/** Sets limits, goes to the directory, runs the command with its variables. */
const prelude = (root: string, reveal: string) => `
ulimit -c 0
ulimit -d ${maxDataKiB}
ulimit -f ${maxFileBlocks(root)}
${countsInside ? `ulimit -u ${maxProcesses} 2>/dev/null || ulimit -p ${maxProcesses} 2>/dev/null` : ""}
cd "$1" || exit
unset OLDPWD
${reveal}
exec /bin/sh -c "$2"
`

const insideEnvironment = {
  ...common,
  PATH: ShellIsolation.searched,
  HOME: MountPath.home,
  USER: "wuying",
  LOGNAME: "wuying",
  SHELL: "/bin/sh"
}

const help =
  "Commands run only where bubblewrap keeps them inside their session. Install it " +
  "(apt-get install bubblewrap, dnf install bubblewrap), or start the server with " +
  '--unsafe-shell (the option shell: "unsafe") to run them on this machine without isolation'

/** What bubblewrap itself says when it cannot do its part; a command could only fool itself with it. */
const isOwnFailure = ({ exitCode, stderr, stdout }: ShellProcess.Ended): boolean =>
  exitCode === 1 && stdout.bytes === 0 && stderr.text.startsWith("bwrap: ")

const isolated = Effect.fnUntraced(function* (dataDirectory: string) {
  const turn = yield* Effect.makeSemaphore(1)
  let known: Bubblewrap.Bubblewrap | undefined

  /** Asked for until it is there, so that it may be installed while the server runs. */
  const bubblewrap = ({ root, staging }: Tool.Place) =>
    turn.withPermits(1)(
      Effect.suspend(() =>
        known === undefined
          ? Effect.tap(
              Bubblewrap.find(process.env["PATH"] ?? "", { root, staging, dataDirectory }),
              (found) => void (known = found)
            )
          : Effect.succeed(known)
      )
    )

  const run: Runner = (place, args, timeout) =>
    Effect.gen(function* () {
      const cwd = yield* Effect.mapError(MountPath.normalise(args.cwd ?? "~"), ({ message }) =>
        failed(message)
      )
      const found = yield* Effect.mapError(bubblewrap(place), ({ reason }) =>
        failed(`${help} (bubblewrap: ${reason}).`)
      )
      yield* SessionOwner.give(place.root, ShellIsolation.userId)
      const { env, reveal } = ShellIsolation.withhold(args.envs ?? {})
      const inside = ShellIsolation.make(
        {
          root: place.root,
          dataDirectory,
          words: ["/bin/sh", "-c", prelude(place.root, reveal), "sh", cwd, args.command],
          env: { ...insideEnvironment, ...env }
        },
        found
      )
      const ended = yield* ShellProcess.run({
        file: "/bin/sh",
        args: ["-c", firstToGo, "sh", found.file, ...inside.args],
        feeds: inside.feeds,
        env: {},
        cwd: "/",
        timeout,
        staging: place.staging,
        maxOutput
      }).pipe(Effect.mapError(({ reason }) => failed(`the command was not begun: ${reason}`)))
      if (isOwnFailure(ended)) {
        yield* Effect.logError(`A command could not be isolated: ${ended.stderr.text.trim()}`)
        return yield* failed("the command could not be isolated; the server's log says why")
      }
      return ended
    })

  return run
})

const unsafe: Runner = (place, args, timeout) =>
  Effect.gen(function* () {
    const { normal } = yield* Inside.directory(place, args.cwd ?? "~")
    return yield* ShellProcess.run({
      file: "/bin/sh",
      args: ["-c", args.command],
      feeds: [],
      env: {
        ...common,
        PATH: process.env["PATH"] ?? insideEnvironment.PATH,
        HOME: place.root + MountPath.home,
        ...args.envs
      },
      cwd: place.root + normal,
      timeout,
      staging: place.staging,
      maxOutput
    }).pipe(Effect.mapError(({ reason }) => failed(`the command was not begun: ${reason}`)))
  }).pipe(Effect.scoped)

/**
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  mode: Mode
): Effect.fn.Return<ReadonlyArray<Tool.Tool>, never, DataDirectory> {
  if (mode === "off") return []
  if (mode === "isolated") {
    const directory = yield* DataDirectory
    return [define(yield* isolated(directory.root))]
  }
  yield* Effect.logWarning(
    "Commands of sessions run without isolation: whoever has the key can do on this machine " +
      "what its user can"
  )
  return [define(unsafe)]
})

/**
 * @since 0.1.0
 */
export const layer = (mode: Mode): Layer.Layer<Shell, never, DataDirectory> =>
  Layer.effect(Shell, make(mode))
