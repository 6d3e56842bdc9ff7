import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { temporaryDirectory } from "./local/life.js"

/** Runs an effect with the client against a Local AgentBay with data of its own. */
const locally = <A, E>(effect: Effect.Effect<A, E, AgentBay.AgentBay>) =>
  Effect.flatMap(temporaryDirectory, (dataDirectory) =>
    Effect.provide(
      effect,
      NodeAgentBay.layerLocal({
        dataDirectory,
        pollPolicy: PollPolicy.spaced({ interval: "10 millis" })
      })
    )
  )

const collected = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat(Chunk.toReadonlyArray(pieces)))

const text = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(collected(stream), (bytes) => bytes.toString("utf8"))

const names = <A extends { readonly name: string }, E>(stream: Stream.Stream<A, E>) =>
  Effect.map(Stream.runCollect(stream), (all) => Chunk.toReadonlyArray(all).map(({ name }) => name))

describe("contexts and their files, against Local AgentBay", () => {
  it.scopedLive("files come back as they went", () =>
    Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* contexts.create("notes")
      const { files } = contexts
      for (const path of ["/a", "/tmp/Gr ü ße/😀.bin", "/x/%2F'()*!~#&=+;.txt", "/..a/b.."]) {
        yield* files.put(id, path, `content of ${path}`)
        assert.strictEqual(yield* text(files.get(id, path)), `content of ${path}`)
      }
      yield* files.put(id, "/empty", "")
      assert.strictEqual(yield* text(files.get(id, "/empty")), "")
      const piece = Uint8Array.from({ length: 100_003 }, (_, index) => index % 251)
      const stream = Stream.take(Stream.repeatValue(piece), 200)
      yield* files.put(id, "/big", { stream, length: 200 * piece.length })
      const big = yield* collected(files.get(id, "/big"))
      assert.isTrue(big.equals(Buffer.concat(Array.from({ length: 200 }, () => piece))))
    }).pipe(locally)
  )

  it.scopedLive("a put that fails leaves the file of before", () =>
    Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* contexts.create("notes")
      const { files } = contexts
      yield* files.put(id, "/a", "old")
      const stream = Stream.make(new Uint8Array(1000), new Uint8Array(1000)).pipe(Stream.rechunk(1))
      for (const length of [0, 1000, 1999, 2001]) {
        const error = yield* Effect.flip(files.put(id, "/a", { stream, length }))
        assert.strictEqual(error._tag, "InvalidArgument")
      }
      const failing = Stream.concat(stream, Stream.fail("disk" as const))
      assert.strictEqual(
        yield* Effect.flip(files.put(id, "/a", { stream: failing, length: 2000 })),
        "disk"
      )
      assert.strictEqual(yield* text(files.get(id, "/a")), "old")
    }).pipe(locally)
  )

  it.scopedLive("folders are listed page by page; what is removed is not there", () =>
    Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* contexts.create("notes")
      const { files } = contexts
      const expected = Array.from({ length: 7 }, (_, index) => `file ${index}`)
      yield* Effect.forEach(expected, (name) => files.put(id, `/home/wuying/work/${name}`, name))
      yield* files.put(id, "/home/wuying/work/sub/deep", "deep")
      const listed = yield* names(files.list(id, "/home/wuying/work", { pageSize: 3 }))
      assert.deepStrictEqual(listed.toSorted(), [...expected, "sub"].toSorted())
      const entries = Chunk.toReadonlyArray(
        yield* Stream.runCollect(files.list(id, "/home/wuying/work"))
      )
      const sub = entries.find(({ name }) => name === "sub")
      assert.deepInclude(sub, { kind: "directory", path: "/home/wuying/work/sub" })
      assert.deepInclude(
        entries.find(({ name }) => name === "file 0"),
        { kind: "file", path: "/home/wuying/work/file 0", size: 6 }
      )
      yield* files.remove(id, "/home/wuying/work/file 0")
      const error = yield* Effect.flip(text(files.get(id, "/home/wuying/work/file 0")))
      assert.propertyVal(error, "reason", "FileNotFound")
    }).pipe(locally)
  )

  it.scopedLive("a file that is put is in the next session, and what that writes can be got", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const { files } = agentBay.contexts
      const { id } = yield* agentBay.contexts.create("notes")
      const path = "/home/wuying/work"
      yield* files.put(id, `${path}/in.txt`, "from outside")
      const session = yield* agentBay.session({ contexts: [{ contextId: id, path }] })
      assert.strictEqual(yield* session.files.readString(`${path}/in.txt`), "from outside")
      yield* session.files.write(`${path}/out.txt`, "from inside")
      yield* session.contextManager.sync()
      assert.strictEqual(yield* text(files.get(id, `${path}/out.txt`)), "from inside")
    }).pipe(Effect.scoped, locally)
  )

  it.scopedLive("contexts are listed, renamed, cleared and removed", () =>
    Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const expected = Array.from({ length: 5 }, (_, index) => `context ${index}`)
      yield* Effect.forEach(expected, contexts.create)
      const listed = yield* names(contexts.list({ pageSize: 2 }))
      assert.deepStrictEqual(listed, expected.toReversed())
      const { id } = yield* contexts.get("context 0")
      yield* contexts.rename(id, "renamed")
      assert.strictEqual((yield* contexts.get("renamed")).id, id)
      assert.propertyVal(yield* Effect.flip(contexts.get("context 0")), "reason", "ContextNotFound")
      yield* contexts.files.put(id, "/a", "text")
      yield* contexts.clear(id)
      assert.deepStrictEqual(yield* names(contexts.files.list(id, "/")), [])
      assert.strictEqual((yield* contexts.getById(id)).name, "renamed")
      yield* contexts.remove(id)
      const gone = yield* Effect.flip(contexts.getById(id))
      assert.propertyVal(gone, "reason", "ContextNotFound")
    }).pipe(locally)
  )
})
