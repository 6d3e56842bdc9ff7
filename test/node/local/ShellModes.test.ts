import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as ShellIsolation from "../../../packages/node/src/local/shell/ShellIsolation.js"
import * as ShellProcess from "../../../packages/node/src/local/shell/ShellProcess.js"
import { isolates, processesWith, run } from "./isolation.js"
import * as Life from "./life.js"
import * as Wire from "./wire.js"

/** Lets the server look for programs in this directory alone, for as long as the scope is open. */
const searching = (directory: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = process.env["PATH"]
      process.env["PATH"] = directory
      return before
    }),
    (before) => Effect.sync(() => (process.env["PATH"] = before))
  )

const serving = <A, E>(
  options: LocalAgentBay.Options,
  effect: Effect.Effect<A, E, LocalAgentBay.LocalAgentBay>
) =>
  Effect.flatMap(Life.temporaryDirectory, (dataDirectory) =>
    Life.serving(dataDirectory, options)(effect)
  )

const refused = (reason: string) =>
  Effect.gen(function* () {
    const id = yield* Wire.createSession()
    const { isError, text } = yield* Wire.tool(id, "shell", { command: "echo ran" })
    assert.isTrue(isError)
    assert.include(text, "apt-get install bubblewrap")
    assert.include(text, "--unsafe-shell")
    assert.include(text, reason)
  })

const toolNames = Effect.map(Wire.call("ListMcpTools", { ImageId: "linux_latest" }), (body) => {
  const tools: Array<{ name: string; server: string; tool: string; description: string }> =
    JSON.parse(Wire.textAt(body, "Data"))
  for (const { description, name, tool } of tools) {
    assert.strictEqual(tool, name)
    assert.notStrictEqual(description, "")
  }
  return tools.map(({ name, server }) => `${server} ${name}`)
})

describe("shell: without isolation", () => {
  it.scopedLive("without bubblewrap no command runs, and the answer says what to do", () =>
    Effect.gen(function* () {
      yield* searching(yield* Life.temporaryDirectory)
      yield* serving({}, refused("it is not installed"))
    })
  )

  it.scopedLive("a bubblewrap that may not do its work counts as none, until it may", () =>
    Effect.gen(function* () {
      const directory = yield* Life.temporaryDirectory
      const said = "bwrap: No permissions to create new namespace"
      NodeFs.writeFileSync(`${directory}/bwrap`, `#!/bin/sh\necho '${said}' >&2\nexit 1\n`, {
        mode: 0o755
      })
      yield* searching(directory)
      yield* serving(
        {},
        Effect.gen(function* () {
          yield* refused(said)
          NodeFs.writeFileSync(`${directory}/bwrap`, "#!/bin/sh\nexit 0\n")
          const id = yield* Wire.createSession()
          // This one says that all went well and does nothing at all.
          assert.deepInclude(yield* run(id, "echo ran"), { stdout: "", exit_code: 0 })
        })
      )
    })
  )

  it.scopedLive("with this machine's own bubblewrap it is one or the other", () =>
    serving(
      {},
      isolates
        ? Effect.gen(function* () {
            const id = yield* Wire.createSession()
            assert.strictEqual((yield* run(id, "pwd")).stdout, "/home/wuying\n")
          })
        : refused("bubblewrap: ")
    )
  )

  it.scopedLive("the unsafe way runs commands on this machine, and warns once", () =>
    Effect.gen(function* () {
      const log = Life.collecting()
      yield* serving(
        { shell: "unsafe" },
        Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const id = yield* Wire.createSession()
          const root = server.sessionDirectory(id)
          yield* Wire.tool(id, "write_file", { path: "~/two words/a", content: "ü" })
          const first = yield* run(id, 'pwd; echo "$HOME"; ls ~; echo "$A"; exit 4', {
            envs: { A: "1 2" }
          })
          const home = `${root}/home/wuying`
          assert.deepInclude(first, { exit_code: 4, isError: true, stderr: "" })
          assert.strictEqual(first.stdout, `${home}\n${home}\ntwo words\n1 2\n`)
          assert.strictEqual((yield* run(id, "cat a", { cwd: "~/two words" })).stdout, "ü")
          assert.strictEqual((yield* run(id, "pwd", { cwd: "/" })).stdout, `${root}\n`)
          assert.strictEqual((yield* run(id, 'echo "$SECRET"')).stdout, "\n")
          const nowhere = yield* Wire.tool(id, "shell", { command: "true", cwd: "/tmp/none" })
          assert.deepStrictEqual(nowhere, { text: "file not found: /tmp/none", isError: true })
          NodeFs.symlinkSync("/", `${root}/tmp/out`)
          const out = yield* Wire.tool(id, "shell", { command: "true", cwd: "/tmp/out" })
          assert.include(out.text, "symbolic link")
        })
      ).pipe(Effect.provide(log.layer))
      const warnings = log.seen.filter((line) => line.includes("without isolation"))
      assert.lengthOf(warnings, 1)
      assert.match(warnings[0] ?? "", /^WARN/)
    })
  )

  it.scopedLive("the unsafe way ends children, and does not wait for what escaped", () =>
    serving(
      { shell: "unsafe" },
      Effect.gen(function* () {
        const id = yield* Wire.createSession()
        const word = `${100_000 + Math.floor(Math.random() * 100_000_000)}`
        assert.deepInclude(yield* run(id, `sleep ${word} & echo done`), {
          stdout: "done\n",
          exit_code: 0
        })
        const late = yield* run(id, `trap '' TERM; sleep ${word}; wait`, { timeout_ms: 200 })
        assert.deepInclude(late, { exit_code: 124, isError: true })
        yield* Wire.eventually(
          Effect.sync(() => processesWith(word)),
          (count) => count === 0
        )
        const { sessionDirectory } = yield* LocalAgentBay.LocalAgentBay
        const escaping =
          `setsid sh -c 'echo $$ > new; mv new pid; exec sleep ${word}' & ` +
          "until [ -e pid ]; do sleep 0.02; done; echo done"
        assert.deepInclude(yield* run(id, escaping), { stdout: "done\n", exit_code: 0 })
        const pid = NodeFs.readFileSync(`${sessionDirectory(id)}/home/wuying/pid`, "utf8")
        assert.isTrue(process.kill(Number(pid), "SIGKILL"), "it is still there")
      })
    )
  )

  it.scopedLive("switched off, there is no such tool", () =>
    serving(
      { shell: "off" },
      Effect.gen(function* () {
        const id = yield* Wire.createSession()
        const answer = yield* Wire.tool(id, "shell", { command: "true" })
        assert.deepStrictEqual(answer, { text: "tool not found: shell", isError: true })
        assert.notInclude(yield* toolNames, "wuying_shell shell")
      })
    )
  )

  it.scopedLive("the tools are listed with the servers they are found at", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* toolNames, [
        "wuying_shell shell",
        "wuying_filesystem read_file",
        "wuying_filesystem write_file",
        "wuying_filesystem edit_file",
        "wuying_filesystem get_file_info",
        "wuying_filesystem create_directory",
        "wuying_filesystem list_directory",
        "wuying_filesystem move_file",
        "wuying_filesystem delete_file",
        "wuying_filesystem search_files",
        "wuying_filesystem read_multiple_files",
        "wuying_filesystem get_file_change",
        "wuying_system get_metrics"
      ])
      const created = yield* Wire.call("CreateMcpSession")
      const offered: Array<{ name: string }> = JSON.parse(Wire.textAt(created, "Data", "ToolList"))
      assert.lengthOf(offered, 13)
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )
})

