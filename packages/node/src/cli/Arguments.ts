/**
 * Options that several commands have.
 *
 * @since 0.1.0
 */
import { AgentBay } from "@effect-agentbay/core/AgentBay"
import type { CallError, InvalidArgument } from "@effect-agentbay/core/AgentBayError"
import type { ContextDetails } from "@effect-agentbay/core/Contexts"
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Text from "./Text.js"

const refuse = (issue: string) =>
  Effect.fail(ValidationError.invalidValue(HelpDoc.p(Text.oneLine(issue))))

/**
 * `--json`.
 *
 * @since 0.1.0
 */
export const json: Options.Options<boolean> = Options.boolean("json").pipe(
  Options.withDescription("Write JSON to stdout, and nothing else")
)

/**
 * `--data DIR` with a description of its own. A blank one is refused: it comes from a variable
 * that is not set, and would mean the current folder.
 *
 * @since 0.1.0
 */
export const dataDirectory = (description: string): Options.Options<string> =>
  Options.text("data").pipe(
    Options.withPseudoName("DIR"),
    Options.withDescription(description),
    Options.mapEffect((text) =>
      text.trim() === ""
        ? refuse("--data must name a directory, but is blank")
        : Effect.succeed(text)
    )
  )

/**
 * `--data DIR`.
 *
 * @since 0.1.0
 */
export const data: Options.Options<Option.Option<string>> = dataDirectory(
  "Use Local AgentBay with its data here (default .agentbay)"
).pipe(Options.optional)

/**
 * `--session ID`.
 *
 * @since 0.1.0
 */
export const session: Options.Options<string> = Options.text("session").pipe(
  Options.withPseudoName("ID"),
  Options.withDescription("The session")
)

/**
 * A session by its id, as an argument.
 *
 * @since 0.1.0
 */
export const sessionArgument: Args.Args<string> = Args.text({ name: "id" }).pipe(
  Args.withDescription("The session")
)

/**
 * `--context ID` and `--path PATH`, each optional.
 *
 * @since 0.1.0
 */
export const target = {
  context: Options.text("context").pipe(
    Options.withPseudoName("ID"),
    Options.withDescription("Only this context"),
    Options.optional
  ),
  path: Options.text("path").pipe(
    Options.withPseudoName("PATH"),
    Options.withDescription("Only at this path of the session"),
    Options.optional
  )
}

/**
 * A context, by name or id.
 *
 * @since 0.1.0
 */
export const contextArgument: Args.Args<string> = Args.text({ name: "context" }).pipe(
  Args.withDescription("The context: its name, or its id (SdkCtx-…)")
)

const isContextId = (text: string) => text.startsWith("SdkCtx-")

/**
 * The context that is meant by a name or an id. A name that looks like an id is an id.
 *
 * @since 0.1.0
 */
export const findContext = (
  text: string
): Effect.Effect<ContextDetails, CallError | InvalidArgument, AgentBay> =>
  Effect.flatMap(AgentBay, ({ contexts }) =>
    isContextId(text) ? contexts.getById(text) : contexts.get(text)
  )

/**
 * The same, but a name that no context has gets one. An id that is unknown stays an error.
 *
 * @since 0.1.0
 */
export const findOrCreateContext = (
  text: string
): Effect.Effect<ContextDetails, CallError | InvalidArgument, AgentBay> =>
  isContextId(text)
    ? findContext(text)
    : Effect.flatMap(AgentBay, ({ contexts }) => contexts.getOrCreate(text))

/**
 * Reads `NAME=VALUE`.
 *
 * @since 0.1.0
 */
export const parsePair = (text: string): Option.Option<readonly [name: string, value: string]> => {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  return name === undefined || value === undefined ? Option.none() : Option.some([name, value])
}

/**
 * `--label NAME=VALUE`, any number of times.
 *
 * @since 0.1.0
 */
export const labels: Options.Options<{ readonly [name: string]: string }> = Options.text(
  "label"
).pipe(
  Options.withPseudoName("NAME=VALUE"),
  Options.withDescription("A label of the session; may be repeated"),
  Options.repeated,
  Options.mapEffect((texts) =>
    Effect.map(
      Effect.forEach(texts, (text) =>
        Option.match(parsePair(text), {
          onNone: () => refuse(`--label must be NAME=VALUE, but is '${text}'`),
          onSome: Effect.succeed
        })
      ),
      (entries) => Object.fromEntries(entries)
    )
  )
)

/**
 * A context by its name, and where it is mounted.
 *
 * @since 0.1.0
 */
export interface Mount {
  readonly name: string
  readonly path: string
}

/**
 * `--context NAME=PATH`, any number of times.
 *
 * @since 0.1.0
 */
export const mounts: Options.Options<ReadonlyArray<Mount>> = Options.text("context").pipe(
  Options.withPseudoName("NAME=PATH"),
  Options.withDescription(
    "Mount the context of this name at this path; it is created when there is none; may be repeated"
  ),
  Options.repeated,
  Options.mapEffect(
    Effect.forEach((text: string) => {
      const [, name, path] = /^(.+?)=((?:\/|[A-Za-z]:[\\/]).*)$/s.exec(text) ?? []
      return name === undefined || path === undefined
        ? refuse(`--context must be NAME=PATH with an absolute path, but is '${text}'`)
        : Effect.succeed({ name, path })
    })
  )
)

const timeUnits: { readonly [unit: string]: number } = {
  ms: 1,
  milli: 1,
  millis: 1,
  s: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000
}

/**
 * Reads a time such as `500ms`, `2s`, `1.5 seconds` or `1m`.
 *
 * @since 0.1.0
 */
export const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text) ?? []
  const millis = timeUnits[unit?.toLowerCase() ?? ""]
  return number === undefined || millis === undefined
    ? Option.none()
    : Option.some(Duration.millis(Number(number) * millis))
}

/**
 * A time such as `--interval 500ms`.
 *
 * @since 0.1.0
 */
export const duration = (name: string): Options.Options<Duration.Duration> =>
  Options.text(name).pipe(
    Options.withPseudoName("TIME"),
    Options.mapEffect((text) =>
      Option.match(parseDuration(text), {
        onNone: () => refuse(`--${name} must be a time such as 500ms or 2s, but is '${text}'`),
        onSome: Effect.succeed
      })
    )
  )
