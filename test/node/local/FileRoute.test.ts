import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeFs from "node:fs"
import * as FileReceive from "../../../packages/node/src/local/contexts/FileReceive.js"
import * as FileRange from "../../../packages/node/src/local/contexts/FileRange.js"
import {
  connect,
  get,
  http,
  put,
  raw,
  received,
  requestLine,
  stagingIsEmpty,
  urlFor
} from "./files.js"
import { collecting } from "./life.js"
import * as Wire from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

const path = "/tmp/m/a.txt"

/** A context, and where its files lie on this machine. */
const context = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const contextId = yield* Wire.createContext("c")
  return { contextId, store: server.contextDirectory(contextId) }
})

const read = (file: string) => NodeFs.readFileSync(file, "utf8")

describe("the route of stored files", () => {
  it.scopedLive("what is put is got, by any framing, without a key", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      const first = yield* put(contextId, path, "hello")
      assert.strictEqual(first.status, 200)
      assert.match(first.headers.get("etag") ?? "", /^".+"$/)
      assert.strictEqual(read(store + path), "hello")
      const got = yield* get(contextId, path)
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.text, "hello")
      assert.strictEqual(got.headers.get("content-length"), "5")
      assert.strictEqual(got.headers.get("etag"), first.headers.get("etag"))

      const chunked = yield* connect
      const url = yield* urlFor("Upload", contextId, path)
      const answered = yield* Effect.fork(received(chunked))
      chunked.write(
        `${requestLine("PUT", url)}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
          "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
      )
      assert.include(yield* Fiber.join(answered), "HTTP/1.1 200 OK")
      assert.strictEqual(read(store + path), "abcdefg")

      assert.strictEqual((yield* put(contextId, path, "")).status, 200)
      assert.strictEqual((yield* get(contextId, path)).text, "")
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it.scopedLive("HEAD tells what GET would, and parts can be asked for", () =>
    Effect.gen(function* () {
      const { contextId } = yield* context
      yield* put(contextId, path, "0123456789")
      const url = yield* urlFor("Download", contextId, path)
      const head = yield* http(url, { method: "HEAD" })
      assert.strictEqual(head.status, 200)
      assert.strictEqual(head.text, "")
      assert.strictEqual(head.headers.get("content-length"), "10")
      assert.strictEqual(head.headers.get("accept-ranges"), "bytes")
      const part = (range: string, more: Record<string, string> = {}) =>
        Effect.map(http(url, { headers: { range, ...more } }), ({ headers, status, text }) => [
          status,
          text,
          headers.get("content-range")
        ])
      assert.deepStrictEqual(yield* part("bytes=2-4"), [206, "234", "bytes 2-4/10"])
      assert.deepStrictEqual(yield* part("bytes=7-"), [206, "789", "bytes 7-9/10"])
      assert.deepStrictEqual(yield* part("bytes=-3"), [206, "789", "bytes 7-9/10"])
      assert.deepStrictEqual(yield* part("bytes=5-99"), [206, "56789", "bytes 5-9/10"])
      assert.deepStrictEqual(yield* part("bytes=10-"), [416, "", "bytes */10"])
      assert.deepStrictEqual(yield* part("bytes=0-1,3-4"), [200, "0123456789", null])
      assert.deepStrictEqual(yield* part("lines=1-2"), [200, "0123456789", null])
      const tag = head.headers.get("etag") ?? ""
      assert.strictEqual((yield* part("bytes=2-4", { "if-range": tag }))[0], 206)
      assert.strictEqual((yield* part("bytes=2-4", { "if-range": '"other"' }))[0], 200)
    }).pipe(provided)
  )

  it("ranges of an empty file, and ranges from behind", () => {
    assert.strictEqual(FileRange.parse("bytes=-5", 0), "none")
    assert.strictEqual(FileRange.parse("bytes=0-", 0), "none")
    assert.strictEqual(FileRange.parse(undefined, 0), "whole")
    assert.strictEqual(FileRange.parse("bytes=-", 5), "whole")
    assert.strictEqual(FileRange.parse("bytes=3-1", 5), "whole")
    assert.deepStrictEqual(FileRange.parse("bytes=-50", 5), { first: 0, last: 4 })
  })

  it.scopedLive("a URL is good for its file and its method, and for nothing else", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      yield* put(contextId, path, "secret")
      yield* put(contextId, "/tmp/m/b.txt", "b")
      const upload = yield* urlFor("Upload", contextId, path)
      const download = yield* urlFor("Download", contextId, path)
      const status = (url: string, method = "GET") =>
        Effect.map(
          http(url, { method, ...(method === "PUT" ? { body: "changed" } : {}) }),
          (answer) => answer.status
        )
      assert.strictEqual(yield* status(download), 200)
      assert.strictEqual(yield* status(upload), 403)
      assert.strictEqual(yield* status(upload, "HEAD"), 403)
      assert.strictEqual(yield* status(download, "PUT"), 403)
      for (const method of ["DELETE", "POST", "PATCH", "OPTIONS"]) {
        assert.strictEqual(yield* status(download, method), 405)
      }
      const expires = /Expires=(\d+)/.exec(download)?.[1] ?? ""
      const signature = /Signature=(.+)$/.exec(download)?.[1] ?? ""
      for (const wrong of [
        download.replace("a.txt", "b.txt"),
        download.replace(contextId, "SdkCtx-other"),
        download.replace(expires, String(Number(expires) + 1)),
        download.replace(expires, "99999999999999999999"),
        download.replace(signature, ""),
        download.replace(signature, signature.slice(0, -2)),
        download.replace(
          signature,
          `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`
        ),
        download.replace(/\?.*/, ""),
        download.replace("/tmp/", "//tmp/"),
        download.replace("a.txt", "%zz"),
        download.replace("a.txt", "a.txt%00")
      ]) {
        assert.strictEqual(yield* status(wrong), 403, wrong)
        assert.strictEqual(yield* status(wrong, "PUT"), 403, wrong)
      }
      for (const spelling of [
        "/tmp/./m/",
        "/tmp/x/../m/",
        "/../../../../tmp/m/",
        "/%2e%2e/%2e%2e/etc/",
        "/..%2f..%2fetc/",
        "/..\\..\\etc/"
      ]) {
        for (const [method, url] of [
          ["GET", download],
          ["PUT", upload]
        ] as const) {
          const answer = yield* raw(method, url.replace("/tmp/m/", spelling))
          assert.strictEqual(answer, 403, spelling)
        }
      }
      assert.strictEqual(yield* raw("GET", download), 200)
      assert.strictEqual(read(store + path), "secret")
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it.scopedLive("no spelling leads out of the context", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      const refused = (FilePath: string) =>
        Effect.forEach(["Upload", "Download"], (direction) =>
          Effect.map(
            Wire.request(`GetContextFile${direction}Url`, { ContextId: contextId, FilePath }),
            ({ body, status }) =>
              assert.deepStrictEqual(
                [status, Wire.at(body, "Code")],
                [400, "InvalidParameter"],
                FilePath
              )
          )
        )
      for (const wrong of [
        "",
        "/",
        "relative",
        "../x",
        "/../x",
        "/a/../../x",
        "/tmp/\0",
        "/.",
        "//",
        "/a/..",
        `/${"x".repeat(256)}`
      ]) {
        yield* refused(wrong)
      }
      // A link in the store: put there behind the server's back.
      NodeFs.mkdirSync(`${store}/tmp`, { recursive: true })
      NodeFs.symlinkSync("/etc", `${store}/tmp/link`)
      NodeFs.symlinkSync("/etc/hostname", `${store}/tmp/file`)
      const upload = yield* urlFor("Upload", contextId, "/tmp/link/x")
      assert.strictEqual((yield* http(upload, { method: "PUT", body: "x" })).status, 403)
      assert.isFalse(NodeFs.existsSync("/etc/x"))
      for (const link of ["/tmp/link/hostname", "/tmp/file"]) {
        const { body } = yield* Wire.request("GetContextFileDownloadUrl", {
          ContextId: contextId,
          FilePath: link
        })
        assert.strictEqual(Wire.at(body, "Code"), "InvalidParameter")
      }
      // The same after the URL was given out.
      yield* put(contextId, "/tmp/later", "x")
      const later = yield* urlFor("Download", contextId, "/tmp/later")
      NodeFs.rmSync(`${store}/tmp/later`)
      NodeFs.symlinkSync("/etc/hostname", `${store}/tmp/later`)
      assert.strictEqual((yield* http(later)).status, 403)
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it.scopedLive("names of every kind", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      const deep = `/${Array.from({ length: 20 }, (_, level) => `level ${level}`).join("/")}/f`
      for (const name of [
        "/top",
        "/tmp/with blank.txt",
        "/tmp/new\nline",
        "/tmp/ünï–日本語-😀",
        "/tmp/%41%2F?#&=+;",
        "/tmp/...",
        `/tmp/${"x".repeat(255)}`,
        deep
      ]) {
        assert.strictEqual((yield* put(contextId, name, name)).status, 200, name)
        assert.strictEqual(read(store + name), name)
        assert.strictEqual((yield* get(contextId, name)).text, name)
      }
    }).pipe(provided)
  )

  it.scopedLive("a body that ends early, and a client that goes away, leave nothing", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, store } = yield* context
      yield* put(contextId, path, "old")
      const url = yield* urlFor("Upload", contextId, path)
      const staged = Effect.sync(() => NodeFs.readdirSync(`${server.dataDirectory}/staging`))
      for (const [framing, bytes] of [
        ["Content-Length: 10", "abc"],
        ["Transfer-Encoding: chunked", "3\r\nabc\r\n"],
        ["Transfer-Encoding: chunked", "3\r\nabc\r\nno chunk\r\n"]
      ] as const) {
        for (const leave of ["end", "destroy"] as const) {
          const socket = yield* connect
          socket.write(`${requestLine("PUT", url)}${framing}\r\n\r\n`)
          yield* Wire.eventually(staged, (names) => names.length === 1)
          socket.write(bytes)
          socket[leave]()
          yield* stagingIsEmpty
          assert.strictEqual(read(store + path), "old")
        }
      }
    }).pipe(provided)
  )

  it.scopedLive("a client that leaves in the middle of a GET does no harm", () =>
    Effect.gen(function* () {
      const { contextId } = yield* context
      const content = "x".repeat(8 * 1024 * 1024)
      yield* put(contextId, path, content)
      const url = yield* urlFor("Download", contextId, path)
      const socket = yield* connect
      const begun = yield* Deferred.make<void>()
      socket.once("data", () => {
        socket.destroy()
        Deferred.unsafeDone(begun, Effect.void)
      })
      socket.write(`${requestLine("GET", url)}\r\n`)
      yield* Deferred.await(begun)
      const whole = yield* http(url)
      assert.strictEqual(whole.text.length, content.length)
    }).pipe(provided)
  )

  it.scopedLive("files and folders keep out of each other's way", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      yield* put(contextId, "/tmp/m/a.txt", "a")
      assert.strictEqual((yield* put(contextId, "/tmp/m", "x")).status, 409)
      assert.strictEqual((yield* put(contextId, "/tmp/m/a.txt/b", "x")).status, 409)
      assert.strictEqual((yield* put(contextId, "/tmp/m/a.txt/b/c", "x")).status, 409)
      assert.strictEqual(read(`${store}/tmp/m/a.txt`), "a")
      const url = yield* urlFor("Download", contextId, "/tmp/m/a.txt")
      NodeFs.rmSync(`${store}/tmp/m/a.txt`)
      assert.strictEqual((yield* http(url)).status, 404)
      NodeFs.mkdirSync(`${store}/tmp/m/a.txt`)
      assert.strictEqual((yield* http(url)).status, 404)
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it.scopedLive("a context that is gone takes and gives nothing", () =>
    Effect.gen(function* () {
      const { contextId } = yield* context
      yield* put(contextId, path, "a")
      const upload = yield* urlFor("Upload", contextId, path)
      const download = yield* urlFor("Download", contextId, path)
      // This one is sent while the context goes.
      const socket = yield* connect
      const answered = yield* Effect.fork(received(socket))
      socket.write(`${requestLine("PUT", upload)}Content-Length: 4\r\nConnection: close\r\n\r\nab`)
      const server = yield* LocalAgentBay.LocalAgentBay
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.readdirSync(`${server.dataDirectory}/staging`)),
        (names) => names.length === 1
      )
      yield* Wire.call("DeleteContext", { Id: contextId })
      socket.write("cd")
      assert.include(yield* Fiber.join(answered), "HTTP/1.1 404")
      assert.strictEqual((yield* http(upload, { method: "PUT", body: "x" })).status, 404)
      assert.strictEqual((yield* http(download)).status, 404)
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(server.contextDirectory(contextId))),
        (exists) => !exists
      )
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it.scopedLive("of several that put the same file at once, one wins as a whole", () =>
    Effect.gen(function* () {
      const { contextId, store } = yield* context
      const url = yield* urlFor("Upload", contextId, path)
      const bodies = Array.from({ length: 6 }, (_, index) => String(index).repeat(300_000))
      const answers = yield* Effect.forEach(bodies, (body) => http(url, { method: "PUT", body }), {
        concurrency: "unbounded"
      })
      assert.isTrue(answers.every((answer) => answer.status === 200))
      assert.include(bodies, read(store + path))
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it.scopedLive("a body that is announced as too large is refused before it is sent", () =>
    Effect.gen(function* () {
      const { contextId } = yield* context
      const url = yield* urlFor("Upload", contextId, path)
      const socket = yield* connect
      const answered = yield* Effect.fork(received(socket))
      socket.write(`${requestLine("PUT", url)}Content-Length: ${64 * 1024 ** 3 + 1}\r\n\r\n`)
      const text = yield* Wire.eventually(
        Effect.sync(() => socket.bytesRead),
        (bytes) => bytes > 0
      ).pipe(
        Effect.zipRight(Effect.sync(() => socket.end())),
        Effect.zipRight(Fiber.join(answered))
      )
      assert.include(text, "HTTP/1.1 413")
      assert.include(text, "EntityTooLarge")
      yield* stagingIsEmpty
    }).pipe(provided)
  )

  it("a full disk is told from other faults of it", () => {
    const failure = (code: string) =>
      FileReceive.diskFailure(Object.assign(new Error(code), { code })).reason
    assert.strictEqual(failure("ENOSPC"), "DiskFull")
    assert.strictEqual(failure("EDQUOT"), "DiskFull")
    assert.strictEqual(failure("EIO"), "Disk")
  })

  it.scopedLive("a staging that cannot be written to is HTTP 500, and the old file stays", () => {
    const { layer, seen } = collecting()
    return Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const { contextId, store } = yield* context
      yield* put(contextId, path, "old")
      NodeFs.rmdirSync(`${server.dataDirectory}/staging`)
      const answer = yield* put(contextId, path, "x".repeat(1_000_000))
      assert.strictEqual(answer.status, 500)
      assert.notInclude(answer.text, server.dataDirectory)
      assert.strictEqual(read(store + path), "old")
      assert.deepStrictEqual(
        seen.map((line) => line.slice(0, 29)),
        ["ERROR A file was not received"]
      )
    }).pipe(provided, Effect.provide(layer))
  })
})
