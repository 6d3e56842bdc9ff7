import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as Protocol from "@effect-agentbay/core/Protocol"
import type * as SyncMany from "@effect-agentbay/core/SyncMany"
import { assert, describe, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { formsOf, leaksIn, overheard, printed } from "./leaks.js"
import { inTime } from "./wired.js"

// Every character that some encoding writes in another way.
const key = `akm-ä/ +%"\\'&<>?#=;(日本)😀*!~`

type Reply = Effect.Effect<Response, HttpClientError.HttpClientError>

/** What a hostile double knows of a request, and repeats. */
interface Heard {
  readonly action: string
  readonly request: HttpClientRequest.HttpClientRequest
  /** The URL, the body and the headers as they came, and the key as a server reads it. */
  readonly echo: string
}

const bodyOf = (request: HttpClientRequest.HttpClientRequest) =>
  request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""

const json = (body: unknown, status = 200): Reply =>
  Effect.sync(() => new Response(JSON.stringify(body), { status }))

const fault = (heard: Heard, cause: unknown): Reply =>
  Effect.fail(
    new HttpClientError.RequestError({ request: heard.request, reason: "Transport", cause })
  )

// Every listing shows the task anew, so that no sync takes it for an older one.
let listings = 0

const task = (echo: string, status: string) => ({
  ContextStatus: JSON.stringify([
    {
      type: "data",
      data: JSON.stringify([
        {
          contextId: "SdkCtx-1",
          path: "/home/wuying/work",
          taskType: "upload",
          status,
          errorMessage: echo,
          finishTime: (listings += 1)
        }
      ])
    }
  ])
})

/** Says yes where it can, so that the failures of later steps are reached too. */
const polite = (heard: Heard, otherwise: Reply): Reply => {
  switch (heard.action) {
    case "CreateMcpSession":
    case "GetSession":
      return json({ Success: true, Data: { SessionId: "session-1", Success: true } })
    case "SyncContext":
      return json({ Success: true, RequestId: heard.echo })
    case "DescribeSessionContexts":
      return json({ Success: true, Data: [{ ContextId: "SdkCtx-1", Path: "/home/wuying/work" }] })
    default:
      return otherwise
  }
}

const doubles: { readonly [name: string]: (heard: Heard) => Reply } = {
  "HTTP 400 with JSON": ({ echo }) =>
    json({ Code: `Bad ${echo}`, Message: echo, RequestId: echo, HostId: echo }, 400),
  "HTTP 500 with JSON": ({ echo }) => json({ code: echo, message: echo, requestId: echo }, 500),
  "HTTP 429 with JSON": ({ echo }) => json({ Code: "Throttling", Message: echo }, 429),
  "HTTP 500 with HTML": ({ echo }) =>
    Effect.sync(() => new Response(`<html>${echo}</html>`, { status: 500 })),
  "HTTP 404 with HTML": ({ echo }) =>
    Effect.sync(() => new Response(`<html>${echo}</html>`, { status: 404 })),
  "HTTP 200 with HTML": ({ echo }) => Effect.sync(() => new Response(`<html>${echo}</html>`)),
  "a soft refusal": ({ echo }) =>
    json({ Success: false, Code: echo, Message: echo, RequestId: echo }),
  "a refusal inside Data": ({ echo }) =>
    json({ Success: true, RequestId: echo, Data: { Success: false, ErrMsg: echo } }),
  "an answer without a yes": ({ echo }) => json({ RequestId: echo, Data: echo }),
  "Data that is a text": ({ echo }) => json({ Success: true, RequestId: echo, Data: echo }),
  "Data of a wrong shape": ({ echo }) =>
    json({
      Success: true,
      RequestId: echo,
      Data: {
        SessionId: echo,
        Id: { echo },
        Status: [echo],
        ResourceUrl: [echo],
        Token: [echo],
        ContextStatus: echo,
        content: echo
      }
    }),
  "a list of a wrong shape": ({ echo }) =>
    json({ Success: true, RequestId: echo, Data: [echo, { SessionId: [echo], ContextId: 1 }] }),
  "a status list that cannot be read": (heard) =>
    polite(
      heard,
      json({
        Success: true,
        Data: {
          ContextStatus: JSON.stringify([{ type: "data", data: JSON.stringify([heard.echo]) }]),
          content: [{ text: [heard.echo] }]
        }
      })
    ),
  "failures of tasks and tools": (heard) =>
    polite(
      heard,
      heard.action === "GetContextInfo"
        ? json({ Success: true, RequestId: heard.echo, Data: task(heard.echo, "Failed") })
        : json({
            Success: true,
            RequestId: heard.echo,
            Data: { content: [{ type: "text", text: heard.echo }], isError: true }
          })
    ),
  "refusals after the session is there": (heard) =>
    polite(heard, json({ Code: heard.echo, Message: heard.echo }, 400)),
  "a fault that names the URL": (heard) => fault(heard, new Error(`fetch ${heard.echo} failed`)),
  "a fault with a chain of causes": (heard) =>
    fault(
      heard,
      Object.assign(
        new Error("outer", {
          cause: new AggregateError(
            [Object.assign(new Error(heard.echo), { code: heard.echo, request: heard.request })],
            heard.echo
          )
        }),
        { config: heard.echo }
      )
    ),
  "a fault that is a text": (heard) => fault(heard, heard.echo),
  "a body that breaks off": ({ echo }) =>
    Effect.sync(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.error(new Error(`reading ${echo} failed`))
          })
        )
    ),
  "no answer at all": () => Effect.never,
  "a defect": (heard) => Effect.die(new Error(`bug in ${heard.echo}`, { cause: heard.request })),
  "a defect that is a text": (heard) => Effect.die(heard.echo)
}

