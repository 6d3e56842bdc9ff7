import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { actions, inTime, requestsOf, wired } from "./wired.js"

const id = "SdkCtx-1"
const path = "/home/wuying/notes/today.md"
const url = "https://files.agentbay.test/SdkCtx-1/today.md?Expires=1&Signature=SECRET"

const files = Effect.map(AgentBay.AgentBay, ({ contexts }) => contexts.files)
const urlReply = AgentBayTest.ok({ Url: url, ExpireTime: 3600 })

const service = (script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      GetContextFileUploadUrl: urlReply,
      GetContextFileDownloadUrl: urlReply,
      PUT: AgentBayTest.raw(200, ""),
      GET: AgentBayTest.file("stored"),
      ...script
    }
  })

/** Asks one thing of the files; tells the end and the actions that were sent. */
const asking =
  (script: AgentBayTest.Script = {}) =>
  <A, E>(ask: (files: ContextFiles.Service) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const end = yield* Effect.either(Effect.flatMap(files, ask))
      return { end, sent: yield* actions }
    }).pipe(Effect.provide(service(script)))

const failureOf = <E>(end: Either.Either<unknown, E>): E => {
  if (Either.isRight(end)) throw new Error("it did not fail")
  return end.left
}

const bytes = (text: string) => new TextEncoder().encode(text)
const streamOf = (...pieces: ReadonlyArray<string>) =>
  Stream.fromIterable(pieces.map(bytes)).pipe(Stream.rechunk(1))

const textOf = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) =>
    Buffer.concat(Chunk.toReadonlyArray(pieces)).toString("utf8")
  )

