import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as Path from "node:path"
import * as Environment from "../../../packages/node/src/cli/Environment.js"
import * as Log from "../../../packages/node/src/cli/Log.js"
import * as Screen from "../../../packages/node/src/cli/Screen.js"
import * as Harness from "./harness.js"

const item = (status: string, extra?: { readonly [key: string]: unknown }) => ({
  contextId: "SdkCtx-1",
  path: "/work",
  taskType: "upload",
  status,
  startTime: 1_800_000_000,
  ...extra
})

const target = ["--session", "session-1", "--context", "SdkCtx-1", "--path", "/work"]

const { runInTime } = Harness

describe("sync", () => {
  it.effect("shows the tasks and the outcome", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runInTime(["sync", ...target], {
        environment: Harness.scripted({
          script: {
            GetContextInfo: [
              AgentBayTest.status([]),
              AgentBayTest.status([item("Running")]),
              AgentBayTest.status([item("Success", { finishTime: 1_800_000_002 })])
            ],
            SyncContext: AgentBayTest.ok()
          }
        })
      })
      assert.strictEqual(code, 0, stderr)
      const [headings, row, verdict] = stdout.split("\n")
      assert.match(headings ?? "", /^CONTEXT +PATH +TASK +STATUS +STARTED +FINISHED$/)
      assert.match(row ?? "", /^SdkCtx-1 +\/work +upload +Success/)
      assert.match(verdict ?? "", /^Completed in /)
      assert.match(stderr, /^Syncing \(upload\): /m)
    })
  )

  it.effect("writes one JSON document with --json, and nothing else on stdout", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runInTime(["sync", ...target, "--json"], {
        environment: Harness.scripted({
          script: {
            GetContextInfo: [
              AgentBayTest.status([]),
              AgentBayTest.status([item("Success", { finishTime: 1_800_000_002 })])
            ],
            SyncContext: AgentBayTest.ok()
          }
        })
      })
      assert.strictEqual(code, 0)
      const result = JSON.parse(stdout)
      assert.strictEqual(result.outcome, "Completed")
      assert.strictEqual(result.sessionId, "session-1")
      assert.strictEqual(result.contextStatusData[0].finishTime, "2027-01-15T08:00:02.000Z")
      assert.isNumber(result.elapsedMillis)
    })
  )

  it.effect("ends with 1 and the message of the task when one failed", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runInTime(["sync", ...target], {
        environment: Harness.scripted({
          script: {
            GetContextInfo: [
              AgentBayTest.status([]),
              AgentBayTest.status([
                item("Failed", {
                  finishTime: 1_800_000_002,
                  errorMessage: "disk\nis \u001B[31mfull"
                })
              ])
            ],
            SyncContext: AgentBayTest.ok()
          }
        })
      })
      assert.strictEqual(code, 1)
      assert.strictEqual(stdout, "")
      const line = stderr.split("\n").at(-1) ?? ""
      assert.match(line, /^agentbay: .*disk is \\x1b\[31mfull/)
    })
  )

  it.effect("ends with 3 when the budget is used up", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runInTime(
        ["sync", ...target, "--max-retries", "2", "--interval", "500ms"],
        {
          environment: Harness.scripted({
            script: {
              GetContextInfo: [AgentBayTest.status([]), AgentBayTest.status([item("Running")])],
              SyncContext: AgentBayTest.ok()
            }
          })
        }
      )
      assert.strictEqual(code, 3)
      assert.match(stderr.split("\n").at(-1) ?? "", /^agentbay: /)
    })
  )

  it.effect("ends with 1 when the service refuses, with the request id", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runInTime(["sync", ...target], {
        environment: Harness.scripted({
          script: {
            GetContextInfo: AgentBayTest.status([]),
            SyncContext: AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })
          }
        })
      })
      assert.strictEqual(code, 1)
      assert.match(stderr, /^agentbay: .*InvalidMcpSession\.NotFound.*request/)
      assert.strictEqual(stderr.split("\n").length, 1)
    })
  )

  it.effect("draws a bar in place on a terminal, without escape codes where none are wanted", () =>
    Effect.gen(function* () {
      const counts = { bytesDone: 512, bytesTotal: 1024, filesDone: 1, filesTotal: 2 }
      const environment = Harness.scripted({
        script: {
          GetContextInfo: [
            AgentBayTest.status([]),
            AgentBayTest.status([item("Running", counts)]),
            AgentBayTest.status([item("Success", { finishTime: 1_800_000_002 })])
          ],
          SyncContext: AgentBayTest.ok()
        }
      })
      const plain = yield* runInTime(["sync", ...target], {
        environment,
        surface: Harness.terminal({ colour: false, columns: 80 })
      })
      assert.notInclude(plain.drawn + plain.stderr + plain.stdout, "\u001B")
      assert.match(plain.drawn, /\rSyncing \(upload\) .* 50 % {2}1\/2 files/)
      assert.match(plain.stderr, /^Syncing \(upload\) +█+ /)
      const coloured = yield* runInTime(["sync", ...target], {
        environment,
        surface: Harness.terminal({ colour: true, columns: 80 })
      })
      assert.include(coloured.drawn, "\u001B[36m")
    })
  )
})

