import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as NodeNet from "node:net"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { collecting, mount, serving, temporaryDirectory } from "../node/local/life.js"
import * as Wire from "../node/local/wire.js"
import { rounds } from "../rounds.js"
import { mark, type World } from "./forms.js"
import { named, ofCase } from "./random.js"
import { anyRequest, type Sent } from "./requests.js"
import { canary, filesWithSecrets, holdsSecret, variable } from "./secrets.js"

const perRound = 250
const perTest = 5
const count = rounds({ short: 20, long: 400 })

/** Sends bytes, and gives what comes back until the server is done. */
const exchange = (server: LocalAgentBay.Service, { hangsUp, text }: Sent): Effect.Effect<string> =>
  Effect.async((resume) => {
    const { hostname, port } = new URL(server.url)
    const socket = NodeNet.connect({ host: hostname, port: Number(port) })
    let answer = ""
    socket.setEncoding("latin1")
    socket.on("data", (piece: string) => {
      answer += piece
    })
    // The server may hang up on what it cannot read.
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(answer)))
    if (hangsUp) socket.end(text, "utf8")
    else socket.write(text, "utf8")
    return Effect.sync(() => socket.destroy())
  })

/** Everything below a folder but one part of it: path, kind, and what it holds. */
const listing = (folder: string, except: string): ReadonlyArray<string> =>
  NodeFs.readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = NodePath.join(folder, entry.name)
      if (path === except) return []
      if (entry.isDirectory()) return [`${path}/`, ...listing(path, except)]
      if (!entry.isFile()) return [`${path} is no file`]
      const hash = NodeCrypto.createHash("sha256").update(NodeFs.readFileSync(path)).digest("hex")
      return [`${path} ${hash} ${NodeFs.statSync(path).mode}`]
    })
    .toSorted()

/**
 * Where a path that leads out would end, if it were believed: the mounts of a session in all their
 * depth, and what lies in places where others have theirs.
 */
const strays = (): ReadonlyArray<string> => {
  const marked = (folder: string, recursive: boolean) =>
    NodeFs.existsSync(folder)
      ? NodeFs.readdirSync(folder, { encoding: "utf8", recursive })
          .filter((path) => path.includes(mark))
          .map((path) => NodePath.join(folder, path))
      : []
  const shared = ["/", "/home", "/tmp", NodeOs.tmpdir(), NodeOs.homedir(), process.cwd()]
  return [
    ...shared.flatMap((folder) => marked(folder, false)),
    ...["/home/wuying", "/data", NodePath.join(process.cwd(), "home")].flatMap((folder) =>
      marked(folder, true)
    )
  ]
}

const put = (server: LocalAgentBay.Service, contextId: string, name: string) =>
  Effect.gen(function* () {
    const url = (method: "Upload" | "Download") =>
      Effect.map(
        Wire.call(`GetContextFile${method}Url`, {
          ContextId: contextId,
          FilePath: `${mount}/${name}`
        }),
        (body) => Wire.textAt(body, "Data", "Url").slice(server.url.length)
      )
    const upload = yield* url("Upload")
    yield* exchange(server, {
      text: `PUT ${upload} HTTP/1.1\r\nHost: ${server.endpoint}\r\nConnection: close\r\nContent-Length: 6\r\n\r\nstored`,
      hangsUp: false
    })
    return [
      { method: "PUT", target: upload },
      { method: "GET", target: yield* url("Download") }
    ]
  })

/** Contexts, sessions and files to ask for; a link in a session leads to the canary. */
const newWorld = (outside: string, seed: string) =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    yield* server.faults.clear
    yield* server.admin.reset
    const one = yield* Wire.createContext("one")
    const two = yield* Wire.createContext("two")
    const fileUrls = [
      ...(yield* put(server, one, "a.txt")),
      ...(yield* put(server, two, "b c/ü.txt"))
    ]
    const first = yield* Wire.createSession({ contextId: one, path: mount })
    const second = yield* Wire.createSession(
      { contextId: two, path: mount },
      { contextId: one, path: "/data", policy: { deletePolicy: { syncLocalFile: true } } }
    )
    NodeFs.symlinkSync(outside, `${server.sessionDirectory(first)}${mount}/link`)
    const links = yield* Effect.forEach([first, second], (id) =>
      Effect.map(Wire.call("GetSession", { SessionId: id }), (body) => ({
        path: `${Wire.textAt(body, "Data", "LinkUrl").slice(server.url.length)}/callTool`,
        token: Wire.textAt(body, "Data", "Token")
      }))
    )
    const world: World = {
      host: server.endpoint,
      key: Redacted.value(server.apiKey),
      adminToken: Redacted.value(server.adminToken),
      sessionIds: [first, second, first, second, "session-none", "..", `../${mark}`, ""],
      contextIds: [one, two, one, two, "SdkCtx-none", "..", `../../${mark}`, "*"],
      fileUrls,
      links,
      seed,
      outside
    }
    return world
  })

