import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"

const quick = { pollPolicy: PollPolicy.spaced({ interval: "10 millis", maxRetries: 1000 }) }
const path = "/home/wuying/work"
const bytes = new Uint8Array([0, 255, 128, 10, 0])

/** Uploads in one session and reads in the next, on whatever AgentBay is provided. */
const roundTrip = Effect.gen(function* () {
  const agentBay = yield* AgentBay.AgentBay
  const context = yield* agentBay.contexts.getOrCreate("round trip")
  const options = { contexts: [{ contextId: context.id, path }] }
  const synced = yield* Effect.scoped(
    Effect.gen(function* () {
      const session = yield* agentBay.session(options)
      yield* session.files.write(`${path}/a b/ü.bin`, bytes)
      return yield* session.contextManager.sync({ contextId: context.id, path })
    })
  )
  const found = yield* Effect.scoped(
    Effect.gen(function* () {
      const session = yield* agentBay.session(options)
      return yield* session.files.read(`${path}/a b/ü.bin`)
    })
  )
  assert.strictEqual(synced.outcome, "Completed")
  assert.deepStrictEqual(found, bytes)
})

const withEnv = (env: Record<string, string>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "agentbay-test-" })
).pipe(Effect.provide(NodeFileSystem.layer))

const environmentOf = (local: LocalAgentBay.Service) => ({
  AGENTBAY_API_KEY: Redacted.value(local.apiKey),
  AGENTBAY_ENDPOINT: local.url
})