describe("ContextFiles.put", () => {
  const contents: { readonly [name: string]: ContextFiles.Content } = {
    "a text": "# Grüße\n",
    bytes: bytes("# Grüße\n"),
    "a stream": { stream: streamOf("# Gr", "", "üße", "\n"), length: 10 },
    "a stream with all in one chunk": {
      stream: Stream.make(bytes("# "), bytes("Grüße\n")),
      length: 10
    }
  }
  for (const [name, content] of Object.entries(contents)) {
    it.effect(`asks for a URL and sends ${name} there, with its length and nothing else`, () =>
      Effect.gen(function* () {
        yield* Effect.flatMap(files, ({ put }) => put(id, path, content))
        assert.deepStrictEqual(yield* actions, ["GetContextFileUploadUrl", "PUT"])
        const asked = (yield* requestsOf("GetContextFileUploadUrl")).at(0)
        assert.deepStrictEqual(asked?.parameters, { ContextId: id, FilePath: path })
        const double = yield* AgentBayTest.AgentBayTest
        const sent = (yield* double.requests).at(1)
        assert.strictEqual(sent?.url, url)
        assert.deepStrictEqual(sent?.headers, { "content-length": "10" })
        assert.strictEqual(new TextDecoder().decode(sent?.bytes), "# Grüße\n")
      }).pipe(Effect.provide(service()))
    )
  }

  it.effect("stores an empty file in every way", () =>
    Effect.gen(function* () {
      const { put } = yield* files
      yield* put(id, path, "")
      yield* put(id, path, new Uint8Array())
      yield* put(id, path, { stream: Stream.empty, length: 0 })
      yield* put(id, path, { stream: streamOf("", ""), length: 0 })
      const double = yield* AgentBayTest.AgentBayTest
      const puts = (yield* double.requests).filter(({ action }) => action === "PUT")
      assert.deepStrictEqual(
        puts.map((request) => request.bytes.length),
        [0, 0, 0, 0]
      )
    }).pipe(Effect.provide(service()))
  )

  it.effect("sends more bytes than one piece holds as they are", () =>
    Effect.gen(function* () {
      const content = Uint8Array.from({ length: 200_001 }, (_, index) => index % 251)
      yield* Effect.flatMap(files, ({ put }) => put(id, path, content))
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual((yield* double.requests).at(1)?.bytes, content)
    }).pipe(Effect.provide(service()))
  )

  it.effect("sends a stream of large and small pieces as it is", () =>
    Effect.gen(function* () {
      const content = Uint8Array.from({ length: 400_003 }, (_, index) => index % 251)
      const at = [0, 1, 2, 200_000, 200_000, 265_536, 331_073, 400_003]
      const pieces = at.slice(1).map((end, index) => content.subarray(at[index], end))
      const { put } = yield* files
      for (const perChunk of [1, 2, 100]) {
        const stream = Stream.fromIterable(pieces).pipe(Stream.rechunk(perChunk))
        yield* put(id, path, { stream, length: content.length })
        const double = yield* AgentBayTest.AgentBayTest
        assert.deepStrictEqual((yield* double.requests).at(-1)?.bytes, content)
      }
    }).pipe(Effect.provide(service()))
  )

  it.effect("takes any 2xx for a yes", () =>
    Effect.gen(function* () {
      for (const status of [200, 201, 204]) {
        const { end } = yield* asking({ PUT: AgentBayTest.raw(status, "") })(({ put }) =>
          put(id, path, "text")
        )
        assert.isTrue(Either.isRight(end), `${status}`)
      }
    })
  )

  for (const status of [300, 301, 302, 307, 308, 400, 403, 404, 411, 412, 429, 500, 503]) {
    it.effect(`takes HTTP ${status} for a no, and sends once`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* asking({
          PUT: AgentBayTest.raw(status, `<Signature>${url}</Signature>`, {
            location: "https://elsewhere.test/"
          })
        })(({ put }) => put(id, path, "text"))
        const error = failureOf(end)
        assert.propertyVal(error, "_tag", "TransportError")
        assert.propertyVal(error, "operation", "PutContextFile")
        assert.propertyVal(error, "reason", "Status")
        assert.propertyVal(error, "status", status)
        assert.propertyVal(error, "requestId", "TEST-REQUEST")
        assert.deepStrictEqual(sent, ["GetContextFileUploadUrl", "PUT"])
      })
    )
  }

  it.effect("reports a connection that broke, and sends once", () =>
    Effect.gen(function* () {
      const { end, sent } = yield* asking({ PUT: AgentBayTest.fault("ECONNRESET") })(({ put }) =>
        put(id, path, "text")
      )
      const error = failureOf(end)
      assert.propertyVal(error, "reason", "Transport")
      assert.propertyVal(error, "code", "ECONNRESET")
      assert.deepStrictEqual(sent, ["GetContextFileUploadUrl", "PUT"])
    })
  )

  const wrongLengths: { readonly [name: string]: readonly [ContextFiles.Content, string] } = {
    fewer: [{ stream: streamOf("abc", "de"), length: 6 }, "gave 5"],
    none: [{ stream: Stream.empty, length: 6 }, "gave 0"],
    more: [{ stream: streamOf("abc", "de"), length: 4 }, "gave more"],
    "more, after all that was promised": [{ stream: streamOf("abc", "d"), length: 3 }, "gave more"],
    "some where none were promised": [{ stream: streamOf("a"), length: 0 }, "gave more"]
  }
  for (const [name, [content, found]] of Object.entries(wrongLengths)) {
    it.effect(`refuses a stream that gives ${name}: the store never has the whole`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* asking()(({ put }) => put(id, path, content))
        const error = failureOf(end)
        assert.propertyVal(error, "_tag", "InvalidArgument")
        assert.propertyVal(error, "argument", "content.length")
        assert.propertyVal(error, "brokenOff", true)
        assert.include(String(error), found)
        assert.notInclude(String(error), "Nothing was sent")
        // A request that came as a whole would be listed.
        assert.deepStrictEqual(sent, ["GetContextFileUploadUrl"])
      })
    )
  }

  it.effect("lets the failure of the stream through, typed, and stores nothing", () =>
    Effect.gen(function* () {
      class DiskFull {
        readonly _tag = "DiskFull"
      }
      const failing = (after: string, length: number) => ({
        stream: Stream.concat(streamOf(after), Stream.fail(new DiskFull())),
        length
      })
      for (const content of [failing("ab", 4), failing("abcd", 4), failing("", 0)]) {
        const seen: Array<string> = []
        const { end, sent } = yield* asking()(({ put }) =>
          put(id, path, content).pipe(
            Effect.catchTag("DiskFull", () => Effect.sync(() => seen.push("disk full")))
          )
        )
        assert.isTrue(Either.isRight(end))
        assert.deepStrictEqual(seen, ["disk full"])
        assert.deepStrictEqual(sent, ["GetContextFileUploadUrl"])
      }
    })
  )

  it.effect("lets a defect of the stream through", () =>
    Effect.gen(function* () {
      const content = { stream: Stream.die("a bug"), length: 4 }
      const exit = yield* Effect.exit(Effect.flatMap(files, ({ put }) => put(id, path, content)))
      assert.include(String(exit), "a bug")
    }).pipe(Effect.provide(service()))
  )

  it.effect("opens the stream only when there is a URL, and closes it before it ends", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const note = (event: string) => Effect.sync(() => events.push(event))
      const content = {
        stream: Stream.acquireRelease(note("open"), () => note("close")).pipe(
          Stream.flatMap(() => streamOf("ab", "cd"))
        ),
        length: 4
      }
      const { put } = yield* files
      yield* Effect.zipRight(put(id, path, content), note("done"))
      assert.deepStrictEqual(events, ["open", "close", "done"])
      yield* Effect.either(put(id, path, { ...content, length: 3 }))
      yield* note("failed")
      assert.deepStrictEqual(events.slice(3), ["open", "close", "failed"])
    }).pipe(Effect.provide(service()))
  )

  it.effect("does not open the stream when the URL is refused", () =>
    Effect.gen(function* () {
      let opened = false
      const stream = Stream.suspend(() => {
        opened = true
        return streamOf("a")
      })
      const { end } = yield* asking({
        GetContextFileUploadUrl: AgentBayTest.refuse({ code: "Context.NotFound" })
      })(({ put }) => put(id, path, { stream, length: 1 }))
      assert.propertyVal(failureOf(end), "reason", "ContextNotFound")
      assert.isFalse(opened)
    })
  )

  it.effect("ends when the store does not answer for the configured time", () =>
    Effect.gen(function* () {
      for (const content of ["text", { stream: streamOf("te", "xt"), length: 4 }]) {
        const { end } = yield* inTime(
          asking({ PUT: AgentBayTest.never })(({ put }) => put(id, path, content))
        )
        const error = failureOf(end)
        assert.propertyVal(error, "reason", "Timeout")
        assert.include(String(error), "1m")
      }
    })
  )

  it.effect("does not count the time that the stream takes for its bytes", () =>
    Effect.gen(function* () {
      const slow = streamOf("a", "b", "c").pipe(Stream.tap(() => Effect.sleep("10 minutes")))
      const { end } = yield* inTime(
        asking()(({ put }) => put(id, path, { stream: slow, length: 3 }))
      )
      assert.isTrue(Either.isRight(end))
    })
  )

  it.effect("breaks the request off when the caller leaves", () =>
    Effect.gen(function* () {
      const reading = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const stream = streamOf("a").pipe(
        Stream.concat(Stream.fromEffect(Deferred.succeed(reading, undefined)).pipe(Stream.drain)),
        Stream.concat(Stream.never),
        Stream.ensuring(Deferred.succeed(closed, undefined))
      )
      const fiber = yield* Effect.fork(
        Effect.flatMap(files, ({ put }) => put(id, path, { stream, length: 3 }))
      )
      yield* Deferred.await(reading)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(closed))
      const double = yield* AgentBayTest.AgentBayTest
      assert.strictEqual(yield* double.aborted, 1)
      assert.deepStrictEqual(yield* actions, ["GetContextFileUploadUrl"])
    }).pipe(Effect.provide(service()))
  )
})

