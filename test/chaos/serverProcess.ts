/** Servers that die at a step of their own choosing, see `server.mjs`. */
import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { kill, type Said } from "../node/local/serverProcess.js"

const script = fileURLToPath(new URL("server.mjs", import.meta.url))

export type Kind = "rename" | "write" | "remove" | "make" | "look" | "commit" | "answer" | "any"

/** The step to die at: the so-many-th of its kind. */
export interface Point {
  readonly kind: Kind
  readonly when: "before" | "after"
  readonly count: number
  /** For how many milliseconds a commit waits. */
  readonly delay?: number
}

type Message = Said | { readonly ready: true } | { readonly armed: true }

/** It lives on. */
export const never: Point = { kind: "any", when: "after", count: 0 }

export interface Process {
  readonly child: ChildProcess
  /** The warnings and errors it has logged so far. */
  readonly logged: () => string
  readonly messages: Queue.Queue<Message>
  /** The kind of step that it died at; undefined when it was killed from outside. */
  readonly ended: Deferred.Deferred<string | undefined>
}

/** What a process says, in the order it says it; undefined if it ends instead. */
const next = (process: Process): Effect.Effect<Message | undefined> =>
  Effect.raceFirst(
    Queue.take(process.messages),
    Effect.as(Deferred.await(process.ended), undefined)
  )

/** A process that has loaded everything and waits to be told where to serve. */
export const warm = Effect.fnUntraced(function* (bundle: string) {
  const ended = yield* Deferred.make<string | undefined>()
  const messages = yield* Queue.unbounded<Message>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [script, bundle], { stdio: ["ignore", "pipe", "inherit", "ipc"] })
    ),
    kill
  )
  let said = ""
  let diedAt: string | undefined
  child.on("message", (message: Message) => void messages.unsafeOffer(message))
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text
    diedAt = /^died at (\w+)$/m.exec(said)?.[1]
  })
  child.once("close", () => Deferred.unsafeDone(ended, Effect.succeed(diedAt)))
  const logged = () => said.replace(/^died at .*\n/m, "")
  const server: Process = { child, ended, logged, messages }
  const message = yield* next(server)
  if (message === undefined || !("ready" in message)) {
    return yield* Effect.dieMessage("the process did not get ready")
  }
  return server
})

/** A process that has just died hears nothing, which is as it should be. */
const tell = ({ child }: Process, message: object): void => {
  if (child.connected) child.send(message, () => {})
}

/** Undefined when it died on the way. */
export const start = (
  process: Process,
  options: LocalAgentBay.Options,
  die?: Point
): Effect.Effect<Said | undefined> =>
  Effect.suspend(() => {
    tell(process, { start: options, ...(die === undefined ? {} : { die }) })
    return die === undefined ? next(process) : Effect.zipRight(next(process), next(process))
  }).pipe(
    Effect.map((message) =>
      message !== undefined && ("url" in message || "refused" in message) ? message : undefined
    )
  )

/** From now on its steps are counted; false when it has died before it heard of that. */
export const arm = (process: Process, die: Point): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    tell(process, { die })
    return Effect.map(next(process), (message) => message !== undefined)
  })
