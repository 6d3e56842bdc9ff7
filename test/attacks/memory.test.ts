/** How much memory strangers can have the server take for bodies, in a process of its own. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { temporaryDirectory } from "../node/local/life.js"
import { build, connected, start } from "../node/local/serverProcess.js"
import * as Wire from "../node/local/wire.js"
import { connect } from "./wire.js"

const mebibyte = 2 ** 20

/** The most memory that a process has ever had, in MiB, as the system tells it. */
const peak = (pid: number | undefined): number => {
  const status = NodeFs.readFileSync(`/proc/${pid}/status`, "utf8")
  const [, kibibytes = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  return Number(kibibytes) / 1024
}

/** Sends what is no whole body; gives what has come back since. */
const unended = Effect.fnUntraced(function* (head: string, pieces: ReadonlyArray<Buffer>) {
  const socket = yield* connect
  let answer = ""
  socket.setEncoding("latin1").on("data", (text) => (answer += String(text)))
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\n${head}\r\n\r\n`)
  for (const piece of pieces) socket.write(piece)
  return () => answer
})

/** Waits until so many have been refused. */
const untilRefused = (answers: ReadonlyArray<() => string>, count: number) =>
  Wire.eventually(
    Effect.sync(() => answers.map((answer) => answer()).filter((text) => text !== "")),
    (texts) => texts.length >= count
  ).pipe(
    Effect.map((texts) => {
      for (const text of texts) assert.match(text, /^HTTP\/1\.1 503 [^]*"ServiceUnavailable"/)
    })
  )

const running = Effect.gen(function* () {
  const directory = `${yield* temporaryDirectory}/data`
  const { child, said } = yield* start(directory)
  return { pid: child.pid, server: connected(said, directory) }
})

describe.runIf(process.platform === "linux")("bodies of strangers", () => {
  beforeAll(build, 300_000)

  const many = 200

  it.scopedLive(`${many} at once take no more than their budget, and give it back`, () =>
    Effect.gen(function* () {
      const { pid, server } = yield* running
      const before = peak(pid)
      const each = 4 * mebibyte
      const piece = Buffer.alloc(mebibyte, "x")
      const pieces = [...Array.from({ length: 3 }, () => piece), piece.subarray(1)]
      yield* Effect.gen(function* () {
        const answers = yield* Effect.forEach(Array.from({ length: many }), () =>
          unended(`content-length: ${each}`, pieces)
        )
        // Nobody else fits when these have been refused.
        yield* untilRefused(answers, many - 256 / 4)
        assert.isBelow(peak(pid) - before, 512)
        // Small calls still have room.
        yield* Wire.call("ListContexts")
      }).pipe(Effect.scoped, Effect.provideService(LocalAgentBay.LocalAgentBay, server))
      const large = Wire.request("ListContexts", { Padding: "x".repeat(15 * mebibyte) })
      yield* Wire.eventually(large, ({ status }) => status === 200).pipe(
        Effect.provideService(LocalAgentBay.LocalAgentBay, server)
      )
    })
  )

  it.scopedLive("in pieces of one byte cost what they take, not what they hold", () =>
    Effect.gen(function* () {
      const { pid, server } = yield* running
      const before = peak(pid)
      const crumbs = Buffer.from("1\r\nx\r\n".repeat(100_000))
      const pieces = Array.from({ length: 5 }, () => crumbs)
      yield* Effect.gen(function* () {
        const answers = yield* Effect.forEach(Array.from({ length: 4 }), () =>
          unended("transfer-encoding: chunked", pieces)
        )
        yield* untilRefused(answers, 1)
        assert.isBelow(peak(pid) - before, 512)
      }).pipe(Effect.scoped, Effect.provideService(LocalAgentBay.LocalAgentBay, server))
    })
  )
})
