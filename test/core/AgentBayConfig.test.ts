import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const apiKey = Redacted.make("akm-1")
const make = (options: Partial<AgentBayConfig.Options>) =>
  AgentBayConfig.make({ apiKey, ...options })

const refused = (options: Partial<AgentBayConfig.Options>, argument: string) =>
  Effect.map(Effect.flip(make(options)), (error) => {
    assert.strictEqual(error._tag, "InvalidArgument")
    assert.strictEqual(error.argument, argument)
  })

describe("AgentBayConfig", () => {
  it.effect("has defaults for all but the key", () =>
    Effect.map(make({}), (config) => {
      assert.strictEqual(config.origin, "https://wuyingai.cn-shanghai.aliyuncs.com")
      assert.deepStrictEqual(config.timeout, Duration.minutes(1))
      assert.isUndefined(config.regionId)
      assert.strictEqual(Redacted.value(config.apiKey), "akm-1")
    })
  )

  const accepted: ReadonlyArray<readonly [string, string]> = [
    ["agentbay.test", "https://agentbay.test"],
    ["agentbay.test:8443", "https://agentbay.test:8443"],
    ["AgentBay.Test", "https://agentbay.test"],
    ["  agentbay.test  ", "https://agentbay.test"],
    ["127.0.0.1:8443", "https://127.0.0.1:8443"],
    ["[::1]:8443", "https://[::1]:8443"],
    ["localhost", "https://localhost"],
    ["https://agentbay.test", "https://agentbay.test"],
    ["HTTPS://agentbay.test/", "https://agentbay.test"],
    ["https://agentbay.test:8443/", "https://agentbay.test:8443"],
    ["http://localhost:8080", "http://localhost:8080"],
    ["http://LOCALHOST", "http://localhost"],
    ["http://127.0.0.1", "http://127.0.0.1"],
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
    ["http://127.8.9.10:1", "http://127.8.9.10:1"],
    ["http://[::1]:8080", "http://[::1]:8080"],
    ["http://[0:0:0:0:0:0:0:1]", "http://[::1]"]
  ]
  for (const [endpoint, origin] of accepted) {
    it.effect(`takes the endpoint ${JSON.stringify(endpoint)}`, () =>
      Effect.map(make({ endpoint }), (config) => assert.strictEqual(config.origin, origin))
    )
  }

  const refusedEndpoints = [
    "",
    "   ",
    "agentbay.test/path",
    "https://agentbay.test/path",
    "https://agentbay.test/?a=1",
    "agentbay.test?a=1",
    "https://agentbay.test/#here",
    "https://user:secret@agentbay.test",
    "user@agentbay.test",
    "http://agentbay.test",
    "http://10.0.0.1:8080",
    "http://0.0.0.0",
    "http://[::2]",
    "http://localhost.evil.test",
    "http://127.0.0.1.evil.test",
    "http://evil.test/127.0.0.1",
    "http://user@127.0.0.1",
    "ftp://agentbay.test",
    "file:///etc/passwd",
    "javascript://agentbay.test",
    "ws://localhost",
    "https://",
    "a b",
    "agentbay.test:99999",
    "agentbay.test:port",
    "https://https://agentbay.test",
    "//agentbay.test",
    "https:/agentbay.test",
    "[::1",
    "%00"
  ]
  for (const endpoint of refusedEndpoints) {
    it.effect(`refuses the endpoint ${JSON.stringify(endpoint)}`, () =>
      refused({ endpoint }, "endpoint")
    )
  }

  it.effect("does not repeat credentials it refuses", () =>
    Effect.map(Effect.flip(make({ endpoint: "https://user:secret@agentbay.test" })), (error) =>
      assert.notInclude(JSON.stringify(error) + error.message, "secret")
    )
  )

  for (const key of ["", " ", "\t\n", "akm-\ud800"]) {
    it.effect(`refuses the key ${JSON.stringify(key)}`, () =>
      refused({ apiKey: Redacted.make(key) }, "apiKey")
    )
  }

  const badTimeouts: ReadonlyArray<Duration.DurationInput> = [
    0,
    -1,
    Number.NaN,
    Infinity,
    Duration.zero,
    Duration.infinity,
    "0 seconds",
    // Not a duration at all, as a caller without types may write it.
    JSON.parse('"soon"')
  ]
  for (const timeout of badTimeouts) {
    it.effect(`refuses the timeout ${String(timeout)}`, () => refused({ timeout }, "timeout"))
  }

  it.effect("takes a timeout in every form", () =>
    Effect.gen(function* () {
      for (const timeout of [1500, "1500 millis", Duration.millis(1500)] as const) {
        const config = yield* make({ timeout })
        assert.deepStrictEqual(config.timeout, Duration.millis(1500))
      }
    })
  )

  it.effect("keeps the region, and refuses a blank one", () =>
    Effect.gen(function* () {
      const config = yield* make({ regionId: "cn-hangzhou" })
      assert.strictEqual(config.regionId, "cn-hangzhou")
      yield* refused({ regionId: "" }, "regionId")
      yield* refused({ regionId: "  " }, "regionId")
    })
  )
})

describe("AgentBayConfig.layerConfig", () => {
  const layer = AgentBayConfig.layerConfig({
    apiKey: Config.redacted("KEY"),
    endpoint: Config.withDefault(Config.string("ENDPOINT"), undefined),
    timeout: Config.withDefault(Config.duration("TIMEOUT"), undefined)
  })
  const read = (variables: Record<string, string>) =>
    AgentBayConfig.AgentBayConfig.pipe(
      Effect.provide(layer),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
    )

  it.effect("reads the values", () =>
    Effect.map(read({ KEY: "akm-2", ENDPOINT: "localhost:1", TIMEOUT: "5 seconds" }), (config) => {
      assert.strictEqual(Redacted.value(config.apiKey), "akm-2")
      assert.strictEqual(config.origin, "https://localhost:1")
      assert.deepStrictEqual(config.timeout, Duration.seconds(5))
    })
  )

  it.effect("takes the defaults for what is not set", () =>
    Effect.map(read({ KEY: "akm-2" }), (config) => {
      assert.strictEqual(config.origin, `https://${AgentBayConfig.defaultEndpoint}`)
      assert.deepStrictEqual(config.timeout, AgentBayConfig.defaultTimeout)
    })
  )

  it.effect("fails with a ConfigError without a key", () =>
    Effect.map(Effect.flip(read({})), (error) => {
      assert.strictEqual(error._tag, "ConfigError")
    })
  )

  it.effect("fails with an InvalidArgument for a value that is not allowed", () =>
    Effect.map(Effect.flip(read({ KEY: "akm-2", ENDPOINT: "http://a.test" })), (error) => {
      assert.strictEqual(error._tag, "InvalidArgument")
    })
  )
})
