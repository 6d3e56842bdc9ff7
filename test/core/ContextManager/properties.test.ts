import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import { hasEnded } from "@effect-agentbay/core/ContextStatus"
import type * as ContextStatus from "@effect-agentbay/core/ContextStatus"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as PollLoop from "../../../packages/core/src/internal/pollLoop.js"
import { statusReading } from "../../../packages/core/src/internal/statusReads.js"
import { divide } from "../../../packages/core/src/internal/syncBaseline.js"
import * as Decision from "../../../packages/core/src/internal/syncDecision.js"
import type { SyncWait } from "../../../packages/core/src/internal/syncWait.js"
import { notes, sessionId, work } from "./fixture.js"

type Task = ContextStatus.ContextStatusData

const fc = FastCheck
const instant = (seconds: number | undefined) =>
  seconds === undefined ? Option.none() : Option.some(DateTime.unsafeMake(seconds * 1000))

const words = fc.constantFrom("Success", "Failed", "Running", "Pending", "success", "Done", "")
const bindings = fc.constantFrom(work, notes)
const modes = fc.constantFrom("upload" as const, "download" as const)

/** Tasks from a small world, so that equal and almost equal ones meet often. */
const taskWith = (startTimes: ReadonlyArray<number | undefined>) =>
  fc
    .record({
      binding: bindings,
      status: words,
      taskType: fc.oneof({ weight: 4, arbitrary: modes }, fc.constantFrom("custom", "")),
      start: fc.constantFrom(...startTimes),
      finish: fc.constantFrom(undefined, 1005),
      taskId: fc.option(fc.constantFrom("old-1", "old-2"), { nil: undefined, freq: 3 })
    })
    .map(({ binding, finish, start, status, taskId, taskType }): Task => ({
      ...binding,
      errorMessage: "",
      status,
      taskType,
      startTime: instant(start),
      finishTime: instant(finish),
      ...(taskId === undefined ? {} : { taskId })
    }))

const baselines = fc.array(taskWith([undefined, 1000, 1001]), { maxLength: 6 })

/** An open task without start time and id can become anything. */
const isUntellable = (task: Task) =>
  !hasEnded(task) && Option.isNone(task.startTime) && task.taskId === undefined

/** Baselines whose tasks can be told from all others. */
const tellable = baselines.map((tasks) =>
  tasks.map((task) => (isUntellable(task) ? { ...task, startTime: instant(1000) } : task))
)