describe("ContextFiles.get", () => {
  it.effect("asks for a URL and gives the bytes from there", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flatMap(files, ({ get }) => textOf(get(id, path))), "stored")
      assert.deepStrictEqual(yield* actions, ["GetContextFileDownloadUrl", "GET"])
      const double = yield* AgentBayTest.AgentBayTest
      const [asked, sent] = yield* double.requests
      assert.deepStrictEqual(asked?.parameters, { ContextId: id, FilePath: path })
      assert.strictEqual(sent?.url, url)
      assert.deepStrictEqual(sent?.headers, {})
    }).pipe(Effect.provide(service()))
  )

  it.effect("asks for another URL each time it runs", () =>
    Effect.gen(function* () {
      const { get } = yield* files
      const stream = get(id, path)
      assert.deepStrictEqual(yield* actions, [])
      yield* textOf(stream)
      yield* textOf(stream)
      assert.lengthOf(yield* requestsOf("GetContextFileDownloadUrl"), 2)
    }).pipe(Effect.provide(service()))
  )

  it.effect("gives nothing for an empty file", () =>
    Effect.gen(function* () {
      for (const GET of [AgentBayTest.file(""), AgentBayTest.file("", {})]) {
        const { end } = yield* asking({ GET })(({ get }) => textOf(get(id, path)))
        assert.deepStrictEqual(end, Either.right(""))
      }
    })
  )

  const absent: { readonly [name: string]: AgentBayTest.Script } = {
    "the store": { GET: AgentBayTest.raw(404, "<Code>NoSuchKey</Code>") },
    "the service": {
      GetContextFileDownloadUrl: AgentBayTest.refuse({
        code: "FileNotExist",
        message: "file not exist"
      })
    }
  }
  for (const [who, script] of Object.entries(absent)) {
    it.effect(`tells a file that is not there by one reason, when ${who} says so`, () =>
      Effect.gen(function* () {
        const { end } = yield* asking(script)(({ get }) => textOf(get(id, path)))
        assert.propertyVal(failureOf(end), "_tag", "ApiError")
        assert.propertyVal(failureOf(end), "reason", "FileNotFound")
      })
    )
  }

  for (const status of [201, 204, 206, 301, 302, 307, 400, 403, 429, 500, 503]) {
    it.effect(`takes HTTP ${status} for a no`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* asking({
          GET: AgentBayTest.raw(status, status === 204 ? "" : url, {
            location: "https://elsewhere.test/"
          })
        })(({ get }) => textOf(get(id, path)))
        const error = failureOf(end)
        assert.propertyVal(error, "operation", "GetContextFile")
        assert.propertyVal(error, "reason", "Status")
        assert.propertyVal(error, "status", status)
        assert.deepStrictEqual(sent, ["GetContextFileDownloadUrl", "GET"])
      })
    )
  }

  it.effect("never takes a part for the whole", () =>
    Effect.gen(function* () {
      for (const length of ["3", "7"]) {
        const seen: Array<string> = []
        const { end } = yield* asking({
          GET: AgentBayTest.file("stored", { "content-length": length })
        })(({ get }) =>
          Stream.runForEach(get(id, path), (piece) =>
            Effect.sync(() => seen.push(new TextDecoder().decode(piece)))
          )
        )
        const error = failureOf(end)
        assert.propertyVal(error, "reason", "Transport")
        assert.include(String(error), `6 of ${length} bytes`)
        assert.deepStrictEqual(seen, ["stored"])
      }
    })
  )

  it.effect("does not measure a body that is encoded on its way", () =>
    Effect.gen(function* () {
      const { end } = yield* asking({
        GET: AgentBayTest.file("stored", { "content-length": "3", "content-encoding": "gzip" })
      })(({ get }) => textOf(get(id, path)))
      assert.deepStrictEqual(end, Either.right("stored"))
    })
  )

  it.effect("reports a broken connection without repeating it", () =>
    Effect.gen(function* () {
      const { end, sent } = yield* asking({ GET: AgentBayTest.fault("ECONNRESET") })(({ get }) =>
        textOf(get(id, path))
      )
      assert.propertyVal(failureOf(end), "code", "ECONNRESET")
      assert.deepStrictEqual(sent, ["GetContextFileDownloadUrl", "GET"])
    })
  )

  it.effect("ends when the store does not answer for the configured time", () =>
    Effect.gen(function* () {
      const { end } = yield* inTime(
        asking({ GET: AgentBayTest.never })(({ get }) => textOf(get(id, path)))
      )
      assert.propertyVal(failureOf(end), "reason", "Timeout")
    })
  )

  it.effect("does not count the time that the reader takes", () =>
    Effect.gen(function* () {
      const { end } = yield* inTime(
        asking()(({ get }) => textOf(Stream.tap(get(id, path), () => Effect.sleep("10 minutes"))))
      )
      assert.deepStrictEqual(end, Either.right("stored"))
    })
  )

  it.effect("aborts the request when the caller leaves", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.flatMap(files, ({ get }) => Stream.runDrain(get(id, path)))
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const double = yield* AgentBayTest.AgentBayTest
      assert.strictEqual(yield* double.aborted, 1)
    }).pipe(Effect.provide(service({ GET: AgentBayTest.never })))
  )
})

