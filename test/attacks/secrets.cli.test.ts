/** What the command line writes, against services that repeat what they were sent, and when it crashes. */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import * as Environment from "../../packages/node/src/cli/Environment.js"
import { leaksIn } from "../core/leaks.js"
import * as Harness from "../node/cli/harness.js"
import { temporaryDirectory } from "../node/local/life.js"
import { partsIn } from "./parts.js"

// Every character that some encoding writes in another way.
const key = `akm-7Hq2Zx9LmT4vä/ +%"\\'&<>?#=;(日本)*!~Kd83PwYc6RnE`

type Reply = (echo: string, response: NodeHttp.ServerResponse) => void

const json =
  (httpStatus: number, body: (echo: string) => object): Reply =>
  (echo, response) => {
    response.writeHead(httpStatus, { "content-type": "application/json" })
    response.end(JSON.stringify(body(echo)))
  }

const replies: { readonly [name: string]: Reply } = {
  "HTTP 400 with JSON": json(400, (echo) => ({ Code: echo, Message: echo, RequestId: echo })),
  "a soft refusal": json(200, (echo) => ({ Success: false, Code: echo, Message: echo })),
  "Data of a wrong shape": json(200, (echo) => ({
    Success: true,
    RequestId: echo,
    Data: { SessionId: [echo], Id: { echo }, Status: [echo], ContextStatus: echo, content: echo }
  })),
  "a page": (echo, response) => response.writeHead(400).end(`<html>${echo}</html>`)
}

/** A service that knows the key and says it wherever it can. */
const hostile = (reply: Reply) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly server: NodeHttp.Server }>((resume) => {
      const server = NodeHttp.createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (chunk) => (body += String(chunk)))
        request.on("end", () => reply(`${request.url} ${body} ${key} Bearer ${key}`, response))
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ server, url: `http://127.0.0.1:${port}` }))
      })
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const target = ["--context", "SdkCtx-1", "--path", "/work"]

/** A call of every command; `FOLDER` stands for a folder with a file. */
const commands: { readonly [command: string]: ReadonlyArray<string> } = {
  demo: ["--data", "FOLDER/held"],
  serve: ["--data", "FOLDER/held"],
  "session create": ["--context", "a=/work", "--label", "a=b"],
  "session list": [],
  "session show": ["session-1"],
  "session label": ["session-1", "a=b"],
  "session keep-alive": ["session-1"],
  "session pause": ["session-1"],
  "session resume": ["session-1"],
  "session shell": ["session-1", "ls"],
  "session delete": ["session-1"],
  sync: ["--session", "session-1", ...target],
  info: ["--session", "session-1"],
  watch: ["--session", "session-1"],
  "file read": ["--session", "session-1", "/a"],
  "file write": ["--session", "session-1", "/a", "--from", "FOLDER/a.txt"],
  "file ls": ["--session", "session-1", "/a"],
  "context list": [],
  "context create": ["a"],
  "context rename": ["SdkCtx-1", "b"],
  "context remove": ["SdkCtx-1"],
  "context clear": ["SdkCtx-1"],
  "context ls": ["SdkCtx-1", "/a"],
  "context put": ["SdkCtx-1", "FOLDER/a.txt", "/a"],
  "context get": ["SdkCtx-1", "/a", "FOLDER/b.txt"],
  "context rm": ["SdkCtx-1", "/a"],
  completions: ["bash"]
}

/** Those that have to fail when the service does. */
const telling = ["sync", "info", "session create", "file read", "context put"]

const routing = NodeFs.readFileSync(
  new URL("../../packages/node/src/cli/Routing.ts", import.meta.url),
  "utf8"
)

/** Variants of the words of a call; those that make no difference to the service only once. */
const variants = (command: string, args: ReadonlyArray<string>, isFirst: boolean) => {
  const words = [...command.split(" "), ...args]
  const once = [
    [...words, "--log-level", "all"],
    [...command.split(" "), "--help"]
  ]
  return [words, [...words, "--json"], ...(isFirst ? once : [])]
}

