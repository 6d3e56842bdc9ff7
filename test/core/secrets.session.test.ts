import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import type * as Session from "@effect-agentbay/core/Session"
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
import * as Schema from "effect/Schema"
import { leaksIn, overheard, printed } from "./leaks.js"
import { inTime } from "./wired.js"

// Every character that some encoding writes in another way; a token stands in a header.
const key = `akm-ä/ +%"\\'&<>?#=;(日本)😀*!~`
const token = `tok-/+%"\\'&<>?#=;(x)*!~`
const linkOrigin = "http://link.test"

type Reply = Effect.Effect<Response, HttpClientError.HttpClientError>

interface Heard {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly byLink: boolean
  /** All that was sent, and the secrets as a server reads them. */
  readonly echo: string
}

const json = (body: unknown, status = 200): Reply =>
  Effect.sync(() => new Response(JSON.stringify(body), { status }))

const tool = ({ byLink, echo }: Heard, isError: boolean) => {
  const result = { content: [{ type: "text", text: echo }], isError }
  return json(byLink ? { data: { result } } : { Success: true, RequestId: echo, Data: result })
}

const doubles: { readonly [name: string]: (heard: Heard) => Reply } = {
  "a refusal": ({ echo }) => json({ Code: echo, Message: echo, RequestId: echo }, 400),
  "a soft refusal": ({ echo }) => json({ Success: false, Code: echo, Message: echo }),
  "HTTP 500 with HTML": ({ echo }) =>
    Effect.sync(() => new Response(`<html>${echo}</html>`, { status: 500 })),
  "HTTP 200 with HTML": ({ echo }) => Effect.sync(() => new Response(`<html>${echo}</html>`)),
  "Data that is a text": ({ echo }) => json({ Success: true, Data: echo, data: echo }),
  "Data of a wrong shape": ({ echo }) =>
    json({
      Success: true,
      Data: { Labels: echo, Status: [echo], content: echo },
      data: { result: { content: [{ text: [echo] }] } }
    }),
  "an error of a tool": (heard) => tool(heard, true),
  "an answer of a tool that is no JSON": (heard) => tool(heard, false),
  "a fault with a chain of causes": ({ echo, request }) =>
    Effect.fail(
      new HttpClientError.RequestError({
        request,
        reason: "Transport",
        cause: Object.assign(
          new Error("outer", {
            cause: new AggregateError(
              [Object.assign(new Error(echo), { code: echo, request })],
              echo
            )
          }),
          { config: echo }
        )
      })
    ),
  "no answer at all": () => Effect.never,
  "a defect": ({ echo, request }) => Effect.die(new Error(`bug in ${echo}`, { cause: request }))
}

const bodyOf = (request: HttpClientRequest.HttpClientRequest) =>
  request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""

const opened = (linkUrl: string) =>
  json({
    Success: true,
    Data: {
      SessionId: "session-1",
      Success: true,
      LinkUrl: linkUrl,
      Token: token,
      ToolList: JSON.stringify(
        ["shell", "read_file", "write_file", "get_file_info", "move_file", "mine"].map((name) => ({
          name,
          server: "s"
        }))
      )
    }
  })

/** A service, and a link of a session, that repeat what they hear. */
const hostile = (double: (heard: Heard) => Reply, linkUrl: string) => {
  let isOpen = false
  const strangers: Array<string> = []
  const client = HttpClient.make((request, url) => {
    const byLink = url.origin === linkOrigin
    const headers = JSON.stringify(request.headers)
    const sent = [request.url, url.href, bodyOf(request), headers].join(" ")
    // The key goes to the service alone, the token to the link alone.
    if (leaksIn(sent, byLink ? key : token).length > 0) strangers.push(sent)
    // The service never hears the token, but may know it.
    const echo = [key, ...(byLink ? [token, `Bearer ${token}`] : []), sent, `Bearer ${key}`].join(
      " "
    )
    const first = !isOpen
    isOpen = true
    const reply = first ? opened(linkUrl) : double({ request, byLink, echo })
    return Effect.map(reply, (response) => HttpClientResponse.fromWeb(request, response))
  })
  const layer = AgentBay.layerHttp().pipe(
    Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make(key), endpoint: "a.test" })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return { layer, strangers }
}

/** Every effect of a live session that this file is about. */
const asks: {
  readonly [name: string]: (live: Session.Session) => Effect.Effect<unknown, unknown>
} = {
  keepAlive: ({ keepAlive }) => keepAlive,
  "labels.get": ({ labels }) => labels.get,
  "labels.set": ({ labels }) => labels.set({ a: "b" }),
  pause: (live) => live.pause(),
  resume: (live) => live.resume(),
  "tools.list": ({ tools }) => tools.list,
  "tools.call": ({ tools }) => tools.call("mine", { a: "b" }),
  "tools.callJson": ({ tools }) => tools.callJson(Schema.Struct({ a: Schema.String }), "mine"),
  shell: ({ shell }) => shell("echo hi"),
  "files.read": ({ files }) => files.read("/a"),
  "files.readString": ({ files }) => files.readString("/a"),
  "files.write": ({ files }) => files.write("/a", "x"),
  "files.append": ({ files }) => files.append("/a", "x"),
  "files.stat": ({ files }) => files.stat("/a"),
  "files.move": ({ files }) => files.move("/a", "/b"),
  "files.remove": ({ files }) => files.remove("/a"),
  "files.makeDirectory": ({ files }) => files.makeDirectory("/a"),
  "files.list": ({ files }) => files.list("/a")
}

