import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as Path from "node:path"
import * as DemoFiles from "../../../packages/node/src/cli/DemoFiles.js"
import * as Environment from "../../../packages/node/src/cli/Environment.js"
import * as Folder from "../../../packages/node/src/cli/Folder.js"
import * as Screen from "../../../packages/node/src/cli/Screen.js"
import * as Harness from "./harness.js"

const run = (args: ReadonlyArray<string>, options?: Parameters<typeof Harness.run>[1]) =>
  Harness.run(args, { environment: Environment.layer, ...options })

const silentScreen = Layer.sync(Screen.Screen, () => ({
  ...Screen.make({
    stdout: () => Harness.noTerminal,
    stderr: () => Harness.noTerminal,
    write: () => undefined,
    bytes: () => Effect.void
  }),
  note: () => Effect.void
}))

const write = (folder: string, path: string, content: string | Uint8Array) => {
  const full = Path.join(folder, path)
  NodeFs.mkdirSync(Path.dirname(full), { recursive: true })
  NodeFs.writeFileSync(full, content)
}

describe("agentbay demo", () => {
  it.scopedLive("brings the shipped files back, twice in a row", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      const first = yield* run(["demo", "--data", data])
      assert.strictEqual(first.code, 0, first.stderr)
      assert.match(first.stdout, /upload +Success/)
      assert.match(first.stdout, /All 21 files came back byte for byte/)
      for (const label of ["Putting files in", "Syncing (upload)", "Comparing"]) {
        assert.include(first.stderr, `${label}: 100 %, 21 files`)
      }
      const directory = /On disk {2}(.*)/.exec(first.stdout)?.[1] ?? ""
      assert.strictEqual(
        NodeFs.readFileSync(Path.join(directory, "unicode/🚀 rocket.txt"), "utf8"),
        NodeFs.readFileSync("packages/node/demo/unicode/🚀 rocket.txt", "utf8")
      )
      assert.isTrue(NodeFs.statSync(Path.join(directory, "an empty folder")).isDirectory())

      const second = yield* run(["demo", "--data", data, "--json"])
      assert.strictEqual(second.code, 0, second.stderr)
      const result = JSON.parse(second.stdout)
      assert.strictEqual(result.same, true)
      assert.strictEqual(result.identical, 21)
      assert.strictEqual(result.context.name, "agentbay-demo")
      assert.strictEqual(result.sync.outcome, "Completed")
      const left = yield* run(["session", "list", "--data", data])
      assert.strictEqual(left.stdout, "", "the demo left a session behind")
    })
  )

  it.scopedLive("takes a folder of yours: large files, odd names, links left out", () =>
    Effect.gen(function* () {
      const folder = yield* Harness.temporaryDirectory
      // The data directory lies inside the folder and must not be swallowed.
      const data = Path.join(folder, "below", ".agentbay")
      write(folder, "large.bin", NodeCrypto.randomBytes(3 * 1024 * 1024 + 1))
      write(folder, "exactly one MiB", NodeCrypto.randomBytes(1024 * 1024))
      write(folder, "a\nline\\break", "odd")
      write(folder, "gone later", "x")
      NodeFs.mkdirSync(Path.join(folder, "nothing/in here"), { recursive: true })
      NodeFs.symlinkSync("/etc", Path.join(folder, "link"))
      const first = yield* run(["demo", "--from", folder, "--data", data])
      assert.strictEqual(first.code, 0, first.stderr)
      assert.include(first.stdout, "1 file above 1 MiB placed on disk")
      assert.match(first.stdout, /Left out.*link/)
      assert.include(first.stdout, "All 4 files came back")

      NodeFs.rmSync(Path.join(folder, "gone later"))
      const second = yield* run(["demo", "--from", folder, "--data", data, "--json"])
      const result = JSON.parse(second.stdout)
      assert.deepStrictEqual([result.same, result.identical, result.unexpected], [true, 3, []])
      assert.deepStrictEqual(result.leftOut, ["link"])
    })
  )

  it.scopedLive("gives every folder a context of its own, also when two run at once", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      const folders = yield* Harness.temporaryDirectory
      for (const name of ["a", "b"]) write(folders, `${name}/file ${name}`, name)
      NodeFs.symlinkSync(Path.join(folders, "a"), Path.join(folders, "link to a"))
      yield* Layer.build(LocalAgentBay.layer({ dataDirectory: data, advertise: true }))
      const demo = (name: string) =>
        run(["demo", "--from", Path.join(folders, name), "--data", data, "--json"])
      const [a, b] = yield* Effect.all([demo("a"), demo("b")], { concurrency: 2 })
      const again = yield* demo("link to a")
      const names = [a, b, again].map(({ code, stderr, stdout }) => {
        assert.strictEqual(code, 0, stderr)
        return JSON.parse(stdout).context.name
      })
      const real = NodeFs.realpathSync(Path.join(folders, "a"))
      const digest = NodeCrypto.createHash("sha256").update(real).digest("hex").slice(0, 8)
      assert.strictEqual(names[0], `agentbay-demo-${digest}`)
      assert.match(names[1], /^agentbay-demo-[\da-f]{8}$/)
      assert.notStrictEqual(names[1], names[0])
      assert.strictEqual(names[2], names[0])
    })
  )

  it.scopedLive("sees what differs, is missing, or should not be there", () =>
    Effect.gen(function* () {
      const directory = yield* Harness.temporaryDirectory
      for (const path of ["same", "changed", "lost", "deep/changed"]) write(directory, path, path)
      write(directory, "large", new Uint8Array(1024 * 1024 + 1))
      NodeFs.mkdirSync(Path.join(directory, "empty"))
      const folder = yield* Folder.scan(directory)
      const agentBay = yield* AgentBay.AgentBay
      const places = yield* LocalAgentBay.LocalAgentBay
      const session = yield* agentBay.create()
      yield* DemoFiles.place(folder, session, places)
      const unharmed = yield* DemoFiles.compare(folder, session, places)
      assert.deepStrictEqual(unharmed, { identical: 5, different: [], missing: [], unexpected: [] })

      const mount = DemoFiles.mountDirectory(places, session.sessionId)
      write(mount, "changed", "Changed")
      write(mount, "deep/changed", "deep/changed ")
      const large = new Uint8Array(1024 * 1024 + 1)
      large[1024 * 1024] = 1
      write(mount, "large", large)
      NodeFs.rmSync(Path.join(mount, "lost"))
      NodeFs.rmdirSync(Path.join(mount, "empty"))
      write(mount, "surplus", "")
      assert.deepStrictEqual(yield* DemoFiles.compare(folder, session, places), {
        identical: 1,
        different: ["changed", "deep/changed", "large"],
        missing: ["lost", "empty/"],
        unexpected: ["surplus"]
      })
    }).pipe(
      Effect.provide(silentScreen),
      Effect.provide(
        Layer.unwrapScoped(
          Effect.map(Harness.temporaryDirectory, (dataDirectory) =>
            NodeAgentBay.layerLocal({ dataDirectory })
          )
        )
      )
    )
  )
})

