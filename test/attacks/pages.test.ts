/**
 * A page of the web that the user has open can reach loopback: by a name of its own that it lets
 * point there (DNS rebinding), by requests that need no permission, and by those that do. None
 * of them is answered, not even with the right key, unless its origin was named.
 */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { holdings, type Right, rightRequests } from "./routes.js"
import { connect, permits, send, statuses, untilClosed } from "./wire.js"

const page = "http://localhost:3000"

const serving = (options: LocalAgentBay.Options = {}) =>
  Effect.provide(LocalAgentBay.layerTestWith({ directLink: true, ...options }))

const refused = { status: 403, permits: false }

const code = (text: string): unknown => (text === "" ? undefined : JSON.parse(text).Code)

/** One request of each route, where all of them would only take longer. */
const fewOf = (all: ReadonlyArray<Right>) =>
  all.filter(({ name }) =>
    /^(GetContext, key|admin POST reset|link, token in a header|files)/.test(name)
  )

/** Sends right requests with some headers more, and finds each refused and nothing changed. */
const refusedWith = Effect.fnUntraced(function* (
  requests: ReadonlyArray<Right>,
  headers: Record<string, string>,
  expected: string
) {
  const before = yield* holdings
  for (const right of requests) {
    const answer = yield* send({ ...right, headers: { ...right.headers, ...headers } })
    const what = `${right.name} ${JSON.stringify(headers)}`
    assert.deepStrictEqual({ status: answer.status, permits: permits(answer) }, refused, what)
    if (right.method !== "HEAD") assert.strictEqual(code(answer.text), expected, what)
    assert.notInclude(answer.text, right.secret, what)
  }
  assert.deepStrictEqual(yield* holdings, before)
})

const foreignHosts = [
  "localhost.evil.example",
  "127.0.0.1.nip.example:80",
  "evil.example@127.0.0.1",
  "127.0.0.1@evil.example",
  "127.0.0.1#.evil.example",
  "192.168.0.7:8080",
  "[2001:db8::1]",
  "0.0.0.0",
  "[::ffff:10.0.0.1]",
  "localhost.",
  "local host"
]

const fromPages: ReadonlyArray<Record<string, string>> = [
  { origin: "null" },
  { origin: "" },
  { origin: page, "sec-fetch-site": "same-site" },
  { origin: "file://" },
  // A form in text/plain needs no permission, and can be written so that its body is JSON.
  { origin: "https://evil.example", "content-type": "text/plain", "sec-fetch-mode": "navigate" },
  { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
  { "sec-fetch-site": "same-origin" },
  { "sec-fetch-site": "anything" }
]

describe("a page of the web", () => {
  it.scopedLive("control: without what a page cannot leave out, each request is answered", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      for (const right of all.toSorted(
        (a, b) =>
          Number(a.name.startsWith("admin POST reset")) -
          Number(b.name.startsWith("admin POST reset"))
      )) {
        const answer = yield* send(right)
        assert.notInclude([401, 403, 405], answer.status, right.name)
        assert.notInclude(answer.text, "NOT_LOGIN", right.name)
        assert.isFalse(permits(answer), right.name)
      }
    }).pipe(serving())
  )

  it.scopedLive("is refused on every route under a name of its own (DNS rebinding)", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      assert.isAbove(all.length, 60)
      yield* refusedWith(all, { host: "evil.example" }, "Forbidden.Host")
      for (const host of foreignHosts) yield* refusedWith(fewOf(all), { host }, "Forbidden.Host")
    }).pipe(serving())
  )

  it.scopedLive(
    "is refused on every route by its origin, or without one by where it comes from",
    () =>
      Effect.gen(function* () {
        const { url } = yield* LocalAgentBay.LocalAgentBay
        const { all } = yield* rightRequests
        yield* refusedWith(all, { origin: "https://evil.example" }, "Forbidden.Origin")
        // An image, a script, a link: no origin is told.
        const silent = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }
        yield* refusedWith(all, silent, "Forbidden.Origin")
        // The server has no pages, so its own origin is nobody's.
        for (const headers of [...fromPages, { origin: url }]) {
          yield* refusedWith(fewOf(all), headers, "Forbidden.Origin")
        }
      }).pipe(serving())
  )

  it.scopedLive("is refused by a request without a host name, which only old programs send", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      for (const { body = "", headers = {}, method, target } of fewOf(all)) {
        const socket = yield* connect
        const lines = Object.entries(headers).map(
          ([name, value]) => `${name}: ${String(value)}\r\n`
        )
        socket.end(
          `${method} ${target} HTTP/1.0\r\n${lines.join("")}content-length: ${body.length}\r\n\r\n${body}`
        )
        assert.deepStrictEqual(statuses(yield* untilClosed(socket)), [403])
      }
    }).pipe(serving())
  )

  it.scopedLive("asks for permission and gets none", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      for (const target of new Set(all.map(({ target }) => target))) {
        const answer = yield* send({
          method: "OPTIONS",
          target,
          headers: {
            origin: "https://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, x-access-token",
            "access-control-request-private-network": "true"
          }
        })
        assert.deepStrictEqual({ status: answer.status, permits: permits(answer) }, refused, target)
      }
    }).pipe(serving())
  )

  it.scopedLive("is not made by a file of the server, whatever is in it", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      const put = all.find(({ name }) => name === "files PUT")
      const get = all.find(({ name }) => name === "files GET")
      assert.ok(put !== undefined && get !== undefined)
      yield* send({ ...put, headers: { "content-type": "text/html" }, body: "<script></script>" })
      // As the address line of a browser asks for it.
      const answer = yield* send({ ...get, headers: { "sec-fetch-site": "none" } })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.headers["content-type"], "application/octet-stream")
      assert.strictEqual(answer.headers["x-content-type-options"], "nosniff")
    }).pipe(serving())
  )
})

