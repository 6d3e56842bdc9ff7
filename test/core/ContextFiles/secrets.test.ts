import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { leaksIn, overheard, printed } from "../leaks.js"
import { inTime } from "../wired.js"

const key = "akm-KEY-KEY-KEY"
const signature = "SIGNATURE-01234%2B%2F="
const url = `https://store.test/bucket/a%20b.bin?Expires=1767229200&Signature=${signature}`

type Reply = Effect.Effect<Response, HttpClientError.HttpClientError>
type Store = (request: HttpClientRequest.HttpClientRequest) => Reply

const fault = (request: HttpClientRequest.HttpClientRequest, cause: unknown): Reply =>
  Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))

const page = (status: number): Reply =>
  Effect.sync(
    () =>
      new Response(`<Error><StringToSign>PUT ${url}</StringToSign>${key}</Error>`, {
        status,
        headers: { location: url, "x-oss-request-id": signature, "retry-after": "2" }
      })
  )

/** Stores that tell all they know wherever they can. */
const stores: { readonly [name: string]: Store } = {
  "a page with HTTP 403": () => page(403),
  "a page with HTTP 404": () => page(404),
  "a page with HTTP 503": () => page(503),
  "a redirect to itself": () => page(307),
  "a fault that names the URL": (request) => fault(request, new Error(`fetch ${url} failed`)),
  "a fault whose code is the URL": (request) =>
    fault(request, Object.assign(new Error(url), { code: signature, input: url })),
  "a fault with causes": (request) =>
    fault(request, new Error("outer", { cause: new AggregateError([new Error(url)], url) })),
  "a fault that is a text": (request) => fault(request, url),
  "a URL that it cannot use": (request) =>
    Effect.fail(
      new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: new Error(url) })
    ),
  "a body that breaks off": () =>
    Effect.sync(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.error(new Error(`reading ${url} failed`))
          })
        )
    ),
  "a body that is too short": () =>
    Effect.sync(() => new Response(url, { headers: { "content-length": "100000" } })),
  "no answer at all": () => Effect.never,
  "a defect": () => Effect.die(new Error(`bug in ${url}`, { cause: { url } })),
  "a defect that is a text": () => Effect.die(url)
}

const against = (store: Store) => {
  const seen: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request, { hostname }) => {
    const data = { Success: true, RequestId: "R", Data: { Url: url } }
    const isStore = hostname === "store.test"
    if (isStore) seen.push(request)
    return Effect.map(
      isStore ? store(request) : Effect.succeed(new Response(JSON.stringify(data))),
      (response) => HttpClientResponse.fromWeb(request, response)
    )
  })
  const layer = AgentBay.layerHttp().pipe(
    Layer.provide(AgentBayConfig.layer({ apiKey: Redacted.make(key), endpoint: "a.test" })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return { layer, seen }
}

const files = Effect.map(AgentBay.AgentBay, ({ contexts }) => contexts.files)
const bytes = Stream.make(new Uint8Array(3), new Uint8Array(3)).pipe(Stream.rechunk(1))

const asks: { readonly [name: string]: Effect.Effect<unknown, unknown, AgentBay.AgentBay> } = {
  "put of a text": Effect.flatMap(files, ({ put }) => put("c", "/a", "text")),
  "put of a stream": Effect.flatMap(files, ({ put }) =>
    put("c", "/a", { stream: bytes, length: 6 })
  ),
  "put of a stream that is too short": Effect.flatMap(files, ({ put }) =>
    put("c", "/a", { stream: bytes, length: 7 })
  ),
  get: Effect.flatMap(files, ({ get }) => Stream.runDrain(get("c", "/a")))
}

describe("the URL of a file and the API key appear nowhere", () => {
  for (const [name, store] of Object.entries(stores)) {
    it.effect(`when the store gives ${name}`, () =>
      Effect.gen(function* () {
        let failed = 0
        for (const [ask, effect] of Object.entries(asks)) {
          const { layer, seen } = against(store)
          const { exit, said } = yield* overheard(inTime(Effect.provide(effect, layer)))
          assert.include(said, "span ContextFiles.")
          for (const secret of [signature, decodeURIComponent(signature), "a%20b.bin", key]) {
            assert.deepStrictEqual(leaksIn(said, secret), [], ask)
          }
          // The key goes to the service, and never to the store.
          for (const request of seen) assert.deepStrictEqual(leaksIn(printed(request), key), [])
          if (Exit.isFailure(exit)) failed += 1
        }
        // A double that does not fail would prove nothing.
        assert.isAbove(failed, 1)
      })
    )
  }

  it.effect("in the values a program holds", () =>
    Effect.gen(function* () {
      const { downloadUrl, uploadUrl } = yield* files
      const values = [yield* uploadUrl("c", "/a"), yield* downloadUrl("c", "/a"), yield* files]
      for (const text of values.map(printed)) {
        assert.deepStrictEqual(leaksIn(text, signature), [])
        assert.deepStrictEqual(leaksIn(text, key), [])
      }
    }).pipe(Effect.provide(against(() => Effect.never).layer))
  )
})