const live = Effect.flatMap(AgentBay.AgentBay, (service) => service.get("session-1"))

describe("API key and token of a session appear nowhere", () => {
  for (const [way, linkUrl] of [
    ["by the direct link", `${linkOrigin}/x`],
    ["by the service", ""]
  ] as const) {
    for (const [name, double] of Object.entries(doubles)) {
      it.effect(`${way}, when the server gives ${name}`, () =>
        Effect.gen(function* () {
          const leaks: Array<string> = []
          const failed: Array<string> = []
          for (const [ask, effect] of Object.entries(asks)) {
            const { layer, strangers } = hostile(double, linkUrl)
            const { exit, said } = yield* overheard(
              inTime(Effect.flatMap(live, effect).pipe(Effect.provide(layer)))
            )
            for (const secret of [key, token]) {
              leaks.push(...leaksIn(said, secret).map((leak) => `${ask}: ${leak}`))
            }
            assert.deepStrictEqual(strangers, [])
            if (Exit.isFailure(exit)) {
              failed.push(ask)
              assert.strictEqual(
                Cause.isDie(exit.cause),
                name === "a defect",
                Cause.pretty(exit.cause)
              )
            }
          }
          assert.deepStrictEqual(leaks.slice(0, 5), [])
          // A double that does not fail would prove nothing.
          assert.includeMembers(failed, [
            "tools.callJson",
            "files.read",
            "files.stat",
            "files.list"
          ])
        })
      )
    }
  }

  it.effect("in part, where a long text of the link is cut", () =>
    Effect.gen(function* () {
      for (const offset of [90, 100, 110, 119, 120, 470, 480, 490, 499, 500]) {
        for (const status of [200, 403]) {
          const long = `${"x".repeat(offset)}${token} and ${key} ${"y".repeat(600)}`
          const body = JSON.stringify({
            data: { result: { isError: true, content: [{ text: long }] } }
          })
          const { layer } = hostile(
            () => Effect.sync(() => new Response(status === 200 ? body : long, { status })),
            `${linkOrigin}/x`
          )
          const { exit, said } = yield* overheard(
            Effect.flatMap(live, ({ tools }) => tools.call("mine")).pipe(Effect.provide(layer))
          )
          assert.isTrue(Exit.isFailure(exit))
          assert.notInclude(said, "tok-")
          assert.notInclude(said, "akm-")
        }
      }
    })
  )

  it.effect("where one secret is a part of the other", () =>
    Effect.gen(function* () {
      for (const [apiKey, inner] of [
        ["akm-12345", "akm-12345-678"],
        ["akm-12345-678", "12345"]
      ] as const) {
        const echo = `${inner} ${apiKey}`
        const client = HttpClient.make((request, url) =>
          Effect.map(
            url.origin === linkOrigin
              ? json({ data: { result: { isError: true, content: [echo] } } })
              : json({
                  Success: true,
                  Data: {
                    SessionId: "session-1",
                    LinkUrl: `${linkOrigin}/x`,
                    Token: inner,
                    ToolList: '[{"name":"mine","server":"s"}]'
                  }
                }),
            (response) => HttpClientResponse.fromWeb(request, response)
          )
        )
        const error = yield* Effect.flip(
          Effect.flatMap(live, ({ tools }) => tools.call("mine"))
        ).pipe(
          Effect.provide(
            AgentBay.layerHttp().pipe(
              Layer.provide(
                AgentBayConfig.layer({ apiKey: Redacted.make(apiKey), endpoint: "a.test" })
              ),
              Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
            )
          )
        )
        assert.deepInclude(error, { _tag: "ToolError", description: "<redacted> <redacted>" })
      }
    })
  )

  const secretive: { readonly [name: string]: unknown } = {
    "a token in a list": { SessionId: "session-1", Token: [token] },
    "a token in an object": { SessionId: "session-1", Token: { value: token } },
    "an id that holds all": { SessionId: { Token: token } },
    "Data that is a list": [{ SessionId: "session-1", Token: token }],
    "Data that is a text": JSON.stringify({ SessionId: "session-1", Token: token })
  }
  for (const [name, data] of Object.entries(secretive)) {
    it.effect(`when the answer that opens the session is unreadable: ${name}`, () =>
      Effect.gen(function* () {
        const client = HttpClient.make((request) =>
          Effect.map(json({ Success: true, Data: data }), (response) =>
            HttpClientResponse.fromWeb(request, response)
          )
        )
        const layer = AgentBay.layerHttp().pipe(
          Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make(key), endpoint: "a.test" })),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
        )
        for (const open of [
          live,
          Effect.flatMap(AgentBay.AgentBay, (service) => service.create())
        ]) {
          const { exit, said } = yield* overheard(Effect.provide(open, layer))
          assert.isTrue(Exit.isFailure(exit))
          assert.include(said, "Data")
          assert.deepStrictEqual(leaksIn(said, token), [])
        }
      })
    )
  }

  it.effect("in the session a program holds", () =>
    Effect.gen(function* () {
      const session = yield* live
      assert.deepStrictEqual(leaksIn(printed(session), token), [])
      assert.deepStrictEqual(leaksIn(printed(session), key), [])
    }).pipe(Effect.provide(hostile(() => Effect.never, `${linkOrigin}/x`).layer))
  )
})
