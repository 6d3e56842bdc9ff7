import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import { isolates, processesWith, run } from "./isolation.js"
import * as Life from "./life.js"
import * as Wire from "./wire.js"
import { mount, prepare, tree } from "./workspace.js"

const inSession = <E>(
  test: (context: {
    readonly id: string
    readonly root: string
    readonly dataDirectory: string
  }) => Effect.Effect<void, E, LocalAgentBay.LocalAgentBay>
) =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    const id = yield* Wire.createSession()
    const { dataDirectory } = server
    yield* test({ id, root: server.sessionDirectory(id), dataDirectory })
  }).pipe(Effect.provide(LocalAgentBay.layerTest))

/** A word that no other process has on its command line, and that `sleep` takes. */
const longSleep = () => `${100_000 + Math.floor(Math.random() * 100_000_000)}`

const gone = (word: string) =>
  Wire.eventually(
    Effect.sync(() => processesWith(word)),
    (count) => count === 0
  )

const running = (word: string) =>
  Wire.eventually(
    Effect.sync(() => processesWith(word)),
    (count) => count > 0
  )

if (!isolates) console.warn("no bubblewrap works here: see ShellModes for what is said then")

describe.runIf(isolates)("shell: commands", () => {
  it.scopedLive("answers stdout, stderr and exit code as the official clients read them", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const answer = yield* Wire.tool(id, "shell", { command: "echo hi", timeout_ms: 60_000 })
        assert.deepStrictEqual(answer, {
          text: String.raw`{"stdout":"hi\n","stderr":"","exit_code":0,"traceId":""}`,
          isError: false
        })
        const failing = yield* run(id, "cat /nope; echo more; exit 3")
        assert.deepStrictEqual(failing, {
          stdout: "more\n",
          stderr: "cat: /nope: No such file or directory\n",
          exit_code: 3,
          traceId: "",
          isError: true
        })
        const named = yield* run(
          id,
          "echo one > /dev/stderr; echo two | tee /dev/stderr > /dev/stdout"
        )
        assert.deepInclude(named, { stdout: "two\n", stderr: "one\ntwo\n" })
        assert.strictEqual((yield* run(id, "kill -9 $$")).exit_code, 137)
        assert.strictEqual((yield* run(id, "cat")).stdout, "", "its input is empty")
        assert.strictEqual((yield* run(id, "no-such-program")).exit_code, 127)
      })
    )
  )

  it.scopedLive("has the usual programs, pipes, and the home of the session's user", () =>
    inSession(({ id, root }) =>
      Effect.gen(function* () {
        const command =
          "dd if=/dev/zero of=$HOME/zeros bs=1000 count=5 2>/dev/null && stat -c %s ~/zeros && " +
          "ls | wc -l | tr -d ' ' && test -f /home/wuying/zeros && whoami && id -gn && pwd"
        const { stdout } = yield* run(id, command)
        assert.strictEqual(stdout, "5000\n1\nwuying\nwuying\n/home/wuying\n")
        assert.strictEqual(NodeFs.statSync(`${root}/home/wuying/zeros`).size, 5000)
        const written = yield* run(
          id,
          "echo 1 > /tmp/a; echo 2 > /var/tmp/b; mkdir ~/'two words' && echo ü > ~/'two words/ü'"
        )
        assert.strictEqual(written.stderr, "")
        assert.strictEqual(NodeFs.readFileSync(`${root}/tmp/a`, "utf8"), "1\n")
        assert.strictEqual(NodeFs.readFileSync(`${root}/var/tmp/b`, "utf8"), "2\n")
        const there = yield* run(id, "ls; cat ü", { cwd: "~/two words" })
        assert.strictEqual(there.stdout, "ü\nü\n")
        assert.strictEqual((yield* run(id, "pwd", { cwd: "/usr/bin/.." })).stdout, "/usr\n")
        const nowhere = yield* run(id, "echo never", { cwd: "/tmp/none" })
        assert.deepInclude(nowhere, { stdout: "", isError: true })
        assert.include(nowhere.stderr, "/tmp/none")
        const relative = yield* Wire.tool(id, "shell", { command: "pwd", cwd: "tmp" })
        assert.isTrue(relative.isError)
        assert.include(relative.text, "not absolute")
      })
    )
  )

  it.scopedLive("tools and commands see each other's files", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        yield* Wire.tool(id, "write_file", { path: "/data/in.txt", content: "from the tool" })
        assert.strictEqual((yield* run(id, "cat /data/in.txt")).stdout, "from the tool")
        yield* run(id, "umask 077; mkdir /data/d && echo from the shell > /data/d/out.txt")
        assert.deepStrictEqual(yield* Wire.tool(id, "read_file", { path: "/data/d/out.txt" }), {
          text: "from the shell\n",
          isError: false
        })
        yield* Wire.tool(id, "delete_file", { path: "/data/d/out.txt" })
        assert.strictEqual((yield* run(id, "ls /data/d")).stdout, "")
        const lost = yield* run(id, "mkdir /elsewhere")
        assert.isTrue(lost.isError, "what would be lost is refused")
      })
    )
  )

  it.scopedLive("sees the given variables and none of the server's", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const { stdout } = yield* run(id, "env | sort", {
          envs: { GREETING: "grüß dich = 1", PATH: "/usr/bin:/bin", LD_PRELOAD: "/tmp/evil.so" }
        })
        const names = stdout
          .trim()
          .split("\n")
          .map((line) => line.split("=")[0])
        assert.deepStrictEqual(
          names.filter((name) => name !== "_" && name !== "SHLVL"),
          [
            "GREETING",
            "HOME",
            "LANG",
            "LD_PRELOAD",
            "LOGNAME",
            "PATH",
            "PWD",
            "SHELL",
            "TERM",
            "USER"
          ]
        )
        assert.include(stdout, "GREETING=grüß dich = 1\n")
        assert.include(stdout, "PATH=/usr/bin:/bin\n")
        assert.include(stdout, "HOME=/home/wuying\n")
        for (const envs of [{ "A B": "1" }, { "": "1" }, { A: "\0" }, { A: 1 }]) {
          const answer = yield* Wire.tool(id, "shell", { command: "true", envs })
          assert.isTrue(answer.isError)
          assert.include(answer.text, "invalid arguments for shell")
        }
      })
    )
  )

  it.scopedLive("a mount path is there, and what a command writes is synced", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("data")
      const id = yield* Wire.createSession(
        { contextId, path: "/mnt/d" },
        { contextId, path: "/data/my work" }
      )
      const server = yield* LocalAgentBay.LocalAgentBay
      const command =
        "echo one > /mnt/d/one; printf '#!/bin/sh\\necho ran\\n' > '/data/my work/two'; " +
        "chmod 700 '/data/my work/two'; '/data/my work/two'; ln -s /etc/passwd /mnt/d/link"
      assert.strictEqual((yield* run(id, command)).stdout, "ran\n")
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(server.contextDirectory(contextId)), {
        "data/my work/two": "#!/bin/sh\necho ran\n",
        "mnt/d/one": "one\n"
      })
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )
})

