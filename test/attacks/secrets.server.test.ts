/** Secrets of Local AgentBay: in which files they are, who may read those, and that nothing else tells them. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { namesIn } from "../chaos/leftovers.js"
import { formsOf, leaksIn, overheard, printed } from "../core/leaks.js"
import { urlFor } from "../node/local/files.js"
import { temporaryDirectory } from "../node/local/life.js"
import * as Wire from "../node/local/wire.js"
import { partsIn } from "./parts.js"
import { send } from "./wire.js"

const path = "/home/wuying/work"

/** All files below a folder, with what is in them. */
const filesIn = (folder: string) =>
  NodeFs.readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const file = NodePath.join(folder, name)
    const stats = NodeFs.lstatSync(file)
    return stats.isFile()
      ? [{ name, mode: stats.mode & 0o777, bytes: NodeFs.readFileSync(file) }]
      : []
  })

/** The names of the files in which a secret stands, in any form. */
const holding = (folder: string, secret: string): ReadonlyArray<string> =>
  filesIn(folder)
    .filter(({ bytes }) =>
      formsOf(secret).some(
        (form) => bytes.includes(form) || bytes.includes(Buffer.from(form, "utf16le"))
      )
    )
    .map(({ name }) => name)
    .toSorted()

/** Waits until what was deleted is gone: files must not go while others look through them. */
const tidied = (directory: string) =>
  Wire.eventually(
    Effect.sync(() =>
      ["contexts", "sessions", "trash"].flatMap((name) => namesIn(`${directory}/${name}`))
    ),
    (left) => left.length === 0
  )

const signatureOf = (url: string) => new URL(url).searchParams.get("Signature") ?? ""

/** A whole life, with everything in it that has to do with a secret; gives those that came up. */
const life = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const agentBay = yield* AgentBay.AgentBay
  const context = yield* agentBay.contexts.getOrCreate("c")
  const session = yield* agentBay.create({ contexts: [{ contextId: context.id, path }] })
  yield* session.files.write(`${path}/a.txt`, "a")
  yield* session.contextManager.sync({ contextId: context.id, path })
  yield* session.tools.call("get_metrics")
  yield* agentBay.contexts.files.put(context.id, `${path}/b.txt`, "b")
  const opened = yield* Wire.call("GetSession", { SessionId: session.sessionId })
  const upload = yield* urlFor("Upload", context.id, `${path}/c.txt`)
  const download = yield* urlFor("Download", context.id, `${path}/a.txt`)
  // Wrong in every way that comes to mind, so that errors and their logs are made too.
  const key = Redacted.value(server.apiKey)
  const inPath = encodeURIComponent(key)
  const refusals = [
    yield* Wire.request(key, { SessionId: key }),
    yield* Wire.request("GetContextInfo", { SessionId: key }),
    yield* Wire.request("GetContext", { Name: key, Authorization: `Bearer ${key}x` }),
    yield* Wire.request("CreateMcpSession", { Labels: { a: 1 }, ImageId: key }),
    yield* send({ method: "GET", target: `/admin/${inPath}` }),
    yield* send({ method: "GET", target: `/files/${inPath}/a?Expires=1&Signature=${inPath}` }),
    yield* send({ method: "POST", target: `/link/${inPath}/callTool`, body: key })
  ]
  yield* server.admin.snapshot("kept")
  yield* session.delete()
  yield* agentBay.contexts.remove(context.id)
  // A tool of that name is none; the answer repeats the name to the one who has just sent it.
  yield* Wire.request("CallMcpTool", { SessionId: session.sessionId, Name: key, Args: key })
  // All were refused, by a status or in the envelope.
  for (const answer of refusals) {
    const isSoft = "body" in answer && Wire.at(answer.body, "Success") === false
    assert.isTrue(answer.status >= 400 || isSoft, printed(answer))
  }
  return {
    refusals,
    link: Wire.textAt(opened, "Data", "Token"),
    upload: signatureOf(upload),
    download: signatureOf(download)
  }
})

const serving = (dataDirectory: string, options: LocalAgentBay.Options = {}) =>
  Effect.provide(
    NodeAgentBay.layerLocal({ dataDirectory, directLink: true, advertise: true, ...options })
  )

