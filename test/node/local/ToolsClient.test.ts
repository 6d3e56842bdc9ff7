import { AgentBay, PollPolicy } from "@effect-agentbay/core"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"
import { isolates } from "./isolation.js"
import { temporaryDirectory } from "./life.js"

type Program = Effect.Effect<void, unknown, AgentBay.AgentBay | LocalAgentBay.LocalAgentBay>

/** Our own client over a server of its own. */
const connected = (directLink: boolean) => (program: Program) =>
  Effect.flatMap(temporaryDirectory, (dataDirectory) =>
    Effect.provide(
      program,
      NodeAgentBay.layerLocal({
        dataDirectory,
        directLink,
        pollPolicy: PollPolicy.spaced({ interval: "20 millis" })
      }).pipe(Layer.orDie)
    )
  )

const path = "/home/wuying/a.txt"
// Characters of one to four bytes: every border of 60 KiB falls inside of some.
const mixed = "aä日😀".repeat(20_000)
const bytes = new Uint8Array(150_000).fill(0xff)

describe.each([
  ["through the service", false],
  ["by the direct link", true]
] as const)("our client and the tools of Local AgentBay, %s", (_, directLink) => {
  it.scopedLive("files come back as they were written (S13)", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const { files } = yield* agentBay.create()
      yield* files.write(path, mixed)
      yield* files.append(path, mixed)
      assert.strictEqual(yield* files.readString(path), mixed + mixed)
      yield* files.write(path, bytes)
      yield* files.append(path, Uint8Array.of(0, 1, 128))
      const back = yield* files.read(path)
      assert.isTrue(Buffer.from(back).equals(Buffer.concat([bytes, Uint8Array.of(0, 1, 128)])))
    }).pipe(connected(directLink))
  )

  it.scopedLive("files and folders are told, moved and removed", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const server = yield* LocalAgentBay.LocalAgentBay
      const { files, sessionId } = yield* agentBay.create()
      const odd = "/home/wuying/size: 5\nsize: 6\nisDirectory: true"
      yield* files.write(odd, "1234567")
      assert.deepInclude(yield* files.stat(odd), { path: odd, kind: "file", size: 7 })
      assert.strictEqual(yield* files.readString(odd), "1234567")
      yield* files.makeDirectory("/home/wuying/d/e")
      assert.deepInclude(yield* files.stat("/home/wuying/d"), { name: "d", kind: "directory" })
      yield* files.move(odd, "/home/wuying/d/f")
      assert.deepStrictEqual(yield* files.list("/home/wuying/d"), [
        { name: "e", kind: "directory" },
        { name: "f", kind: "file" }
      ])
      yield* files.remove("/home/wuying/d/f")
      assert.deepStrictEqual(
        NodeFs.readdirSync(`${server.sessionDirectory(sessionId)}/home/wuying/d`),
        ["e"]
      )
      const error = yield* Effect.flip(files.stat("/home/wuying/d/f"))
      assert.strictEqual(error._tag, "ToolError")
    }).pipe(connected(directLink))
  )

  it.scopedLive("tools are listed, called and unknown", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const { sessionId } = yield* agentBay.create()
      const { tools } = yield* agentBay.get(sessionId)
      const shell = (yield* tools.list).find(({ name }) => name === "shell")
      assert.strictEqual(shell?.server, "wuying_shell")
      assert.isString(shell?.description)
      const Metrics = Schema.Struct({ cpu_count: Schema.Int })
      assert.isAbove((yield* tools.callJson(Metrics, "get_metrics")).cpu_count, 0)
      const answer = yield* tools.call("get_metrics")
      // Only by the link the client names its requests.
      assert.strictEqual(/^link-\d+-\d{9}$/.test(answer.requestId), directLink)
      const error = yield* Effect.flip(tools.call("no_such_tool"))
      assert.strictEqual(error._tag, "ToolError")
      assert.include(error.message, "tool not found")
    }).pipe(connected(directLink))
  )

  it.scopedLive.runIf(isolates)("commands run, with any exit code", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const { shell } = yield* agentBay.create()
      assert.deepStrictEqual(
        yield* shell('echo "$A"; pwd; echo no >&2; exit 3', { env: { A: "x  y" }, cwd: "/tmp" }),
        { exitCode: 3, stdout: "x  y\n/tmp\n", stderr: "no\n" }
      )
      assert.deepInclude(yield* shell("sleep 60", { timeout: "200 millis" }), { exitCode: 124 })
    }).pipe(connected(directLink))
  )
})
