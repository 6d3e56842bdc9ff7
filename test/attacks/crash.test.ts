/** What the command that was built writes when something breaks outside of all its code. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as NodeFs from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { leaksIn } from "../core/leaks.js"
import { temporaryDirectory } from "../node/local/life.js"
import { build } from "../node/local/serverProcess.js"
import { partsIn } from "./parts.js"

const key = "akm-7Hq2Zx9LmT4vKd83PwYc6RnE"
const bin = fileURLToPath(new URL("../../packages/node/dist/bin.js", import.meta.url))

/** What breaks, from a module that Node loads before the command, once the command waits. */
const breaks: { readonly [name: string]: string } = {
  "an exception that nobody catches": 'throw new Error("broken on purpose")',
  "a rejection that nobody handles": 'void Promise.reject(new Error("broken on purpose"))',
  "a rejection that is no error": 'void Promise.reject("broken on purpose")'
}

interface Ended {
  readonly code: number | null
  readonly said: string
}

/** The command line, with the key in its environment, and a service that never answers. */
const run = (module: string, args: ReadonlyArray<string>) =>
  Effect.async<Ended>((resume) => {
    const child = spawn(process.execPath, ["--import", pathToFileURL(module).href, bin, ...args], {
      env: { PATH: process.env["PATH"], AGENTBAY_API_KEY: key },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let said = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (said += String(text)))
    }
    child.on("close", (code) => resume(Effect.succeed({ code, said })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("when the command crashes, its output is without the key", () => {
  beforeAll(build, 300_000)

  for (const [name, act] of Object.entries(breaks)) {
    it.scopedLive(`by ${name}`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryDirectory
        const module = `${folder}/breaks.mjs`
        // Once the command has asked its service, the key is in its hands.
        NodeFs.writeFileSync(
          module,
          `import { createServer } from "node:http"
           const server = createServer((request) => {
             request.resume().on("end", () => setImmediate(() => { ${act} }))
           })
           await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
           process.env.AGENTBAY_ENDPOINT = "http://127.0.0.1:" + server.address().port`
        )
        for (const args of [
          ["session", "list"],
          ["session", "list", "--json"]
        ]) {
          const { code, said } = yield* run(module, args)
          assert.isTrue(code !== 0, said)
          assert.include(said, "broken on purpose")
          assert.deepStrictEqual([...leaksIn(said, key), ...partsIn(said, key)], [])
        }
      })
    )
  }
})
