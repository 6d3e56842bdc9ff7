import * as ContextStatus from "@effect-agentbay/core/ContextStatus"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ContextStatusList } from "../../../packages/core/src/internal/contextStatusCodec.js"
import { work } from "./fixture.js"

type Task = ContextStatus.ContextStatusData

describe("the list of status items", () => {
  const item = Schema.typeSchema(ContextStatus.ContextStatusData)
  const toSeconds = Option.flatMap((time: DateTime.Utc) => {
    const seconds = Math.floor(DateTime.toEpochMillis(time) / 1000)
    return seconds <= 0 ? Option.none() : Option.some(DateTime.unsafeMake(seconds * 1000))
  })
  // On the wire a time is in whole seconds, one of zero or less is unknown, and JSON knows no NaN.
  const tasks = fc.array(
    Arbitrary.make(item).map((task): Task => {
      const counts = Object.entries(task).filter(
        ([, value]) => value !== undefined && (typeof value !== "number" || Number.isFinite(value))
      )
      return Object.assign(Object.fromEntries(counts) as Task, {
        startTime: toSeconds(task.startTime),
        finishTime: toSeconds(task.finishTime)
      })
    }),
    { maxLength: 5 }
  )
  const same = Schema.equivalence(Schema.Array(item))

  it.prop("survives the wire", [tasks], ([list]) => {
    const text = Schema.encodeSync(ContextStatusList)(list)
    const back = Schema.decodeSync(ContextStatusList)(text)
    assert.isTrue(same(back, list), `${text} reads as ${JSON.stringify(back)}`)
  })

  const usual = {
    contextId: work.contextId,
    path: work.path,
    errorMessage: "",
    status: "Running",
    startTime: 1000,
    finishTime: 0,
    taskType: "upload",
    taskId: "task-1",
    bytesDone: 1,
    bytesTotal: 2,
    filesDone: 0,
    filesTotal: 1,
    skipped: 1,
    skippedPaths: ["link"]
  }
  // An item as a server writes it, or one with a single key that is absent or odd.
  const wireItem = fc.oneof(
    fc.constant(usual),
    fc
      .tuple(
        fc.constantFrom(...Object.keys(usual), "further"),
        fc.oneof(fc.constantFrom(undefined, null, 0, 1e300, "7", "", false), fc.jsonValue())
      )
      .map(([key, value]) => ({ ...usual, [key]: value })),
    fc.constantFrom(null, [], "item")
  )

  it.prop(
    "reads the same whether or not other elements stand beside the tasks",
    [fc.oneof({ weight: 5, arbitrary: fc.array(wireItem, { maxLength: 2 }) }, fc.jsonValue())],
    ([items]) => {
      const data = { type: "data", data: JSON.stringify(items) }
      const read = (...elements: ReadonlyArray<unknown>) =>
        Schema.decodeEither(ContextStatusList)(JSON.stringify(elements))
      const alone = read(data)
      const beside = read({ type: "log", data: "free text" }, data)
      assert.strictEqual(alone._tag, beside._tag)
      if (Either.isRight(alone) && Either.isRight(beside)) {
        assert.strictEqual(JSON.stringify(alone.right), JSON.stringify(beside.right))
      }
    },
    { fastCheck: { numRuns: 1000 } }
  )

  // What stands beside the envelope, as it comes or with something odd in its way.
  const odd = fc.oneof(fc.constantFrom(undefined, null, "", "[]", 7, false), fc.jsonValue())
  const wireReply = fc.oneof(
    fc
      .array(wireItem, { maxLength: 2 })
      .map((items) => JSON.stringify([{ type: "data", data: JSON.stringify(items) }]))
      .map((ContextStatus) => ({ RequestId: "r", Data: { ContextStatus } })),
    odd.map((ContextStatus) => ({ Data: { ContextStatus } })),
    odd.map((Data) => ({ Data })),
    odd
  )

  it.prop(
    "is read in the usual way as in the other, if at all",
    [wireReply],
    ([body]) => {
      const { reply, usualReply } = Protocol.GetContextInfo
      const usual = usualReply?.(body)
      if (usual === undefined) return
      assert.deepStrictEqual(Schema.decodeUnknownEither(reply)(body), Either.right(usual))
    },
    { fastCheck: { numRuns: 1000 } }
  )

  it("is read in the usual way where it is the usual one", () => {
    const { usualReply } = Protocol.GetContextInfo
    const text = JSON.stringify([{ type: "data", data: JSON.stringify([usual]) }])
    const read = (ContextStatus: string) => usualReply?.({ Data: { ContextStatus } })
    assert.lengthOf(read(text)?.data?.contextStatus ?? [], 1)
    assert.deepStrictEqual(read(""), { data: { contextStatus: [] } })
  })

  it.prop(
    "cut short is never read as fewer tasks",
    [tasks.filter((list) => list.length > 0), fc.nat()],
    ([list, cut]) => {
      const text = Schema.encodeSync(ContextStatusList)(list)
      const part = text.slice(0, 1 + (cut % (text.length - 1)))
      assert.isTrue(Either.isLeft(Schema.decodeEither(ContextStatusList)(part)))
    }
  )
})