describe("wrong usage", () => {
  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ["sync", /--session.*--all.*Try 'agentbay sync --help'/],
    ["sync --all --session s", /--all is every session/],
    ["sync --all --context c --path /p", /--context and --path go with --session/],
    ["watch", /--session.*Try 'agentbay watch --help'/],
    ["watch --session s --interval 0s", /--interval must be longer/],
    ["context get", /<context>.*Try 'agentbay context get --help'/],
    ["context get c /a - --json", /- takes one file/],
    ["context list --page 0", /--page must be a whole number from 1/],
    ["context list --page-size 0", /--page-size must be a whole number from 1/],
    ["session label s novalue", /NAME=VALUE, but is 'novalue'/],
    ["session shell s ls --env novalue", /--env must be NAME=VALUE/],
    ["completions tcsh", /bash, zsh, fish/],
    ["sync --session s --context c", /--context and --path go together/],
    ["sync --session s --interval soon", /--interval must be a time.*'soon'/],
    ["sync --session s --mode sideways", /upload, download/],
    ["sync --session s --timeout soon", /--timeout must be a time.*'soon'/],
    ["sync --session s --timeout 0s", /--timeout must be longer than no time/],
    ["sync --all --timeout 0s", /--timeout must be longer than no time/],
    ["sync --all --detach", /--detach gives the token of one sync: it goes with --session/],
    ["sync --all --session s --detach", /--all is every session/],
    ["sync --detach", /--session must name the session/],
    ["sync --resume t", /--resume needs the --session/],
    ["sync --session s --resume ", /--resume must be a token of --detach, but is blank/],
    ["sync --session s --resume t", /--resume: the token is damaged/],
    ["sync --session s --resume agentbay-sync-9.a.b", /the token is of another version/],
    ["sync --all --resume t", /--resume goes on .*without --all/],
    ["sync --session s --resume t --context c", /--resume goes on .*without --context/],
    ["sync --session s --resume t --path /p", /--resume goes on .*without --path/],
    ["sync --session s --resume t --mode upload", /--resume goes on .*without --mode/],
    ["sync --session s --resume t --detach", /--resume goes on .*without --detach/],
    ["sync --session s --max-retries -1", /maxRetries/],
    ["info --session s --typo", /--typo/],
    ["info --session s extra", /'extra'/],
    ["session create --context name", /--context must be NAME=PATH.*'name'/],
    ["session create --context name=relative", /--context must be NAME=PATH/],
    ["session create --label novalue", /--label must be NAME=VALUE/],
    ["session list --status SLEEPING", /RUNNING/],
    ["session delete", /<id>.*Try 'agentbay session delete --help'/],
    ["session delete x --force", /--force|--sync/],
    ["session bogus", /no command 'bogus'.*create, list, .*delete.*Try 'agentbay session --help'/],
    ["bogus", /no command 'bogus'/],
    ["demo --from /no/such/folder", /no folder \/no\/such\/folder/],
    ["demo --from /dev/null", /not a folder/],
    ["serve --port 70000", /--port/],
    ["serve --data ", /--data must name a directory, but is blank.*'agentbay serve --help'/],
    ["session list --data ", /--data must name a directory, but is blank/],
    ["demo --data \t", /--data must name a directory, but is blank/]
  ]
  for (const [line, message] of refused) {
    it.effect(`agentbay ${line}`, () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* Harness.run(line.split(" "))
        assert.strictEqual(code, 2)
        assert.strictEqual(stdout, "")
        assert.match(stderr, message)
        assert.match(stderr.split("\n").at(-1) ?? "", /^agentbay: /)
        assert.notInclude(stderr, "\u001B")
      })
    )
  }

  it.effect("a folder for the demo that is the data directory, lies in it, or leads there", () =>
    Effect.gen(function* () {
      const directory = yield* Harness.temporaryDirectory
      const data = Path.join(directory, "data")
      NodeFs.mkdirSync(Path.join(data, "contexts"), { recursive: true })
      NodeFs.writeFileSync(Path.join(data, "api-key"), "akm-secret")
      NodeFs.writeFileSync(Path.join(data, "contexts", "file"), "")
      NodeFs.symlinkSync(data, Path.join(directory, "link"))
      const to = (path: string) => Path.join(directory, path)
      for (const [from, named] of [
        [data, data],
        [`${data}/`, data],
        [Path.join(data, "contexts"), data],
        [to("link"), data],
        [data, to("link")],
        [to("link/contexts"), to("link")]
      ] as const) {
        const { code, stderr } = yield* Harness.run(["demo", "--from", from, "--data", named])
        assert.strictEqual(code, 2, `${from} with ${named}: ${stderr}`)
        assert.match(stderr, /^agentbay: --from: .* lies in the data directory/)
      }
      // A name that only begins alike is another folder; the double has no Local AgentBay.
      NodeFs.mkdirSync(to("data-2"))
      NodeFs.writeFileSync(to("data-2/file"), "")
      const beside = yield* Harness.run(["demo", "--from", to("data-2"), "--data", data])
      assert.match(beside.stderr, /no Local AgentBay in this test/)
    }).pipe(Effect.scoped)
  )

  it.effect("an empty folder for the demo", () =>
    Effect.gen(function* () {
      const directory = yield* Harness.temporaryDirectory
      const { code, stderr } = yield* Harness.run(["demo", "--from", directory])
      assert.strictEqual(code, 2)
      assert.match(stderr, /holds no files/)
    }).pipe(Effect.scoped)
  )
})

