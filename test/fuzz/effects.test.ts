import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import type * as Session from "@effect-agentbay/core/Session"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { makeScriptedClient } from "../../packages/core/src/internal/scriptedClient.js"
import { rounds } from "../rounds.js"
import { breath, named, ofCase, type Random } from "./random.js"
import { type Answer, anyAnswer } from "./replies.js"

const work = { contextId: "SdkCtx-1", path: "/home/wuying/work" }

/** Every effect of the client, on a session that there is. */
const ofSession: {
  readonly [name: string]: (session: Session.Session) => Effect.Effect<unknown, unknown>
} = {
  status: ({ status }) => status,
  keepAlive: ({ keepAlive }) => keepAlive,
  "labels.get": ({ labels }) => labels.get,
  "labels.set": ({ labels }) => labels.set({ a: "b" }),
  pause: (session) => session.pause(),
  resume: (session) => session.resume(),
  delete: (session) => session.delete(),
  "delete, synced": (session) => session.delete({ sync: true }),
  "tools.list": ({ tools }) => tools.list,
  "tools.call": ({ tools }) => tools.call("any", {}),
  "tools.callJson": ({ tools }) => tools.callJson(Schema.Struct({ a: Schema.String }), "any"),
  shell: ({ shell }) => shell("echo hi"),
  "files.read": ({ files }) => files.read("/a"),
  "files.readString": ({ files }) => files.readString("/a"),
  "files.write": ({ files }) => files.write("/a", "x"),
  "files.append": ({ files }) => files.append("/a", new Uint8Array([255])),
  "files.stat": ({ files }) => files.stat("/a"),
  "files.move": ({ files }) => files.move("/a", "/b"),
  "files.remove": ({ files }) => files.remove("/a"),
  "files.makeDirectory": ({ files }) => files.makeDirectory("/a"),
  "files.list": ({ files }) => files.list("/"),
  info: ({ contextManager }) => contextManager.info(),
  bindings: ({ contextManager }) => contextManager.bindings,
  bind: ({ contextManager }) => contextManager.bind([work], { awaitDownload: true }),
  sync: ({ contextManager }) => contextManager.sync(),
  "sync, one": ({ contextManager }) => contextManager.sync({ ...work, mode: "download" }),
  progress: ({ contextManager }) => Stream.runDrain(contextManager.progress(work)),
  syncAll: ({ contextManager }) => contextManager.syncAll([work, { ...work, path: "/b" }]),
  start: ({ contextManager }) =>
    Effect.gen(function* () {
      const handle = yield* contextManager.start(work)
      yield* handle.poll
      // What a token was made from came from the service.
      const again = yield* contextManager.resume(handle.token)
      yield* Stream.runDrain(again.progress)
      yield* handle.await
    })
}

const bytes = new Uint8Array([1, 2, 3])

const ofAccount: {
  readonly [name: string]: (account: AgentBay.Service) => Effect.Effect<unknown, unknown>
} = {
  create: (account) => account.create({ contexts: [work], labels: { a: "b" } }),
  session: (account) => Effect.scoped(account.session({ contexts: [work] })),
  get: (account) => account.get("session-1"),
  list: (account) => Stream.runDrain(Stream.take(account.list(), 50)),
  listPage: (account) => account.listPage({ page: 2 }),
  syncSessions: (account) =>
    account.syncSessions([{ sessionId: "session-1" }, { sessionId: "session-2" }]),
  "contexts.get": ({ contexts }) => contexts.get("n"),
  "contexts.getById": ({ contexts }) => contexts.getById("SdkCtx-1"),
  "contexts.create": ({ contexts }) => contexts.create("n"),
  "contexts.getOrCreate": ({ contexts }) => contexts.getOrCreate("n"),
  "contexts.list": ({ contexts }) => Stream.runDrain(Stream.take(contexts.list(), 50)),
  "contexts.listPage": ({ contexts }) => contexts.listPage(),
  "contexts.rename": ({ contexts }) => contexts.rename("SdkCtx-1", "m"),
  "contexts.remove": ({ contexts }) => contexts.remove("SdkCtx-1"),
  "contexts.clear": ({ contexts }) => contexts.clear("SdkCtx-1"),
  "contexts.clearStarted": ({ contexts }) => contexts.clearStarted("SdkCtx-1"),
  "contexts.clearStatus": ({ contexts }) => contexts.clearStatus("SdkCtx-1"),
  "files.put": ({ contexts }) => contexts.files.put("SdkCtx-1", "/a", bytes),
  "files.get": ({ contexts }) => Stream.runDrain(contexts.files.get("SdkCtx-1", "/a")),
  "files.list": ({ contexts }) =>
    Stream.runDrain(Stream.take(contexts.files.list("SdkCtx-1", "/"), 50)),
  "files.listPage": ({ contexts }) => contexts.files.listPage("SdkCtx-1", "/"),
  "files.remove": ({ contexts }) => contexts.files.remove("SdkCtx-1", "/a"),
  "files.uploadUrl": ({ contexts }) => contexts.files.uploadUrl("SdkCtx-1", "/a"),
  "files.downloadUrl": ({ contexts }) => contexts.files.downloadUrl("SdkCtx-1", "/a")
}

