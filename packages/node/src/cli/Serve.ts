/**
 * `agentbay serve`: a Local AgentBay for other processes.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as LocalAgentBay from "../LocalAgentBay.js"
import * as Arguments from "./Arguments.js"
import { defaultDataDirectory, findServer, waitingForOthers } from "./Environment.js"
import { CommandFailed, UsageError } from "./Failure.js"
import { Screen, type Surface } from "./Screen.js"
import * as Style from "./Style.js"
import * as Text from "./Text.js"

const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

type Shown = {
  readonly server: LocalAgentBay.Service
  readonly keyFile: string
  readonly showKey: boolean
}

const toJson = ({ keyFile, server, showKey }: Shown) => ({
  url: server.url,
  dataDirectory: server.dataDirectory,
  keyFile,
  pid: process.pid,
  ...(showKey ? { apiKey: Redacted.value(server.apiKey) } : {})
})

const announcement = ({ keyFile, server, showKey }: Shown, surface: Surface): string => {
  const style = Style.of(surface)
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["Address", style.accent(server.url)],
    ["Data", Text.printable(server.dataDirectory)],
    ["Key", showKey ? Redacted.value(server.apiKey) : `in ${Text.printable(keyFile)}`]
  ]
  return [
    style.bold("Local AgentBay is running."),
    "",
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(9))}${value}`),
    "",
    "Use it from other programs with",
    "",
    `  export AGENTBAY_ENDPOINT=${server.url}`,
    `  export AGENTBAY_API_KEY="$(cat ${shellQuoted(keyFile)})"`,
    "",
    "agentbay commands that use the same data find it without these. Ctrl-C stops it."
  ].join("\n")
}

/** A server that runs there already is an answer, not something to wait for. */
const refuseSecond = Effect.fnUntraced(function* (dataDirectory: string) {
  const running = yield* findServer(dataDirectory)
  if (Option.isSome(running)) {
    return yield* new CommandFailed({
      message:
        `Local AgentBay already runs on ${dataDirectory}, at ${running.value.url} ` +
        `(process ${running.value.pid}). Stop it first, or choose another directory with --data.`
    })
  }
})

const checkPort = (port: Option.Option<number>) =>
  Option.isSome(port) && (port.value < 0 || port.value > 65_535)
    ? Effect.fail(new UsageError({ message: "--port must be a number from 0 to 65535" }))
    : Effect.succeed(Option.getOrElse(port, () => 0))

/**
 * The command.
 *
 * @since 0.1.0
 */
export const command = Command.make(
  "serve",
  {
    data: Arguments.dataDirectory("Where its data are kept (default .agentbay)").pipe(
      Options.withDefault(defaultDataDirectory)
    ),
    port: Options.integer("port").pipe(
      Options.withPseudoName("N"),
      Options.withDescription("The port to listen on (default: any free one)"),
      Options.optional
    ),
    host: Options.text("host").pipe(
      Options.withPseudoName("ADDRESS"),
      Options.withDescription("The address to listen on (default 127.0.0.1)"),
      Options.optional
    ),
    showKey: Options.boolean("show-key").pipe(
      Options.withDescription("Show the API key, which is kept in a file otherwise")
    ),
    unsafeShell: Options.boolean("unsafe-shell").pipe(
      Options.withDescription("Run commands of sessions on this machine without isolation")
    ),
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, host, json, port, showKey, unsafeShell }) {
    const screen = yield* Screen
    const checkedPort = yield* checkPort(port)
    const { LocalAgentBay, layer } = yield* Effect.promise(() => import("../LocalAgentBay.js"))
    const { layout } = yield* Effect.promise(() => import("../local/DataDirectory.js"))
    yield* refuseSecond(data)
    const started = layer({
      dataDirectory: data,
      port: checkedPort,
      host: Option.getOrUndefined(host),
      advertise: true,
      shell: unsafeShell ? "unsafe" : "isolated"
    })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const services = yield* Layer.build(waitingForOthers(screen, data, started))
        const server = Context.get(services, LocalAgentBay)
        const shown = { server, keyFile: layout(server.dataDirectory).keyFile, showKey }
        yield* screen.print(
          json ? JSON.stringify(toJson(shown)) : announcement(shown, yield* screen.stdout)
        )
        yield* Effect.never
      })
    )
  })
).pipe(Command.withDescription("Run Local AgentBay until Ctrl-C"))
