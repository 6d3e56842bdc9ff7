/** What the fuzz tests of this folder have found, each by itself. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isolates, run } from "../node/local/isolation.js"
import * as Wire from "../node/local/wire.js"

const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth)

const front = Effect.flatMap(AgentBay.AgentBay, (agentBay) => agentBay.get("session-1"))

describe("data that is nested very deeply", () => {
  for (const [what, data] of [
    ["as an answer's data", deep(50_000)],
    ["as a text in it", `{"SessionId":${deep(50_000)}}`]
  ] as const) {
    it.effect(`${what} cannot be read, and is told so`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(front)
        assert.strictEqual(error._tag, "TransportError")
        assert.propertyVal(error, "reason", "Decode")
        assert.include(error.message, "but it is a list")
      }).pipe(
        Effect.provide(
          AgentBayTest.layer({
            script: { GetSession: AgentBayTest.raw(200, `{"Success":true,"Data":${data}}`) }
          })
        )
      )
    )
  }

  it.scopedLive("is refused by Local AgentBay in a parameter, a tool's arguments and rules", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const labels = `{"a":${deep(50_000)}}`
      const refused = yield* Wire.request("CreateMcpSession", { Labels: labels })
      assert.deepInclude(refused, { status: 400 })
      assert.strictEqual(Wire.at(refused.body, "Code"), "InvalidParameter")

      const session = yield* Wire.createSession()
      const args = `{"path":${deep(50_000)}}`
      assert.isTrue((yield* Wire.tool(session, "read_file", args)).isError)

      const authorization = `Bearer ${Redacted.value(server.adminToken)}`
      for (const [method, path, body] of [
        ["PUT", "faults", `[{"then":${deep(50_000)}}]`],
        ["POST", "clock", `{"advance":${deep(50_000)}}`]
      ] as const) {
        const answer = yield* Wire.send(`${server.url}/admin/${path}`, {
          method,
          headers: { authorization },
          body
        })
        assert.strictEqual(answer.status, 400, path)
      }
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("is refused by the direct link", () =>
    Effect.gen(function* () {
      const created = yield* Wire.call("CreateMcpSession")
      const answer = yield* Wire.send(`${Wire.textAt(created, "Data", "LinkUrl")}/callTool`, {
        headers: { "x-access-token": Wire.textAt(created, "Data", "Token") },
        body: `{"tool":"read_file","args":{"path":${deep(50_000)}}}`
      })
      assert.strictEqual(answer.status, 400)
    }).pipe(Effect.provide(LocalAgentBay.layerTestWith({ directLink: true })))
  )
})

describe.runIf(isolates)("variables for a command", () => {
  it.scopedLive("are not yet there while powers are given away and limits set", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      const home = "/home/wuying"
      const sane = yield* run(id, "id -u; ulimit -c")
      yield* run(
        id,
        `for name in setpriv sh env id cat; do
           printf '#!/bin/sh\n/usr/bin/id -u\n' > ${home}/$name; chmod 755 ${home}/$name
         done`
      )
      // Whoever finds a program by this path, or loads this library, is whom it runs as.
      const own = yield* run(id, "/usr/bin/id -u; ulimit -c", { envs: { PATH: home } })
      assert.strictEqual(own.stdout, sane.stdout)
      const library = yield* run(id, "/usr/bin/id -u", { envs: { LD_PRELOAD: `${home}/none.so` } })
      // The loader complains in each program: the shell and `id`, and none before these.
      assert.lengthOf(library.stderr.match(/none\.so/g) ?? [], 2)
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive(
    "are there with their names whatever these are, and do not keep it from running",
    () =>
      Effect.gen(function* () {
        const id = yield* Wire.createSession()
        const envs = {
          PATH: "",
          agentbay_0: "a",
          agentbay_1: "b",
          agentbay__0: "c",
          OPTIND: "x",
          UID: "y"
        }
        const { exit_code, stdout } = yield* run(id, "/usr/bin/env | /usr/bin/sort", { envs })
        assert.strictEqual(exit_code, 0)
        assert.deepStrictEqual(
          stdout.split("\n").filter((line) => /^(agentbay|PATH)/.test(line)),
          ["PATH=", "agentbay_0=a", "agentbay_1=b", "agentbay__0=c"]
        )
      }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )
})

describe("a content type in rules", () => {
  it.scopedLive("that no header can have is refused, so that calls go on being answered", () =>
    Effect.gen(function* () {
      const { faults } = yield* LocalAgentBay.LocalAgentBay
      for (const contentType of ["x\r\ny: z", "a\u0000", "Ω"]) {
        const error = yield* Effect.flip(
          faults.set([{ then: { malformed: { text: "x", contentType } } }])
        )
        assert.strictEqual(error._tag, "FaultsInvalid")
      }
      yield* Wire.createContext("c")
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )
})
