import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as NodeFs from "node:fs"
import { fileURLToPath } from "node:url"
import * as Harness from "./cli/harness.js"
import * as Wire from "./local/wire.js"
import * as Captured from "./official/captured.js"
import * as Sdk from "./official/sdk.js"

const bin = fileURLToPath(new URL("../../packages/node/dist/bin.js", import.meta.url))

beforeAll(() => {
  assert.isTrue(
    NodeFs.existsSync(bin),
    "the command line is not built: run `tsc -b packages/core packages/node` first"
  )
})

interface Announced {
  readonly url: string
  readonly keyFile: string
  readonly certFile: string
  readonly adminTokenFile: string
}

/** `agentbay serve --tls` in a process of its own, and what it says of itself. */
const serve = (cwd: string, args: ReadonlyArray<string>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const { AGENTBAY_API_KEY: _, ...env } = process.env
        return spawn(process.execPath, [bin, "serve", "--tls", "--json", ...args], {
          cwd,
          env,
          stdio: ["ignore", "pipe", "inherit"]
        })
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ).pipe(
      Effect.flatMap((child) =>
        Effect.async<Announced>((resume) => {
          let text = ""
          child.stdout.setEncoding("utf8").on("data", (chunk) => {
            text += chunk
            if (text.includes("\n")) resume(Effect.succeed(JSON.parse(text)))
          })
          child.once("exit", (code) => resume(Effect.dieMessage(`serve ended with ${code}`)))
        })
      )
    ),
    (announced) => ({
      announced,
      server: {
        endpoint: new URL(announced.url).host,
        apiKey: NodeFs.readFileSync(announced.keyFile, "utf8").trim(),
        ca: NodeFs.readFileSync(announced.certFile, "utf8")
      }
    })
  )

describe("agentbay serve --tls", { timeout: 60_000 }, () => {
  it.scopedLive("serves the official SDK's requests, with what it says of itself alone", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      const { announced, server } = yield* serve(cwd, [])
      assert.match(announced.url, /^https:/)
      assert.strictEqual(NodeFs.statSync(announced.adminTokenFile).mode & 0o777, 0o600)
      const connection = yield* Captured.connect(server)
      const contextId = Wire.textAt(yield* Sdk.send(connection, 43), "Data", "Id")
      const binding = { contextId, path: "/home/wuying/work" }
      const { form } = Captured.captured(39)
      const sessionId = yield* Sdk.create(connection, form, [binding])
      yield* Sdk.tool(connection, sessionId, "write_file", {
        path: `${binding.path}/a.txt`,
        content: "abc",
        mode: "overwrite"
      })
      assert.isTrue(yield* Sdk.sync(connection, sessionId, binding))
      assert.isTrue(yield* Sdk.remove(connection, sessionId, true))
      const next = yield* Sdk.create(connection, form, [binding])
      const read = yield* Sdk.tool(connection, next, "read_file", {
        path: `${binding.path}/a.txt`,
        offset: 0,
        length: 0
      })
      assert.strictEqual(read.text, "abc")
    })
  )

  it.scopedLive("misbehaves by the rules in a file", () =>
    Effect.gen(function* () {
      const cwd = yield* Harness.temporaryDirectory
      NodeFs.writeFileSync(
        `${cwd}/faults.json`,
        JSON.stringify([
          { when: { action: "GetContext" }, then: { error: { code: "Odd", httpStatus: 418 } } }
        ])
      )
      const { server } = yield* serve(cwd, ["--faults", "faults.json"])
      const connection = yield* Captured.connect(server)
      const thrown = yield* Effect.flip(Sdk.send(connection, 43))
      assert.deepStrictEqual([thrown.statusCode, thrown.code], [418, "Odd"])
    })
  )
})
