/** The whole library over a scripted service and a session that has a direct link. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import type * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { makeScriptedClient } from "../../packages/core/src/internal/scriptedClient.js"

/** A request as the direct link received it. */
export interface LinkRequest {
  readonly at: number
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** What the direct link does with one request: an answer, or a fault with this code. */
export type LinkReply =
  | { readonly status: number; readonly text: string; readonly headers?: Record<string, string> }
  | { readonly fault: string }
  | "never"

/** An answer of the link with this JSON body. */
export const linkJson = (body: unknown, status = 200): LinkReply => ({
  status,
  text: JSON.stringify(body)
})

/** A tool's answer through the link. */
export const linkText = (text: string, isError = false): LinkReply =>
  linkJson({ data: { result: { content: [{ type: "text", text }], isError } } })

export class Link extends Context.Tag("test/core/Link")<
  Link,
  { readonly requests: Effect.Effect<ReadonlyArray<LinkRequest>> }
>() {}

export const linkRequests = Effect.flatMap(Link, ({ requests }) => requests)

export const linkOrigin = "http://link.test:8081"
export const token = "tok-SECRET-1"

export const toolList = [
  { name: "shell", server: "wuying_shell" },
  { name: "read_file", server: "wuying_filesystem" },
  { name: "write_file", server: "wuying_filesystem" },
  { name: "get_file_info", server: "wuying_filesystem" },
  { name: "list_directory", server: "" }
]

export const linked = (options: {
  readonly link: LinkReply | ReadonlyArray<LinkReply>
  readonly linkUrl?: string
  readonly token?: string
  readonly tools?: ReadonlyArray<unknown>
  readonly script?: AgentBayTest.Script
  readonly apiKey?: string
  readonly http?: AgentBayHttp.Options
}) => {
  const { client, service } = makeScriptedClient({
    script: {
      GetSession: AgentBayTest.ok({
        SessionId: "session-1",
        Success: true,
        LinkUrl: options.linkUrl ?? `${linkOrigin}/link/abc`,
        Token: options.token ?? token,
        ToolList: JSON.stringify(options.tools ?? toolList)
      }),
      ...options.script
    },
    taskPolls: 1
  })
  const seen: Array<LinkRequest> = []
  const replyTo = (index: number): LinkReply => {
    const { link } = options
    const replies: ReadonlyArray<LinkReply> =
      typeof link === "string" || "status" in link || "fault" in link ? [link] : link
    return replies[Math.min(index, replies.length - 1)] ?? "never"
  }
  const routed = HttpClient.make((request, url) =>
    url.pathname === "/" && url.searchParams.has("Action")
      ? client.execute(request)
      : Effect.flatMap(Clock.currentTimeMillis, (at) => {
          const reply = replyTo(seen.length)
          const body =
            request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
          const { headers, method } = request
          seen.push({ at, method, url: url.href, headers, body })
          if (reply === "never") return Effect.never
          return "fault" in reply
            ? Effect.fail(
                new HttpClientError.RequestError({
                  request,
                  reason: "Transport",
                  cause: Object.assign(new Error(reply.fault), { code: reply.fault })
                })
              )
            : Effect.succeed(
                HttpClientResponse.fromWeb(
                  request,
                  new Response(reply.text, { status: reply.status, headers: reply.headers ?? {} })
                )
              )
        })
  )
  return AgentBay.layerHttp(options.http).pipe(
    Layer.provide(
      AgentBayConfig.layer({
        apiKey: Redacted.make(options.apiKey ?? "akm-test"),
        endpoint: "agentbay.test"
      })
    ),
    Layer.provideMerge(
      Layer.succeedContext(
        Context.make(AgentBayTest.AgentBayTest, service).pipe(
          Context.add(Link, { requests: Effect.sync(() => [...seen]) }),
          Context.add(HttpClient.HttpClient, routed)
        )
      )
    )
  )
}

export const session = Effect.flatMap(AgentBay.AgentBay, (front) => front.get("session-1"))