describe("URLs of files", () => {
  it.effect("come redacted", () =>
    Effect.gen(function* () {
      const service = yield* files
      for (const ask of [service.uploadUrl, service.downloadUrl]) {
        const answer = yield* ask(id, path)
        assert.strictEqual(Redacted.value(answer.url), url)
        assert.strictEqual(answer.expireTime, 3600)
        assert.notInclude(JSON.stringify(answer), "SECRET")
      }
      assert.deepStrictEqual(yield* actions, [
        "GetContextFileUploadUrl",
        "GetContextFileDownloadUrl"
      ])
    }).pipe(Effect.provide(service()))
  )

  for (const [name, data] of Object.entries({
    "no data": undefined,
    "no URL": { ExpireTime: 1 },
    "an empty URL": { Url: "" }
  })) {
    it.effect(`are a decode error when the answer has ${name}`, () =>
      Effect.gen(function* () {
        const { end } = yield* asking({ GetContextFileUploadUrl: AgentBayTest.ok(data) })(
          ({ uploadUrl }) => uploadUrl(id, path)
        )
        assert.propertyVal(failureOf(end), "reason", "Decode")
      })
    )
  }

  it.effect("that are none fail without a word of them", () =>
    Effect.gen(function* () {
      const { end } = yield* asking({
        GetContextFileUploadUrl: AgentBayTest.ok({ Url: "SECRET://[" }),
        GetContextFileDownloadUrl: AgentBayTest.ok({ Url: "SECRET://[" })
      })((service) =>
        Effect.flip(service.put(id, path, "text")).pipe(
          Effect.zip(Effect.flip(textOf(service.get(id, path))))
        )
      )
      assert.isTrue(Either.isRight(end))
      if (Either.isLeft(end)) return
      for (const error of end.right) {
        assert.propertyVal(error, "reason", "Encode")
        assert.notInclude(JSON.stringify(error) + String(error), "SECRET")
      }
    })
  )
})