describe("help", () => {
  it.effect("lists all commands, and describes each option", () =>
    Effect.gen(function* () {
      const overview = yield* Harness.run(["--help"])
      assert.strictEqual(overview.code, 0)
      for (const name of ["demo", "serve", "session create", "sync", "info", "Exit codes"]) {
        assert.include(overview.stdout, name)
      }
      assert.strictEqual((yield* Harness.run([])).stdout, overview.stdout)
      const group = yield* Harness.run(["session"])
      assert.strictEqual(group.code, 0)
      assert.include(group.stdout, "session delete")
      assert.notInclude(group.stdout, "serve")
      const { code, stdout } = yield* Harness.run(["session", "create", "--help"], {
        surface: Harness.terminal({ colour: true, columns: 60 })
      })
      assert.strictEqual(code, 0)
      assert.include(stdout, "\u001B[36magentbay session create\u001B[39m")
      assert.include(stdout, "--context NAME=PATH")
      assert.notInclude(stdout, "user-defined")
    })
  )

  it.effect("tells the version", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* Harness.run(["--version"])
      assert.strictEqual(code, 0)
      assert.match(stdout, /^\d+\.\d+\.\d+$/)
    })
  )
})

describe("sessions", () => {
  it.effect("create, list, info and delete tell of each other", () =>
    Effect.gen(function* () {
      // One double for all commands, as one service would be.
      const services = yield* Layer.build(AgentBayTest.layer())
      const environment = Layer.succeed(Environment.Environment, {
        client: () => Layer.succeedContext(services),
        local: () => Layer.die("no Local AgentBay in this test")
      })
      const run = (...args: ReadonlyArray<string>) => runInTime(args, { environment })

      const created = yield* run("session", "create", "--context", "notes=/work", "--label", "a=b")
      assert.strictEqual(created.code, 0, created.stderr)
      const id = created.stdout
      assert.match(id, /^\S+$/)
      assert.match(created.stderr, /notes +\/work/)

      const listed = yield* run("session", "list", "--json", "--label", "a=b")
      assert.deepStrictEqual(
        listed.stdout.split("\n").map((line) => JSON.parse(line).sessionId),
        [id]
      )
      const info = yield* run("info", "--session", id)
      assert.match(info.stdout, /download +Success/)
      const asJson = yield* run("info", "--session", id, "--type", "upload", "--json")
      assert.strictEqual(JSON.parse(asJson.stdout).sessionId, id)
      const requests = yield* Context.get(services, AgentBayTest.AgentBayTest).requests
      assert.strictEqual(requests.at(-1)?.parameters["TaskType"], "upload")

      const deleted = yield* run("session", "delete", "--sync", id)
      assert.strictEqual(deleted.code, 0, deleted.stderr)
      assert.strictEqual(deleted.stdout, `Deleted ${id}`)
      const none = yield* run("session", "list")
      assert.strictEqual(none.stdout, "")
      assert.strictEqual(none.stderr, "No sessions.")
    }).pipe(Effect.scoped)
  )

  it.effect("a failed upload keeps the session, unless forced", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(
        AgentBayTest.layer({
          script: {
            SyncContext: AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 })
          }
        })
      )
      const environment = Layer.succeed(Environment.Environment, {
        client: () => Layer.succeedContext(services),
        local: () => Layer.die("no Local AgentBay in this test")
      })
      const run = (...args: ReadonlyArray<string>) => runInTime(args, { environment })
      const { stdout: id } = yield* run("session", "create", "--context", "notes=/work")
      const kept = yield* run("session", "delete", "--sync", id)
      assert.strictEqual(kept.code, 1)
      assert.include((yield* run("session", "list")).stdout, id)
      const forced = yield* run("session", "delete", "--sync", "--force", id)
      assert.strictEqual(forced.code, 0)
      assert.match(forced.stderr, /InternalError.*Deleting all the same/)
      assert.strictEqual((yield* run("session", "list")).stdout, "")
    }).pipe(Effect.scoped)
  )
})