describe.runIf(isolates)("shell: limits", () => {
  it.scopedLive("the time limit ends a command with all that it began", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const word = longSleep()
        const command = `echo begun; (setsid sleep ${word} &) ; trap '' TERM; sleep ${word} & wait`
        const answer = yield* run(id, command, { timeout_ms: 400 })
        assert.deepInclude(answer, { stdout: "begun\n", exit_code: 124, isError: true })
        assert.include(answer.stderr, "more than 400 ms (timeout_ms)")
        yield* gone(word)
        for (const timeout_ms of [0, -1, 1.5, "1"]) {
          assert.isTrue((yield* Wire.tool(id, "shell", { command: "true", timeout_ms })).isError)
        }
      })
    )
  )

  it.scopedLive("what a command leaves in the background ends with it", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const word = longSleep()
        const answer = yield* run(id, `setsid sleep ${word} & sleep ${word} & echo done`)
        assert.deepInclude(answer, { stdout: "done\n", exit_code: 0 })
        yield* gone(word)
      })
    )
  )

  it.scopedLive("a command is killed when the one who asked for it leaves", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const word = longSleep()
        const asking = yield* Effect.fork(run(id, `sleep ${word} & wait`))
        yield* running(word)
        yield* Fiber.interrupt(asking)
        yield* gone(word)
        assert.strictEqual((yield* run(id, "echo still here")).stdout, "still here\n")
      })
    )
  )

  it.scopedLive("a command is killed when the server ends", () =>
    Effect.gen(function* () {
      const word = longSleep()
      const dataDirectory = yield* Life.temporaryDirectory
      yield* Effect.gen(function* () {
        const id = yield* Wire.createSession()
        yield* Effect.forkDaemon(Effect.ignore(Effect.sandbox(run(id, `sleep ${word}`))))
        yield* running(word)
      }).pipe(Life.serving(dataDirectory))
      yield* gone(word)
    })
  )

  it.scopedLive("a release waits for the command and brings what it wrote into the store", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare()
      const command = "echo > begun; until [ -e go ]; do sleep 0.02; done; echo late > late"
      const asking = yield* Effect.fork(run(id, command, { cwd: mount }))
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(`${session}/begun`)),
        (begun) => begun
      )
      const releasing = yield* Effect.fork(Wire.release(id))
      yield* Wire.eventually(
        Wire.request("CallMcpTool", { SessionId: id, Name: "shell", Args: { command: "true" } }),
        ({ status }) => status === 400
      )
      NodeFs.writeFileSync(`${session}/go`, "")
      assert.strictEqual((yield* Fiber.join(asking)).exit_code, 0)
      yield* Fiber.join(releasing)
      assert.strictEqual(NodeFs.readFileSync(`${store}/late`, "utf8"), "late\n")
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("long outputs are cut and said to be", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const many = yield* run(id, "printf x; yes ü | head -c 3000000; echo >&2 end")
        assert.deepInclude(many, { exit_code: 0 })
        // The last character would be half there.
        assert.strictEqual(Buffer.byteLength(many.stdout), 1024 * 1024)
        assert.notInclude(many.stdout, "\uFFFD")
        assert.include(many.stderr, "end\n")
        assert.include(
          many.stderr,
          "[stdout was cut: the first 1048576 of 3000001 bytes are shown]"
        )
        const { text } = yield* Wire.tool(id, "shell", { command: `: ${"x".repeat(130_000)}` })
        assert.include(text, "command is longer than")
      })
    )
  )

  it.scopedLive("the number of processes is limited", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const word = longSleep()
        const command =
          `i=0; while [ $i -lt 700 ]; do sleep ${word} & i=$((i+1)); done; ` +
          "set -- /proc/[0-9]*; echo $#"
        const answer = yield* run(id, command)
        assert.isTrue(answer.isError)
        assert.match(answer.stderr, /fork/)
        yield* gone(word)
        assert.strictEqual((yield* run(id, "echo well")).stdout, "well\n")
      })
    )
  )

  it.scopedLive("the memory of each process is limited, and shared memory as well", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* run(id, "ulimit -d; ulimit -c")).stdout, "2097152\n0\n")
        const filling = yield* run(id, "head -c 100000000 /dev/zero > /dev/shm/x")
        assert.isTrue(filling.isError)
      })
    )
  )
})

