/**
 * Which service a command talks to.
 *
 * @since 0.1.0
 */
import type { AgentBay } from "@effect-agentbay/core/AgentBay"
import type { InvalidArgument } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as Protocol from "@effect-agentbay/core/Protocol"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import type * as LocalAgentBay from "../LocalAgentBay.js"
import * as Screen from "./Screen.js"
import * as Text from "./Text.js"

/**
 * Where the files of a Local AgentBay lie on this machine.
 *
 * @since 0.1.0
 */
export interface LocalPlaces {
  readonly url: string
  readonly dataDirectory: string
  readonly sessionDirectory: (sessionId: string) => string
  readonly contextDirectory: (contextId: string) => string
}

/**
 * The Local AgentBay that a command talks to.
 *
 * @since 0.1.0
 */
export class Local extends Context.Tag("@effect-agentbay/node/cli/Local")<Local, LocalPlaces>() {}

/**
 * Whether the server that answers lives in this very process: its transfers end with the
 * command then.
 *
 * @since 0.1.0
 */
export class ServerInside extends Context.Reference<ServerInside>()(
  "@effect-agentbay/node/cli/ServerInside",
  { defaultValue: () => false }
) {}

/**
 * What a command can do with a service.
 *
 * @since 0.1.0
 */
export type Client = AgentBay | AgentBayHttp.AgentBayHttp

/**
 * @since 0.1.0
 */
export type LocalError = InvalidArgument | LocalAgentBay.LocalAgentBayError

/**
 * @since 0.1.0
 */
export interface Service {
  /** The cloud, or a Local AgentBay: see {@link layer}. */
  readonly client: (
    dataDirectory: Option.Option<string>
  ) => Layer.Layer<Client, LocalError | ConfigError>
  /** A Local AgentBay, whatever the environment says. */
  readonly local: (dataDirectory: Option.Option<string>) => Layer.Layer<Client | Local, LocalError>
}

/**
 * @since 0.1.0
 */
export class Environment extends Context.Tag("@effect-agentbay/node/cli/Environment")<
  Environment,
  Service
>() {}

/**
 * The data directory when none is named.
 *
 * @since 0.1.0
 */
export const defaultDataDirectory = ".agentbay"

// In shorter steps than the library's default, and for an hour: a transfer of a server in this
// process ends with the process, so giving up early would lose it.
const localPolicy = PollPolicy.spaced({ interval: "200 millis", maxRetries: 18_000 })

const patience = "60 seconds"
const look = "200 millis"
const answerTime = "2 seconds"

// The server, with its database, is loaded only by a command that needs it.
const nodeAgentBay = Effect.promise(() => import("../NodeAgentBay.js"))
const localAgentBay = Effect.promise(() => import("../LocalAgentBay.js"))
const dataDirectoryModule = Effect.promise(() => import("../local/DataDirectory.js"))

const overHttp = (server: LocalAgentBay.Advertised) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { layer } = yield* nodeAgentBay
      const { trusted } = yield* localAgentBay
      return layer({
        apiKey: server.apiKey,
        endpoint: server.url,
        pollPolicy: localPolicy,
        ca: yield* trusted(server.certFile)
      })
    })
  )

const answers = (server: LocalAgentBay.Advertised): Effect.Effect<boolean> =>
  Effect.flatMap(AgentBayHttp.AgentBayHttp, (http) =>
    http.callOnce(Protocol.ListSession, { labels: {}, maxResults: 1 })
  ).pipe(
    Effect.provide(overHttp(server)),
    Effect.as(true),
    Effect.timeout(answerTime),
    Effect.catchAll(() => Effect.succeed(false))
  )

/**
 * The server that `agentbay serve` runs on a data directory, when it answers.
 *
 * @since 0.1.0
 */
