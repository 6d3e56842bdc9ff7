/**
 * AgentBay on Node: the client's layers over undici, for the cloud and for Local AgentBay.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import type { InvalidArgument } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as LocalAgentBay from "./LocalAgentBay.js"
import { Agent } from "undici"
import * as UndiciTransport from "./UndiciTransport.js"

/**
 * What every layer of this module provides: the client, and the HTTP service below it, on
 * which `ContextManager.layer` can be built.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = AgentBay.AgentBay | AgentBayHttp.AgentBayHttp

/**
 * How the client reaches the service: the limits (`rateLimit`, `maxConcurrency`, `retryBudget`,
 * `adaptive`), `retryPolicy`, `pollPolicy` and `transformClient` of the library's client, and on
 * Node whom to trust and how many connections to open.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientOptions = AgentBayHttp.ClientOptions & UndiciTransport.Options

/** The platform's client, for those who change it; it trusts whom the transport would. */
const platformClient = ({ ca }: UndiciTransport.Options) =>
  ca === undefined
    ? NodeHttpClient.layerUndici
    : Layer.provide(
        NodeHttpClient.layerUndiciWithoutDispatcher,
        Layer.scoped(
          NodeHttpClient.Dispatcher,
          Effect.acquireRelease(
            Effect.sync(() => new Agent({ connect: { ca } })),
            (agent) => Effect.promise(() => agent.destroy())
          )
        )
      )

const overUndici = <E, R>(
  config: Layer.Layer<AgentBayConfig.AgentBayConfig, E, R>,
  options: ClientOptions = {}
): Layer.Layer<Services, E | InvalidArgument, R> => {
  // A client that is to be changed has to be the platform's; the lean transport has none.
  const http =
    options.transformClient === undefined
      ? Layer.provide(
          AgentBayHttp.layerTransport(options),
          // One pool for all who say nothing of their own about it.
          options.ca === undefined && options.connections === undefined
            ? UndiciTransport.layer
            : UndiciTransport.layerWith(options)
        )
      : Layer.provide(AgentBayHttp.layer(options), platformClient(options))
  return AgentBay.layer.pipe(Layer.provideMerge(http), Layer.provide(config))
}

/**
 * The client for a service whose key and endpoint are given.
 *
 * @example
 * ```ts
 * import { NodeAgentBay } from "@effect-agentbay/node"
 * import { Redacted } from "effect"
 *
 * const layer = NodeAgentBay.layer({ apiKey: Redacted.make("akm-example") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: AgentBayConfig.Options & ClientOptions
): Layer.Layer<Services, InvalidArgument> => overUndici(AgentBayConfig.layer(options), options)

/**
 * The client for a service whose key and endpoint come from `Config` values.
 *
 * @example
 * ```ts
 * import { NodeAgentBay } from "@effect-agentbay/node"
 * import { Config } from "effect"
 *
 * const layer = NodeAgentBay.layerConfig({ apiKey: Config.redacted("MY_AGENTBAY_KEY") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<AgentBayConfig.Options>,
  http?: ClientOptions
): Layer.Layer<Services, ConfigError.ConfigError | InvalidArgument> =>
  overUndici(AgentBayConfig.layerConfig(config), http)

// Nobody is spared by waiting longer between two looks at a server in the same process.
const localPolicy = PollPolicy.spaced({ interval: "200 millis", maxRetries: 1125 })

// What a test moves is there in milliseconds.
const testPolicy = PollPolicy.spaced({ interval: "10 millis", maxRetries: 22_500 })

/** The client of a server in this process. */
const withServer = (
  server: Layer.Layer<LocalAgentBay.LocalAgentBay, LocalAgentBay.LocalAgentBayError>,
  options: ClientOptions
): Layer.Layer<
  Services | LocalAgentBay.LocalAgentBay,
  InvalidArgument | LocalAgentBay.LocalAgentBayError
> => {
  const client = Layer.unwrapEffect(
    Effect.gen(function* () {
      const { apiKey, certFile, url } = yield* LocalAgentBay.LocalAgentBay
      return overUndici(AgentBayConfig.layer({ apiKey, endpoint: url }), {
        ...options,
        ca: options.ca ?? (yield* LocalAgentBay.trusted(certFile))
      })
    })
  )
  return Layer.provideMerge(client, server)
}