describe("shell: what isolation shows of this machine", () => {
  const show = (dataDirectory: string, root: string) =>
    (
      ShellIsolation.make(
        { dataDirectory, root, words: ["true"], env: { TOKEN: "a secret" } },
        { modern: true }
      ).feeds[0] ?? ""
    ).split("\0")

  it.scopedLive("links in the session's root are not followed, and system names not taken", () =>
    Effect.map(Life.temporaryDirectory, (root) => {
      NodeFs.mkdirSync(`${root}/home`)
      NodeFs.mkdirSync(`${root}/etc`)
      NodeFs.mkdirSync(`${root}/usr/bin`, { recursive: true })
      NodeFs.symlinkSync("/", `${root}/out`)
      NodeFs.writeFileSync(`${root}/note`, "")
      const words = show(root, root)
      const bound = words.flatMap((word, index) => (word === "--bind" ? [words[index + 2]] : []))
      assert.deepStrictEqual(bound, ["/home", "/note"])
    })
  )

  it.scopedLive("a data directory among the programs is hidden", () =>
    Effect.map(Life.temporaryDirectory, (root) => {
      const inside = show("/usr/lib/agentbay/data", root)
      assert.include(inside.join(" "), "--tmpfs /usr/lib/agentbay/data")
      assert.notInclude(show("/usr/src/app/.agentbay", root).join(" "), "/usr/src")
      assert.notInclude(show("/usr/libx", root).join(" "), "--tmpfs /usr/libx")
    })
  )

  it.scopedLive("an older bubblewrap isolates as well, without shared memory", () =>
    Effect.gen(function* () {
      const root = yield* Life.temporaryDirectory
      const staging = yield* Life.temporaryDirectory
      NodeFs.mkdirSync(`${root}/home`)
      const { args, feeds } = ShellIsolation.make(
        {
          dataDirectory: root,
          root,
          words: ["/bin/sh", "-c", "echo /home; test -w /dev/shm || echo none; cat /etc/hostname"],
          env: { PATH: ShellIsolation.searched }
        },
        { modern: false }
      )
      const ended = yield* ShellProcess.run({
        file: "/bin/sh",
        args: ["-c", 'exec bwrap "$@"', "sh", ...args],
        feeds,
        env: { PATH: process.env["PATH"] ?? "" },
        cwd: "/",
        timeout: "20 seconds",
        staging,
        maxOutput: 1000
      })
      if (isolates) assert.strictEqual(ended.stdout.text, "/home\nnone\nagentbay\n")
      else assert.notStrictEqual(ended.exitCode, 0)
    })
  )

  it.scopedLive("given variables are on no command line of this machine", () =>
    Effect.map(Life.temporaryDirectory, (root) => {
      const { args } = ShellIsolation.make(
        { dataDirectory: root, root, words: ["true"], env: { TOKEN: "a secret" } },
        { modern: true }
      )
      assert.deepStrictEqual(args.slice(0, 3), ["--args", "3", "--"])
      assert.notInclude(args.join(" "), "TOKEN")
    })
  )
})
