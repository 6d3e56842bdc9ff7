import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { SyncOptions } from "@effect-agentbay/core/ContextManager"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import {
  bindingsAre,
  failedWith,
  lists,
  manager,
  notes,
  observe,
  sessionGone,
  succeeded,
  sync,
  upload,
  work
} from "./fixture.js"

const running = lists(upload("Running"))
const done = lists(upload("Success"))

const progress = (options: SyncOptions = work) =>
  Stream.unwrap(Effect.map(manager, (contexts) => contexts.progress(options)))

const collect = (options?: SyncOptions) =>
  Effect.map(Stream.runCollect(progress(options)), Chunk.toReadonlyArray)

describe("progress", () => {
  it.effect("tells one step per poll; the last one holds the result of a sync", () =>
    Effect.gen(function* () {
      const answers = { polls: [lists(), running, AgentBayTest.fault("EPIPE"), done] }
      const seen = yield* observe(collect(), answers)
      assert.deepStrictEqual(
        succeeded(seen).map((step) => [
          step.polls,
          Duration.toMillis(step.elapsed),
          step.contextStatusData.map(({ status }) => status),
          Option.isSome(step.result)
        ]),
        [
          [1, 0, [], false],
          [2, 1500, ["Running"], false],
          [3, 3000, ["Running"], false],
          [4, 4500, ["Success"], true]
        ]
      )
      const synced = yield* observe(sync(work), answers)
      const result = Option.getOrThrow(succeeded(seen).at(-1)?.result ?? Option.none())
      assert.strictEqual(JSON.stringify(result), JSON.stringify(succeeded(synced)))
      assert.deepStrictEqual(seen.statusTimes, synced.statusTimes)
      assert.strictEqual(seen.triggerTimes.length, 1)
    })
  )

  it.effect("sums the counts of all counted tasks, where there are any", () =>
    Effect.gen(function* () {
      const counts = (bytesDone: number, filesDone: number) => ({
        bytesDone,
        bytesTotal: 100,
        filesDone,
        filesTotal: 10
      })
      const seen = yield* observe(collect({}), {
        bindings: bindingsAre(work, notes),
        polls: [
          lists(upload("Running")),
          lists(upload("Running", counts(40, 4)), upload("Running", notes)),
          lists(
            upload("Success", counts(100, 10)),
            upload("Success", { ...notes, ...counts(100, 10) }),
            upload("Success", { ...notes, ...counts(7, 7), taskType: "download" })
          )
        ]
      })
      assert.deepStrictEqual(
        succeeded(seen).map(({ transferred }) => Option.getOrNull(transferred)),
        [
          null,
          { bytesDone: 40, bytesTotal: 100, filesDone: 4, filesTotal: 10 },
          { bytesDone: 200, bytesTotal: 200, filesDone: 20, filesTotal: 20 }
        ]
      )
    })
  )

  it.effect("reports NothingToSync as the result of its last step", () =>
    Effect.gen(function* () {
      const seen = yield* observe(collect(), { polls: [lists()] })
      const results = succeeded(seen).map(({ result }) => Option.getOrNull(result)?.outcome)
      assert.deepStrictEqual(results, [undefined, undefined, undefined, undefined, "NothingToSync"])
    })
  )

  for (const [name, polls, ours] of [
    ["a failed task", [running, lists(upload("Failed"))], "SyncFailed"],
    ["a session that is gone", [running, AgentBayTest.refuse(sessionGone)], "ApiError"],
    ["an unreadable status", [running, AgentBayTest.ok({ ContextStatus: "{" })], "TransportError"],
    ["a budget used up", [running], "SyncTimeout"]
  ] as const) {
    it.effect(`fails as sync does on ${name}, after the steps that were good`, () =>
      Effect.gen(function* () {
        const options = { ...work, maxRetries: 1 }
        let steps = 0
        const counting = Stream.runForEach(progress(options), () => Effect.sync(() => (steps += 1)))
        const seen = yield* observe(counting, { polls })
        const synced = yield* observe(sync(options), { polls })
        assert.strictEqual(failedWith(seen, ours)._tag, failedWith(synced, ours)._tag)
        assert.strictEqual(failedWith(seen, ours).message, failedWith(synced, ours).message)
        assert.strictEqual(steps, ours === "SyncTimeout" ? 2 : 1)
        assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
      })
    )
  }

  it.effect("asks no more once its reader has left", () =>
    Effect.gen(function* () {
      const seen = yield* observe(Stream.runCollect(Stream.take(progress(), 1)), {
        polls: [running]
      })
      assert.strictEqual(Chunk.size(succeeded(seen)), 1)
      assert.deepStrictEqual(seen.statusTimes, [0, 0])
    })
  )

  it.effect("asks no more once its reader has failed", () =>
    Effect.gen(function* () {
      const reading = Stream.runForEach(progress(), ({ polls }) =>
        polls === 2 ? Effect.fail({ _tag: "ReaderError" as const }) : Effect.void
      )
      const seen = yield* observe(reading, { polls: [running] })
      failedWith(seen, "ReaderError")
      assert.deepStrictEqual(seen.statusTimes, [0, 0, 1500])
    })
  )

  it.effect("gives a slow reader no more polls than a fast one", () =>
    Effect.gen(function* () {
      const slow = progress({ ...work, maxRetries: 3 }).pipe(
        Stream.mapEffect((step) => Effect.delay(Effect.succeed(step), "10 seconds")),
        Stream.runDrain
      )
      const seen = yield* observe(slow, { polls: [running] }, "10 minutes")
      assert.strictEqual(failedWith(seen, "SyncTimeout").polls, 4)
      assert.strictEqual(seen.statusTimes.length, 1 + 4)
    })
  )

  it.effect("triggers anew each time it is run, and not before", () =>
    Effect.gen(function* () {
      const stream = Effect.map(manager, (contexts) => contexts.progress(work))
      const unread = yield* observe(Effect.asVoid(stream))
      assert.deepStrictEqual(unread.requests, [])
      const twice = Effect.flatMap(stream, (steps) =>
        Effect.zip(
          Stream.runDrain(Stream.take(steps, 1)),
          Effect.map(
            Stream.runLast(steps),
            Option.flatMap(({ result }) => result)
          )
        )
      )
      const newer = { startTime: 2000 }
      const older = { startTime: 1000 }
      const open = lists(upload("Running", older))
      const seen = yield* observe(twice, {
        // The first run sees one answer, the second one starts with its own baseline.
        polls: [
          open,
          open,
          lists(upload("Success", { ...older, finishTime: 1001 }), upload("Running", newer)),
          lists(upload("Success", newer))
        ]
      })
      assert.strictEqual(seen.triggerTimes.length, 2)
      const result = Option.getOrThrow(succeeded(seen)[1])
      assert.strictEqual(result.outcome, "Completed")
      assert.strictEqual(result.polls, 2)
    })
  )
})