const statusesIn = (answer: string): ReadonlyArray<string> =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status = ""]) => status)

/** Sends it and gives the answer, which has to be one that the server may give. */
const checked = (server: LocalAgentBay.Service, sent: Sent, index: number) =>
  exchange(server, sent).pipe(
    Effect.timeoutFail({
      duration: "60 seconds",
      onTimeout: () => new Error(`no end of ${named(index, sent)}`)
    }),
    Effect.tap((answer) => {
      // Not shown: it may be of the environment of whoever runs the tests.
      if (holdsSecret(answer)) throw new Error(`something of outside to ${named(index, sent)}`)
      if (statusesIn(answer).includes("500")) {
        throw new Error(`${answer.slice(0, 1000)} to ${named(index, sent)}`)
      }
    })
  )

/** The canary in the environment of this process, which is the server's and that of its commands. */
const withVariable = Effect.acquireRelease(
  Effect.sync(() => {
    process.env[variable] = canary
  }),
  () =>
    Effect.sync(() => {
      delete process.env[variable]
    })
)

describe("any request to Local AgentBay", () => {
  for (let start = 0; start < count; start += perTest) {
    const from = start * perRound
    const to = from + perTest * perRound
    it.scopedLive(`is answered or refused, and touches nothing outside: ${from} to ${to}`, () =>
      Effect.gen(function* () {
        const root = yield* temporaryDirectory
        // Whoever climbs out of the data directory is still in what is looked at.
        const parent = NodePath.join(root, "a/b/c/d/e")
        const data = NodePath.join(parent, "data")
        const outside = NodePath.join(parent, "data-outside")
        const seed = NodePath.join(parent, "seed")
        NodeFs.mkdirSync(outside, { recursive: true })
        NodeFs.mkdirSync(seed)
        NodeFs.writeFileSync(`${outside}/canary.txt`, canary)
        NodeFs.writeFileSync(`${parent}/canary.txt`, canary)
        // Its name is in no request, so it is in no answer but the listing of a folder outside.
        NodeFs.writeFileSync(`${parent}/${canary}`, "")
        NodeFs.writeFileSync(`${seed}/s.txt`, "seed")
        yield* withVariable
        const before = listing(root, data)
        const alien = strays()
        const logged = collecting()
        const statuses = new Map<string, number>()

        const round = (number: number) =>
          Effect.gen(function* () {
            const server = yield* LocalAgentBay.LocalAgentBay
            const world = yield* newWorld(outside, seed)
            yield* Effect.forEach(
              Array.from({ length: perRound }, (_, index) => number * perRound + index),
              (index) =>
                Effect.gen(function* () {
                  const sent = anyRequest(world, ofCase(index))
                  const answer = yield* checked(server, sent, index)
                  // A URL that was signed is used.
                  const signed = /"Url":"[^"]*?(\/files\/[^"]+)"/.exec(answer)?.[1]
                  if (signed !== undefined) {
                    const head = `PUT ${signed} HTTP/1.1\r\nHost: ${server.endpoint}\r\nConnection: close`
                    const text = `${head}\r\nContent-Length: 1\r\n\r\nx`
                    yield* checked(server, { text, hangsUp: false }, index)
                  }
                  for (const status of statusesIn(answer)) {
                    statuses.set(status, (statuses.get(status) ?? 0) + 1)
                  }
                }),
              { concurrency: 6, discard: true }
            )
            assert.deepStrictEqual(filesWithSecrets(data), [], named(number * perRound, "a round"))
            // It goes on as if nothing had been.
            yield* server.faults.clear
            yield* Wire.createContext("afterwards")
            const faults = logged.seen.filter((line) => /^(ERROR|FATAL)/.test(line))
            assert.deepStrictEqual(faults, [], named(number * perRound, "a round"))
          })

        yield* serving(data, { directLink: true })(
          Effect.gen(function* () {
            for (let number = start; number < start + perTest; number++) yield* round(number)
          })
        ).pipe(Effect.provide(logged.layer))

        assert.deepStrictEqual(listing(root, data), before)
        assert.deepStrictEqual(strays(), alien)
        // They are not so spoiled that all are refused at the door.
        assert.isAbove(statuses.get("200") ?? 0, (perTest * perRound) / 6)
      })
    )
  }
})
