/** Bodies that are too slow, too large, endless, or two requests in one. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as NodeNet from "node:net"
import * as Wire from "../node/local/wire.js"
import { holdings, type Right, rightRequests } from "./routes.js"
import { hurried } from "./slow.js"
import { exchange, send, statuses, trickle } from "./wire.js"

/** The head of a request, but for what says how long its body is. */
const headOf = ({ headers = {}, method, target }: Right, ...more: ReadonlyArray<string>) =>
  [
    `${method} ${target} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`),
    ...more,
    "",
    ""
  ].join("\r\n")

/** A right request of each route that takes a body. */
const withBodies = Effect.map(rightRequests, ({ all }) =>
  all.filter(({ name }) =>
    /^(GetContext, key in the body|admin PUT faults|admin POST reset|link|files PUT)/.test(name)
  )
)

/** The same with a wrong key, and as a page sends it. */
const refused = (right: Right): ReadonlyArray<Right> => {
  const wrong = (text: string) => text.replace(right.secret, "wrong")
  const headers = Object.entries(right.headers ?? {})
  return [
    {
      ...right,
      name: `${right.name}, wrong key`,
      target: wrong(right.target),
      headers: Object.fromEntries(headers.map(([name, value]) => [name, wrong(String(value))]))
    },
    {
      ...right,
      name: `${right.name}, of a page`,
      headers: { ...right.headers, origin: "https://evil.example" }
    }
  ]
}

const stillThere = Wire.call("ListContexts")

