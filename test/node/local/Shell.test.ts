import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Wire from "./wire.js"

const run = (id: string, command: string, more: object = {}) =>
  Effect.map(Wire.tool(id, "shell", { command, ...more }), ({ isError, text }) => ({
    isError,
    ...(text.startsWith("{") ? JSON.parse(text) : { text })
  }))

describe("x", () => {
  it.scopedLive("y", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      for (const c of ["ls -la / ~ /etc; pwd; id; whoami; env", "ulimit -a", "exit 3", "cat /etc/passwd /etc/hosts; hostname; awk 'BEGIN{print 1}'; python3 -c 'print(1)'; node -e 'console.log(process.version)'"]) {
        const r = yield* run(id, c)
        console.log(r.isError, r.exit_code, r.stdout, r.stderr, r.text)
      }
      const t = Date.now()
      console.log(yield* run(id, "sleep 100 & sleep 200", { timeout_ms: 300 }), Date.now() - t)
      for (let i = 0; i < 5; i++) { const t = Date.now(); yield* run(id, "true"); console.log(Date.now() - t) }
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )
})