describe("ContextFiles.remove", () => {
  it.effect("sends context and path", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(files, ({ remove }) => remove(id, path))
      assert.deepStrictEqual(
        (yield* requestsOf("DeleteContextFile")).map(({ parameters }) => parameters),
        [{ ContextId: id, FilePath: path }]
      )
    }).pipe(Effect.provide(service({ DeleteContextFile: AgentBayTest.ok() })))
  )
})

/** A service whose folder holds these names, in pages of at most this size. */
const folder = (names: ReadonlyArray<string>, options: { most?: number; count?: boolean } = {}) =>
  service({
    DescribeContextFiles: ({ parameters }) => {
      const size = Math.min(Number(parameters["PageSize"]), options.most ?? Infinity)
      const from = (Number(parameters["PageNumber"]) - 1) * size
      return AgentBayTest.ok(
        names.slice(from, from + size).map((name) => ({
          FileName: name,
          FilePath: `storage/0815/${name}`,
          FileType: "FILE"
        })),
        options.count === false ? {} : { Count: names.length }
      )
    }
  })

const namesOf = (pageSize?: number) =>
  Effect.flatMap(files, (all) => Stream.runCollect(all.list(id, "/work", { pageSize }))).pipe(
    Effect.map((entries) =>
      Chunk.toReadonlyArray(entries)
        .map(({ name }) => name)
        .join("")
    )
  )

const pagesAsked = Effect.map(requestsOf("DescribeContextFiles"), (requests) =>
  requests.map(({ parameters }) => parameters["PageNumber"]).join(" ")
)

