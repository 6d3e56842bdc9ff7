import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import * as Environment from "../../../packages/node/src/cli/Environment.js"
import * as Harness from "./harness.js"

const run = (args: ReadonlyArray<string>) => Harness.run(args, { environment: Environment.layer })

describe("serve", () => {
  it.scopedLive("refuses rules that cannot be read or make no sense, by file and rule", () =>
    Effect.gen(function* () {
      const directory = yield* Harness.temporaryDirectory
      const file = `${directory}/rules.json`
      const serve = run(["serve", "--data", `${directory}/data`, "--faults", file])
      const missing = yield* serve
      assert.strictEqual(missing.code, 2)
      assert.match(
        missing.stderr,
        /^agentbay: --faults: .*rules\.json cannot be read: it does not exist/
      )
      for (const [text, expected] of [
        ["{", "they are not JSON"],
        ["{}", "they must be a list of rules"],
        ['[{"name":"slow","then":{"latency":"soon"}}]', 'rule 1 ("slow"): then.latency: ']
      ] as const) {
        NodeFs.writeFileSync(file, text)
        const refused = yield* serve
        assert.strictEqual(refused.code, 2)
        assert.include(refused.stderr, `rules.json: ${expected}`)
        assert.strictEqual(refused.stderr.split("\n").length, 1)
      }
      assert.isFalse(NodeFs.existsSync(`${directory}/data`))
    })
  )

  it.scopedLive("over TLS is found by other commands, which trust its certificate", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      yield* Layer.build(LocalAgentBay.layer({ dataDirectory: data, advertise: true, tls: true }))
      const created = yield* run(["session", "create", "--data", data, "--context", "a=/work"])
      assert.strictEqual(created.code, 0, created.stderr)
      const listed = yield* run(["session", "list", "--data", data, "--json"])
      assert.include(listed.stdout, created.stdout.trim())
      const second = yield* run(["serve", "--data", data])
      assert.match(second.stderr, /already runs on .*, at https:\/\/127\.0\.0\.1:\d+ /)
    })
  )

  it.scopedLive("has its help", () =>
    Effect.gen(function* () {
      const help = yield* run(["serve", "--help"])
      for (const option of ["--tls", "--faults FILE", "--host ADDRESS", "--port N"]) {
        assert.include(help.stdout, option)
      }
      assert.include(help.stdout, "[--allow-origin ORIGIN...] [--allow-host NAME...]")
    })
  )
})