/**
 * The client together with a Local AgentBay in this process. The server lives as long as
 * the layer; its data stay in its directory. Waits ask every 200 ms, for the standard 225
 * seconds, unless `pollPolicy` says otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocal = (
  options: LocalAgentBay.Options & ClientOptions = {}
): Layer.Layer<
  Services | LocalAgentBay.LocalAgentBay,
  InvalidArgument | LocalAgentBay.LocalAgentBayError
> =>
  withServer(LocalAgentBay.layer(options), {
    ...options,
    pollPolicy: options.pollPolicy ?? localPolicy
  })

/**
 * The same for tests: the server works in a temporary directory, which is removed at the end,
 * and waits ask every 10 ms.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocalTest = (
  options: Omit<LocalAgentBay.Options, "dataDirectory"> & ClientOptions = {}
): Layer.Layer<
  Services | LocalAgentBay.LocalAgentBay,
  InvalidArgument | LocalAgentBay.LocalAgentBayError
> =>
  withServer(LocalAgentBay.layerTestWith(options), {
    ...options,
    pollPolicy: options.pollPolicy ?? testPolicy
  })

// A variable that is set to nothing counts as not set, except the key: a program that was
// given an empty key must not silently work on local data.
const optionalText = (name: string, description: string) =>
  Config.string(name).pipe(
    Config.withDescription(description),
    Config.option,
    Config.map(Option.filter((text) => text.trim() !== "")),
    Config.map(Option.getOrUndefined)
  )

const timeoutVariable = "AGENTBAY_TIMEOUT_MS"

const parseTimeout = (
  text: string | undefined
): Either.Either<Duration.Duration | undefined, ConfigError.ConfigError> => {
  if (text === undefined) return Either.right(undefined)
  const millis = /^\s*\d+\s*$/.test(text) ? Number(text) : 0
  return millis > 0 && Number.isSafeInteger(millis)
    ? Either.right(Duration.millis(millis))
    : Either.left(
        ConfigError.InvalidData(
          [timeoutVariable],
          `Expected a positive whole number of milliseconds but received ${text}`
        )
      )
}

/**
 * The settings of the cloud from the environment: `AGENTBAY_API_KEY`, and optionally
 * `AGENTBAY_ENDPOINT`, `AGENTBAY_REGION_ID` and `AGENTBAY_TIMEOUT_MS`, which count as not set
 * when they are blank. None when no key is set; the others do not matter then.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Option.Option<AgentBayConfig.Options>> = Config.all({
  apiKey: Config.option(
    Config.redacted("AGENTBAY_API_KEY").pipe(Config.withDescription("The API key of AgentBay"))
  ),
  endpoint: optionalText("AGENTBAY_ENDPOINT", "Host and port of the service"),
  regionId: optionalText("AGENTBAY_REGION_ID", "Where sessions are created"),
  timeout: optionalText(timeoutVariable, "How long one request may take, in milliseconds")
}).pipe(
  // Looked at only with a key, so that a bad time is no obstacle to local work.
  Config.mapOrFail(({ apiKey, timeout, ...rest }) =>
    Option.match(apiKey, {
      onNone: () => Either.right(Option.none()),
      onSome: (key) =>
        Either.map(parseTimeout(timeout), (time) =>
          Option.some({ apiKey: key, ...rest, timeout: time })
        )
    })
  )
)

/**
 * The cloud when `AGENTBAY_API_KEY` is set (see {@link config}), else a Local AgentBay in
 * this process, with its data in `.agentbay` unless `local` says otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromEnv = (options?: {
  readonly http?: ClientOptions | undefined
  readonly local?: LocalAgentBay.Options | undefined
}): Layer.Layer<
  Services,
  ConfigError.ConfigError | InvalidArgument | LocalAgentBay.LocalAgentBayError
> =>
  Layer.unwrapEffect(
    Effect.map(
      config,
      Option.match({
        onNone: (): Layer.Layer<Services, InvalidArgument | LocalAgentBay.LocalAgentBayError> =>
          layerLocal({ ...options?.local, ...options?.http }),
        onSome: (cloud) => layer({ ...cloud, ...options?.http })
      })
    )
  )
