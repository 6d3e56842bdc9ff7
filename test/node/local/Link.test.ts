import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { isolates } from "./isolation.js"
import * as Life from "./life.js"
import * as Wire from "./wire.js"

interface Capture {
  readonly n: number
  readonly path: string
  readonly json: { readonly tool: string; readonly args: object; readonly token: string }
}

/** What the unmodified official client sent by a direct link. */
const captures: ReadonlyArray<Capture> = NodeFs.readFileSync(
  new URL("../../fixtures/protocol/requests.jsonl", import.meta.url),
  "utf8"
)
  .trim()
  .split("\n")
  .map((line): Capture => JSON.parse(line))
  .filter(({ path }) => path.startsWith("/link/"))

const serving = <A, E>(
  options: LocalAgentBay.Options,
  effect: Effect.Effect<A, E, LocalAgentBay.LocalAgentBay>
) =>
  Effect.flatMap(Life.temporaryDirectory, (dataDirectory) =>
    Life.serving(dataDirectory, options)(effect)
  )

const linkOf = (body: unknown) => ({
  id: Wire.textAt(body, "Data", "SessionId"),
  url: Wire.textAt(body, "Data", "LinkUrl"),
  token: Wire.textAt(body, "Data", "Token")
})

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  Wire.send(`${url}/callTool`, {
    headers: { "content-type": "application/json", ...headers },
    body: Wire.textOf(body)
  })

const result = (text: string, isError = false) => ({
  data: { result: { content: [{ type: "text", text }], isError } }
})

describe("direct link", () => {
  it.scopedLive("answers what the official client sends by it", () =>
    serving(
      { directLink: true },
      Effect.gen(function* () {
        const created = yield* Wire.call("CreateMcpSession")
        const { id, token, url } = linkOf(created)
        assert.match(url, new RegExp(`^http://127.0.0.1:\\d+/link/${id}$`))
        assert.deepStrictEqual(linkOf(yield* Wire.call("GetSession", { SessionId: id })), {
          id,
          url,
          token
        })
        const tools: Array<{ name: string; server: string }> = JSON.parse(
          Wire.textAt(created, "Data", "ToolList")
        )
        assert.deepInclude(
          tools.map(({ name, server }) => ({ name, server })),
          { name: "shell", server: "wuying_shell" }
        )
        const answers = yield* Effect.forEach(captures, ({ json }) =>
          post(url, { ...json, token }, { "x-access-token": token })
        )
        assert.deepStrictEqual(
          answers.map(({ status }) => status),
          [200, 200, 200, 200]
        )
        assert.deepStrictEqual(
          answers.slice(1).map(({ body }) => body),
          [result("true"), result("abc"), result(Buffer.from("abc").toString("base64"))]
        )
        const text = Wire.textAt(answers[0]?.body, "data", "result", "content", 0, "text")
        if (isolates) assert.deepInclude(JSON.parse(text), { stdout: "hi\n", exit_code: 0 })
        else assert.include(text, "bubblewrap")
        const missing = { tool: "read_file", args: { path: "/tmp/none.txt" }, token }
        assert.deepStrictEqual(
          (yield* post(url, missing)).body,
          result("file not found: /tmp/none.txt", true)
        )
        assert.deepStrictEqual(
          (yield* post(url, { tool: "fly", token })).body,
          result("tool not found: fly", true)
        )
      })
    )
  )

  it.scopedLive("takes the token of the session alone", () =>
    serving(
      { directLink: true },
      Effect.gen(function* () {
        const one = linkOf(yield* Wire.call("CreateMcpSession"))
        const other = linkOf(yield* Wire.call("CreateMcpSession"))
        assert.notStrictEqual(one.token, other.token)
        const call = { tool: "write_file", args: { path: "/tmp/a", content: "attack" } }
        const status = (body: object, headers: Record<string, string> = {}) =>
          Effect.map(post(one.url, body, headers), (answer) => answer.status)
        assert.strictEqual(yield* status(call), 401)
        assert.strictEqual(yield* status({ ...call, token: "" }), 401)
        assert.strictEqual(yield* status({ ...call, token: other.token }), 403)
        assert.strictEqual(yield* status({ ...call, token: `${one.token}x` }), 403)
        // A wrong header is not made good by the body.
        assert.strictEqual(
          yield* status({ ...call, token: one.token }, { "x-access-token": other.token }),
          403
        )
        const { sessionDirectory } = yield* LocalAgentBay.LocalAgentBay
        assert.deepStrictEqual(NodeFs.readdirSync(`${sessionDirectory(one.id)}/tmp`), [])
        assert.strictEqual(yield* status({ ...call, token: one.token }), 200)
        yield* Wire.release(one.id)
        assert.strictEqual(yield* status({ ...call, token: one.token }), 404)
      })
    )
  )

  it.scopedLive("refuses what is no call", () =>
    serving(
      { directLink: true },
      Effect.gen(function* () {
        const { token, url } = linkOf(yield* Wire.call("CreateMcpSession"))
        const headers = { "x-access-token": token }
        for (const body of ["{", "[]", "null", '{"args":{}}', '{"tool":"x","args":[]}', ""]) {
          assert.strictEqual((yield* post(url, body, headers)).status, 400, body)
          assert.strictEqual((yield* post(url, body)).status, 401, body)
        }
        const send = (path: string, init: RequestInit) =>
          Effect.map(Wire.send(`${url}${path}`, { headers, ...init }), ({ status }) => status)
        assert.strictEqual(yield* send("/callTool", { method: "GET" }), 405)
        assert.strictEqual(yield* send("/else", { body: "{}" }), 404)
        assert.strictEqual(yield* send("/callTool/more", { body: "{}" }), 404)
        const large = "x".repeat(16 * 1024 * 1024 + 1)
        assert.strictEqual((yield* post(url, large, headers)).status, 413)
      })
    )
  )

  it.scopedLive("is off unless it is asked for", () =>
    serving(
      {},
      Effect.gen(function* () {
        const { id, token, url } = linkOf(yield* Wire.call("CreateMcpSession"))
        assert.deepStrictEqual([token, url], ["", ""])
        const server = yield* LocalAgentBay.LocalAgentBay
        const answer = yield* post(`${server.url}/link/${id}`, { tool: "get_metrics", token: "" })
        assert.strictEqual(answer.status, 404)
      })
    )
  )
})
