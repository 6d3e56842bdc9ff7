/** Where the server listens: nowhere but on loopback, unless it is told, and then it says so. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import * as Environment from "../../packages/node/src/cli/Environment.js"
import * as Harness from "../node/cli/harness.js"
import { collecting, temporaryDirectory } from "../node/local/life.js"
import * as Wire from "../node/local/wire.js"

/** The addresses that something listens on at a port, as the system tells them (hexadecimal). */
const listeningAt = (url: string): ReadonlyArray<string> => {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, "0")
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .filter((file) => NodeFs.existsSync(file))
    .flatMap((file) => NodeFs.readFileSync(file, "utf8").split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local = "", , state]) => {
      const [address = "", at] = local.split(":")
      return state === "0A" && at === port ? [address] : []
    })
}

const loopback = "0100007F"
const everywhere = "00000000"

const started = (options: LocalAgentBay.Options) =>
  Effect.gen(function* () {
    const { layer, seen } = collecting()
    const addresses = yield* Effect.map(LocalAgentBay.LocalAgentBay, ({ url }) =>
      listeningAt(url)
    ).pipe(Effect.provide(LocalAgentBay.layerTestWith(options)), Effect.provide(layer))
    return { addresses, seen }
  })

describe("the address", () => {
  it.scopedLive("is loopback's, and nothing is said", () =>
    Effect.gen(function* () {
      for (const options of [{}, { tls: true }, { host: "127.0.0.1" }]) {
        assert.deepStrictEqual(yield* started(options), { addresses: [loopback], seen: [] })
      }
    })
  )

  it.scopedLive("is another one only when it is told, and then it warns", () =>
    Effect.gen(function* () {
      for (const options of [{ host: "0.0.0.0" }, { host: "0" }]) {
        const { addresses, seen } = yield* started(options)
        assert.deepStrictEqual(addresses, [everywhere])
        assert.lengthOf(seen, 1)
        assert.match(seen.join(), /^WARN .*other machines can reach it, and the key travels unenc/)
      }
      const overTls = yield* started({ host: "0.0.0.0", tls: true })
      assert.match(overTls.seen.join(), /^WARN .*other machines can reach it$/)
    })
  )

  it.scopedLive("of `agentbay serve` is the same, and the warning is on the screen", () =>
    Effect.gen(function* () {
      const serve = (...args: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const data = `${yield* temporaryDirectory}/data`
          const notes: Array<string> = []
          const lines: Array<string> = []
          const running = yield* Effect.fork(
            Harness.run(["serve", "--data", data, "--json", ...args], {
              environment: Environment.layer,
              onNote: (line) => notes.push(line),
              onLine: (line) => lines.push(line)
            })
          )
          yield* Wire.eventually(
            Effect.sync(() => lines.length),
            (count) => count > 0
          )
          const { url } = JSON.parse(lines[0] ?? "")
          const told = { addresses: listeningAt(url), notes: notes.join("\n") }
          yield* Fiber.interrupt(running)
          return told
        })
      assert.deepStrictEqual(yield* serve(), { addresses: [loopback], notes: "" })
      const told = yield* serve("--host", "0.0.0.0")
      assert.deepStrictEqual(told.addresses, [everywhere])
      assert.match(told.notes, /other machines can reach it/)
      const opened = yield* serve(
        "--allow-origin",
        "http://localhost:3000",
        "--allow-host",
        "a.test"
      )
      assert.deepStrictEqual(opened, { addresses: [loopback], notes: "" })
    })
  )

  it.scopedLive("and origins that make no sense end the start, in words", () =>
    Effect.gen(function* () {
      const data = `${yield* temporaryDirectory}/data`
      const refused = yield* Harness.run(["serve", "--data", data, "--allow-origin", "*"], {
        environment: Environment.layer
      })
      assert.notStrictEqual(refused.code, 0)
      assert.match(refused.stderr, /cannot be opened to pages as it was told: "\*" is no origin/)
    })
  )
})