describe("ContextFiles.list", () => {
  it.effect("tells what is known of an entry, with its path as a session sees it", () =>
    Effect.gen(function* () {
      const { listPage } = yield* files
      const page = yield* listPage(id, "/tmp/m/")
      assert.deepStrictEqual(
        page.items.map(({ createdAt, modifiedAt, ...entry }) => ({
          ...entry,
          createdAt: Option.getOrUndefined(Option.map(createdAt, DateTime.formatIso)),
          modified: Option.isSome(modifiedAt)
        })),
        [
          {
            name: "a.txt",
            path: "/tmp/m/a.txt",
            kind: "file",
            size: 11,
            createdAt: "2025-12-29T12:00:00.000Z",
            modified: false
          },
          {
            name: "sub",
            path: "/tmp/m/sub",
            kind: "directory",
            size: undefined,
            createdAt: undefined,
            modified: false
          }
        ]
      )
      assert.strictEqual(page.totalCount, 2)
      assert.isUndefined(page.nextToken)
      assert.deepStrictEqual((yield* requestsOf("DescribeContextFiles")).at(0)?.parameters, {
        ContextId: id,
        ParentFolderPath: "/tmp/m/",
        PageNumber: "1",
        PageSize: "50"
      })
    }).pipe(
      Effect.provide(
        service({
          DescribeContextFiles: AgentBayTest.ok(
            [
              {
                FileName: "a.txt",
                FilePath: "oss/4711/a.txt",
                FileType: "FILE",
                Size: 11,
                GmtCreate: "2025-12-29T12:00:00Z",
                GmtModified: "2025-12-29 12:00:05"
              },
              { FileName: "sub", FileType: "FOLDER", GmtCreate: null }
            ],
            { Count: 2 }
          )
        })
      )
    )
  )

  it.effect("lists the root as well", () =>
    Effect.gen(function* () {
      const { listPage } = yield* files
      assert.strictEqual((yield* listPage(id, "/")).items[0]?.path, "/a")
    }).pipe(Effect.provide(folder(["a"])))
  )

  it.effect("reads page after page, by their numbers", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "abcde")
      assert.strictEqual(yield* pagesAsked, "1 2 3")
    }).pipe(Effect.provide(folder([..."abcde"])))
  )

  it.effect("ends with a full last page when the service counts", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "abcd")
      assert.strictEqual(yield* pagesAsked, "1 2")
    }).pipe(Effect.provide(folder([..."abcd"])))
  )

  it.effect("ends with a page that is not full when it does not", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "abcde")
      assert.strictEqual(yield* pagesAsked, "1 2 3")
    }).pipe(Effect.provide(folder([..."abcde"], { count: false })))
  )

  it.effect("reads to the end when the pages are smaller than asked for", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(50), "abcde")
      assert.strictEqual(yield* pagesAsked, "1 2 3")
    }).pipe(Effect.provide(folder([..."abcde"], { most: 2 })))
  )

  it.effect("can be run twice", () =>
    Effect.gen(function* () {
      const all = (yield* files).list(id, "/work", { pageSize: 2 })
      assert.lengthOf(yield* Stream.runCollect(all), 3)
      assert.lengthOf(yield* Stream.runCollect(all), 3)
    }).pipe(Effect.provide(folder([..."abc"])))
  )

  it.effect("ends at an empty page whatever the count says", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* namesOf(2), "")
      assert.strictEqual(yield* pagesAsked, "1")
    }).pipe(Effect.provide(service({ DescribeContextFiles: AgentBayTest.ok([], { Count: 7 }) })))
  )

  it.effect("tells where the next page begins", () =>
    Effect.gen(function* () {
      const { listPage } = yield* files
      const second = yield* listPage(id, "/work", { page: 2, pageSize: 2 })
      assert.strictEqual(second.items.map(({ name }) => name).join(""), "cd")
      assert.strictEqual(second.nextToken, "3")
      assert.isUndefined((yield* listPage(id, "/work", { page: 3, pageSize: 2 })).nextToken)
    }).pipe(Effect.provide(folder([..."abcde"])))
  )
})