describe("a page whose origin was named", () => {
  const options = { allowedOrigins: [page, "https://app.example"] }

  it.scopedLive("may call all but the admin route, and read the answers", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      for (const right of all) {
        const answer = yield* send({
          ...right,
          headers: { ...right.headers, origin: page, "sec-fetch-site": "same-site" }
        })
        if (right.name.startsWith("admin ")) {
          assert.deepStrictEqual({ status: answer.status, permits: permits(answer) }, refused)
          continue
        }
        assert.notInclude([401, 403], answer.status, right.name)
        assert.strictEqual(answer.headers["access-control-allow-origin"], page, right.name)
        assert.strictEqual(answer.headers.vary, "Origin", right.name)
        assert.include(answer.headers["access-control-expose-headers"], "ETag", right.name)
        assert.notProperty(answer.headers, "access-control-allow-credentials", right.name)
      }
    }).pipe(serving(options))
  )

  it.scopedLive("gets the permission that it asks for beforehand", () =>
    Effect.gen(function* () {
      const preflight = (target: string, headers: Record<string, string>) =>
        send({
          method: "OPTIONS",
          target,
          headers: { origin: page, "access-control-request-method": "PUT", ...headers }
        })
      for (const target of ["/?Action=GetContext", "/files/SdkCtx-1/a", "/link/s/callTool"]) {
        const answer = yield* preflight(target, {
          "access-control-request-headers": "content-type, traceparent"
        })
        assert.strictEqual(answer.status, 204, target)
        assert.strictEqual(answer.headers["access-control-allow-origin"], page)
        assert.strictEqual(answer.headers["access-control-allow-methods"], "GET, HEAD, POST, PUT")
        assert.strictEqual(
          answer.headers["access-control-allow-headers"],
          "content-type, traceparent"
        )
        assert.notProperty(answer.headers, "access-control-allow-private-network")
      }
      const near = yield* preflight("/", { "access-control-request-private-network": "true" })
      assert.strictEqual(near.headers["access-control-allow-private-network"], "true")
      assert.deepInclude(yield* preflight("/admin/state", {}), { status: 403 })
    }).pipe(serving(options))
  )

  it.scopedLive("opens nothing to others, nor to itself without the key or by another name", () =>
    Effect.gen(function* () {
      const few = fewOf((yield* rightRequests).all)
      for (const origin of [
        "http://localhost:3001",
        "https://localhost:3000",
        "http://localhost:3000.evil.example",
        `${page}, https://evil.example`,
        "null",
        "*"
      ]) {
        yield* refusedWith(few, { origin }, "Forbidden.Origin")
      }
      yield* refusedWith(few, { "sec-fetch-site": "same-site" }, "Forbidden.Origin")
      yield* refusedWith(few, { origin: page, host: "evil.example" }, "Forbidden.Host")
      const keyless = yield* send({
        method: "POST",
        target: "/?Action=ListContexts",
        headers: { origin: page }
      })
      assert.strictEqual(code(keyless.text), "NOT_LOGIN")
    }).pipe(serving(options))
  )

  it.scopedLive("has to be an origin", () =>
    Effect.gen(function* () {
      for (const wrong of [
        "*",
        "null",
        "",
        "localhost:3000",
        "http://a.example/path",
        "file:///"
      ]) {
        const error = yield* Effect.flip(serving({ allowedOrigins: [page, wrong] })(Effect.void))
        assert.strictEqual(error.reason, "Origin", wrong)
        assert.include(error.message, `${JSON.stringify(wrong)} is no origin`)
      }
      yield* serving({ allowedOrigins: [`${page}/`, "HTTPS://App.Example:443"] })(
        Effect.gen(function* () {
          for (const origin of [page, "https://app.example"]) {
            const { headers } = yield* send({ method: "POST", target: "/", headers: { origin } })
            assert.strictEqual(headers["access-control-allow-origin"], origin)
          }
        })
      )
    })
  )
})

describe("names of the server", () => {
  const statusUnder = (host: string) =>
    Effect.map(send({ method: "POST", target: "/", headers: { host } }), ({ status }) => status)

  it.scopedLive("are those of loopback, and those that were named", () =>
    Effect.gen(function* () {
      for (const host of ["localhost", "LocalHost:1", "127.0.0.1", "127.9.9.9:80", "[::1]:80"]) {
        assert.strictEqual(yield* statusUnder(host), 404, host)
      }
      assert.strictEqual(yield* statusUnder("Host.Docker.Internal:8080"), 404)
      assert.strictEqual(yield* statusUnder("docker.internal"), 403)
    }).pipe(serving({ allowedHosts: ["host.docker.internal"] }))
  )

  it.scopedLive(
    "are all addresses, but no other names, where it listens on more than loopback",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* statusUnder("192.168.0.7:8080"), 404)
        assert.strictEqual(yield* statusUnder("[2001:db8::1]"), 404)
        assert.strictEqual(yield* statusUnder("evil.example"), 403)
      }).pipe(serving({ host: "0.0.0.0" }), Effect.provide(Logger.remove(Logger.defaultLogger)))
  )
})