describe("secrets of the server", () => {
  it.scopedLive(
    "stand in the files that are for them, for their owner alone, and nowhere else",
    () =>
      Effect.gen(function* () {
        const directory = `${yield* temporaryDirectory}/data`
        // The clients of this test trust no certificate; its key stays all the same.
        yield* serving(directory, { tls: true })(Effect.void)
        const secrets = yield* Effect.gen(function* () {
          const server = yield* LocalAgentBay.LocalAgentBay
          const seen = yield* life
          yield* tidied(directory)
          const key = Redacted.value(server.apiKey)
          const adminToken = Redacted.value(server.adminToken)
          const read = (name: string) => NodeFs.readFileSync(`${directory}/${name}`, "utf8").trim()
          const tlsKey = read("tls-key.pem").split("\n").slice(1, -1)
          const places: ReadonlyArray<readonly [secret: string, files: ReadonlyArray<string>]> = [
            [key, ["api-key", "server.json"]],
            [adminToken, ["admin-token", "server.json"]],
            [read("file-secret"), ["file-secret"]],
            ...tlsKey.map((line) => [line, ["tls-key.pem"]] as const),
            [seen.link, []],
            [seen.upload, []],
            [seen.download, []]
          ]
          for (const [secret, files] of places) {
            assert.isAtLeast(secret.length, 16)
            // The state file, its write-ahead log and the snapshot are among the rest.
            assert.deepStrictEqual(holding(directory, secret), files)
          }
          const names = filesIn(directory).map(({ name }) => name)
          for (const name of ["state.sqlite", "state.sqlite-wal", "snapshots/kept/state.sqlite"]) {
            assert.include(names, name)
          }
          for (const { mode, name } of filesIn(directory)) {
            if (places.some(([, files]) => files.includes(name))) {
              assert.strictEqual(mode, 0o600, name)
            }
          }
          assert.strictEqual(NodeFs.statSync(directory).mode & 0o777, 0o700)
          assert.strictEqual(NodeFs.statSync(`${directory}/snapshots`).mode & 0o777, 0o700)
          return { key, adminToken, link: seen.link, upload: seen.upload }
        }).pipe(serving(directory))
        // When it has stopped, what tells other programs of it is gone.
        assert.deepStrictEqual(holding(directory, secrets.key), ["api-key"])
        assert.deepStrictEqual(holding(directory, secrets.adminToken), ["admin-token"])
        assert.deepStrictEqual(holding(directory, secrets.link), [])
        assert.deepStrictEqual(holding(directory, secrets.upload), [])
      })
  )

  it.scopedLive("are for their owner alone in a folder that others may look into, too", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      NodeFs.chmodSync(directory, 0o755)
      // Left by whoever wrote them with less care; what is in them is a secret from now on.
      NodeFs.writeFileSync(`${directory}/api-key`, "akm-given-0123456789\n", { mode: 0o644 })
      NodeFs.writeFileSync(`${directory}/server.json`, "{}", { mode: 0o644 })
      yield* serving(directory, { tls: true })(Effect.void)
      NodeFs.chmodSync(`${directory}/tls-key.pem`, 0o644)
      yield* serving(directory, { tls: true })(
        Effect.sync(() => {
          assert.strictEqual(NodeFs.statSync(`${directory}/tls-key.pem`).mode & 0o777, 0o600)
        })
      )
      NodeFs.chmodSync(`${directory}/api-key`, 0o644)
      yield* Effect.gen(function* () {
        const { apiKey } = yield* LocalAgentBay.LocalAgentBay
        assert.strictEqual(Redacted.value(apiKey), "akm-given-0123456789")
        for (const name of ["api-key", "admin-token", "file-secret", "server.json"]) {
          assert.strictEqual(NodeFs.statSync(`${directory}/${name}`).mode & 0o777, 0o600, name)
        }
      }).pipe(serving(directory))
    })
  )

  it.scopedLive(
    "that a program gives are written down only to tell other programs, and not kept",
    () =>
      Effect.gen(function* () {
        const directory = `${yield* temporaryDirectory}/data`
        const apiKey = Redacted.make("akm-given-äöü/+% 0123456789")
        yield* Effect.gen(function* () {
          yield* life
          assert.deepStrictEqual(holding(directory, Redacted.value(apiKey)), ["server.json"])
        }).pipe(serving(directory, { apiKey }))
        assert.deepStrictEqual(holding(directory, Redacted.value(apiKey)), [])
      })
  )

  it.scopedLive(
    "are not in logs, spans, metrics, the log of calls, the state, or in what is printed",
    () =>
      Effect.gen(function* () {
        const directory = `${yield* temporaryDirectory}/data`
        const secrets: Array<string> = []
        const { exit, said } = yield* overheard(
          Effect.gen(function* () {
            const server = yield* LocalAgentBay.LocalAgentBay
            secrets.push(Redacted.value(server.apiKey), Redacted.value(server.adminToken))
            secrets.push(NodeFs.readFileSync(`${directory}/file-secret`, "utf8").trim())
            const seen = yield* life
            secrets.push(seen.link, seen.upload, seen.download)
            const token = Redacted.value(server.adminToken)
            const asked = yield* Effect.forEach(["state", "calls", "faults", "clock"], (name) =>
              send({
                method: "GET",
                target: `/admin/${name}`,
                headers: { authorization: `Bearer ${token}` }
              })
            )
            const calls = yield* server.admin.calls()
            assert.isAbove(calls.length, 10)
            return [
              printed(server),
              printed(yield* AgentBay.AgentBay),
              printed(calls),
              printed(yield* server.admin.state),
              printed(asked),
              // The refusals, which may name a parameter, but tell nothing of the key.
              ...seen.refusals.map(printed)
            ].join("\n")
          }).pipe(serving(directory))
        )
        assert.isTrue(Exit.isSuccess(exit), said.slice(-2000))
        const told = said + (Exit.isSuccess(exit) ? exit.value : "")
        assert.include(told, "GetContextInfo")
        assert.lengthOf(secrets, 6)
        for (const secret of secrets) {
          assert.deepStrictEqual(leaksIn(told, secret), [])
          assert.deepStrictEqual(partsIn(told, secret), [])
        }
      })
  )
})
