/**
 * Reads what a request carries: its query and its form body.
 *
 * @since 0.1.0
 */
import type { Parameters } from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import type { IncomingMessage, ServerResponse } from "node:http"
import type * as BodyBudget from "./BodyBudget.js"
import * as BodyRest from "./BodyRest.js"
import * as Caller from "./Caller.js"

/**
 * The largest body that is read, in bytes.
 *
 * @since 0.1.0
 */
export const maxBodyBytes = 16 * 1024 * 1024

/**
 * Reads the whole body as text, chunked or not, and calls one of the functions when it is
 * there. A larger body than {@link maxBodyBytes} is read to its end without being kept, so
 * that the client can read the refusal. One that takes longer than `limitMillis` is not waited
 * for, and one for which there is no room is not read on. When the client goes away, nothing is
 * called. What it gives makes an end of it: from then on nothing is read or called.
 *
 * What is kept is taken from `hold`, which has it back when there is no body to be had. The body
 * that is handed out stays in memory, so it is for the caller to give that back.
 *
 * @since 0.1.0
 */
export const readBody = (
  source: IncomingMessage,
  limitMillis: number,
  hold: BodyBudget.Hold,
  on: {
    readonly onBody: (body: string) => void
    readonly onTooLarge: () => void
    readonly onTooSlow: () => void
    readonly onNoRoom: () => void
  }
): (() => void) => {
  let chunks: Array<Buffer> = []
  let size = 0
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const drop = () => {
    chunks = []
    hold.giveBack()
  }
  // Nearly every body is there at once, and a timer for each would cost more than the rest.
  const wait = setImmediate(() => {
    timer = setTimeout(() => {
      isOver = true
      drop()
      on.onTooSlow()
    }, limitMillis)
    timer.unref()
  })
  const settle = () => {
    clearImmediate(wait)
    clearTimeout(timer)
  }
  const onData = (chunk: Buffer) => {
    if (isOver) return
    size += chunk.length
    if (size <= maxBodyBytes) {
      if (hold.take(chunk.length)) {
        chunks.push(chunk)
      } else {
        stop()
        drop()
        on.onNoRoom()
      }
    } else {
      drop()
      if (size > BodyRest.discardedBytes) source.destroy()
    }
  }
  const onEnd = () => {
    settle()
    if (isOver) return
    isOver = true
    if (size > maxBodyBytes) on.onTooLarge()
    else on.onBody(Buffer.concat(chunks).toString("utf8"))
  }
  const onClose = () => {
    settle()
    if (!isOver) drop()
  }
  const stop = () => {
    settle()
    source.off("data", onData).off("end", onEnd).off("close", onClose)
  }
  source.on("data", onData).on("end", onEnd).on("close", onClose)
  // Without a listener, a connection that breaks would end the process.
  source.on("error", () => {})
  return stop
}

/**
 * The same as an effect, which fails with what is wrong with the body. The connection of one
 * that is too slow ends with the answer. When the client goes away, it is interrupted. At the end
 * of the scope the memory of the body is given back.
 *
 * @since 0.1.0
 */
export const body = (
  source: IncomingMessage,
  response: ServerResponse,
  limitMillis: number,
  budget: BodyBudget.Service
): Effect.Effect<string, "TooLarge" | "TooSlow" | "NoRoom", Scope.Scope> =>
  Effect.flatMap(budget.scoped, (hold) =>
    Caller.whileThere(
      response,
      Effect.async((resume) => {
        const stop = readBody(source, limitMillis, hold, {
          onBody: (text) => resume(Effect.succeed(text)),
          onTooLarge: () => resume(Effect.fail("TooLarge")),
          onTooSlow: () => {
            response.setHeader("connection", "close")
            resume(Effect.fail("TooSlow"))
          },
          onNoRoom: () => resume(Effect.fail("NoRoom"))
        })
        return Effect.sync(stop)
      })
    )
  )

/**
 * Decodes query and body into one set of parameters. Where both have a name, the body's
 * value counts; within one of them the first.
 *
 * @since 0.1.0
 */
export const parse = (query: string, body: string): Parameters => {
  // Names come from outside: without a prototype, none of them means anything else.
  const parameters: { [name: string]: string } = Object.create(null)
  for (const text of [body, query]) {
    for (const [name, value] of new URLSearchParams(text)) {
      if (!(name in parameters)) parameters[name] = value
    }
  }
  return parameters
}
