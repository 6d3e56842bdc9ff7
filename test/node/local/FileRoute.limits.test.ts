import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import { ContextStore } from "../../../packages/node/src/local/contexts/ContextStore.js"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as FileReceive from "../../../packages/node/src/local/contexts/FileReceive.js"
import * as FileRoute from "../../../packages/node/src/local/contexts/FileRoute.js"
import * as FileUrl from "../../../packages/node/src/local/contexts/FileUrl.js"
import { StoredFiles } from "../../../packages/node/src/local/contexts/StoredFiles.js"
import { http, put, urlFor } from "./files.js"
import { temporaryDirectory } from "./life.js"
import { withoutPower } from "./powerless.js"
import * as Wire from "./wire.js"

/** Listens with one function for all requests, and gives the address. */
const listening = (answer: NodeHttp.RequestListener) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = NodeHttp.createServer(answer)
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(
          Effect.succeed({
            url: `http://127.0.0.1:${port}`,
            close: () => {
              server.close()
              server.closeAllConnections()
            }
          })
        )
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const limit = 1000

/** The route alone, over stores that take everything. */
const routeWithLimit = Effect.gen(function* () {
  const root = yield* temporaryDirectory
  const directory = DataDirectory.layout(root)
  NodeFs.mkdirSync(directory.staging)
  const placed: Array<number> = []
  const urls = FileUrl.make("secret")
  const route = yield* FileRoute.make(limit).pipe(
    Effect.provideService(DataDirectory.DataDirectory, directory),
    Effect.provideService(FileUrl.FileUrl, urls),
    Effect.provide(
      Layer.mergeAll(
        Layer.mock(ContextStore, { holdsFiles: () => Effect.succeed(true) }),
        Layer.mock(StoredFiles, {
          place: (_context, _path, finished) =>
            Effect.sync(() => {
              placed.push(NodeFs.statSync(finished).size)
              NodeFs.rmSync(finished)
            })
        })
      )
    )
  )
  const run = yield* FiberSet.makeRuntime<never>()
  const { url } = yield* listening((request, response) =>
    run(route.answer(request, response, { url: "" }))
  )
  const signed = yield* urls.sign({ url }, "PUT", { contextId: "c", path: "/a" })
  return { url: signed.url, placed, staged: () => NodeFs.readdirSync(directory.staging) }
})

/** A body of so many bytes, whose length is not told beforehand. */
const stream = (size: number) => ({
  body: new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let left = size; left > 0; left -= 65_536) {
        controller.enqueue(new Uint8Array(Math.min(left, 65_536)))
      }
      controller.close()
    }
  }),
  duplex: "half" as const
})

describe("limits of the route of stored files", () => {
  it.scopedLive("a body up to the limit is taken, a larger one refused, in either framing", () =>
    Effect.gen(function* () {
      const { placed, staged, url } = yield* routeWithLimit
      const send = (init: RequestInit) => http(url, { method: "PUT", ...init })
      assert.strictEqual((yield* send({ body: "x".repeat(limit) })).status, 200)
      assert.strictEqual((yield* send(stream(limit))).status, 200)
      assert.strictEqual((yield* send({ body: "x".repeat(limit + 1) })).status, 413)
      const answer = yield* send(stream(limit + 1))
      assert.strictEqual(answer.status, 413)
      assert.include(answer.text, "EntityTooLarge")
      // Much of the body is still under way when the answer comes.
      assert.strictEqual((yield* send(stream(20_000_000))).status, 413)
      assert.deepStrictEqual(placed, [limit, limit])
      assert.deepStrictEqual(staged(), [])
    })
  )

  it.scopedLive("a large body with a wrong signature is answered, not cut off", () =>
    Effect.gen(function* () {
      const contextId = yield* Wire.createContext("c")
      const url = yield* urlFor("Upload", contextId, "/tmp/a")
      const wrong = url.replace("/tmp/a", "/tmp/b")
      const answer = yield* http(wrong, { method: "PUT", body: new Uint8Array(20_000_000) })
      assert.strictEqual(answer.status, 403)
    }).pipe(Effect.provide(LocalAgentBay.layerTest))
  )

  it.scopedLive("an interruption while a body comes leaves no file", () =>
    Effect.gen(function* () {
      const root = yield* temporaryDirectory
      const begun = yield* Deferred.make<NodeHttp.IncomingMessage>()
      const { url } = yield* listening((request) =>
        Deferred.unsafeDone(begun, Effect.succeed(request))
      )
      const client = NodeHttp.request(url, { method: "PUT" })
      client.on("error", () => {})
      client.write("abc")
      const request = yield* Deferred.await(begun)
      const fiber = yield* Effect.fork(FileReceive.receive(request, `${root}/file`, 10))
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.readdirSync(root)),
        (names) => names.length === 1
      )
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.deepStrictEqual(NodeFs.readdirSync(root), [])
    })
  )

  it.scopedLive("folders that nobody may write to are no obstacle, and stay as they are", () =>
    Effect.gen(function* () {
      const server = yield* LocalAgentBay.LocalAgentBay
      const contextId = yield* Wire.createContext("c")
      yield* put(contextId, "/tmp/m/a", "a")
      const folder = `${server.contextDirectory(contextId)}/tmp/m`
      NodeFs.chmodSync(folder, 0o555)
      assert.strictEqual((yield* put(contextId, "/tmp/m/b", "b")).status, 200)
      yield* Wire.call("DeleteContextFile", { ContextId: contextId, FilePath: "/tmp/m/a" })
      assert.deepStrictEqual(NodeFs.readdirSync(folder), ["b"])
      assert.strictEqual(NodeFs.statSync(folder).mode & 0o777, 0o555)
      yield* Wire.call("DeleteContext", { Id: contextId })
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.existsSync(folder)),
        (exists) => !exists
      )
      yield* Wire.eventually(
        Effect.sync(() => NodeFs.readdirSync(`${server.dataDirectory}/trash`)),
        (names) => names.length === 0
      )
    }).pipe(Effect.provide(LocalAgentBay.layerTest), withoutPower)
  )
})
