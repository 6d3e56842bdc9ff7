/** Every route, with every wrong key: nothing is told and nothing is changed. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import {
  adminEndpoints,
  holdings,
  modules,
  prefixes,
  type Right,
  rightRequests,
  routeModules
} from "./routes.js"
import { type Answer, send, type Sent } from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTestWith({ directLink: true }))

/** The request with another text in the place of what opens it. */
const withSecret = (right: Right, secret: string) => ({
  ...right,
  target: right.target.replace(right.secret, secret),
  headers: Object.fromEntries(
    Object.entries(right.headers ?? {}).map(([name, value]) => [
      name,
      String(value).replace(right.secret, secret)
    ])
  ),
  body: right.body?.replace(right.secret, secret)
})

/** The request without what the secret stands in: no parameter, no header, no member. */
const withoutSecret = (right: Right): Right => {
  const { secret } = right
  const withoutPairs = (text: string) =>
    text
      .split("&")
      .filter((pair) => !pair.includes(secret))
      .join("&")
  const [path = "", query] = right.target.split("?")
  const { body, headers = {} } = right
  const isJson = String(headers["content-type"]).includes("json")
  return {
    ...right,
    target: query === undefined ? path : `${path}?${withoutPairs(query)}`,
    headers: Object.fromEntries(
      Object.entries(headers).filter(([, value]) => !String(value).includes(secret))
    ),
    body:
      body === undefined || !body.includes(secret)
        ? body
        : isJson
          ? JSON.stringify({ ...JSON.parse(body), token: undefined })
          : withoutPairs(body)
  }
}

/** One character is another one. */
const changed = (secret: string, at: number) => {
  const index = at < 0 ? secret.length + at : at
  return `${secret.slice(0, index)}${secret[index] === "A" ? "B" : "A"}${secret.slice(index + 1)}`
}

const isRefused = ({ status, text }: Answer): boolean =>
  status === 401 || status === 403 || (status === 400 && text.includes('"NOT_LOGIN"'))

const assertRefused = (right: Right, secret: string) =>
  assertNotLetIn(right, withSecret(right, secret), `with ${secret}`)

const assertNotLetIn = (right: Right, sent: Sent, what: string) =>
  Effect.map(send(sent), (answer) => {
    assert.isTrue(isRefused(answer), `${right.name} ${what}: ${answer.status} ${answer.text}`)
    assert.notInclude(answer.text, right.secret)
    // No word on what is there, or on how far the key was right.
    assert.isBelow(answer.text.length, 250, right.name)
  })

describe("routes", () => {
  it("are those that these tests attack", () => {
    assert.deepStrictEqual(prefixes, ["/admin/", "/files/", "/link/"])
    assert.deepStrictEqual(routeModules, [
      "admin/AdminRoute.ts",
      "contexts/FileRoute.ts",
      "http/HttpFront.ts",
      "tools/LinkRoute.ts"
    ])
    const route = modules.find(({ name }) => name === "admin/AdminRoute.ts")?.text ?? ""
    assert.strictEqual(adminEndpoints.length, route.match(/\bon\(\s*"/g)?.length)
    assert.isAtLeast(adminEndpoints.length, 12)
  })

  it.scopedLive("refuse whoever has no key, and who has nearly the right one", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      const before = yield* holdings
      for (const right of all) {
        yield* assertRefused(right, "")
        const without = withoutSecret(right)
        assert.notInclude(
          [without.target, JSON.stringify(without.headers), without.body].join("\n"),
          right.secret,
          right.name
        )
        yield* assertNotLetIn(right, without, "with nothing in its place")
        yield* assertRefused(right, changed(right.secret, -1))
      }
      assert.deepStrictEqual(yield* holdings, before)
    }).pipe(provided)
  )

  it.scopedLive("refuse every other text, and the keys of all other routes", () =>
    Effect.gen(function* () {
      const { all } = yield* rightRequests
      const before = yield* holdings
      const few = all.filter(({ name }) =>
        /^(GetContext|ListMcpTools|CreateMcpSession), key|admin (GET state|POST reset)|link|files/.test(
          name
        )
      )
      const secrets = new Set(few.map(({ secret }) => secret))
      for (const right of few) {
        const { secret } = right
        const wrong = [
          changed(secret, 0),
          changed(secret, Math.floor(secret.length / 2)),
          secret.slice(0, -1),
          secret.slice(1),
          `${secret}A`,
          `${secret}%00`,
          `A${secret}`,
          `${secret}${secret}`,
          secret.toUpperCase(),
          "undefined",
          "null",
          "*",
          "%",
          "' OR 1=1 --".replaceAll(" ", "%20"),
          "A".repeat(8000),
          ...[...secrets].filter((other) => other !== secret)
        ]
        for (const text of wrong) yield* assertRefused(right, text)
      }
      assert.deepStrictEqual(yield* holdings, before)
    }).pipe(provided)
  )

  it.scopedLive("take one key of several: the first of the body, else of the query", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const right = `Authorization=Bearer%20${Redacted.value(server.apiKey)}`
      const wrong = "Authorization=Bearer%20wrong"
      const code = (query: string, body: string) =>
        Effect.map(
          send({ method: "POST", target: `/?Action=ListContexts&${query}`, body }),
          ({ text }) => JSON.parse(text).Code
        )
      assert.strictEqual(yield* code(right, ""), "ok")
      for (const [query, body] of [
        [`${wrong}&${right}`, ""],
        [right, wrong],
        [right, "Authorization="],
        ["", `${wrong}&${right}`],
        [right.replace("Authorization", "authorization"), ""],
        [right.replace("Authorization", "Authorization%00"), ""],
        [right.replace("Authorization=", "Authorization[]="), ""]
      ] as const) {
        assert.strictEqual(yield* code(query, body), "NOT_LOGIN", `${query} ${body}`)
      }
      // A header is no place for it, so a proxy that adds one gives nobody the key.
      const byHeader = yield* send({
        method: "POST",
        target: "/?Action=ListContexts",
        headers: { authorization: `Bearer ${Redacted.value(server.apiKey)}` }
      })
      assert.include(byHeader.text, "NOT_LOGIN")
    }).pipe(provided)
  )
})

describe("comparing secrets", () => {
  const using = (pattern: RegExp) =>
    modules.flatMap(({ name, text }) => (pattern.test(text) ? [name] : []))

  // No test of times: the way in which it is done is what makes them the same.
  it("is done in one place, on digests, which are of one length and tell nothing", () => {
    assert.deepStrictEqual(using(/timingSafeEqual/), ["Secret.ts"])
    const { text = "" } = modules.find(({ name }) => name === "Secret.ts") ?? {}
    assert.match(text, /timingSafeEqual\(digest\(given\), expected\)/)
    assert.notMatch(text, /\.length|===|!==/)
  })

  it("is done there by all who have one", () => {
    assert.deepStrictEqual(using(/\bSecret\.sameAs\(/).toSorted(), [
      "contexts/FileUrl.ts",
      "http/ApiKey.ts",
      "tools/DirectLink.ts"
    ])
    // Whether there is one at all may be asked.
    const compared =
      /\b(?:secret|token|signature|key|apiKey|authorization|expected|claimed)\w*\)?\s*[!=]==(?!\s*(?:undefined|null|""|"string"))/i
    assert.deepStrictEqual(using(compared), [])
  })
})
