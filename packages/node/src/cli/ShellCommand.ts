/**
 * `agentbay session shell`: one command inside a session.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { CommandEnded, UsageError } from "./Failure.js"
import { Screen } from "./Screen.js"

const encode = (text: string) => new TextEncoder().encode(text)

const readVariables = (texts: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(texts, (text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      return name === undefined || value === undefined
        ? Effect.fail(new UsageError({ message: `--env must be NAME=VALUE, but is '${text}'` }))
        : Effect.succeed([name, value] as const)
    }),
    (entries): { readonly [name: string]: string } => Object.fromEntries(entries)
  )

/**
 * The command. It ends with the exit code of what it ran.
 *
 * @since 0.1.0
 */
export const command = Command.make(
  "shell",
  {
    id: Arguments.sessionArgument,
    line: Args.text({ name: "command" }).pipe(
      Args.withDescription("The command line for the session's shell, as one text")
    ),
    cwd: Options.text("cwd").pipe(
      Options.withPseudoName("PATH"),
      Options.withDescription("Where it runs (default: the home of the session's user)"),
      Options.optional
    ),
    env: Options.text("env").pipe(
      Options.withPseudoName("NAME=VALUE"),
      Options.withDescription("A variable of its environment; may be repeated"),
      Options.repeated
    ),
    timeout: Arguments.duration("timeout").pipe(
      Options.withDescription("How long it may run, such as 10s or 5m (default 50s)"),
      Options.optional
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ cwd, data, env, id, json, line, timeout }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const variables = yield* readVariables(env)
    const result = yield* Effect.flatMap(AgentBay.AgentBay, ({ get }) => get(id)).pipe(
      Effect.flatMap((session) =>
        session.shell(line, {
          cwd: Option.getOrUndefined(cwd),
          env: variables,
          timeout: Option.getOrUndefined(timeout)
        })
      ),
      Effect.provide(environment.client(data))
    )
    if (json) {
      yield* screen.print(JSON.stringify({ sessionId: id, ...result }))
    } else {
      yield* screen.errorBytes(encode(result.stderr))
      yield* screen.bytes(encode(result.stdout))
    }
    if (result.exitCode !== 0) yield* new CommandEnded({ exitCode: result.exitCode })
  })
).pipe(Command.withDescription("Run a command inside a session; ends with its exit code"))
