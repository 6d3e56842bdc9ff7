import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import type * as Session from "@effect-agentbay/core/Session"
import type * as SyncHandle from "@effect-agentbay/core/SyncHandle"
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
import { rounds } from "../rounds.js"
import { answering, transportWith } from "./insane.js"
import { breath, named, ofCase } from "./random.js"
import { isYes } from "./replies.js"

const work = { contextId: "SdkCtx-1", path: "/home/wuying/work" }

const started = <A, E>(
  { contextManager }: Session.Session,
  use: (handle: SyncHandle.SyncHandle) => Effect.Effect<A, E>
) => Effect.flatMap(contextManager.start(work), use)

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
  "contextManager.info": ({ contextManager }) => contextManager.info(),
  "contextManager.bindings": ({ contextManager }) => contextManager.bindings,
  "contextManager.bind": ({ contextManager }) =>
    contextManager.bind([work], { awaitDownload: true }),
  "contextManager.sync": ({ contextManager }) => contextManager.sync(),
  "contextManager.sync, one": ({ contextManager }) =>
    contextManager.sync({ ...work, mode: "download" }),
  "contextManager.progress": ({ contextManager }) => Stream.runDrain(contextManager.progress(work)),
  "contextManager.syncAll": ({ contextManager }) =>
    contextManager.syncAll([work, { ...work, path: "/b" }]),
  "contextManager.start": ({ contextManager }) => contextManager.start(work),
  // What a token was made from came from the service.
  "contextManager.resume": (session) =>
    started(session, ({ token }) =>
      Effect.flatMap(session.contextManager.resume(token), (again) => again.await)
    ),
  "handle.await": (session) => started(session, (handle) => handle.await),
  "handle.poll": (session) => started(session, ({ poll }) => Effect.zipRight(poll, poll)),
  "handle.progress": (session) => started(session, ({ progress }) => Stream.runDrain(progress))
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
  "contexts.files.put": ({ contexts }) => contexts.files.put("SdkCtx-1", "/a", bytes),
  "contexts.files.get": ({ contexts }) => Stream.runDrain(contexts.files.get("SdkCtx-1", "/a")),
  "contexts.files.list": ({ contexts }) =>
    Stream.runDrain(Stream.take(contexts.files.list("SdkCtx-1", "/"), 50)),
  "contexts.files.listPage": ({ contexts }) => contexts.files.listPage("SdkCtx-1", "/"),
  "contexts.files.remove": ({ contexts }) => contexts.files.remove("SdkCtx-1", "/a"),
  "contexts.files.uploadUrl": ({ contexts }) => contexts.files.uploadUrl("SdkCtx-1", "/a"),
  "contexts.files.downloadUrl": ({ contexts }) => contexts.files.downloadUrl("SdkCtx-1", "/a")
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

const perEffect = rounds({ short: 15, long: 600 })

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
      const statuses = new Map<string, number | undefined>()
      const transport = transportWith((asked) => {
        const answer = isReady ? spoiled(asked) : undefined
        statuses.set(asked, answer?.status)
        return answer
      })
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
        const exit = yield* Fiber.join(fiber)
        check(exit)
        if (Exit.isSuccess(exit)) {
          assert.isTrue(isYes(statuses.get("PUT") ?? 200), "sent, but its status denies it")
          assert.strictEqual(statuses.get("GET") ?? 200, 200, "fetched, but its status denies it")
        }
      } catch (cause) {
        throw new Error(named(number, seen), { cause })
      }
    }
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))

/** What is no effect. */
const data = ["sessionId", "resourceUrl", "requestId", "token"]

/** What has effects of its own. */
const holders = ["contexts", "contextManager", "files", "labels", "tools"]

/** The effects that an object has, and those that it holds. */
const effectsOf = (object: object, prefix = ""): Array<string> =>
  Object.entries(object).flatMap(([name, value]) => {
    if (data.includes(name)) return []
    return holders.includes(name) ? effectsOf(value, `${prefix}${name}.`) : [`${prefix}${name}`]
  })

const testedIn = (effects: object): Array<string> => [
  ...new Set(Object.keys(effects).map((name) => name.replace(/,.*/, "")))
]

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

  it.effect("are told to all effects that there are", () =>
    Effect.gen(function* () {
      const all = Effect.gen(function* () {
        const account = yield* AgentBay.AgentBay
        const { id: contextId } = yield* account.contexts.getOrCreate("fuzz")
        const session = yield* account.create({ contexts: [{ ...work, contextId }] })
        const handle = yield* session.contextManager.start({ ...work, contextId })
        return { account, session, handle }
      }).pipe(Effect.provide(layerWith(transportWith(() => undefined))))
      const fiber = yield* Effect.fork(all)
      yield* TestClock.adjust("1 hour")
      const { account, handle, session } = yield* Fiber.join(fiber)
      assert.sameMembers(testedIn(ofAccount), effectsOf(account))
      assert.sameMembers(testedIn(ofSession), [
        ...effectsOf(session),
        ...effectsOf(handle, "handle.")
      ])
    })
  )
})
