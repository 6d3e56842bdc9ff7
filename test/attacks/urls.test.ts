/** URLs of stored files: forged, expired, and used for what they are not for. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { urlFor } from "../node/local/files.js"
import { serving, temporaryDirectory } from "../node/local/life.js"
import * as Wire from "../node/local/wire.js"
import { send } from "./wire.js"

const provided = Effect.provide(LocalAgentBay.layerTest)
const path = "/tmp/a.txt"

const targetOf = (url: string) => url.replace(/^http:\/\/[^/]+/, "")

const statusOf = (method: string, url: string, body?: string) =>
  Effect.map(send({ method, target: targetOf(url), body }), ({ status }) => status)

/** A context with one stored file, and the URLs for it. */
const stored = Effect.fnUntraced(function* (name: string) {
  const { contextDirectory } = yield* LocalAgentBay.LocalAgentBay
  const contextId = yield* Wire.createContext(name)
  const upload = yield* urlFor("Upload", contextId, path)
  assert.strictEqual(yield* statusOf("PUT", upload, `of ${name}`), 200)
  const download = yield* urlFor("Download", contextId, path)
  const file = contextDirectory(contextId) + path
  return { contextId, upload, download, read: () => NodeFs.readFileSync(file, "utf8") }
})

const parts = (url: string) => {
  const [, before = "", expires = "", signature = ""] =
    /^(.*)\?Expires=(\d+)&Signature=([\w-]+)$/.exec(url) ?? []
  return { before, expires, signature }
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** Every text that is not the one that was given out. */
const forgeries = (url: string): ReadonlyArray<string> => {
  const { before, expires, signature } = parts(url)
  const of = (query: string) => `${before}?${query}`
  const signed = (text: string) => of(`Expires=${expires}&Signature=${text}`)
  const last = signature.at(-1) ?? ""
  return [
    // The last letter carries bits that belong to no byte: all letters that decode to the same.
    ...[...base64url]
      .filter((letter) => letter !== last)
      .map((letter) => signed(signature.slice(0, -1) + letter)),
    signed(`${signature}=`),
    signed(`${signature}%3D`),
    signed(`${signature}A`),
    signed(`${signature}!`),
    signed(`!${signature}`),
    signed(`${signature.slice(0, 9)}%20${signature.slice(9)}`),
    signed(`${signature.slice(0, 9)}.${signature.slice(9)}`),
    signed(signature.replaceAll("-", "+").replaceAll("_", "/") + "="),
    signed(signature.toUpperCase()),
    signed(""),
    of(`Signature=${signature}`),
    of(`Expires=${expires}`),
    of(`Expires=0${expires}&Signature=${signature}`),
    of(`Expires=%20${expires}&Signature=${signature}`),
    of(`Expires=${expires}.0&Signature=${signature}`),
    of(`Expires=${expires}e0&Signature=${signature}`),
    of(`Expires=-1&Signature=${signature}`),
    of(`Expires=Infinity&Signature=${signature}`),
    of(`Expires=${expires}1&Signature=${signature}`),
    of(`Expires=${expires}&Expires=9999999999&Signature=${signature}`),
    of(`Expires=9999999999&Expires=${expires}&Signature=${signature}`),
    of(`Expires=${expires}&Signature=${signature}&Signature=x`),
    of(`Expires=${expires}&Signature=${signature}&response-content-type=text/html`),
    of(`x=1&Expires=${expires}&Signature=${signature}`),
    of(`Signature=${signature}&Expires=${expires}`),
    of(`expires=${expires}&signature=${signature}`),
    `${before}?Expires=${expires}&Signature=${signature}?`,
    `${before}%3FExpires=${expires}&Signature=${signature}`,
    `${before}/?Expires=${expires}&Signature=${signature}`,
    `${before};a?Expires=${expires}&Signature=${signature}`,
    `${before}%00?Expires=${expires}&Signature=${signature}`,
    // The same path, written in another way.
    url.replace("/a.txt", "/%61.txt"),
    url.replace("/a.txt", "%2Fa.txt"),
    url.replace("/a.txt", "%2fa.txt"),
    url.replace("/tmp/", "/%74mp/"),
    url.replace("/a.txt", "/a%2Etxt"),
    url.replace("/a.txt", "/a%2etxt"),
    url.replace("/files/", "/files//"),
    url.replace("/files/", "/files/./"),
    url.replace("/files/", "/files/x/../")
  ].filter((forged) => forged !== url)
}

describe("a URL of a stored file", () => {
  it.scopedLive("is good only letter for letter", () =>
    Effect.gen(function* () {
      const { download, read, upload } = yield* stored("one")
      for (const url of forgeries(download)) {
        assert.strictEqual(yield* statusOf("GET", url), 403, url)
      }
      for (const url of forgeries(upload)) {
        assert.strictEqual(yield* statusOf("PUT", url, "forged"), 403, url)
      }
      assert.strictEqual(read(), "of one")
      assert.strictEqual(yield* statusOf("GET", download), 200)
      assert.strictEqual(yield* statusOf("PUT", upload, "right"), 200)
    }).pipe(provided)
  )

  it.scopedLive("has one way in which its path is written, whatever is in it", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("odd")
      // Letters of which some programs write more, some fewer, as percent and digits.
      const odd = "/tmp/a b+!*'()~;,@&=$#?%41[]{}|^\u00e9\u65e5.txt"
      const upload = yield* urlFor("Upload", contextId, odd)
      assert.strictEqual(yield* statusOf("PUT", upload, "odd"), 200)
      const download = yield* urlFor("Download", contextId, odd)
      assert.strictEqual(yield* statusOf("GET", download), 200)
      const [path = ""] = /\/tmp\/[^?]+/.exec(download) ?? []
      for (const written of [
        path.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
        path.replace("!", "%21"),
        path.replace("'", "%27"),
        path.replace("~", "%7E"),
        path.replace("%2B", "+"),
        path.replace("%40", "@"),
        path.replace("%2541", "%41")
      ]) {
        assert.notStrictEqual(written, path)
        assert.strictEqual(yield* statusOf("GET", download.replace(path, written)), 403, written)
      }
    }).pipe(provided)
  )

  it.scopedLive("is for one file of one context, one method and one server", () =>
    Effect.gen(function* () {
      const one = yield* stored("one")
      const other = yield* stored("other")
      const swapped = (url: string) => url.replace(one.contextId, other.contextId)
      assert.strictEqual(yield* statusOf("GET", swapped(one.download)), 403)
      assert.strictEqual(yield* statusOf("PUT", swapped(one.upload), "x"), 403)
      assert.strictEqual(yield* statusOf("GET", one.download.replace("a.txt", "b.txt")), 403)
      // The signature of another URL of the same file, or of another file.
      const withSignatureOf = (url: string, giver: string) =>
        url.replace(parts(url).signature, parts(giver).signature)
      for (const giver of [one.upload, other.download]) {
        assert.strictEqual(yield* statusOf("GET", withSignatureOf(one.download, giver)), 403)
        assert.strictEqual(
          yield* statusOf("PUT", withSignatureOf(one.upload, other.upload), "x"),
          403
        )
      }
      assert.strictEqual(yield* statusOf("PUT", one.download, "x"), 403)
      assert.strictEqual(yield* statusOf("GET", one.upload), 403)
      assert.strictEqual(yield* statusOf("HEAD", one.upload), 403)
      const elsewhere = yield* Effect.provide(
        Effect.flatMap(Wire.createContext("one"), () => statusOf("GET", one.download)),
        LocalAgentBay.layerTest
      )
      assert.strictEqual(elsewhere, 403)
      assert.deepStrictEqual([one.read(), other.read()], ["of one", "of other"])
    }).pipe(provided)
  )

  it.scopedLive("ends after an hour by the server's clock, and does not begin again", () =>
    Effect.gen(function* () {
      const { admin } = yield* LocalAgentBay.LocalAgentBay
      const { contextId, download, read, upload } = yield* stored("one")
      yield* admin.advance("59 minutes")
      assert.strictEqual(yield* statusOf("GET", download), 200)
      assert.strictEqual(yield* statusOf("PUT", upload, "in time"), 200)
      yield* admin.advance("2 minutes")
      for (const method of ["GET", "HEAD"])
        assert.strictEqual(yield* statusOf(method, download), 403)
      assert.strictEqual(yield* statusOf("PUT", upload, "too late"), 403)
      const later = String(Number(parts(download).expires) + 3600)
      assert.strictEqual(
        yield* statusOf("GET", download.replace(parts(download).expires, later)),
        403
      )
      // The clock is not to be put back.
      yield* Effect.flip(admin.advance("-2 hours"))
      yield* Effect.flip(admin.advance(-7_200_000))
      assert.strictEqual(yield* statusOf("GET", download), 403)
      assert.strictEqual(read(), "in time")
      assert.strictEqual(yield* statusOf("GET", yield* urlFor("Download", contextId, path)), 200)
    }).pipe(provided)
  )

  it.scopedLive("may be used again in its hour, which its owner should know", () =>
    Effect.gen(function* () {
      const { contextId, download, read, upload } = yield* stored("one")
      assert.strictEqual(yield* statusOf("PUT", upload, "again"), 200)
      assert.strictEqual(read(), "again")
      yield* Wire.call("DeleteContextFile", { ContextId: contextId, FilePath: path })
      assert.strictEqual(yield* statusOf("GET", download), 404)
      assert.strictEqual(yield* statusOf("PUT", upload, "back"), 200)
      assert.strictEqual(yield* statusOf("GET", download), 200)
    }).pipe(provided)
  )

  it.scopedLive("follows its context through a new name, and ends with it", () =>
    Effect.gen(function* () {
      const { admin } = yield* LocalAgentBay.LocalAgentBay
      const one = yield* stored("one")
      yield* Wire.call("ModifyContext", { Id: one.contextId, Name: "renamed" })
      assert.strictEqual(yield* statusOf("GET", one.download), 200)
      // Whoever gets the old name now is another.
      const heir = yield* stored("one")
      const { text } = yield* send({ method: "GET", target: targetOf(one.download) })
      assert.strictEqual(text, "of one")
      yield* Wire.call("DeleteContext", { Id: one.contextId })
      yield* stored("renamed")
      assert.strictEqual(yield* statusOf("GET", one.download), 404)
      assert.strictEqual(yield* statusOf("PUT", one.upload, "x"), 404)
      assert.strictEqual(heir.read(), "of one")
      yield* admin.reset
      yield* stored("one")
      assert.strictEqual(yield* statusOf("GET", heir.download), 404)
      assert.strictEqual(yield* statusOf("PUT", heir.upload, "x"), 404)
    }).pipe(provided)
  )

  it.scopedLive("stays good through a restart, and not after its secret was thrown away", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { download } = yield* serving(directory)(stored("one"))
      assert.strictEqual(yield* serving(directory)(statusOf("GET", download)), 200)
      NodeFs.rmSync(`${directory}/file-secret`)
      assert.strictEqual(yield* serving(directory)(statusOf("GET", download)), 403)
    })
  )
})