describe("a data directory", () => {
  it.scopedLive("keeps sessions between commands", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      const created = yield* run(["session", "create", "--context", "a=/work", "--data", data])
      assert.strictEqual(created.code, 0, created.stderr)
      const listed = yield* run(["session", "list", "--data", data, "--json"])
      assert.deepStrictEqual(JSON.parse(listed.stdout), {
        sessionId: created.stdout,
        status: "RUNNING"
      })
      const synced = yield* run(["sync", "--session", created.stdout, "--data", data])
      assert.strictEqual(synced.code, 0, synced.stderr)
      assert.match(synced.stdout, /upload +Success/)
      const deleted = yield* run(["session", "delete", created.stdout, "--data", data])
      assert.strictEqual(deleted.code, 0, deleted.stderr)
    })
  )

  it.scopedLive("keeps what a detached sync transfers: the command stays until it has ended", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      const create = ["session", "create", "--context", "a=/work", "--data", data]
      const { stdout: sessionId } = yield* run(create)
      // Sparse here, but copied in full: it takes longer than the command would without staying.
      const large = Path.join(data, "sessions", sessionId, "root/work/large")
      write(Path.dirname(large), "large", "")
      NodeFs.truncateSync(large, 100 * 1024 * 1024)
      const args = ["sync", "--session", sessionId, "--data", data]
      const detached = yield* run([...args, "--detach"])
      assert.strictEqual(detached.code, 0, detached.stderr)
      assert.match(detached.stderr, /^Local AgentBay runs in this command, so it stays/)
      const { code, stderr, stdout } = yield* run([...args, "--resume", detached.stdout, "--json"])
      assert.strictEqual(code, 0, stderr)
      const result = JSON.parse(stdout)
      assert.strictEqual(result.outcome, "Completed")
      assert.strictEqual(result.contextStatusData[0].bytesTotal, 100 * 1024 * 1024)
    })
  )

  it.scopedLive("held by another command is waited for, which is said once", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      const holder = yield* Scope.make()
      yield* Layer.buildWithScope(LocalAgentBay.layer({ dataDirectory: data }), holder)
      const waiting = yield* Deferred.make<string>()
      const command = yield* Effect.fork(
        run(["session", "list", "--data", data, "--json"], {
          onNote: (line) => Deferred.unsafeDone(waiting, Exit.succeed(line))
        })
      )
      assert.match(yield* Deferred.await(waiting), /^Waiting for another agentbay command/)
      yield* Scope.close(holder, Exit.void)
      const { code, stderr, stdout } = yield* Fiber.join(command)
      assert.deepStrictEqual([code, stdout], [0, ""])
      assert.strictEqual(stderr.split("\n").length, 1)
    })
  )

  it.scopedLive("that is served is used over HTTP, by the demo too", () =>
    Effect.gen(function* () {
      const data = yield* Harness.temporaryDirectory
      const services = yield* Layer.build(
        LocalAgentBay.layer({ dataDirectory: data, advertise: true })
      )
      const server = yield* Effect.provide(LocalAgentBay.LocalAgentBay, services)
      const demo = yield* run(["demo", "--data", data])
      assert.strictEqual(demo.code, 0, demo.stderr)
      assert.include(demo.stdout, server.url)
      assert.include(demo.stdout, server.dataDirectory)
      const second = yield* run(["serve", "--data", data])
      assert.strictEqual(second.code, 1)
      assert.match(second.stderr, new RegExp(`^agentbay: .*already runs on.*${server.url}`))
    })
  )

  it.scopedLive("that cannot be one is refused in one line", () =>
    Effect.gen(function* () {
      const directory = yield* Harness.temporaryDirectory
      write(directory, "file", "")
      const { code, stderr } = yield* run(["session", "list", "--data", `${directory}/file`])
      assert.strictEqual(code, 1)
      assert.match(stderr, /^agentbay: The data directory .* cannot be used/)
      assert.strictEqual(stderr.split("\n").length, 1)
    })
  )
})
