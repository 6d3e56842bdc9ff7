import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../..", import.meta.url))

/**
 * A child process runs what the packages were built to, so that has to be up to date. Type
 * errors do not keep it from being built, and are found by the check.
 */
export const build = (): void => {
  spawnSync("node_modules/.bin/tsc", ["-b", "packages/core", "packages/node"], { cwd: root })
}

const script = `
  import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
  import * as Effect from "effect/Effect"
  import * as Redacted from "effect/Redacted"

  const serve = Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    process.send({ url: server.url, apiKey: Redacted.value(server.apiKey) })
    yield* Effect.never
  })
  const [dataDirectory] = process.argv.slice(-1)
  await Effect.runPromise(
    serve.pipe(
      Effect.provide(LocalAgentBay.layer({ dataDirectory, advertise: true })),
      Effect.catchTag("LocalAgentBayError", (error) =>
        Effect.sync(() => process.send({ refused: error.reason, message: error.message }))
      )
    )
  )
  process.disconnect()
`

export type Said =
  | { readonly url: string; readonly apiKey: string }
  | { readonly refused: string; readonly message: string }

/** Starts a server in a process of its own; it is killed at the end at the latest. */
export const start = (dataDirectory: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--input-type=module", "-e", script, dataDirectory], {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit", "ipc"]
      })
    ),
    kill
  ).pipe(
    Effect.flatMap((child) =>
      Effect.async<{ readonly child: ChildProcess; readonly said: Said }>((resume) => {
        child.once("message", (said: Said) => resume(Effect.succeed({ child, said })))
        child.once("exit", (code) => resume(Effect.dieMessage(`the server ended with ${code}`)))
      })
    )
  )

/** Kills the process the hard way and waits until it is gone. */
export const kill = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

/** What only the process of a server has; no test looks for it here. */
const elsewhere = undefined as never

/** Lets the functions of `wire.ts` talk to a server in another process. */
export const connected = (said: Said, dataDirectory: string): LocalAgentBay.Service => {
  if (!("url" in said)) throw new Error(`no server: ${said.message}`)
  return {
    url: said.url,
    endpoint: new URL(said.url).host,
    apiKey: Redacted.make(said.apiKey),
    dataDirectory,
    sessionDirectory: (id) => `${dataDirectory}/sessions/${id}/root`,
    contextDirectory: (id) => `${dataDirectory}/contexts/${id}/files`,
    certFile: undefined,
    faults: elsewhere,
    admin: elsewhere,
    adminToken: elsewhere
  }
}