describe("failures", () => {
  it.effect("no answer in time is 3", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runInTime(["session", "list"], {
        environment: Harness.scripted({ script: { ListSession: AgentBayTest.never } })
      })
      assert.strictEqual(code, 3)
      assert.match(stderr, /^agentbay: .*no answer within/)
    })
  )

  it.effect("a warning of the library is a line on stderr, which the bar makes room for", () =>
    Effect.gen(function* () {
      const stderr: Array<string> = []
      const surface = () => Harness.terminal({ colour: false })
      const screen = Screen.make({
        stdout: surface,
        stderr: surface,
        write: (text) => stderr.push(text),
        bytes: () => Effect.void
      })
      const real = yield* Console.consoleWith(Effect.succeed)
      const unsafe = {
        ...real.unsafe,
        error: (...texts: ReadonlyArray<unknown>) => void stderr.push(texts.join(" "))
      }
      yield* screen
        .draw({ text: "bar", visible: "bar" })
        .pipe(
          Effect.zipRight(Effect.annotateLogs(Effect.logWarning("Odd"), "sessionId", "s-1")),
          Effect.provide(Logger.replace(Logger.defaultLogger, Log.logger(screen))),
          Effect.withConsole({ ...real, unsafe })
        )
      assert.deepStrictEqual(stderr, ["\rbar", "\r   \r", "agentbay: warn: Odd sessionId=s-1"])
    })
  )

  it.effect("a defect is one line, and no stack", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* Harness.run(["session", "list"], {
        environment: Layer.succeed(Environment.Environment, {
          client: () => Layer.die(new Error("the sky\nfell")),
          local: () => Layer.die("not asked for")
        })
      })
      assert.strictEqual(code, 1)
      assert.strictEqual(stderr, "agentbay: internal error, please report: Error: the sky fell")
    })
  )

  it.effect("the key is in no output", () =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* runInTime(["sync", ...target], {
        environment: Harness.scripted({
          apiKey: Redacted.make("akm-very-secret"),
          script: {
            GetContextInfo: AgentBayTest.status([]),
            SyncContext: AgentBayTest.refuse({
              code: "NOT_LOGIN",
              message: "key akm-very-secret is not known"
            })
          }
        })
      })
      assert.include(stderr, "NOT_LOGIN")
      assert.notInclude(stderr + stdout, "akm-very-secret")
    })
  )
})