describe("NodeAgentBay", () => {
  it.scopedLive("layer: the main job over real sockets", () =>
    Effect.gen(function* () {
      const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
      yield* roundTrip.pipe(Effect.provide(NodeAgentBay.layer({ ...quick, apiKey, endpoint: url })))
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("layer: goes through the platform's client when that is to be changed", () =>
    Effect.gen(function* () {
      const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
      let requests = 0
      const transformClient = HttpClient.tapRequest(() =>
        Effect.sync(() => {
          requests += 1
        })
      )
      yield* roundTrip.pipe(
        Effect.provide(NodeAgentBay.layer({ ...quick, apiKey, endpoint: url, transformClient }))
      )
      assert.isAbove(requests, 5)
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("layerConfig: reads key and endpoint from configuration", () =>
    Effect.gen(function* () {
      const local = yield* LocalAgentBay.LocalAgentBay
      const layer = NodeAgentBay.layerConfig(
        { apiKey: Config.redacted("KEY"), endpoint: Config.string("URL") },
        quick
      )
      yield* roundTrip.pipe(
        Effect.provide(layer),
        withEnv({ KEY: Redacted.value(local.apiKey), URL: local.url })
      )
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("layerFromEnv: uses the service when a key is set", () =>
    Effect.gen(function* () {
      const local = yield* LocalAgentBay.LocalAgentBay
      yield* roundTrip.pipe(
        Effect.provide(NodeAgentBay.layerFromEnv({ http: quick })),
        withEnv({ ...environmentOf(local), AGENTBAY_TIMEOUT_MS: "5000", AGENTBAY_REGION_ID: "" })
      )
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("layerFromEnv: uses Local AgentBay when no key is set", () =>
    Effect.gen(function* () {
      const dataDirectory = yield* temporary
      yield* roundTrip.pipe(
        Effect.provide(NodeAgentBay.layerFromEnv({ http: quick, local: { dataDirectory } })),
        withEnv({})
      )
    })
  )

  for (const [what, env, argument] of [
    ["an empty key", { AGENTBAY_API_KEY: "" }, "apiKey"],
    ["an endpoint with a path", { AGENTBAY_API_KEY: "k", AGENTBAY_ENDPOINT: "a/b" }, "endpoint"],
    [
      "http to a stranger",
      { AGENTBAY_API_KEY: "k", AGENTBAY_ENDPOINT: "http://example.com" },
      "endpoint"
    ]
  ] as const) {
    it.scopedLive(`layerFromEnv: refuses ${what}, and does not fall back to local data`, () =>
      Effect.gen(function* () {
        const error = yield* Layer.build(NodeAgentBay.layerFromEnv()).pipe(
          Effect.flip,
          withEnv(env)
        )
        assert.strictEqual(error._tag, "InvalidArgument")
        assert.propertyVal(error, "argument", argument)
      })
    )
  }

  for (const time of ["soon", "0", "-5", "1.5", "1e3", "Infinity", "9".repeat(20)]) {
    it.scopedLive(`layerFromEnv: a time of '${time}' is a ConfigError that names it`, () =>
      Effect.gen(function* () {
        const error = yield* Layer.build(NodeAgentBay.layerFromEnv()).pipe(
          Effect.flip,
          withEnv({ AGENTBAY_API_KEY: "k", AGENTBAY_TIMEOUT_MS: time })
        )
        assert.propertyVal(error, "_op", "InvalidData")
        assert.include(String(error), "AGENTBAY_TIMEOUT_MS")
      })
    )
  }

  for (const [what, env, expected] of [
    ["a time", { AGENTBAY_API_KEY: "k", AGENTBAY_TIMEOUT_MS: "5000" }, Option.some(5000)],
    ["an empty time", { AGENTBAY_API_KEY: "k", AGENTBAY_TIMEOUT_MS: "" }, Option.some(undefined)],
    ["a blank time", { AGENTBAY_API_KEY: "k", AGENTBAY_TIMEOUT_MS: " " }, Option.some(undefined)],
    ["a bad time without a key", { AGENTBAY_TIMEOUT_MS: "soon" }, Option.none()]
  ] as const) {
    it.effect(`config: reads ${what}`, () =>
      Effect.gen(function* () {
        const cloud = yield* NodeAgentBay.config
        const millis = Option.map(cloud, ({ timeout }) =>
          timeout === undefined ? undefined : Duration.toMillis(timeout)
        )
        assert.deepStrictEqual(millis, expected)
      }).pipe(withEnv(env))
    )
  }

  const expectError = (
    error: AgentBayError.AgentBayError,
    tag: AgentBayError.AgentBayError["_tag"],
    reason: string
  ) => {
    assert.strictEqual(error._tag, tag)
    assert.propertyVal(error, "reason", reason)
  }

  it.scopedLive("a wrong key, an unknown session, a server that is not running", () =>
    Effect.gen(function* () {
      const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
      const get = Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.get("session-none"))
      const failing = (options: {
        readonly apiKey: Redacted.Redacted
        readonly endpoint: string
      }) => get.pipe(Effect.flip, Effect.provide(NodeAgentBay.layer(options)))

      const wrongKey = yield* failing({ apiKey: Redacted.make("wrong"), endpoint: url })
      expectError(wrongKey, "ApiError", "NotLoggedIn")
      assert.match(wrongKey.message, /^GetSession was refused: NOT_LOGIN.*request [\dA-F-]+\).*key/)

      const unknown = yield* failing({ apiKey, endpoint: url })
      expectError(unknown, "ApiError", "SessionNotFound")
      assert.match(unknown.message, /^GetSession was refused.*request [\dA-F-]+\).*check the id/)

      const nobody = yield* failing({ apiKey, endpoint: "http://127.0.0.1:1" })
      expectError(nobody, "TransportError", "Transport")
      assert.match(nobody.message, /^GetSession got no usable answer.*ECONNREFUSED.*running/)
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("a server that is stopped half way through a sync", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const running = yield* Layer.buildWithScope(LocalAgentBay.layerTest, scope)
      const local = yield* Effect.provide(LocalAgentBay.LocalAgentBay, running)
      const error = yield* Effect.gen(function* () {
        const agentBay = yield* AgentBay.AgentBay
        const context = yield* agentBay.contexts.getOrCreate("stopped")
        const session = yield* agentBay.create({ contexts: [{ contextId: context.id, path }] })
        const manager = yield* ContextManager.make({ sessionId: session.sessionId })
        yield* Scope.close(scope, Exit.void)
        return yield* Effect.flip(manager.sync({ maxConsecutiveErrors: 2 }))
      }).pipe(
        Effect.provide(NodeAgentBay.layer({ ...quick, apiKey: local.apiKey, endpoint: local.url }))
      )
      expectError(error as AgentBayError.AgentBayError, "TransportError", "Transport")
    })
  )
})