describe("divide", () => {
  it.prop(
    "calls nothing of the baseline new when it is listed again, in any order, in full or in part",
    [baselines.chain((baseline) => fc.tuple(fc.constant(baseline), fc.shuffledSubarray(baseline)))],
    ([[baseline, listed]]) => {
      const divided = divide(baseline, listed)
      assert.deepStrictEqual(divided.fresh, [])
      assert.strictEqual(divided.stale.length, listed.length)
      assert.strictEqual(divided.baseline, baseline)
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop(
    "finds the one new task among them, wherever it stands",
    [
      tellable.chain((baseline) =>
        fc.tuple(
          fc.constant(baseline),
          fc.shuffledSubarray(baseline),
          taskWith([2000]),
          fc.boolean(),
          fc.nat(6)
        )
      )
    ],
    ([[baseline, again, task, identified, place]]) => {
      const { taskId: _, ...anonymous } = task
      const added = identified ? { ...anonymous, taskId: "new-1" } : anonymous
      const divided = divide(baseline, again.toSpliced(place, 0, added))
      assert.strictEqual(divided.fresh.length, 1)
      assert.strictEqual(divided.fresh[0], added)
      assert.strictEqual(divided.stale.length, again.length)
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop(
    "takes whatever an open task without start time may have become for that task",
    [baselines, words, fc.constantFrom(undefined, 1002), fc.constantFrom(undefined, 1005)],
    ([baseline, status, start, finish]) => {
      const become = (task: Task): Task => {
        const times = { startTime: instant(start), finishTime: instant(finish) }
        return isUntellable(task) ? { ...task, status, ...times } : task
      }
      assert.deepStrictEqual(divide(baseline, baseline.map(become)).fresh, [])
    },
    { fastCheck: { numRuns: 500 } }
  )
})

/** What a poll lists of the new tasks: a word per binding that shows one. */
interface Poll {
  readonly work: string | undefined
  readonly notes: string | undefined
  readonly olds: ReadonlyArray<Task>
  readonly fault: boolean
}

const worlds = fc
  .record({
    old: tellable,
    mode: modes,
    identified: fc.boolean(),
    known: fc.constantFrom("told" as const, "none" as const, "unknown" as const),
    graceRetries: fc.nat(5),
    maxRetries: fc.nat(12)
  })
  .chain((world) =>
    fc.record({
      world: fc.constant(world),
      polls: fc.array(
        fc.record({
          work: fc.option(words, { nil: undefined }),
          notes: fc.option(words, { nil: undefined }),
          olds: fc.shuffledSubarray(world.old),
          fault: fc.integer({ min: 0, max: 9 }).map((n) => n === 0)
        }),
        { minLength: 1, maxLength: 14 }
      )
    })
  )

type World =
  typeof worlds extends FastCheck.Arbitrary<infer T extends { readonly world: unknown }>
    ? T["world"]
    : never

const expectedBy = {
  told: [work, notes],
  none: [],
  unknown: undefined
} satisfies { [known in World["known"]]: ReadonlyArray<ContextStatus.BindingRef> | undefined }

const newTask = (world: World, binding: ContextStatus.BindingRef, status: string): Task => ({
  ...binding,
  errorMessage: "",
  status,
  taskType: world.mode,
  startTime: instant(2000),
  finishTime: Option.none(),
  ...(world.identified ? { taskId: `new-${binding.contextId}` } : {})
})

const listing = (world: World, poll: Poll): ReadonlyArray<Task> => [
  ...(poll.work === undefined ? [] : [newTask(world, work, poll.work)]),
  ...poll.olds,
  ...(poll.notes === undefined ? [] : [newTask(world, notes, poll.notes)])
]

const fault = new AgentBayError.TransportError({
  operation: "GetContextInfo",
  reason: "Transport",
  description: "scripted"
})

/** Runs a scripted wait; the last poll repeats. Counts how often it asked. */
const runScripted = (world: World, polls: ReadonlyArray<Poll>) => {
  const asked: Array<Poll> = []
  const subject: Decision.SyncSubject = {
    operation: "sync",
    sessionId,
    requestId: "TEST-REQUEST",
    mode: world.mode,
    target: undefined,
    expected: expectedBy[world.known],
    graceRetries: world.graceRetries
  }
  const read = Effect.suspend(() => {
    const poll = polls[Math.min(asked.length, polls.length - 1)]!
    asked.push(poll)
    return poll.fault
      ? Effect.fail(fault)
      : Effect.succeed(statusReading({ requestId: "", contextStatusData: listing(world, poll) }))
  })
  const wait: SyncWait = {
    initial: Decision.initial(world.old),
    policy: PollPolicy.fromSchedule(Schedule.recurs(world.maxRetries)),
    maxConsecutiveErrors: 10,
    decide: Decision.decide(subject),
    exhausted: Decision.exhausted(subject)
  }
  return Effect.map(Effect.either(PollLoop.runAlone({ ...wait, read })), (result) => ({
    asked,
    result
  }))
}

/** The last word a new task was listed with, told without the code under test. */
const lastWord = (asked: ReadonlyArray<Poll>, binding: "work" | "notes") =>
  asked.findLast((poll) => !poll.fault && poll[binding] !== undefined)?.[binding]

describe("any script of answers", () => {
  it.effect.prop(
    "takes no more polls than the budget and one",
    { scripted: worlds },
    ({ scripted: { polls, world } }) =>
      Effect.gen(function* () {
        const { asked, result } = yield* runScripted(world, polls)
        assert.isAtMost(asked.length, world.maxRetries + 1)
        if (Either.isRight(result)) assert.strictEqual(result.right.polls, asked.length)
        else if (result.left._tag === "SyncTimeout") {
          assert.strictEqual(result.left.polls, world.maxRetries + 1)
        }
      }),
    { fastCheck: { numRuns: 300 } }
  )

  it.effect.prop(
    "ends well only if every new task was last listed as Success",
    { scripted: worlds },
    ({ scripted: { polls, world } }) =>
      Effect.gen(function* () {
        const { asked, result } = yield* runScripted(world, polls)
        const seen = [lastWord(asked, "work"), lastWord(asked, "notes")].filter(
          (word) => word !== undefined
        )
        if (Either.isRight(result)) {
          const { contextStatusData, outcome } = result.right
          assert.strictEqual(outcome, seen.length === 0 ? "NothingToSync" : "Completed")
          assert.deepStrictEqual(
            seen.filter((word) => word !== "Success"),
            []
          )
          assert.strictEqual(contextStatusData.length, seen.length)
        } else if (result.left._tag === "SyncFailed") {
          assert.include(seen, "Failed")
          assert.isTrue(seen.every((word) => word === "Success" || word === "Failed"))
        }
      }),
    { fastCheck: { numRuns: 400 } }
  )
})