describe("a body that never ends", () => {
  it.scopedLive("is hung up on when it only trickles, whoever sends it", () =>
    Effect.gen(function* () {
      const right = yield* withBodies
      const before = yield* holdings
      assert.isAtLeast(right.length, 6)
      // Who may put a file may take the time for it, as long as something comes.
      const impatient = right.filter(({ name }) => !name.startsWith("files"))
      for (const request of [...impatient, ...right.flatMap(refused)]) {
        const answer = yield* exchange((socket) => {
          socket.write(headOf(request, "transfer-encoding: chunked"))
          trickle(socket, "1\r\n \r\n")
        })
        assert.isAtMost(statuses(answer).length, 1, request.name)
        for (const status of statuses(answer)) assert.include([401, 403, 408], status, request.name)
      }
      assert.deepStrictEqual(yield* holdings, before)
      yield* stillThere
    }).pipe(hurried({ body: 50 }))
  )

  it.scopedLive("is hung up on when it falls silent, whoever sends it", () =>
    Effect.gen(function* () {
      const right = yield* withBodies
      const before = yield* holdings
      for (const request of [...right, ...right.flatMap(refused)]) {
        for (const framing of ["transfer-encoding: chunked", "content-length: 1000"]) {
          const answer = yield* exchange((socket) => socket.write(headOf(request, framing)))
          assert.isAtMost(statuses(answer).length, 1, request.name)
          for (const status of statuses(answer)) {
            assert.include([401, 403, 408], status, request.name)
          }
        }
      }
      assert.deepStrictEqual(yield* holdings, before)
      yield* stillThere
    }).pipe(hurried({ body: 50, still: 50 }))
  )

  it.scopedLive("is hung up on when it is too much", () =>
    Effect.gen(function* () {
      const right = yield* withBodies
      const before = yield* holdings
      const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`
      const endless = right.filter(({ name }) => /^(GetContext|link, token in a header)/.test(name))
      for (const request of [...endless.slice(0, 1), ...endless.slice(1).flatMap(refused)]) {
        let sent = 0
        // Far more than the server takes, and yet an end, should it take all of it.
        const most = 512
        yield* exchange((socket: NodeNet.Socket) => {
          socket.write(headOf(request, "transfer-encoding: chunked"))
          const more = () => {
            while (sent < most && !socket.destroyed) {
              sent += 1
              if (!socket.write(chunk)) return
            }
            if (sent === most) socket.destroy()
          }
          socket.on("drain", more)
          more()
        })
        assert.isBelow(sent, most, request.name)
      }
      assert.deepStrictEqual(yield* holdings, before)
      yield* stillThere
    }).pipe(hurried({}))
  )
})

describe("two requests in one", () => {
  /** A request that shows in what the server holds. */
  const smuggled = (key: string) =>
    `POST /?Action=GetContext&AllowCreate=true&Name=smuggled&Authorization=Bearer%20${key} HTTP/1.1\r\n` +
    "host: localhost\r\ncontent-length: 0\r\n\r\n"

  const names = Effect.map(
    Effect.flatMap(LocalAgentBay.LocalAgentBay, ({ admin }) => admin.state),
    ({ contexts }) => contexts.map(({ name }) => name)
  )

  /** Heads on whose end two programs may differ; `n` is the length of what comes after them. */
  const ambiguous = (n: number): ReadonlyArray<string> => [
    `content-length: ${n}\r\ncontent-length: 0`,
    `content-length: 0\r\ncontent-length: ${n}`,
    `content-length: ${n}\r\ncontent-length: ${n}`,
    `content-length: ${n}, ${n}`,
    `content-length: ${n}, 0`,
    `content-length: +${n}`,
    `content-length: 0x${n.toString(16)}`,
    "content-length: -1",
    "content-length: 99999999999999999999999",
    `content-length: ${n}\r\ntransfer-encoding: chunked`,
    `transfer-encoding: chunked\r\ncontent-length: ${n}`,
    `transfer-encoding: identity\r\ncontent-length: ${n}`,
    "transfer-encoding: xchunked",
    "transfer-encoding: chunked, identity",
    "transfer-encoding: \tchunked, gzip",
    `transfer-encoding : chunked\r\ncontent-length: ${n}`,
    `transfer-encoding\r\n : chunked\r\ncontent-length: ${n}`,
    `x: y\rtransfer-encoding: chunked\r\ncontent-length: ${n}`,
    `x: y\ntransfer-encoding: chunked\r\ncontent-length: ${n}`,
    `x: \u0000\r\ncontent-length: ${n}`,
    `content-length\u0000: ${n}`
  ]

  it.scopedLive("are refused as a whole, and what stands in the second is not done", () =>
    Effect.gen(function* () {
      const key = Redacted.value((yield* LocalAgentBay.LocalAgentBay).apiKey)
      const second = smuggled(key)
      const body = `0\r\n\r\n${second}`
      for (const lengths of ambiguous(body.length)) {
        const text = yield* exchange((socket) =>
          socket.write(
            `POST /?Action=ListContexts&Authorization=Bearer%20${key} HTTP/1.1\r\nhost: localhost\r\n${lengths}\r\n\r\n${body}`
          )
        )
        assert.deepStrictEqual(statuses(text), [400], JSON.stringify(lengths))
        assert.notInclude(yield* names, "smuggled", JSON.stringify(lengths))
      }
      // Not for nothing: behind a body whose end is clear, the second is a request.
      yield* exchange((socket) =>
        socket.write(
          `POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${body}rubbish\r\n\r\n`
        )
      )
      assert.include(yield* names, "smuggled")
    }).pipe(hurried({}))
  )

  it.scopedLive("chunks that are none end the connection", () =>
    Effect.gen(function* () {
      const second = smuggled(Redacted.value((yield* LocalAgentBay.LocalAgentBay).apiKey))
      for (const chunks of [
        "-1\r\n",
        "0x0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "1\r\naa\r\n",
        " 0\r\n\r\n",
        "0\n\n",
        "1\r\na0\r\n\r\n",
        "\r\n"
      ]) {
        const text = yield* exchange((socket) =>
          socket.write(
            `POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${chunks}${second}`
          )
        )
        assert.deepStrictEqual(statuses(text), [400], JSON.stringify(chunks))
      }
      assert.deepStrictEqual(yield* names, [])
    }).pipe(hurried({}))
  )

  it.scopedLive(
    "rubbish behind a request is never answered in its place, and ends the connection",
    () =>
      Effect.gen(function* () {
        const key = Redacted.value((yield* LocalAgentBay.LocalAgentBay).apiKey)
        for (const rubbish of [
          "rubbish\r\n\r\n",
          "\u0016\u0003\u0001",
          "GET / HTTP/9.9\r\n\r\n",
          "\u0000".repeat(100)
        ]) {
          const text = yield* exchange((socket) =>
            socket.write(
              `GET /?Action=ListContexts&Authorization=Bearer%20${key} HTTP/1.1\r\nhost: localhost\r\n\r\n${rubbish}`
            )
          )
          // An answer of its own would be taken for that of the request before.
          assert.include(["", "200", "200,400"], statuses(text).join(), JSON.stringify(rubbish))
        }
      }).pipe(hurried({}))
  )

  it.scopedLive("hundreds that are sent without waiting are answered one after the other", () =>
    Effect.gen(function* () {
      const key = Redacted.value((yield* LocalAgentBay.LocalAgentBay).apiKey)
      const one = (name: number) =>
        `GET /?Action=GetContext&AllowCreate=true&Name=n${name}&Authorization=Bearer%20${key} HTTP/1.1\r\nhost: localhost\r\n\r\n`
      const count = 200
      const text = yield* exchange((socket) =>
        socket.write(
          Array.from({ length: count }, (_, index) => one(index)).join("") +
            "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
      )
      const answered = [...text.matchAll(/"Name":"n(\d+)"/g)].map(([, name]) => Number(name))
      assert.deepStrictEqual(
        answered,
        Array.from({ length: count }, (_, index) => index)
      )
      assert.lengthOf(statuses(text), count + 1)
    }).pipe(hurried({}))
  )
})

describe("expectations", () => {
  it.scopedLive("a body that waits to be asked for is asked for, and read", () =>
    Effect.gen(function* () {
      const requests = yield* withBodies
      const { body = "", ...call } = requests[0]!
      const text = yield* exchange((socket) => {
        socket.write(
          headOf(
            call,
            `content-length: ${body.length}`,
            "expect: 100-continue",
            "connection: close"
          )
        )
        socket.once("data", () => socket.write(body))
      })
      assert.deepStrictEqual(statuses(text), [100, 400])
      assert.include(text, "InvalidParameter")
    }).pipe(hurried({}))
  )

  it.scopedLive(
    "who is refused is refused all the same, and what else is expected is not given",
    () =>
      Effect.gen(function* () {
        const requests = yield* withBodies
        const before = yield* holdings
        for (const request of requests.flatMap(refused)) {
          const text = yield* exchange((socket) =>
            socket.write(headOf(request, "content-length: 5", "expect: 100-continue"))
          )
          const [last] = statuses(text).slice(-1)
          assert.include([401, 403, 408], last, request.name)
        }
        for (const request of requests) {
          const { status } = yield* send({
            ...request,
            headers: { ...request.headers, expect: "a-miracle" }
          })
          assert.strictEqual(status, 417, request.name)
        }
        assert.deepStrictEqual(yield* holdings, before)
      }).pipe(hurried({ body: 50 }))
  )
})
