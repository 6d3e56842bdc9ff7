/**
 * `agentbay serve`: a Local AgentBay for other processes.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as LocalAgentBay from "../LocalAgentBay.js"
import * as Arguments from "./Arguments.js"
import { defaultDataDirectory, findServer, waitingForOthers } from "./Environment.js"
import { CommandFailed, UsageError } from "./Failure.js"
import * as Folder from "./Folder.js"
import { Screen, type Surface } from "./Screen.js"
import * as Style from "./Style.js"
import * as Text from "./Text.js"

const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

type Shown = {
  readonly server: LocalAgentBay.Service
  readonly keyFile: string
  readonly adminTokenFile: string
  readonly showKey: boolean
  /** How many rules of misbehaviour it has, and whence. */
  readonly faults: Option.Option<{ readonly file: string; readonly rules: number }>
}

const toJson = ({ adminTokenFile, keyFile, server, showKey }: Shown) => ({
  url: server.url,
  dataDirectory: server.dataDirectory,
  keyFile,
  adminTokenFile,
  ...(server.certFile === undefined ? {} : { certFile: server.certFile }),
  pid: process.pid,
  ...(showKey ? { apiKey: Redacted.value(server.apiKey) } : {})
})

const variables = ({ keyFile, server }: Shown): ReadonlyArray<string> => {
  const key = `export AGENTBAY_API_KEY="$(cat ${shellQuoted(keyFile)})"`
  return server.certFile === undefined
    ? [`export AGENTBAY_ENDPOINT=${server.url}`, key]
    : [
        // Official SDKs take no scheme, and put https: before it themselves.
        `export AGENTBAY_ENDPOINT=${server.endpoint}`,
        key,
        `export NODE_EXTRA_CA_CERTS=${shellQuoted(server.certFile)}`
      ]
}

const rulesText = (rules: number): string => (rules === 1 ? "1 rule" : `${rules} rules`)

const announcement = (shown: Shown, surface: Surface): string => {
  const { adminTokenFile, faults, keyFile, server, showKey } = shown
  const style = Style.of(surface)
  const { certFile } = server
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["Address", style.accent(server.url)],
    ["Data", Text.printable(server.dataDirectory)],
    ["Key", showKey ? Redacted.value(server.apiKey) : `in ${Text.printable(keyFile)}`],
    ...(certFile === undefined ? [] : [["Trust", Text.printable(certFile)] as const]),
    ["Admin", `token in ${Text.printable(adminTokenFile)}`],
    ...Option.match(faults, {
      onNone: () => [],
      onSome: ({ file, rules }) => [
        ["Faults", style.busy(`${rulesText(rules)} in ${Text.printable(file)}`)] as const
      ]
    })
  ]
  return [
    style.bold("Local AgentBay is running."),
    "",
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(9))}${value}`),
    "",
    certFile === undefined
      ? "Use it from other programs with"
      : "Use it from other programs, official SDKs included, with",
    "",
    ...variables(shown).map((line) => `  ${line}`),
    "",
    ...(certFile === undefined
      ? []
      : ["Python and Go want SSL_CERT_FILE instead of NODE_EXTRA_CA_CERTS."]),
    "agentbay commands that use the same data find it without these. Ctrl-C stops it."
  ].join("\n")
}

/** The rules in a file; what is wrong with them is wrong usage. */
const readFaults = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const { decodeText, encode } = yield* Effect.promise(() => import("../Faults.js"))
  const text = yield* fs.readFileString(file).pipe(
    Effect.mapError(
      (error) =>
        new UsageError({
          message: `--faults: ${Folder.failed("read", file)(error.cause ?? error.message).message}`
        })
    )
  )
  const rules = yield* Effect.mapError(
    decodeText(text),
    ({ detail }) => new UsageError({ message: `--faults ${file}: ${detail}` })
  )
  return { file, rules: encode(rules) }
})

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
    tls: Options.boolean("tls").pipe(
      Options.withDescription("Speak TLS, as official SDKs need it; makes its own certificate")
    ),
    faults: Options.text("faults").pipe(
      Options.withPseudoName("FILE"),
      Options.withDescription("Misbehave by the rules in this JSON file"),
      Options.optional
    ),
    allowedOrigins: Options.text("allow-origin").pipe(
      Options.withPseudoName("ORIGIN"),
      Options.withDescription(
        "Let pages of this origin call it from a browser, such as http://localhost:3000; repeatable"
      ),
      Options.repeated
    ),
    allowedHosts: Options.text("allow-host").pipe(
      Options.withPseudoName("NAME"),
      Options.withDescription("Answer under this host name too; repeatable"),
      Options.repeated
    ),
    showKey: Options.boolean("show-key").pipe(
      Options.withDescription("Show the API key, which is kept in a file otherwise")
    ),
    unsafeShell: Options.boolean("unsafe-shell").pipe(
      Options.withDescription("Run commands of sessions on this machine without isolation")
    ),
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({
    allowedHosts,
    allowedOrigins,
    data,
    faults,
    host,
    json,
    port,
    showKey,
    tls,
    unsafeShell
  }) {
    const screen = yield* Screen
    const checkedPort = yield* checkPort(port)
    const rules = yield* Effect.transposeMapOption(faults, readFaults)
    const { LocalAgentBay, layer } = yield* Effect.promise(() => import("../LocalAgentBay.js"))
    const { layout } = yield* Effect.promise(() => import("../local/DataDirectory.js"))
    yield* refuseSecond(data)
    const started = layer({
      dataDirectory: data,
      port: checkedPort,
      host: Option.getOrUndefined(host),
      tls,
      allowedOrigins,
      allowedHosts,
      faults: Option.getOrUndefined(rules)?.rules,
      advertise: true,
      shell: unsafeShell ? "unsafe" : "isolated"
    })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const services = yield* Layer.build(waitingForOthers(screen, data, started))
        const server = Context.get(services, LocalAgentBay)
        const { adminTokenFile, keyFile } = layout(server.dataDirectory)
        const shown: Shown = {
          server,
          keyFile,
          adminTokenFile,
          showKey,
          faults: Option.map(rules, (read) => ({ file: read.file, rules: read.rules.length }))
        }
        yield* screen.print(
          json ? JSON.stringify(toJson(shown)) : announcement(shown, yield* screen.stdout)
        )
        yield* Effect.never
      })
    )
  })
).pipe(Command.withDescription("Run Local AgentBay until Ctrl-C"))
