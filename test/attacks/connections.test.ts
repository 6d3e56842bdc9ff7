/** Clients that say nothing, say it slowly, or do not listen. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as FileUrl from "../../packages/node/src/local/contexts/FileUrl.js"
import { temporaryDirectory } from "../node/local/life.js"
import * as Wire from "../node/local/wire.js"
import { rounds } from "../rounds.js"
import { held, hurried } from "./slow.js"
import { connect, exchange, send, statuses, trickle, untilClosed } from "./wire.js"

const stillThere = Wire.call("ListContexts")

const line = "GET /?Action=ListContexts HTTP/1.1\r\nhost: localhost\r\n"

describe("headers", () => {
  it.scopedLive("that never end are hung up on, however they come", () =>
    Effect.gen(function* () {
      const drips: ReadonlyArray<readonly [begin: string, piece: string]> = [
        ["", ""],
        ["G", ""],
        [line, ""],
        [line, "a"],
        [line, "a: b\r\n"],
        ["\r\n", "\r\n"],
        ["GET /", "a"]
      ]
      for (const [begin, piece] of drips) {
        const text = yield* exchange((socket) => {
          if (begin !== "") socket.write(begin)
          if (piece !== "") trickle(socket, piece)
        })
        // One that is reset while it still sends may not see the words.
        assert.include(["", "408", "431"], statuses(text).join(), JSON.stringify([begin, piece]))
        yield* stillThere
      }
    }).pipe(hurried({ headers: 100 }))
  )

  it.scopedLive("of a second request on a connection are not waited for longer", () =>
    Effect.gen(function* () {
      const text = yield* exchange((socket) => {
        socket.write(`${line}\r\n`)
        socket.once("data", () => socket.write(line))
      })
      assert.deepStrictEqual(statuses(text), [400, 408])
    }).pipe(hurried({ headers: 300 }))
  )

  it.scopedLive("that are too many or too long are refused before they are kept", () =>
    Effect.gen(function* () {
      for (const head of [
        `GET /?${"a".repeat(20_000)} HTTP/1.1\r\n\r\n`,
        `${line}a: ${"b".repeat(20_000)}\r\n\r\n`,
        `${line}${"b".repeat(20_000)}: a\r\n\r\n`,
        `${line}${Array.from({ length: 3000 }, (_, index) => `a${index}: b\r\n`).join("")}\r\n`,
        `POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${`a: ${"b".repeat(100)}\r\n`.repeat(300)}\r\n`
      ]) {
        const text = yield* exchange((socket) => socket.write(head))
        assert.deepStrictEqual(statuses(text), [431], head.slice(0, 80))
      }
      const endless = yield* exchange((socket) => trickle(socket, "a".repeat(2000)))
      assert.include(["", "400", "431"], statuses(endless).join())
      yield* stillThere
    }).pipe(hurried({}))
  )
})

describe("connections", () => {
  it.scopedLive("at rest after an answer are closed", () =>
    Effect.gen(function* () {
      const text = yield* exchange((socket) => socket.write(`${line}\r\n`))
      assert.deepStrictEqual(statuses(text), [400])
      assert.include(text, "NOT_LOGIN")
    }).pipe(hurried({ keepAlive: 50 }))
  )

  it.scopedLive("whose client keeps its half open are let go of", () =>
    Effect.gen(function* () {
      for (const unreadable of ["rubbish\r\n\r\n", `${line}a: ${"b".repeat(20_000)}`, line]) {
        const socket = yield* connect
        socket.resume().write(unreadable)
        yield* Wire.eventually(held, (count) => count === 0)
        assert.isFalse(socket.destroyed)
      }
    }).pipe(hurried({ headers: 50 }))
  )

  it.scopedLive("on which nothing is taken of an answer are closed, of a file as of a call", () =>
    Effect.gen(function* () {
      const { admin, apiKey, dataDirectory, faults } = yield* LocalAgentBay.LocalAgentBay
      const folder = yield* temporaryDirectory
      NodeFs.writeFileSync(`${folder}/large`, Buffer.alloc(50_000_000))
      const { contextId } = yield* admin.seed({ context: "c", folder, path: "/tmp" })
      const secret = NodeFs.readFileSync(`${dataDirectory}/file-secret`, "utf8").trim()
      const { url } = yield* FileUrl.make(secret).sign({ url: "" }, "GET", {
        contextId,
        path: "/tmp/large"
      })
      const ask = (target: string) => `GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`
      const list = `/?Action=ListContexts&Authorization=Bearer%20${Redacted.value(apiKey)}`
      // More than the system keeps on both sides of a connection.
      const text = "x".repeat(50_000_000)
      yield* faults.set([{ when: {}, then: { malformed: { text } } }])
      for (const request of [ask(url), ask(list)]) {
        const socket = yield* connect
        socket.pause()
        socket.write(request)
        yield* Wire.eventually(held, (count) => count === 1)
        yield* Wire.eventually(held, (count) => count === 0)
      }
    }).pipe(hurried({ still: 500 }))
  )

  it.scopedLive("on which the server works are kept, for as long as it does", () =>
    Effect.gen(function* () {
      const { apiKey, faults } = yield* LocalAgentBay.LocalAgentBay
      yield* faults.set([{ when: { action: "ListContexts" }, then: { latency: 600 } }])
      const { status } = yield* send({
        method: "GET",
        target: `/?Action=ListContexts&Authorization=Bearer%20${Redacted.value(apiKey)}`
      })
      assert.strictEqual(status, 200)
    }).pipe(hurried({ still: 50, headers: 50, body: 50, keepAlive: 50 }))
  )

  const beginnings = ["", "G", line, `${line}content-length: 5\r\n\r\nab`]

  /** So many connections at once, each with the beginning of a request or with nothing. */
  const crowd = Effect.fnUntraced(function* (count: number) {
    const indexes = Array.from({ length: count }, (_, index) => index)
    return yield* Effect.forEach(
      indexes,
      (index) =>
        Effect.map(connect, (socket) => {
          const text = beginnings[index % beginnings.length] ?? ""
          if (text !== "") socket.write(text)
          return socket
        }),
      { concurrency: 100 }
    )
  })

  /** A question on a connection of its own. */
  const answers = Effect.map(send({ method: "GET", target: "/?Action=ListContexts" }), ({ text }) =>
    assert.include(text, "NOT_LOGIN")
  )

  const many = rounds({ short: 2000, long: 8000 })

  it.scopedLive(`of ${many} at once keep nobody out, and are gone with their clients`, () =>
    Effect.gen(function* () {
      yield* Effect.gen(function* () {
        yield* crowd(many)
        yield* Wire.eventually(held, (count) => count === many)
        yield* answers
      }).pipe(Effect.scoped)
      yield* Wire.eventually(held, (count) => count === 0)
      yield* answers
    }).pipe(hurried({}))
  )

  it.scopedLive("that only begin are all closed by the server, and it goes on answering", () =>
    Effect.gen(function* () {
      const sockets = yield* crowd(400)
      yield* answers
      const texts = yield* Effect.forEach(sockets, untilClosed, { concurrency: "unbounded" })
      for (const text of texts) assert.include(["", "408"], statuses(text).join())
      yield* Wire.eventually(held, (count) => count === 0)
      yield* answers
    }).pipe(hurried({ headers: 500, body: 500 }))
  )
})
