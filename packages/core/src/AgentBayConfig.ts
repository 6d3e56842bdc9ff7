/**
 * Where the service is and who we are.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { InvalidArgument } from "./AgentBayError.js"
import { options as checkOptions, positiveTime, refuse } from "./internal/arguments.js"
import { isWellFormed } from "./internal/textPieces.js"

/**
 * The default gateway, in Shanghai.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultEndpoint = "wuyingai.cn-shanghai.aliyuncs.com"

/**
 * How long one request may take by default.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultTimeout: Duration.Duration = Duration.seconds(60)

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The API key. It belongs to one gateway. */
  readonly apiKey: Redacted.Redacted<string>
  /**
   * `host` or `host:port` (then `https` is used), or an origin such as
   * `https://host:port`. `http:` is allowed only for a loopback host. Default:
   * {@link defaultEndpoint}.
   */
  readonly endpoint?: string | undefined
  /** The region in which sessions and contexts are created. Default: the service's. */
  readonly regionId?: string | undefined
  /** How long one request may take. Default: 60 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly apiKey: Redacted.Redacted<string>
  /** The origin of the service, without a slash at its end. */
  readonly origin: string
  readonly regionId: string | undefined
  readonly timeout: Duration.Duration
}

/**
 * The configuration of the client as a service.
 *
 * @since 0.1.0
 * @category tags
 */
export class AgentBayConfig extends Context.Tag("@effect-agentbay/core/AgentBayConfig")<
  AgentBayConfig,
  Service
>() {}

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname)

const parseEndpoint = (endpoint: string): Effect.Effect<string, InvalidArgument> => {
  const allowed = "must be `host`, `host:port` or an https origin, without a path"
  const text = endpoint.trim()
  const candidate = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  if (/^(\/|$)/.test(text) || !URL.canParse(candidate)) return refuse("endpoint", allowed)
  const url = new URL(candidate)
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("endpoint", allowed)
  if (url.username !== "" || url.password !== "") {
    return refuse("endpoint", "must not hold credentials: give the key as `apiKey`")
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return refuse("endpoint", allowed)
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return refuse(
      "endpoint",
      "may use http: only for a loopback host, since the key would travel in the clear"
    )
  }
  return Effect.succeed(url.origin)
}

/**
 * Checks the options and fills in the defaults.
 *
 * @example
 * ```ts
 * import { AgentBayConfig } from "@effect-agentbay/core"
 * import { Effect, Redacted } from "effect"
 *
 * const program = AgentBayConfig.make({ apiKey: Redacted.make("akm-example") }).pipe(
 *   Effect.map((config) => config.origin) // "https://wuyingai.cn-shanghai.aliyuncs.com"
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service, InvalidArgument> =>
  Effect.gen(function* () {
    yield* checkOptions(options)
    const key: unknown = Redacted.isRedacted(options.apiKey)
      ? Redacted.value(options.apiKey)
      : undefined
    if (typeof key !== "string") {
      return yield* refuse("apiKey", "must be a text in `Redacted.make`")
    }
    if (key.trim() === "") {
      return yield* refuse("apiKey", "must not be empty")
    }
    // What has half of a surrogate pair in it cannot be written in a URL or a form.
    if (!isWellFormed(key)) {
      return yield* refuse("apiKey", "must be well-formed Unicode text")
    }
    const { endpoint: given, regionId } = options
    const endpoint = given ?? defaultEndpoint
    if (typeof endpoint !== "string") return yield* refuse("endpoint", "must be a text")
    const origin = yield* parseEndpoint(endpoint)
    const timeout = yield* positiveTime("timeout", options.timeout ?? defaultTimeout)
    if (regionId !== undefined && (typeof regionId !== "string" || regionId.trim() === "")) {
      return yield* refuse("regionId", "must not be blank: leave it out for the default")
    }
    return { apiKey: options.apiKey, origin, regionId, timeout }
  })

/**
 * The configuration as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AgentBayConfig, InvalidArgument> =>
  Layer.effect(AgentBayConfig, make(options))

/**
 * The configuration from `Config` values.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<AgentBayConfig, ConfigError.ConfigError | InvalidArgument> =>
  Layer.effect(AgentBayConfig, Effect.flatMap(Config.unwrap(options), make))
