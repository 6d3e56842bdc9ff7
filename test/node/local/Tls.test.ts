import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { execFile } from "node:child_process"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import * as NodeHttps from "node:https"
import * as Tls from "../../../packages/node/src/local/http/Tls.js"
import { collecting, serving, temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"

const certificateOf = (directory: string) =>
  new NodeCrypto.X509Certificate(NodeFs.readFileSync(`${directory}/tls-cert.pem`))

interface Sent {
  readonly status: number
  readonly body: unknown
}

/** A request over TLS that trusts the server's certificate and nothing else. */
const send = (
  server: LocalAgentBay.Service,
  form: Wire.Form,
  options: { readonly hostname?: string; readonly ca?: string; readonly chunked?: boolean } = {}
) =>
  Effect.tryPromise(
    () =>
      new Promise<Sent>((resolve, reject) => {
        const body = Wire.encode(form)
        const request = NodeHttps.request(
          {
            hostname: options.hostname ?? "127.0.0.1",
            port: new URL(server.url).port,
            path: `/?Action=${String(form["Action"])}`,
            method: "POST",
            ca: options.ca ?? NodeFs.readFileSync(server.certFile ?? ""),
            agent: false,
            headers: {
              "content-type": "application/x-www-form-urlencoded",
              ...(options.chunked === true ? {} : { "content-length": Buffer.byteLength(body) })
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
        // In pieces, so that the chunked form really has several chunks.
        for (let at = 0; at < body.length; at += 1_000_000) {
          request.write(body.slice(at, at + 1_000_000))
        }
        request.end()
      })
  )

const keyOf = (server: LocalAgentBay.Service) => ({
  Authorization: `Bearer ${Redacted.value(server.apiKey)}`
})

const getContext = { Action: "GetContext", Name: "n", AllowCreate: "true" }

const refusals = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  for (const chunked of [false, true]) {
    const call = (form: Wire.Form) => send(server, form, { chunked })
    const outcome = (sent: Sent) => [sent.status, Wire.at(sent.body, "Code")]
    assert.deepStrictEqual(outcome(yield* call({ ...getContext, Authorization: "Bearer wrong" })), [
      400,
      "NOT_LOGIN"
    ])
    assert.deepStrictEqual(outcome(yield* call({ ...keyOf(server), Action: "NoSuch" })), [
      404,
      "InvalidAction.NotFound"
    ])
    assert.deepStrictEqual(
      outcome(yield* call({ ...getContext, ...keyOf(server), X: "x".repeat(16 * 1024 * 1024) })),
      [413, "InvalidRequest.BodyTooLarge"]
    )
    assert.strictEqual((yield* call({ ...getContext, ...keyOf(server) })).status, 200)
  }
})

describe("TLS", () => {
  it.scopedLive("the certificate covers loopback, is for its owner, and survives a restart", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const first = yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)
        assert.strictEqual(server.certFile, `${server.dataDirectory}/tls-cert.pem`)
        for (const hostname of ["127.0.0.1", "localhost"]) {
          const answer = yield* send(server, { ...getContext, ...keyOf(server) }, { hostname })
          assert.strictEqual(answer.status, 200)
        }
        return certificateOf(directory)
      }).pipe(serving(directory, { tls: true }))
      for (const address of ["127.0.0.1", "::1"]) {
        assert.isString(first.checkIP(address), address)
      }
      assert.isString(first.checkHost("localhost"))
      assert.isUndefined(first.checkHost("example.com"))
      assert.strictEqual(NodeFs.statSync(`${directory}/tls-key.pem`).mode & 0o777, 0o600)
      yield* LocalAgentBay.LocalAgentBay.pipe(serving(directory, { tls: true }))
      assert.strictEqual(certificateOf(directory).fingerprint256, first.fingerprint256)
    })
  )

  it.scopedLive("nobody has to trust it: without the certificate there is no connection", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const other = yield* LocalAgentBay.LocalAgentBay.pipe(
        Effect.map(({ certFile }) => NodeFs.readFileSync(certFile ?? "", "utf8")),
        serving(yield* temporaryDirectory, { tls: true })
      )
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const error = yield* Effect.flip(send(server, getContext, { ca: other }))
        assert.match(String(error.cause), /self-signed|unable to verify|certificate/i)
      }).pipe(serving(directory, { tls: true }))
    })
  )

  it.scopedLive(
    "the certificate is made again when it does not cover the host, or is damaged",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const start = (host: string) =>
          LocalAgentBay.LocalAgentBay.pipe(
            Effect.map(() => certificateOf(directory).fingerprint256),
            serving(directory, { tls: true, host }),
            Effect.provide(collecting().layer)
          )
        const first = yield* start("127.0.0.1")
        const second = yield* start("127.0.0.2")
        assert.notStrictEqual(second, first)
        assert.isString(certificateOf(directory).checkIP("127.0.0.2"))
        // The key of somebody else, as after a start that was cut off between the two.
        const { privateKey } = NodeCrypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
        NodeFs.writeFileSync(
          `${directory}/tls-key.pem`,
          privateKey.export({ format: "pem", type: "pkcs8" })
        )
        const third = yield* start("127.0.0.2")
        assert.notStrictEqual(third, second)
        NodeFs.writeFileSync(`${directory}/tls-cert.pem`, "no certificate")
        assert.notStrictEqual(yield* start("127.0.0.2"), third)
        assert.strictEqual(yield* start("127.0.0.2"), certificateOf(directory).fingerprint256)
      })
  )

  it.scopedLive("the certificate is made again a month before its end", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const start = LocalAgentBay.LocalAgentBay.pipe(
        Effect.map(() => certificateOf(directory)),
        serving(directory, { tls: true })
      )
      const first = yield* start
      const left = (Date.parse(first.validTo) - Date.now()) / 86_400_000
      assert.isAbove(left, 364)
      const cert = NodeFs.readFileSync(`${directory}/tls-cert.pem`, "utf8")
      const key = NodeFs.readFileSync(`${directory}/tls-key.pem`, "utf8")
      const names = Tls.reachedAs("127.0.0.1")
      const inDays = (days: number) => Date.now() + days * 86_400_000
      assert.isTrue(Tls.isGood(cert, key, names, inDays(334)))
      assert.isFalse(Tls.isGood(cert, key, names, inDays(336)))
    })
  )

  it("a server on all addresses is reached by each of them", () => {
    const names = Tls.reachedAs("0.0.0.0")
    assert.includeMembers([...names], ["localhost", "127.0.0.1", "::1"])
    assert.notInclude(names, "0.0.0.0")
    assert.deepStrictEqual(Tls.reachedAs("[fe80::1%eth0]").at(-1), "fe80::1")
  })

  it.scopedLive("a certificate of one's own is used, and refused with what is wrong with it", () =>
    Effect.gen(function* () {
      const made = yield* temporaryDirectory
      yield* LocalAgentBay.LocalAgentBay.pipe(serving(made, { tls: true }))
      const own = { certFile: `${made}/tls-cert.pem`, keyFile: `${made}/tls-key.pem` }
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        assert.strictEqual(server.certFile, own.certFile)
        assert.strictEqual((yield* send(server, { ...getContext, ...keyOf(server) })).status, 200)
        assert.isFalse(NodeFs.existsSync(`${directory}/tls-cert.pem`))
      }).pipe(serving(directory, { tls: own }))
      for (const [files, detail] of [
        [{ ...own, certFile: `${made}/none.pem` }, /none\.pem/],
        [{ ...own, keyFile: `${made}/api-key` }, /./],
        [{ ...own, certFile: `${made}/api-key` }, /./]
      ] as const) {
        const error = yield* Effect.flip(
          LocalAgentBay.LocalAgentBay.pipe(serving(directory, { tls: files }))
        )
        assert.strictEqual(error._tag === "LocalAgentBayError" && error.reason, "Tls")
        assert.match(error.message, detail)
        assert.notInclude(error.message, "akm-local")
      }
    })
  )

  it.scopedLive("refusals are the same as without: key, action, size, in both framings", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* refusals.pipe(serving(directory, { tls: true }))
    })
  )

  it.scopedLive("layerLocal reaches its own server, with either client", () =>
    Effect.gen(function* () {
      const work = Effect.gen(function* () {
        const agentBay = yield* AgentBay.AgentBay
        const context = yield* agentBay.contexts.getOrCreate("over tls")
        assert.strictEqual(context.name, "over tls")
      })
      for (const more of [{}, { transformClient: <A>(client: A) => client }]) {
        const directory = yield* temporaryDirectory
        yield* Effect.provide(
          work,
          NodeAgentBay.layerLocal({ dataDirectory: directory, tls: true, ...more })
        )
      }
    })
  )

  it.scopedLive("other programs find certificate and key in the advertisement", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const found = Option.getOrThrow(yield* LocalAgentBay.readAdvertised(directory))
        const server = yield* LocalAgentBay.LocalAgentBay
        const client = NodeAgentBay.layer({
          apiKey: found.apiKey,
          // As official SDKs are told: without a scheme, which means https.
          endpoint: server.endpoint,
          ca: yield* LocalAgentBay.trusted(found.certFile)
        })
        const context = yield* Effect.provide(
          Effect.flatMap(AgentBay.AgentBay, ({ contexts }) => contexts.getOrCreate("found")),
          client
        )
        assert.strictEqual(context.name, "found")
      }).pipe(serving(directory, { tls: true, advertise: true }))
    })
  )

  it.scopedLive("NODE_EXTRA_CA_CERTS is all that a program in another process needs", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const server = yield* LocalAgentBay.LocalAgentBay
        const ask = (env: Record<string, string>) =>
          Effect.promise(
            () =>
              new Promise<string>((resolve) =>
                execFile(
                  process.execPath,
                  [
                    "-e",
                    `fetch("https://${server.endpoint}/?Action=GetContext", { method: "POST" })
                      .then((answer) => answer.json())
                      .then((body) => console.log(body.Code), (error) => console.log(error.cause.code))`
                  ],
                  { env },
                  (_, stdout) => resolve(stdout.trim())
                )
              )
          )
        assert.strictEqual(yield* ask({ NODE_EXTRA_CA_CERTS: server.certFile ?? "" }), "NOT_LOGIN")
        assert.match(yield* ask({}), /SELF_SIGNED|UNABLE_TO_VERIFY|CERT/)
      }).pipe(serving(directory, { tls: true }))
    })
  )
})
