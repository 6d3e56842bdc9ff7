/** The memory that all bodies share: who is refused when it is taken, and that it comes back. */
import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BodyLimits } from "../../packages/node/src/local/http/BodyBudget.js"
import * as RequestForm from "../../packages/node/src/local/http/RequestForm.js"
import * as Wire from "../node/local/wire.js"
import { type Right, rightRequests } from "./routes.js"
import { hurried } from "./slow.js"
import { connect, exchange, send } from "./wire.js"

const mebibyte = 2 ** 20

/** Room for one body of 10 MiB, not for two; and for the largest that is read at all. */
const limits = Layer.succeed(BodyLimits, {
  total: 18 * mebibyte,
  keptForSmall: mebibyte / 2,
  small: mebibyte / 16
})

const most = 10 * mebibyte

/** The routes that read bodies into memory. */
const readers = Effect.map(rightRequests, ({ all }) =>
  all.filter(({ name }) => /^(GetContext, key in the body|admin PUT faults|link)/.test(name))
)

const headOf = ({ headers = {}, method, target }: Right, length: number) =>
  [
    `${method} ${target} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`),
    `content-length: ${length}`,
    "",
    ""
  ].join("\r\n")

/** The same request with so much in front of its body, which means nothing there. */
const padded = (right: Right, length = most): Right => {
  const { body = "", headers } = right
  const isForm = String(headers?.["content-type"]).includes("form")
  return { ...right, body: isForm ? `${body}&x=${"x".repeat(length)}` : " ".repeat(length) + body }
}

/** A connection on which all but the end of such a body was sent. */
const held = Effect.fnUntraced(function* (right: Right, length = most) {
  const socket = yield* connect
  yield* Effect.async<void>((resume) => {
    socket.write(headOf(right, length + 1))
    socket.write(" ".repeat(length), () => resume(Effect.void))
  })
  return socket
})

const statusOf = (right: Right) => Effect.map(send(right), ({ status }) => status)

/** Whether there is room for such a body; a refusal of any other kind has had it. */
const hasRoom = (right: Right) => Effect.map(statusOf(padded(right)), (status) => status !== 503)

const roomFor = (right: Right) => Wire.eventually(hasRoom(right), (has) => has)

const noRoomFor = (right: Right) => Wire.eventually(hasRoom(right), (has) => !has)

const withoutKey = (right: Right): Right => ({
  ...right,
  headers: Object.fromEntries(
    Object.entries(right.headers ?? {}).map(([name, value]) => [
      name,
      String(value).replace(right.secret, "wrong")
    ])
  ),
  body: right.body?.replace(right.secret, "wrong")
})

/** Every way in which a request with a body ends. */
const endings: { readonly [name: string]: (right: Right) => Effect.Effect<unknown, never, Needs> } =
  {
    "it is answered": (right) =>
      Effect.map(statusOf(padded(right)), (status) => assert.notStrictEqual(status, 503)),
    "it has no key": (right) => statusOf(withoutKey(padded(right))),
    "its client leaves when all is sent": (right) =>
      Effect.gen(function* () {
        const { body = "" } = padded(right)
        const socket = yield* connect
        yield* Effect.async<void>((resume) => {
          socket.write(headOf(right, body.length) + body, () => resume(Effect.void))
        })
      }).pipe(Effect.scoped),
    "its client leaves, and it waits behind another": (right) =>
      Effect.gen(function* () {
        const { body = "" } = padded(right)
        const socket = yield* connect
        yield* Effect.async<void>((resume) => {
          const one = headOf(right, (right.body ?? "").length) + (right.body ?? "")
          socket.write(one + one + headOf(right, body.length) + body, () => resume(Effect.void))
        })
      }).pipe(Effect.scoped),
    "it is no HTTP from there on": (right) =>
      exchange((socket) => {
        const head = headOf(right, 0).replace("content-length: 0", "transfer-encoding: chunked")
        socket.write(`${head}a00000\r\n${" ".repeat(most)}\r\nrubbish\r\n`)
      }),
    "it does not come in time": (right) =>
      exchange((socket) => {
        socket.write(headOf(right, most + 1))
        socket.write(" ".repeat(most))
      }),
    "it is too large": (right) => {
      const { body = "" } = padded(right, RequestForm.maxBodyBytes)
      return Effect.map(send({ ...right, body }), ({ status }) => assert.strictEqual(status, 413))
    },
    "its client leaves in the middle, and another has no room": (right) =>
      Effect.zipRight(held(right), noRoomFor(right)).pipe(Effect.scoped)
  }

type Needs = LocalAgentBay.LocalAgentBay

describe("the memory for bodies", () => {
  it.scopedLive("is one for all routes that read them, and refuses who comes too late", () =>
    Effect.gen(function* () {
      const all = yield* readers
      assert.lengthOf(all, 4)
      for (const taker of all) {
        yield* Effect.gen(function* () {
          yield* held(taker)
          for (const other of all) {
            const { headers, text } = yield* Wire.eventually(
              send(padded(other)),
              ({ status }) => status === 503
            )
            assert.match(String(headers["content-type"]), /^application\/json/)
            assert.match(text, /"ServiceUnavailable"|as many bodies as it can hold/, other.name)
            // A small one has room all the same.
            assert.notStrictEqual(yield* statusOf(padded(other, 1000)), 503, other.name)
          }
        }).pipe(Effect.scoped)
        yield* roomFor(taker)
      }
    }).pipe(hurried({}), Effect.provide(limits))
  )

  for (const [name, ending] of Object.entries(endings)) {
    it.scopedLive(`comes back when ${name}`, () =>
      Effect.gen(function* () {
        const { faults } = yield* LocalAgentBay.LocalAgentBay
        // So that the action waits for something, and does not end before its client has left.
        yield* faults.set([{ when: { action: "GetContext" }, then: { latency: 20 } }])
        for (const right of yield* readers) {
          yield* ending(right)
          yield* roomFor(right)
        }
      }).pipe(
        hurried({ body: name === "it does not come in time" ? 200 : 3_600_000 }),
        Effect.provide(limits)
      )
    )
  }

  for (const directLink of [false, true]) {
    it.scopedLive(
      `is what clients ${directLink ? "of a direct link " : ""}take for a passing fault when it is taken`,
      () =>
        Effect.gen(function* () {
          const { create } = yield* AgentBay.AgentBay
          const session = yield* create()
          const error = yield* Effect.flip(session.files.write("/tmp/a", "x".repeat(2 ** 20)))
          assert.strictEqual(Reflect.get(error, "httpStatus") ?? Reflect.get(error, "status"), 503)
          assert.isTrue(AgentBayError.isRetryable(error))
        }).pipe(
          Effect.provide(NodeAgentBay.layerLocalTest({ directLink })),
          Effect.provideService(BodyLimits, {
            total: 2 ** 17,
            keptForSmall: 2 ** 16 + 2 ** 15,
            small: 2 ** 14
          })
        )
    )
  }
})
