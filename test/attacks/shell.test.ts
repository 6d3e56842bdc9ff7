/** Commands that try to leave their session, or to take more of the machine than is theirs. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import { isolates, processesWith, run } from "../node/local/isolation.js"
import * as Wire from "../node/local/wire.js"
import { mount, prepare } from "../node/local/workspace.js"
import * as Canary from "./canary.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const listening = (at: string | number) =>
  Effect.acquireRelease(
    Effect.async<NodeNet.Server>((resume) => {
      const server = NodeNet.createServer((socket) => socket.end("reached"))
      server.once("error", (error) => resume(Effect.die(error)))
      const ready = () => resume(Effect.succeed(server))
      if (typeof at === "number") server.listen(at, "127.0.0.1", ready)
      else server.listen(at, ready)
    }),
    (server) => Effect.sync(() => server.close())
  )

describe.runIf(isolates)("commands that want out", () => {
  it.scopedLive(
    "reach no socket of the machine: not the server's, no abstract one, none with a name",
    () =>
      Effect.gen(function* () {
        const { dataDirectory, url } = yield* LocalAgentBay.LocalAgentBay
        const id = yield* Wire.createSession()
        const name = `agentbay-attack-${process.pid}`
        yield* listening(`\0${name}`)
        yield* listening(`${dataDirectory}/named.sock`)
        const port = new URL(url).port
        const { stdout } = yield* run(
          id,
          [
            `for host in 127.0.0.1 ::1 localhost 0.0.0.0; do`,
            `  bash -c "exec 3<>/dev/tcp/$host/${port}" && echo connected to $host; done`,
            `grep -c ${name} /proc/net/unix`,
            `perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); print "abstract\\n" if connect(S,pack("Sa*",1,"\\0${name}"))'`,
            `perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); print "named\\n" if connect(S,pack_sockaddr_un("${dataDirectory}/named.sock"))'`,
            `ls ${dataDirectory}`,
            "true"
          ].join("\n")
        )
        assert.strictEqual(stdout, "0\n")
      }).pipe(Effect.scoped, provided)
  )

  it.scopedLive("find no way by /proc, and no file that the server has left open", () =>
    Effect.gen(function* () {
      const { apiKey, dataDirectory } = yield* LocalAgentBay.LocalAgentBay
      Canary.put(`${dataDirectory}/outside`, ["a"])
      const id = yield* Wire.createSession()
      const other = yield* Wire.createSession()
      yield* Wire.tool(other, "write_file", { path: "/tmp/x", content: Canary.secret })
      const ways = ["/proc/1/root", "/proc/1/cwd", "/proc/self/root/..", "/proc/thread-self/root"]
      for (const way of ways) {
        const seen = yield* run(
          id,
          `cat ${way}${dataDirectory}/outside/a ${way}${dataDirectory}/sessions/${other}/root/tmp/x; ls ${way}${dataDirectory}`
        )
        assert.strictEqual(seen.stdout, "", way)
      }
      // The pipes of its outputs had names for a moment.
      const fds = (yield* run(id, "for f in /proc/self/fd/* /proc/1/fd/*; do readlink $f; done"))
        .stdout
      assert.deepStrictEqual(
        fds
          .split("\n")
          .filter((line) => !/^(|pipe:.*|\/dev\/null|\/proc\/\d+\/fd|.* \(deleted\))$/.test(line)),
        []
      )
      const key = Redacted.value(apiKey)
      const half = key.length >> 1
      const found = yield* run(
        id,
        `a='${key.slice(0, half)}'; b='${key.slice(half)}'; ` +
          `cat /proc/1/environ /proc/1/cmdline | grep -c "$a$b"; ` +
          `printf %s "$a$b" > /tmp/pattern; grep -rslF -f /tmp/pattern /etc /home /tmp /var /dev/shm /proc/1`
      )
      assert.strictEqual(found.stdout, "0\n/tmp/pattern\n")
    }).pipe(provided)
  )

  it.scopedLive(
    "see of the machine's files its programs and what is made up, and nothing else",
    () =>
      Effect.gen(function* () {
        const id = yield* Wire.createSession()
        const namesIn = (folder: string) =>
          Effect.map(run(id, `ls -A ${folder}`), ({ stdout }) =>
            stdout.split("\n").filter((name) => name !== "")
          )
        const programs = "bin sbin include lib lib32 lib64 libexec libx32 share".split(" ")
        const madeUp = "passwd group hosts hostname nsswitch.conf".split(" ")
        const settings = "alternatives ld.so.cache ld.so.conf ld.so.conf.d".split(" ")
        assert.includeMembers([...programs, "local"], yield* namesIn("/usr"))
        assert.includeMembers(programs, yield* namesIn("/usr/local"))
        assert.includeMembers([...madeUp, ...settings], yield* namesIn("/etc"))
        const own = ["home", "tmp", "var", "usr", "etc", "proc", "dev"]
        assert.includeMembers([...programs, ...own], yield* namesIn("/"))
        for (const folder of [
          "/usr/bin",
          "/usr/share",
          "/usr/local/bin",
          "/etc/alternatives",
          "/etc"
        ]) {
          assert.isTrue((yield* run(id, `echo x > ${folder}/made`)).isError, folder)
        }
      }).pipe(provided)
  )

  it.scopedLive("get no power over other processes or the machine", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      const status = (yield* run(id, "cat /proc/self/status")).stdout
      assert.match(status, /^NoNewPrivs:\s+1$/m)
      for (const set of ["CapEff", "CapPrm", "CapInh", "CapAmb"]) {
        assert.match(status, new RegExp(`^${set}:\\s+0+$`, "m"))
      }
      // ptrace (16: attach), by number, since no program for it need be installed.
      const trace = `perl -e 'exit(syscall(${process.arch === "x64" ? 101 : 117}, 16, $ARGV[0], 0, 0) == 0 ? 0 : 7)' `
      for (const attempt of [
        `${trace} 1`,
        `${trace} ${process.pid}`,
        `kill -0 ${process.pid}`,
        "mount --bind /tmp /usr",
        "chroot / true",
        "mknod /tmp/disk b 8 0",
        "nsenter -t 1 -m true",
        "unshare --mount true",
        "dmesg",
        "renice -n -5 $$",
        "hostname other",
        "ulimit -u 100000",
        "ulimit -d unlimited",
        "ulimit -f unlimited"
      ]) {
        assert.isTrue((yield* run(id, attempt)).isError, attempt)
      }
    }).pipe(provided)
  )
})

describe.runIf(isolates)("commands that want too much", () => {
  it.scopedLive("a fork bomb ends with its time, and leaves nothing", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      const word = `${200_000_000 + process.pid}`
      const bomb = `b() { sleep ${word} & b | b & }; b; wait; sleep ${word}`
      const answer = yield* run(id, bomb, { timeout_ms: 4000 })
      assert.isTrue(answer.isError)
      yield* Wire.eventually(
        Effect.sync(() => processesWith(word)),
        (count) => count === 0
      )
      assert.strictEqual((yield* run(id, "echo well")).stdout, "well\n")
    }).pipe(provided)
  )

  it.scopedLive("output without end is cut, and not kept in memory", () =>
    Effect.gen(function* () {
      const id = yield* Wire.createSession()
      const before = process.memoryUsage.rss()
      const answer = yield* run(id, "yes & yes >&2", { timeout_ms: 3000 })
      assert.isAtMost(answer.stdout.length, 1024 * 1024)
      assert.isAtMost(answer.stderr.length, 1024 * 1024 + 1000)
      assert.include(answer.stderr, "was cut")
      assert.isBelow((process.memoryUsage.rss() - before) / 2 ** 20, 192)
    }).pipe(provided)
  )

  it.scopedLive("a file cannot get larger than half of the free disk, holes included", () =>
    Effect.gen(function* () {
      const { id, session } = yield* prepare()
      const { bavail, bsize } = NodeFs.statfsSync(session)
      for (const attempt of [
        `truncate -s ${bavail * bsize} hole`,
        `dd if=/dev/zero of=end bs=1 count=1 seek=${Math.floor(bavail * bsize * 0.9)}`
      ]) {
        assert.isTrue((yield* run(id, `cd ${mount}; ${attempt}`)).isError, attempt)
      }
      assert.strictEqual((yield* run(id, `cd ${mount}; truncate -s 1G small`)).stderr, "")
      yield* run(id, `rm ${mount}/*`)
    }).pipe(provided)
  )

  it.scopedLive("folders deeper than any path are no harm to the server", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { id } = yield* prepare()
      const name = "deep".repeat(60)
      const dig = `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do mkdir ${name} && cd -P ${name} || exit; done`
      yield* run(id, `cd ${mount}; echo own > file; ${dig}`)
      const [task] = yield* Wire.sync(id)
      assert.strictEqual(task?.status, "Failed")
      assert.include(task?.errorMessage, "name too long (ENAMETOOLONG)")
      for (const name of ["list_directory", "get_file_change"]) {
        yield* Wire.tool(id, name, { path: mount })
      }
      assert.strictEqual((yield* run(id, "echo well")).stdout, "well\n")
      const open = NodeFs.readdirSync("/proc/self/fd").length
      yield* Wire.sync(id)
      assert.isAtMost(NodeFs.readdirSync("/proc/self/fd").length, open + 16)
      yield* Wire.tool(id, "write_file", { path: `${mount}/file`, content: "new" })
      yield* run(id, `rm -r ${mount}/deep*`)
      assert.strictEqual((yield* Wire.sync(id))[0]?.status, "Success")
      yield* Wire.release(id)
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(server.sessionDirectory(id))),
        (there) => !there
      )
    }).pipe(provided)
  )
})