const hostile = (key: string, double: (heard: Heard) => Reply, opens: boolean) => {
  const client = HttpClient.make((request, url) => {
    const body = bodyOf(request)
    const headers = JSON.stringify(request.headers)
    const heard: Heard = {
      action: url.searchParams.get("Action") ?? "",
      request,
      echo: [key, request.url, url.href, body, headers, `Bearer ${key}`].join(" ")
    }
    const reply =
      opens && heard.action === "GetSession" ? polite(heard, Effect.never) : double(heard)
    return Effect.map(reply, (response) => HttpClientResponse.fromWeb(request, response))
  })
  return AgentBay.layerHttp().pipe(
    Layer.provideMerge(AgentBayConfig.layer({ apiKey: Redacted.make(key), endpoint: "a.test" })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
}

const binding = { contextId: "SdkCtx-1", path: "/home/wuying/work" } as const
const door = AgentBay.AgentBay
const http = AgentBayHttp.AgentBayHttp
const live = Effect.flatMap(door, (service) => service.get("session-1"))
const manager = ContextManager.make({ sessionId: "session-1" })
/** Something for every parameter that an operation insists on. */
const payload = {
  sessionId: "session-1",
  labels: { a: "b" },
  args: "{}",
  name: "shell",
  contextId: "SdkCtx-1",
  filePath: "/home/wuying/work/a",
  id: "SdkCtx-1",
  persistenceDataList: [binding]
}

/** What is asked of a session: that one can still be opened. */
const needsSession = /^(status|delete|files)/

/** The errors in a result, as the error of it. */
const failuresOf = <E>(syncs: Effect.Effect<SyncMany.ManyResult<object>, E>) =>
  Effect.flatMap(syncs, ({ failed }) => (failed.length === 0 ? Effect.void : Effect.fail(failed)))

const decoded = (token: string) =>
  token.split(/[.:]/).map((part) => Buffer.from(part, "base64url").toString())

type Ask = Effect.Effect<unknown, unknown, AgentBay.AgentBay | AgentBayHttp.AgentBayHttp>

/** Every public effect of the library. */
const asks: { readonly [name: string]: Ask } = {
  create: Effect.flatMap(door, (service) => service.create({ contexts: [binding] })),
  session: Effect.scoped(
    Effect.flatMap(door, (service) => service.session({ contexts: [binding] }))
  ),
  "session without contexts": Effect.scoped(Effect.flatMap(door, (service) => service.session())),
  get: Effect.flatMap(door, (service) => service.get("session-1")),
  list: Effect.flatMap(door, (service) => Stream.runDrain(service.list({ labels: { a: "b" } }))),
  listPage: Effect.flatMap(door, (service) => service.listPage({ page: 2 })),
  bind: Effect.flatMap(manager, (contexts) => contexts.bind(binding)),
  "bind with its download": Effect.flatMap(manager, (contexts) =>
    contexts.bind([binding], { awaitDownload: true })
  ),
  "contexts.get": Effect.flatMap(door, ({ contexts }) => contexts.get("name")),
  "contexts.getById": Effect.flatMap(door, ({ contexts }) => contexts.getById("SdkCtx-1")),
  "contexts.getOrCreate": Effect.flatMap(door, ({ contexts }) => contexts.getOrCreate("name")),
  status: Effect.flatMap(live, ({ status }) => status),
  delete: Effect.flatMap(live, (session) => session.delete()),
  "delete with sync": Effect.flatMap(live, (session) => session.delete({ sync: true })),
  "delete by force": Effect.flatMap(live, (session) =>
    session.delete({ sync: binding, force: true })
  ),
  "files.read": Effect.flatMap(live, ({ files }) => files.read("/home/wuying/work/a")),
  "files.readString": Effect.flatMap(live, ({ files }) => files.readString("/home/wuying/work/a")),
  "files.write": Effect.flatMap(live, ({ files }) => files.write("/home/wuying/work/a", "text")),
  "files.list": Effect.flatMap(live, ({ files }) => files.list("/home/wuying/work")),
  info: Effect.flatMap(manager, (contexts) => contexts.info(binding)),
  bindings: Effect.flatMap(manager, (contexts) => contexts.bindings),
  sync: Effect.flatMap(manager, (contexts) => contexts.sync(binding)),
  "sync of everything": Effect.flatMap(manager, (contexts) => contexts.sync()),
  progress: Effect.flatMap(manager, (contexts) => Stream.runDrain(contexts.progress(binding))),
  "start and await": Effect.flatMap(manager, (contexts) =>
    Effect.flatMap(contexts.start(binding), (handle) => handle.await)
  ),
  "the token of start": Effect.flatMap(manager, (contexts) =>
    Effect.flatMap(contexts.start(), ({ token }) => Effect.fail([token, ...decoded(token)]))
  ),
  "resume and progress": Effect.flatMap(manager, (contexts) =>
    contexts.start(binding).pipe(
      Effect.flatMap(({ token }) => contexts.resume(token)),
      Effect.flatMap((handle) => Stream.runDrain(handle.progress))
    )
  ),
  "start and poll": Effect.flatMap(manager, (contexts) =>
    Effect.flatMap(contexts.start(binding), (handle) => handle.poll)
  ),
  syncAll: Effect.flatMap(manager, (contexts) => failuresOf(contexts.syncAll([binding]))),
  syncSessions: Effect.flatMap(door, (service) =>
    failuresOf(service.syncSessions([{ sessionId: "session-1", ...binding }]))
  ),
  ...Object.fromEntries(
    Object.values(Protocol.operations).map((operation: Protocol.Any): [string, Ask] => [
      `call ${operation.action}`,
      Effect.flatMap(http, (service) => service.call(operation, payload))
    ])
  )
}

const secret = "akm-SECRET-SECRET-SECRET-SECRET"
const longText = (offset: number) => `${"x".repeat(offset)}${secret} and more ${"y".repeat(600)}`

// The places where a page and a message are cut lie at 120 and 500 characters.
const cuts: ReadonlyArray<Reply> = [90, 100, 110, 119, 120, 470, 480, 490, 499, 500].flatMap(
  (offset) => [
    Effect.sync(() => new Response(longText(offset), { status: 404 })),
    json({ Code: "Foo", Message: longText(offset), RequestId: longText(offset) }, 400)
  ]
)

describe("the API key appears nowhere", () => {
  for (const [name, double] of Object.entries(doubles)) {
    it.effect(`whatever is asked, when the server gives ${name}`, () =>
      Effect.gen(function* () {
        const leaks: Array<string> = []
        const failed: Array<string> = []
        for (const [ask, effect] of Object.entries(asks)) {
          const { exit, said } = yield* overheard(
            inTime(effect.pipe(Effect.provide(hostile(key, double, needsSession.test(ask)))))
          )
          leaks.push(...leaksIn(said, key).map((leak) => `${ask}: ${leak}`))
          if (Exit.isFailure(exit)) {
            failed.push(ask)
            assert.strictEqual(
              Cause.isDie(exit.cause),
              name.startsWith("a defect"),
              Cause.pretty(exit.cause)
            )
          }
        }
        assert.deepStrictEqual(leaks.slice(0, 5), [])
        // A double that does not fail would prove nothing.
        assert.includeMembers(failed, [
          "files.read",
          "files.list",
          "sync",
          "progress",
          "syncAll",
          "start and await"
        ])
      })
    )
  }

  it.effect("in part, where a long text is cut", () =>
    Effect.gen(function* () {
      for (const cut of cuts) {
        const { exit, said } = yield* overheard(
          Effect.flatMap(manager, (contexts) => contexts.bindings).pipe(
            Effect.provide(hostile(secret, () => cut, false))
          )
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.notInclude(said, "akm-")
        assert.notInclude(said, "SECRET")
      }
    })
  )

  it.effect("in the values a program holds", () =>
    Effect.gen(function* () {
      const config = yield* AgentBayConfig.AgentBayConfig
      const service = yield* door
      const session = yield* service.get("session-1")
      const texts = [config, service, session, yield* http, yield* manager].map(printed)
      assert.deepStrictEqual(leaksIn(texts.join("\n"), key), [])
    }).pipe(Effect.provide(hostile(key, (heard) => polite(heard, Effect.never), true)))
  )

  it("would be found in every form", () => {
    for (const form of formsOf(key)) {
      assert.isNotEmpty(leaksIn(printed(new Error(`x ${form} y`)), key), form)
      assert.isEmpty(leaksIn(printed(new Error(`x ${form.slice(0, -3)} y`)), key), form)
    }
  })
})
