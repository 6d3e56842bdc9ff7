import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeHttp from "node:http"
import { serving, temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"
import { mount, write } from "./workspace.js"

interface Sent {
  readonly status: number
  readonly body: unknown
}

const send = (
  method: string,
  path: string,
  options: {
    readonly body?: unknown
    readonly token?: string | undefined
    readonly host?: string
  } = {}
) =>
  Effect.flatMap(LocalAgentBay.LocalAgentBay, (server) =>
    Effect.promise(
      () =>
        new Promise<Sent>((resolve, reject) => {
          const token = "token" in options ? options.token : Redacted.value(server.adminToken)
          const request = NodeHttp.request(
            `${server.url}/admin/${path}`,
            {
              method,
              agent: false,
              headers: {
                ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
                ...(options.host === undefined ? {} : { host: options.host })
              }
            },
            (response) => {
              let text = ""
              response.setEncoding("utf8").on("data", (chunk) => (text += chunk))
              response.on("end", () =>
                resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
              )
            }
          )
          request.on("error", reject)
          request.end(
            options.body === undefined
              ? undefined
              : typeof options.body === "string"
                ? options.body
                : JSON.stringify(options.body)
          )
        })
    )
  )

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("the admin route", () => {
  it.scopedLive("does what the admin of the process does", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryDirectory
      write(folder, { "a.txt": "a" })
      const seeded = yield* send("POST", "seed", {
        body: { context: "project", folder, path: mount }
      })
      assert.strictEqual(seeded.status, 200)
      assert.strictEqual(Wire.at(seeded.body, "files"), 1)
      const state = yield* send("GET", "state")
      assert.strictEqual(Wire.at(state.body, "contexts", 0, "name"), "project")
      assert.strictEqual((yield* send("PUT", "snapshots/s")).status, 200)
      assert.strictEqual((yield* send("POST", "reset")).status, 200)
      const empty = yield* send("GET", "state")
      assert.deepStrictEqual(Wire.at(empty.body, "contexts"), [])
      assert.deepStrictEqual(Wire.at(empty.body, "snapshots"), ["s"])
      assert.strictEqual((yield* send("POST", "snapshots/s/restore")).status, 200)
      assert.strictEqual((yield* send("DELETE", "snapshots/s")).status, 200)
      assert.strictEqual(
        Wire.textAt((yield* send("GET", "state")).body, "contexts", 0, "id"),
        Wire.textAt(seeded.body, "contextId")
      )
      yield* Wire.call("ListSession", { Labels: {} })
      const calls = yield* send("GET", "calls?last=1")
      assert.strictEqual(Wire.at(calls.body, "calls", 0, "action"), "ListSession")
      const before = Wire.textAt((yield* send("GET", "clock")).body, "now")
      const after = yield* send("POST", "clock", { body: { advance: "1 hour" } })
      assert.isAtLeast(Date.parse(Wire.textAt(after.body, "now")) - Date.parse(before), 3_600_000)
    }).pipe(provided)
  )

  it.scopedLive("sets, tells and clears the rules of misbehaviour", () =>
    Effect.gen(function* () {
      const rules = [{ name: "odd", then: { error: { code: "Odd", retryAfter: 5 } } }]
      const put = yield* send("PUT", "faults", { body: rules })
      assert.deepStrictEqual(put, { status: 200, body: { faults: rules } })
      assert.deepStrictEqual(yield* send("GET", "faults"), put)
      const hit = yield* Wire.request("ListSession", { Labels: {} })
      assert.strictEqual(Wire.at(hit.body, "Code"), "Odd")
      const wrong = yield* send("PUT", "faults", { body: [{ then: {} }] })
      assert.strictEqual(wrong.status, 400)
      assert.include(Wire.textAt(wrong.body, "message"), "rule 1: then: says nothing")
      assert.deepStrictEqual(yield* send("GET", "faults"), put)
      yield* send("DELETE", "faults")
      yield* Wire.call("ListSession", { Labels: {} })
    }).pipe(provided)
  )

  it.scopedLive("needs its own token: not the key, not another, and says nothing before", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const right = Redacted.value(server.adminToken)
      for (const token of [undefined, "", "wrong", `${right}x`, Redacted.value(server.apiKey)]) {
        for (const [method, path] of [
          ["GET", "state"],
          ["POST", "reset"],
          ["GET", "nothing"]
        ] as const) {
          const answer = yield* send(method, path, { token })
          assert.strictEqual(answer.status, 401)
          assert.deepStrictEqual(Object.keys(Object(answer.body)), ["error", "message"])
        }
      }
      // And the token is no key.
      const call = yield* Wire.send(
        `${server.url}/?Action=ListSession&Authorization=Bearer%20${right}&Labels=%7B%7D`
      )
      assert.strictEqual(Wire.at(call.body, "Code"), "NOT_LOGIN")
    }).pipe(provided)
  )

  it.scopedLive("answers only under names of its own: no page of the web leads here", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { port } = new URL(server.url)
      for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "["]) {
        assert.strictEqual((yield* send("GET", "state", { host })).status, 403, host)
      }
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "LOCALHOST"]) {
        assert.strictEqual((yield* send("GET", "state", { host })).status, 200, host)
      }
    }).pipe(provided)
  )

  it.scopedLive("knows its paths and methods, and names what is wrong with a body", () =>
    Effect.gen(function* () {
      const statusOf = (...args: Parameters<typeof send>) =>
        Effect.map(send(...args), ({ status }) => status)
      assert.strictEqual(yield* statusOf("GET", "nothing"), 404)
      assert.strictEqual(yield* statusOf("GET", ""), 404)
      assert.strictEqual(yield* statusOf("GET", "snapshots/%E0%A4%A"), 404)
      assert.strictEqual(yield* statusOf("GET", "reset"), 405)
      assert.strictEqual(yield* statusOf("PUT", "snapshots/.."), 404)
      assert.strictEqual(yield* statusOf("PUT", "snapshots/..%2Fx"), 400)
      assert.strictEqual(yield* statusOf("POST", "snapshots/none/restore"), 404)
      assert.strictEqual(yield* statusOf("GET", "calls?last=many"), 400)
      assert.strictEqual(yield* statusOf("PUT", "faults", { body: "{" }), 400)
      assert.strictEqual(yield* statusOf("POST", "clock", { body: { advance: "soon" } }), 400)
      assert.strictEqual(yield* statusOf("POST", "clock", { body: {} }), 400)
      const wrong = yield* send("POST", "seed", { body: { context: "c", folder: 1, path: mount } })
      assert.strictEqual(wrong.status, 400)
      const missing = yield* send("POST", "seed", {
        body: { context: "c", folder: "/none/such", path: mount }
      })
      assert.strictEqual(missing.status, 422)
    }).pipe(provided)
  )

  it.scopedLive("the token is kept for its owner alone, and stays the same", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const token = LocalAgentBay.LocalAgentBay.pipe(
        Effect.map(({ adminToken }) => Redacted.value(adminToken)),
        serving(directory)
      )
      const first = yield* token
      assert.strictEqual(yield* token, first)
      assert.match(first, /^admin-local-/)
    })
  )
})