describe("wrong arguments are refused before anything is sent", () => {
  const wrongPaths: ReadonlyArray<readonly [path: string, issue: string]> = [
    ["", "blank"],
    [" \t", "blank"],
    ["notes/today.md", "absolute"],
    ["./today.md", "absolute"],
    ["~/today.md", "absolute"],
    ["/notes/../today.md", "`..`"],
    ["/..", "`..`"],
    [String.raw`C:\notes\..\today.md`, "`..`"],
    ["/notes\0/today.md", "NUL"],
    ["/\uD83D.md", "Unicode"]
  ]
  const nameless: ReadonlyArray<readonly [path: string, issue: string]> = [
    ["/", "name of a file"],
    ["/notes/", "name of a file"],
    ["/notes/.", "name of a file"]
  ]
  type Ask = (
    files: ContextFiles.Service,
    contextId: string,
    path: string
  ) => Effect.Effect<unknown, unknown>
  const ofFiles: { readonly [name: string]: Ask } = {
    put: ({ put }, contextId, at) => put(contextId, at, "text"),
    get: ({ get }, contextId, at) => Stream.runDrain(get(contextId, at)),
    remove: ({ remove }, contextId, at) => remove(contextId, at),
    uploadUrl: ({ uploadUrl }, contextId, at) => uploadUrl(contextId, at),
    downloadUrl: ({ downloadUrl }, contextId, at) => downloadUrl(contextId, at)
  }
  const ofFolders: { readonly [name: string]: Ask } = {
    list: ({ list }, contextId, at) => Stream.runDrain(list(contextId, at)),
    listPage: ({ listPage }, contextId, at) => listPage(contextId, at)
  }

  const refused = (ask: (files: ContextFiles.Service) => Effect.Effect<unknown, unknown>) =>
    Effect.gen(function* () {
      const { end, sent } = yield* asking()(ask)
      assert.deepStrictEqual(sent, [])
      const error = failureOf(end)
      assert.propertyVal(error, "_tag", "InvalidArgument")
      assert.include(String(error), "Nothing was sent")
      return error
    })

  for (const [name, ask] of Object.entries({ ...ofFiles, ...ofFolders })) {
    it.effect(`by ${name}: paths and ids`, () =>
      Effect.gen(function* () {
        const argument = name in ofFiles ? "path" : "folder"
        for (const [at, issue] of [...wrongPaths, ...(name in ofFiles ? nameless : [])]) {
          const error = yield* refused((service) => ask(service, id, at))
          assert.propertyVal(error, "argument", argument)
          assert.include(String(error), issue, JSON.stringify(at))
        }
        for (const contextId of ["", " "]) {
          const error = yield* refused((service) => ask(service, contextId, path))
          assert.propertyVal(error, "argument", "contextId")
        }
      })
    )
  }

  it.effect("by put: lengths and texts that cannot be", () =>
    Effect.gen(function* () {
      for (const length of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
        const error = yield* refused(({ put }) => put(id, path, { stream: Stream.empty, length }))
        assert.propertyVal(error, "argument", "content.length")
      }
      const error = yield* refused(({ put }) => put(id, path, "half \uD83D"))
      assert.propertyVal(error, "argument", "content")
    })
  )

  it.effect("by the lists: numbers", () =>
    Effect.gen(function* () {
      for (const wrong of [0, -1, 1.5, Number.NaN]) {
        assert.propertyVal(
          yield* refused(({ listPage }) => listPage(id, "/", { page: wrong })),
          "argument",
          "page"
        )
        assert.propertyVal(
          yield* refused(({ listPage }) => listPage(id, "/", { pageSize: wrong })),
          "argument",
          "pageSize"
        )
        assert.propertyVal(
          yield* refused(({ list }) => Stream.runDrain(list(id, "/", { pageSize: wrong }))),
          "argument",
          "pageSize"
        )
      }
    })
  )

  it.effect("but paths with every other character are taken as they are", () =>
    Effect.gen(function* () {
      const odd = [
        "/a b/ü 日本 😀.md",
        "/..a/b..",
        "/a/...",
        "/#?%20&=+;",
        "C:/x",
        String.raw`C:\x`
      ]
      const { put } = yield* files
      for (const at of odd) yield* put(id, at, "text")
      assert.deepStrictEqual(
        (yield* requestsOf("GetContextFileUploadUrl")).map(
          ({ parameters }) => parameters["FilePath"]
        ),
        odd
      )
    }).pipe(Effect.provide(service()))
  )
})