/** A service that answers from memory as long as `answer` has nothing for an action. */
const transportWith = (answer: (action: string) => Answer | undefined) => {
  const { client } = makeScriptedClient({ script: {}, taskPolls: 1 })
  const sane = HttpTransport.fromHttpClient(client)
  const spoiled = (action: string) => Effect.sync(() => answer(action))
  const bodyOf = (text: string) => Stream.make(new TextEncoder().encode(text))
  return HttpTransport.HttpTransport.of({
    post: (request) =>
      Effect.flatMap(
        spoiled(new URL(request.url).searchParams.get("Action") ?? "(link) callTool"),
        (given) => (given === undefined ? sane.post(request) : Effect.succeed(given))
      ),
    put: (upload) =>
      Effect.flatMap(spoiled("GetContextFileUploadUrl"), (given) =>
        given === undefined ? sane.put(upload) : Effect.succeed(given)
      ),
    get: (url) =>
      Effect.flatMap(spoiled("GetContextFileDownloadUrl"), (given) =>
        given === undefined
          ? sane.get(url)
          : Effect.succeed({ ...given, body: bodyOf(given.text.slice(0, 10_000)) })
      )
  })
}

const layerWith = (transport: HttpTransport.Service) =>
  AgentBay.layer.pipe(
    Layer.provideMerge(
      AgentBayHttp.layerTransport({ pollPolicy: PollPolicy.spaced({ maxRetries: 12 }) })
    ),
    Layer.provide(Layer.succeed(HttpTransport.HttpTransport, transport)),
    Layer.provide(
      AgentBayConfig.layer({ apiKey: Redacted.make("akm-test"), endpoint: "agentbay.test" })
    )
  )

/** The same answer again and again, or another each time; now and then that of memory. */
const answering = (random: Random, seen: Array<unknown>) => {
  const isSteady = random.chance(0.4)
  const kept = new Map<string, Answer | undefined>()
  return (action: string): Answer | undefined => {
    if (isSteady && kept.has(action)) return kept.get(action)
    const answer = random.chance(0.7) ? anyAnswer(action, random) : undefined
    kept.set(action, answer)
    // Pages without an end are the reader's to cut off, but not in memory.
    if (seen.length < 40) seen.push(answer === undefined ? action : [action, answer])
    return answer
  }
}

/** What may come out: a value, or an error of the library's own. */
const check = (exit: Exit.Exit<unknown, unknown>): void => {
  if (Exit.isSuccess(exit)) return
  for (const error of Cause.failures(exit.cause)) {
    if (!AgentBayError.isAgentBayError(error)) throw new Error("another error", { cause: error })
    if (error.message.length > 20_000) throw new Error("a message of any length")
  }
  // Where several things went on at once, the end of one interrupts the others.
  for (const defect of Cause.defects(exit.cause)) throw defect
  if (!Cause.isFailure(exit.cause)) throw new Error("nobody interrupted it")
}

const perEffect = rounds({ short: 30, long: 600 })

const run = (
  first: number,
  effect: (
    session: Session.Session | undefined,
    account: AgentBay.Service
  ) => Effect.Effect<unknown, unknown>,
  needsSession: boolean
) =>
  Effect.gen(function* () {
    for (let number = first; number < first + perEffect; number++) {
      yield* breath
      const seen: Array<unknown> = []
      const spoiled = answering(ofCase(number), seen)
      let isReady = false
      const transport = transportWith((action) => (isReady ? spoiled(action) : undefined))
      const program = Effect.gen(function* () {
        const account = yield* AgentBay.AgentBay
        const context = yield* account.contexts.getOrCreate("fuzz")
        const session = needsSession
          ? yield* account.create({ contexts: [{ ...work, contextId: context.id }] })
          : undefined
        isReady = true
        return yield* Effect.exit(effect(session, account))
      }).pipe(Effect.provide(layerWith(transport)), Effect.scoped)
      try {
        const fiber = yield* Effect.fork(program)
        yield* TestClock.adjust("6 hours")
        assert.isNotNull(fiber.unsafePoll(), "it has not ended after six hours")
        check(yield* Fiber.join(fiber))
      } catch (cause) {
        throw new Error(named(number, seen), { cause })
      }
    }
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))

describe("any answers to an effect of the client", () => {
  const both = [
    ...Object.entries(ofSession).map(([name, effect]) => ({
      name: `session: ${name}`,
      needsSession: true,
      effect: (session: Session.Session | undefined) => effect(session!)
    })),
    ...Object.entries(ofAccount).map(([name, effect]) => ({
      name: `account: ${name}`,
      needsSession: false,
      effect: (_: Session.Session | undefined, account: AgentBay.Service) => effect(account)
    }))
  ]
  for (const [index, { effect, name, needsSession }] of both.entries()) {
    it.effect(`${name}: a result or a typed error, ${perEffect} times`, () =>
      run(10_000_000 + index * perEffect, effect, needsSession)
    )
  }

  it("are told to all effects that there are", () => {
    const manager = Object.keys(
      Effect.runSync(
        Effect.provide(
          ContextManager.make({ sessionId: "s" }),
          layerWith(transportWith(() => undefined))
        )
      )
    )
    const tested = new Set(Object.keys(ofSession).map((name) => name.replace(/,.*/, "")))
    for (const name of manager) {
      if (name !== "sessionId" && name !== "resume") assert.isTrue(tested.has(name), name)
    }
  })
})