describe.runIf(isolates)("shell: isolation", () => {
  it.scopedLive("nothing else of this machine is there", () =>
    inSession(({ dataDirectory, id }) =>
      Effect.gen(function* () {
        const outside = yield* Life.temporaryDirectory
        const secret = `${outside}/secret`
        NodeFs.writeFileSync(secret, "the secret")
        const other = yield* Wire.createSession()
        yield* Wire.tool(other, "write_file", { path: "/tmp/other", content: "the other's" })
        for (const path of [
          secret,
          `/proc/1/root${secret}`,
          `/proc/self/root/../..${secret}`,
          `/tmp/../..${secret}`,
          `${dataDirectory}/api-key`,
          `/proc/1/root${dataDirectory}/api-key`,
          `${dataDirectory}/state.sqlite`,
          `${dataDirectory}/sessions/${other}/root/tmp/other`,
          "/oldroot/etc/passwd",
          "/etc/shadow",
          "/root/.profile"
        ]) {
          const answer = yield* run(id, `cat '${path}'`)
          assert.deepInclude(answer, { stdout: "", exit_code: 1 }, path)
        }
        const top = (yield* run(id, "echo /*")).stdout.trim().split(" ")
        const system = /^\/(bin|sbin|lib\w*|usr|etc|proc|dev)$/
        assert.deepStrictEqual(
          top.filter((path) => !system.test(path)),
          ["/home", "/tmp", "/var"]
        )
        assert.strictEqual((yield* run(id, "cat /etc/passwd | wc -l")).stdout.trim(), "1")
        const found = yield* run(id, "cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'")
        assert.notInclude(found.stdout, dataDirectory)
        for (const attempt of [
          "rm /usr/bin/env",
          "touch /etc/x",
          "echo > /dev/x",
          "mount -t proc x /tmp"
        ]) {
          assert.isTrue((yield* run(id, attempt)).isError, attempt)
        }
      }).pipe(Effect.scoped)
    )
  )

  it.scopedLive("there is no network and no other process", () =>
    inSession(({ id }) =>
      Effect.gen(function* () {
        const port = yield* Effect.acquireRelease(
          Effect.async<NodeNet.Server>((resume) => {
            const server = NodeNet.createServer((socket) => socket.end())
            server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.sync(() => server.close())
        ).pipe(
          Effect.map((server) => {
            const address = server.address()
            return typeof address === "object" && address !== null ? address.port : 0
          })
        )
        const connect = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} && echo connected'`
        const tried = yield* run(id, connect)
        assert.deepInclude(tried, { stdout: "", isError: true })
        assert.include(tried.stderr, "Connection refused")
        const interfaces = (yield* run(id, "cat /proc/net/dev")).stdout.match(/^ *\w+:/gm)
        assert.deepStrictEqual(
          interfaces?.map((name) => name.trim()),
          ["lo:"]
        )
        const processes = yield* run(id, "set -- /proc/[0-9]*; echo $#; kill -9 1; echo $?")
        assert.match(processes.stdout, /^[23]\n/)
        assert.isTrue((yield* run(id, `kill -9 ${process.pid}`)).isError)
      }).pipe(Effect.scoped)
    )
  )

  it.scopedLive("a command is nobody on this machine, also when the server is root", () =>
    inSession(({ id, root }) =>
      Effect.gen(function* () {
        const devices = ["/dev/full", "/dev/tty"]
        const modes = () => devices.map((path) => NodeFs.statSync(path).mode)
        const before = modes()
        // Opening is tried, nothing is written.
        for (const attempt of [
          "true >> /proc/sys/kernel/core_pattern",
          "true >> /proc/sys/vm/drop_caches",
          "test -w /proc/sysrq-trigger",
          ...devices.map((path) => `chmod 600 ${path}`),
          "chmod 600 /proc/self/fd/0",
          "chmod 600 /proc/1/fd/0",
          "ls /proc/1/fd/",
          "unshare --user --map-root-user mount -t tmpfs x /usr",
          "setpriv --reuid 0 true",
          "su -c true"
        ]) {
          assert.isTrue((yield* run(id, attempt)).isError || attempt.includes("/fd"), attempt)
        }
        assert.deepStrictEqual(modes(), before)
        const found = yield* run(
          id,
          "find / -xdev -writable 2>/dev/null; find /proc/[a-z]* -path '/proc/*self' -prune -o -writable -type f -print 2>/dev/null"
        )
        assert.sameMembers(found.stdout.trim().split("\n"), ["/home", "/tmp", "/var"])
        yield* run(id, "cp /bin/sh /tmp/sh; chmod 6755 /tmp/sh")
        yield* Wire.tool(id, "edit_file", {
          path: "/tmp/sh",
          edits: [{ oldText: "a", newText: "b" }]
        })
        assert.notStrictEqual(NodeFs.statSync(`${root}/tmp/sh`).uid, 0)
      })
    )
  )

  it.scopedLive("files that may run as their owner are copied as ordinary ones", () =>
    Effect.gen(function* () {
      const { id, store } = yield* prepare()
      yield* run(id, "echo > tool; chmod 6755 tool", { cwd: mount })
      yield* Wire.sync(id)
      assert.strictEqual(NodeFs.statSync(`${store}/tool`).mode & 0o7777, 0o755)
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("a link that a command makes leads no tool and no sync out of the session", () =>
    Effect.gen(function* () {
      const { dataDirectory } = yield* LocalAgentBay.LocalAgentBay
      const { id, store } = yield* prepare()
      const command =
        `ln -s '${dataDirectory}' out; ln -s '${dataDirectory}/api-key' key; ` +
        "ln -s / root; ln -s ../../../../.. up; echo mine > mine"
      assert.strictEqual((yield* run(id, command, { cwd: mount })).exit_code, 0)
      for (const path of ["key", "out/api-key", "root/etc/passwd", "up/api-key"]) {
        const answer = yield* Wire.tool(id, "read_file", { path: `${mount}/${path}` })
        assert.isTrue(answer.isError)
        assert.include(answer.text, "symbolic link")
      }
      yield* Wire.sync(id)
      assert.deepStrictEqual(tree(store), { mine: "mine\n" })
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )
})