export const findServer = (
  dataDirectory: string
): Effect.Effect<Option.Option<LocalAgentBay.Advertised>> =>
  Effect.gen(function* () {
    const { readAdvertised } = yield* localAgentBay
    const advertised = yield* readAdvertised(dataDirectory)
    if (Option.isNone(advertised)) return advertised
    return (yield* answers(advertised.value)) ? advertised : Option.none()
  })

const elsewhere = (dataDirectory: string, server: LocalAgentBay.Advertised) =>
  Layer.effect(
    Local,
    Effect.gen(function* () {
      const { layout } = yield* dataDirectoryModule
      const absolute = NodePath.resolve(dataDirectory)
      const root = yield* Effect.promise(() => NodeFs.realpath(absolute).catch(() => absolute))
      const places = layout(root)
      return {
        url: server.url,
        dataDirectory: root,
        sessionDirectory: places.sessionRoot,
        contextDirectory: places.contextFiles
      }
    })
  )

const here = (dataDirectory: string) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { layerLocal } = yield* nodeAgentBay
      const { LocalAgentBay } = yield* localAgentBay
      const started = layerLocal({ dataDirectory, pollPolicy: localPolicy })
      return Layer.merge(
        Layer.provideMerge(Layer.effect(Local, LocalAgentBay), started),
        Layer.succeed(ServerInside, true)
      )
    })
  )

const isHeld = (error: LocalError): boolean =>
  error._tag === "LocalAgentBayError" && error.reason === "DataDirectoryInUse"

/**
 * Repeats what fails because another process works on the data directory, for up to a
 * minute; says so once.
 *
 * @since 0.1.0
 */
export const waitingForOthers = <A, E extends LocalError>(
  screen: Screen.Service,
  dataDirectory: string,
  layer: Layer.Layer<A, E>
): Layer.Layer<A, E> =>
  Layer.unwrapEffect(
    Effect.map(Ref.make(false), (told) => {
      const tell = Effect.unlessEffect(
        screen.note(
          `Waiting for another agentbay command that works on ${Text.oneLine(dataDirectory)}`
        ),
        Ref.getAndSet(told, true)
      )
      return layer.pipe(
        Layer.tapError((error) => Effect.when(tell, () => isHeld(error))),
        Layer.retry(
          Schedule.spaced(look).pipe(
            Schedule.upTo(patience),
            Schedule.whileInput<LocalError>(isHeld)
          )
        )
      )
    })
  )

const makeLocal =
  (screen: Screen.Service): Service["local"] =>
  (given) => {
    const dataDirectory = Option.getOrElse(given, () => defaultDataDirectory)
    return waitingForOthers(
      screen,
      dataDirectory,
      Layer.unwrapEffect(
        Effect.map(
          findServer(dataDirectory),
          Option.match({
            onNone: (): Layer.Layer<Client | Local, LocalError> => here(dataDirectory),
            onSome: (server) => Layer.merge(overHttp(server), elsewhere(dataDirectory, server))
          })
        )
      )
    )
  }

const makeClient =
  (local: Service["local"]): Service["client"] =>
  (given) =>
    // A directory that is named is meant, also when a key happens to be in the environment.
    Option.isSome(given)
      ? local(given)
      : Layer.unwrapEffect(
          Effect.gen(function* () {
            const { config, layer } = yield* nodeAgentBay
            return Option.match(yield* config, {
              onNone: (): Layer.Layer<Client, LocalError> => local(given),
              onSome: (cloud) => layer(cloud)
            })
          })
        )

/**
 * The environment of this process. Without a data directory and with `AGENTBAY_API_KEY` set
 * it is the cloud. Otherwise it is Local AgentBay with its data in that directory, by default
 * `.agentbay`: the server that runs there, or one in this process. When another command holds
 * the directory, this one waits for it.
 *
 * @since 0.1.0
 */
export const layer: Layer.Layer<Environment, never, Screen.Screen> = Layer.effect(
  Environment,
  Effect.map(Screen.Screen, (screen) => {
    const local = makeLocal(screen)
    return { client: makeClient(local), local }
  })
)