const folder = Effect.tap(temporaryDirectory, (path) =>
  Effect.sync(() => {
    NodeFs.writeFileSync(`${path}/a.txt`, "a")
    // Where a server should keep its data, there is something else: it does not start.
    NodeFs.mkdirSync(`${path}/held`)
    NodeFs.writeFileSync(`${path}/held/else`, "")
  })
)

const written = ({ drawn, stderr, stdout }: Harness.Ended) => [stdout, stderr, drawn].join("\n")

/** The key, in any form, or a piece of it. */
const leaks = (text: string) => [...leaksIn(text, key), ...partsIn(text, key)]

const withVariables = (variables: ReadonlyArray<readonly [string, string]>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(variables)))

describe("the API key is not in what commands write", () => {
  it("and every command is among those that are called", () => {
    const known = [...routing.matchAll(/HelpPage\.make\(\[([^\]]+)\]/g)].map(([, words = ""]) =>
      words.replaceAll('"', "").split(", ").join(" ")
    )
    assert.deepStrictEqual(known.toSorted(), Object.keys(commands).toSorted())
  })

  for (const [index, [name, reply]] of Object.entries(replies).entries()) {
    it.scopedLive(`when the service gives ${name}`, () =>
      Effect.gen(function* () {
        const path = yield* folder
        const { url } = yield* hostile(reply)
        const failed: Array<string> = []
        let said = ""
        for (const [command, args] of Object.entries(commands)) {
          // Pages of proxies are asked again for real time: a few commands show what is written.
          if (name === "a page" && !telling.includes(command)) continue
          for (const words of variants(command, args, index === 0)) {
            const ended = yield* Harness.run(
              words.map((word) => word.replace("FOLDER", path)),
              { environment: Environment.layer }
            ).pipe(
              withVariables([
                ["AGENTBAY_API_KEY", key],
                ["AGENTBAY_ENDPOINT", url]
              ])
            )
            assert.deepStrictEqual(leaks(written(ended)), [], words.join(" "))
            said += written(ended)
            if (ended.code !== 0) failed.push(command)
          }
        }
        // One that says nothing of what it was told would prove nothing.
        if (name === "HTTP 400 with JSON") assert.include(said, "<redacted>")
        assert.includeMembers(failed, telling)
      })
    )
  }

  const defects: { readonly [name: string]: unknown } = {
    "an error that names it": new Error(`broken by ${key}`),
    "an error that names it in a URL": new Error(`broken by ?a=${encodeURIComponent(key)}`),
    "a text": `Error: broken by ${key}`,
    "an error": new Error("broken", { cause: new Error(`bug with ${key}`) }),
    "an error with more in it": Object.assign(new Error("broken"), { config: { key }, key })
  }
  for (const [name, defect] of Object.entries(defects)) {
    it.scopedLive(`when it crashes with ${name}: it tells the message, without it`, () =>
      Effect.gen(function* () {
        const ended = yield* Harness.run(["session", "list"], {
          environment: Layer.succeed(Environment.Environment, {
            client: () => Layer.die(defect),
            local: () => Layer.die(defect)
          })
        }).pipe(withVariables([["AGENTBAY_API_KEY", key]]))
        assert.strictEqual(ended.code, 1)
        assert.match(ended.stderr, /internal error, please report: Error: broken/)
        assert.deepStrictEqual(leaks(written(ended)), [])
      })
    )
  }

  it.scopedLive("when the variables beside it are wrong", () =>
    Effect.gen(function* () {
      for (const wrong of [
        ["AGENTBAY_ENDPOINT", "ftp://nowhere"],
        ["AGENTBAY_ENDPOINT", "http://example.test"],
        ["AGENTBAY_TIMEOUT_MS", "soon"]
      ] as const) {
        const ended = yield* Harness.run(["session", "list"], {
          environment: Environment.layer
        }).pipe(withVariables([["AGENTBAY_API_KEY", key], wrong]))
        assert.strictEqual(ended.code, 2, wrong.join("="))
        assert.deepStrictEqual(leaks(written(ended)), [])
      }
    })
  )
})
