import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const text = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) =>
    Buffer.concat(Chunk.toReadonlyArray(pieces)).toString("utf8")
  )

/** The contexts of the account, and a context in them. */
const setUp = Effect.gen(function* () {
  const { contexts } = yield* AgentBay.AgentBay
  const { id } = yield* contexts.create("notes")
  return { contexts, files: contexts.files, id }
})

describe("files in the service in memory", () => {
  it.effect("come back as they went, whatever they are called", () =>
    Effect.gen(function* () {
      const { files, id } = yield* setUp
      const names = ["/a.md", "/tmp/Gr ü ße/😀.bin", "/x/%2F'()*!~?#&=+;.txt", "/..a/b.."]
      for (const [index, path] of names.entries()) {
        yield* files.put(id, path, `content ${index}`)
        assert.strictEqual(yield* text(files.get(id, path)), `content ${index}`)
      }
      const [first] = Chunk.toReadonlyArray(yield* Stream.runCollect(files.list(id, "/tmp")))
      assert.strictEqual(first?.path, "/tmp/Gr ü ße")
      assert.strictEqual(first?.kind, "directory")
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  it.effect("are replaced, listed and removed", () =>
    Effect.gen(function* () {
      const { files, id } = yield* setUp
      yield* files.put(id, "/a", "old")
      yield* files.put(id, "/a", {
        stream: Stream.make(new TextEncoder().encode("new")),
        length: 3
      })
      assert.strictEqual(yield* text(files.get(id, "/a")), "new")
      yield* files.remove(id, "/a")
      const error = yield* Effect.flip(text(files.get(id, "/a")))
      assert.propertyVal(error, "reason", "FileNotFound")
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  it.effect("stay as they were when a put fails", () =>
    Effect.gen(function* () {
      const { files, id } = yield* setUp
      yield* files.put(id, "/a", "old")
      const short = { stream: Stream.make(new Uint8Array(2)), length: 3 }
      assert.isTrue((yield* Effect.exit(files.put(id, "/a", short)))._tag === "Failure")
      assert.strictEqual(yield* text(files.get(id, "/a")), "old")
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )

  it.effect("are gone when their URL outlives the context", () =>
    Effect.gen(function* () {
      const { contexts, files, id } = yield* setUp
      yield* files.put(id, "/a", "old")
      yield* contexts.clear(id, { graceRetries: 0 })
      const error = yield* Effect.flip(text(files.get(id, "/a")))
      assert.propertyVal(error, "reason", "FileNotFound")
    }).pipe(Effect.provide(AgentBayTest.layer({ taskPolls: 0 })))
  )

  it.effect("can be scripted over it: `undefined` leaves the answer to the memory", () =>
    Effect.gen(function* () {
      const { files, id } = yield* setUp
      const error = yield* Effect.flip(files.put(id, "/a", "first"))
      assert.propertyVal(error, "status", 503)
      yield* files.put(id, "/a", "second")
      assert.strictEqual(yield* text(files.get(id, "/a")), "second")
      const double = yield* AgentBayTest.AgentBayTest
      assert.deepStrictEqual(yield* double.timesOf("PUT"), [0, 0])
    }).pipe(
      Effect.provide(
        AgentBayTest.layer({
          script: { PUT: (_, index) => (index === 0 ? AgentBayTest.raw(503, "") : undefined) }
        })
      )
    )
  )
})
